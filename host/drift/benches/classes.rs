//! Figures of the index of classes: a million hosts, 200 profiles, 40 groups that want 30 each.
//!
//! Every kind of fleet runs in a process of its own, so that memory can be told from the operating
//! system's figures, beside a plain diff of every host in the same process. A name after `--` runs
//! the fleets whose names contain it.

#![allow(
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on should panic"
)]

#[path = "classes/bulk.rs"]
mod bulk;
#[path = "classes/fleet.rs"]
mod fleet;
#[path = "classes/report.rs"]
mod report;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use fleet::{
    CHANGED, Fleet, HOSTS, NEXT, NOW, Naive, Names, RARELY_FAILED, RARELY_PENDING, TODAY, Variety,
};
use mooring_drift::classes::{Classes, Filter, GroupId, OwnCopies, Seen};
use mooring_drift::command::CommandNames;
use mooring_drift::desired::{Catalog, Circumstances};
use mooring_drift::next::{Context, RawQueue};
use mooring_drift::policy::Policy;
use mooring_drift::state::SyncState;
use mooring_drift::status::Status;
use mooring_mdm::ids::{Channel, EnrollmentId};
use report::{Limit, Times, figure, line, ratio};

const FLEETS: [(&str, Variety, bool); 5] = [
    ("few", Variety::Few, false),
    ("many", Variety::Many, false),
    ("unique", Variety::Unique, false),
    ("few, troubled", Variety::Few, true),
    ("many, troubled", Variety::Many, true),
];
/// Names the fleet of this process.
const FLEET: &str = "MOORING_BENCH_FLEET";
const CHANGES: u32 = 24;

fn main() {
    if let Ok(name) = std::env::var(FLEET) {
        let (name, variety, is_troubled) = *FLEETS.iter().find(|(one, ..)| *one == name).unwrap();
        return Run::new(name, variety, is_troubled).all();
    }
    let filter = std::env::args().skip(1).find(|arg| !arg.starts_with('-'));
    for (name, ..) in FLEETS {
        if filter
            .as_ref()
            .is_none_or(|filter| name.contains(filter.as_str()))
        {
            let mut run = std::process::Command::new(std::env::current_exe().unwrap());
            assert!(run.env(FLEET, name).status().unwrap().success());
        }
    }
}

/// One fleet with its index.
struct Run {
    variety: Variety,
    is_troubled: bool,
    /// What limits are multiplied by.
    leeway: u32,
    names: Names,
    catalog: Catalog,
    fleet: Fleet,
    naive: Naive,
    classes: Classes,
    groups: Vec<GroupId>,
    desk: Desk,
}

/// What it takes to see a host.
struct Desk {
    policy: Policy,
    names: CommandNames,
    enrollment: EnrollmentId,
    circumstances: Circumstances,
}

impl Desk {
    fn seen<'a>(&'a self, catalog: &'a Catalog, state: &'a SyncState) -> Seen<'a> {
        let context = Context {
            enrollment: &self.enrollment,
            desired: catalog.desired(Channel::Device, &self.circumstances),
            policy: &self.policy,
            names: &self.names,
            build_version: None,
            raw: RawQueue::default(),
            renewal: None,
            now: NOW,
        };
        Seen::at(state, &context, const { &OwnCopies::NONE })
    }
}

impl Run {
    fn new(name: &str, variety: Variety, is_troubled: bool) -> Self {
        let (names, fleet) = (Names::new(), Fleet::new(variety, is_troubled));
        let catalog = names.catalog();
        let naive = Naive::new(&fleet);
        let mut run = Self {
            variety,
            is_troubled,
            leeway: 1 + u32::from(is_troubled),
            names,
            classes: Classes::new(&catalog),
            catalog,
            naive,
            groups: Vec::new(),
            desk: Desk {
                policy: Policy::default(),
                names: CommandNames::new(&[1; 32], [2; 16]),
                enrollment: EnrollmentId::parse("host").unwrap(),
                circumstances: Circumstances::default(),
            },
            fleet,
        };
        line(&format!("\n{name}"));
        run.build();
        run
    }

    fn all(mut self) {
        self.check();
        self.bulk();
        let troubled = self.change("a profile of all", CHANGED, true);
        self.change("a profile of one group", self.fleet.of_one_group(), false);
        self.counts();
        self.pages();
        self.report();
        self.check();
        if self.is_troubled {
            let variety = self.variety;
            // Both are not in memory at once.
            drop(self);
            let mut calm = Self::new("  the same without troubles", variety, false);
            let calm = calm.change("a profile of all", CHANGED, true);
            line(&format!(
                "  change a profile of all: {:.2} x of the fleet without troubles, {:.3} x of the limit",
                ratio(troubled, calm),
                ratio(troubled, Duration::from_millis(50)),
            ));
        }
    }

    /// Places everybody.
    fn build(&mut self) {
        for wanted in &self.fleet.wanted {
            let circumstances = self.names.circumstances(wanted);
            self.groups.push(self.classes.group(&circumstances, true));
        }
        let (mut took, mut bytes) = (Duration::ZERO, 0);
        if self.variety == Variety::Unique {
            let before = resident();
            for first in (0..HOSTS).step_by(1000) {
                let hosts: Vec<u32> = (first..(first + 1000).min(HOSTS)).collect();
                let state = |host: &u32| self.names.state(self.kind(*host));
                let states: Vec<SyncState> = hosts.iter().map(state).collect();
                took += self.place(hosts.into_iter().zip(&states).collect()).0;
            }
            bytes += resident().saturating_sub(before);
        } else {
            let kinds = self.fleet.kinds.iter();
            let states: Vec<SyncState> = kinds.map(|kind| self.names.state(kind)).collect();
            let state_of = |host: u32| &states[self.fleet.hosts[host as usize] as usize];
            let pairs = (0..HOSTS).map(|host| (host, state_of(host))).collect();
            (took, bytes) = self.place(pairs);
        }
        let bytes = bytes / u64::from(HOSTS);
        let micros = took.as_secs_f64() * 1e6 / f64::from(HOSTS);
        line(&format!(
            "  {} classes; place {micros:.2} us a host; {bytes} B a host",
            self.classes.len()
        ));
    }

    fn kind(&self, host: u32) -> &fleet::Kind {
        &self.fleet.kinds[self.fleet.hosts[host as usize] as usize]
    }

    /// Places hosts in these states, and says how long that took and by how many bytes this process
    /// grew.
    fn place(&mut self, hosts: Vec<(u32, &SyncState)>) -> (Duration, u64) {
        let group = |host: u32| self.groups[self.kind(host).group as usize];
        let seen = |(host, state)| (host, group(host), self.desk.seen(&self.catalog, state));
        let hosts: Vec<(u32, GroupId, Seen<'_>)> = hosts.into_iter().map(seen).collect();
        let (before, begin) = (resident(), Instant::now());
        for (host, group, seen) in &hosts {
            self.classes
                .place(*host, *group, std::slice::from_ref(seen));
        }
        let took = begin.elapsed();
        (took, resident().saturating_sub(before))
    }

    /// Compares with the plain diff.
    fn check(&self) {
        let counts = self.classes.counts();
        assert_eq!(counts.pending + counts.failed, self.naive.diff());
        assert_eq!(counts.total(), u64::from(HOSTS));
    }

    /// A new version of a profile, and back to today's, in turns, each beside a plain diff.
    fn change(&mut self, name: &str, profile: u32, is_limited: bool) -> Duration {
        let (mut index, mut plain) = (Vec::new(), Vec::new());
        for round in 0..CHANGES {
            let version = if round % 2 == 0 { NEXT } else { TODAY };
            let mut catalog = self.catalog.clone();
            let entry = self.names.entry(profile, version);
            catalog
                .profiles
                .insert(self.names.profile(profile).clone(), entry);
            self.naive
                .set(&BTreeMap::from([(profile, version)]), &self.fleet);
            let begin = Instant::now();
            assert!(self.classes.set_catalog(&catalog).is_empty());
            index.push(begin.elapsed());
            let begin = Instant::now();
            let differing = self.naive.diff();
            plain.push(begin.elapsed());
            let counts = self.classes.counts();
            assert_eq!(counts.pending + counts.failed, differing);
        }
        let (index, plain) = (Times::from(index), Times::from(plain));
        let limit = match self.variety {
            Variety::Few | Variety::Many => Duration::from_millis(50) * self.leeway,
            Variety::Unique => plain.median() * 3,
        };
        let (ours, theirs) = (index.median(), plain.median());
        let remark = if ours <= theirs {
            format!("naive {:.0} x as long", ratio(theirs, ours))
        } else {
            format!("{:.2} x naive", ratio(ours, theirs))
        };
        figure(
            &format!("change {name}"),
            &index,
            &remark,
            if is_limited {
                Limit::P99(limit)
            } else {
                Limit::None
            },
        );
        figure("  a plain diff of every host", &plain, "", Limit::None);
        ours
    }

    fn limit(&self, typical_ms: u64, unique_ms: u64) -> Duration {
        Duration::from_millis(match self.variety {
            Variety::Few | Variety::Many => typical_ms,
            Variety::Unique => unique_ms,
        }) * self.leeway
    }

    fn counts(&self) {
        let times = Times::of(101, |_| {
            let profiles: Vec<_> = self.classes.profile_counts().collect();
            (self.classes.counts(), profiles.len())
        });
        figure("all counts", &times, "", Limit::Median(self.limit(1, 150)));
    }

    fn pages(&self) {
        let rows = [
            ("applied, frequent", CHANGED, Status::Applied),
            ("pending, frequent", CHANGED, Status::Pending),
            (
                "pending, of one group",
                self.fleet.of_one_group(),
                Status::Pending,
            ),
            ("pending, rare", RARELY_PENDING, Status::Pending),
            ("failed, rare", RARELY_FAILED, Status::Failed),
        ];
        for (name, profile, status) in rows {
            let filter = Filter {
                profile: Some(self.names.profile(profile)),
                status: Some(status),
            };
            let hosts = self.classes.page(&filter, None, HOSTS as usize).len();
            for (place, after) in [("first", None), ("deep", Some(900_000))] {
                let times = Times::of(51, |_| self.classes.page(&filter, after, 100));
                let limit = Limit::Median(self.limit(1, 25));
                figure(
                    &format!("page, {name}, {place}"),
                    &times,
                    &format!("{hosts} hosts"),
                    limit,
                );
            }
        }
        let times = Times::of(51, |_| self.classes.next_with_work(Some(500_000), 100));
        let hosts = format!("{} hosts", self.classes.with_work());
        figure(
            "next 100 with work",
            &times,
            &hosts,
            Limit::Median(self.limit(1, 25)),
        );
    }

    /// Hosts report what others have, and then what they had.
    fn report(&mut self) {
        let mut times = Vec::new();
        for host in (0..HOSTS).step_by(997) {
            let (own, other) = (self.kind(host), self.kind((host + 40) % HOSTS));
            let (own, other) = (self.names.state(own), self.names.state(other));
            times.push(self.place(vec![(host, &other)]).0);
            times.push(self.place(vec![(host, &own)]).0);
        }
        figure("one host's report", &Times::from(times), "", Limit::None);
    }
}

/// Memory of this process, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next());
    kib.and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}
