//! The index against a walk over the store, through random histories of a small fleet.

mod device;
mod failing;
mod start;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mooring_drift::policy::Timestamp;
use mooring_drift::scope::{Assignment, Label, LabelName, Rule};
use mooring_drift::status::Status;
use mooring_drift::step::Event;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_mdm::os::OsVersion;
use mooring_mdm::profile::placeholder::ValueName;
use mooring_plugin::Limits;
use mooring_store::{MemoryStore, Store};

use super::FleetFilter;
use crate::api::HostValuesWish;
use crate::change::ChangeOptions;
use crate::clock::Clock;
use crate::core::{Core, CoreOptions};
use crate::judge::Judge;
use crate::profiles::Upload;
use crate::scope::{DeclaredValue, ValueKind};
use device::{Device, Manner};

const MINUTE: u64 = 60_000;
const HOUR: u64 = 60 * MINUTE;
const ROUTINE: u64 = 7;

/// A server and its fleet.
struct World {
    store: Arc<MemoryStore>,
    judge: Arc<Judge>,
    time: Arc<AtomicU64>,
    core: Core,
    devices: Vec<Device>,
    dice: u64,
    /// How often something was seen that must not be left out: each status, hosts held back, hosts
    /// that were idle.
    met: BTreeMap<&'static str, u64>,
}

fn core(store: &Arc<MemoryStore>, judge: &Arc<Judge>, time: &Arc<AtomicU64>) -> Core {
    let time = Arc::clone(time);
    let clock = Clock::from_fn(move || Timestamp(time.load(Ordering::Relaxed)));
    let store: Arc<dyn Store> = Arc::clone(store) as _;
    Core::new(store, Arc::clone(judge), clock, CoreOptions::default()).unwrap()
}

impl World {
    fn new(seed: u64) -> Self {
        let store = Arc::new(MemoryStore::new().unwrap());
        let judge = Arc::new(Judge::with_plugins([], Limits::default()).unwrap());
        let time = Arc::new(AtomicU64::new(1_700_000_000_000));
        Self {
            core: core(&store, &judge, &time),
            devices: (0..6).map(Device::new).collect(),
            dice: seed,
            met: BTreeMap::new(),
            store,
            judge,
            time,
        }
    }

    /// A number below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005);
        self.dice = self.dice.wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % sides
    }

    fn device(&mut self) -> usize {
        usize::try_from(self.roll(6)).unwrap()
    }

    fn profile(&mut self) -> PayloadIdentifier {
        PayloadIdentifier::parse(&format!("com.example.{}", self.roll(5))).unwrap()
    }

    fn step(&mut self) {
        match self.roll(10) {
            0 => self.pass_time(),
            1 | 2 => self.administer(),
            3 => self.define(),
            4 => self.check_in(),
            _ => self.connect(),
        }
    }

    fn pass_time(&mut self) {
        let some = self.roll(60);
        let by = match self.roll(8) {
            0 | 1 => some * 997,
            2 | 3 => some * MINUTE,
            4 => some * HOUR,
            5 => 4 * 24 * HOUR,
            6 => 24 * HOUR + some * 2 * MINUTE,
            _ => 0,
        };
        if by > 0 {
            self.time.fetch_add(by, Ordering::Relaxed);
        } else if some == 0 {
            self.time.fetch_sub(30 * 24 * HOUR, Ordering::Relaxed);
        }
    }

    fn check_in(&mut self) {
        let (at, kind, is_user) = (self.device(), self.roll(12), self.roll(3) == 0);
        let device = &mut self.devices[at];
        match kind {
            0 => device.check_out(&self.core),
            1 => device.authenticate(&self.core),
            2 => device.version = "15.2",
            3 => device.serial += 100,
            _ => {
                if self.core.host(&device.id).unwrap().is_none() {
                    device.authenticate(&self.core);
                }
                device.token_update(&self.core, is_user);
            }
        }
    }

    fn connect(&mut self) {
        let (at, is_user) = (self.device(), self.roll(4) == 0);
        let most = usize::try_from(self.roll(12)).unwrap();
        let manner = match self.roll(12) {
            0 => Manner::Lies,
            1 => Manner::Fails,
            2 => Manner::NotNow,
            3 => Manner::Leaves,
            _ => Manner::Obeys,
        };
        let profile = self.profile();
        let change = self.roll(12);
        let device = &mut self.devices[at];
        match change {
            0 => device.install(is_user, profile.as_str(), "somebody-elses"),
            1 => device.lose(is_user, profile.as_str()),
            _ => {}
        }
        device.connect(&self.core, is_user, most, manner);
    }

    fn administer(&mut self) {
        let (profile, at) = (self.profile(), self.device());
        let host = self.devices[at].id.to_string();
        let by = ChangeOptions::by("test");
        let (kind, content) = (self.roll(12), self.roll(3));
        let core = &self.core;
        // Much of it makes no sense at its moment, and is refused.
        match kind {
            0..=3 => {
                let upload = Upload {
                    name: "a.mobileconfig".to_owned(),
                    bytes: written(profile.as_str(), content).into_bytes(),
                };
                drop(core.push(&[upload], true, &by).unwrap());
            }
            4 => drop(core.switch(&profile, content > 0, None, &by)),
            5 => drop(core.delete(&profile, &by)),
            6 => drop(core.refresh_host(&host)),
            7 => drop(core.resend(&host, &profile)),
            8 => drop(core.resend_failed(&profile)),
            9 if content == 0 => drop(core.remove_host(&host)),
            9 => drop(core.settle_host(&host)),
            10 => drop(core.block_host(&host, content == 0)),
            _ if core.is_paused() => core.resume("test").unwrap(),
            _ if content == 0 => core.pause("test", None).unwrap(),
            _ => {}
        }
    }

    fn define(&mut self) {
        let (profile, at) = (self.profile(), self.device());
        let host = self.devices[at].id.to_string();
        let by = ChangeOptions::by("test");
        let (kind, choice) = (self.roll(9), self.roll(5));
        let label = LabelName::parse(["east", "west"][usize::from(choice > 2)]).unwrap();
        let site = ValueName::parse("site").unwrap();
        let core = &self.core;
        match kind {
            0 => drop(core.set_label(&label, &Label::Manual, &by)),
            1 => {
                let rules = [
                    "host.os_version >= \"15.2\"",
                    "attributes.site == \"x\"",
                    "host.serial == \"S1\"",
                ];
                let rule = Rule::parse(rules[usize::try_from(choice).unwrap() % 3]);
                drop(rule.map(|rule| core.set_label(&label, &Label::Rule(rule), &by)));
            }
            2 => drop(core.change_members(&label, &[host], &[], &by)),
            3 => drop(core.change_members(&label, &[], &[host], &by)),
            4 | 5 => {
                let mut assignment = Assignment::default();
                match choice {
                    0 => assignment.percent = Some(50),
                    1 => drop(assignment.include_any.insert(label)),
                    2 => drop(assignment.exclude_any.insert(label)),
                    3 => assignment.os_min = OsVersion::parse("15.2").ok(),
                    _ => {}
                }
                let assignment = Some(&assignment).filter(|_| choice < 4);
                drop(core.set_assignment(&profile, assignment, &by));
            }
            6 => {
                let value = DeclaredValue {
                    kind: ValueKind::Attribute,
                    default: (choice == 0).then(|| "y".to_owned()),
                };
                drop(core.declare_value(&site, &value, &by));
            }
            _ => {
                let mut wish = HostValuesWish {
                    set: BTreeMap::new(),
                    unset: BTreeSet::new(),
                };
                if choice == 0 {
                    wish.unset.insert(site);
                } else {
                    wish.set
                        .insert(site, "xz"[..=usize::from(choice > 2)].to_owned());
                }
                drop(core.set_host_values(&host, &wish, &by));
            }
        }
    }

    /// The index says what the store says, whatever is asked.
    fn check(&mut self, about: &str) {
        let faults = self.core.fleet_faults().unwrap();
        assert!(faults.is_empty(), "{about}: {faults:#?}");
        let known = self.core.hosts(None, 100).unwrap();
        let known: Vec<_> = known.into_iter().map(|host| host.id).collect();
        assert_eq!(self.pages(None), known, "{about}");
        let of_status = |status| self.pages(Some(status));
        let mut by_status: Vec<_> = [
            Status::Applied,
            Status::Pending,
            Status::Failed,
            Status::Unknown,
        ]
        .into_iter()
        .flat_map(of_status)
        .collect();
        by_status.sort();
        let statuses = |id: &&HostId| self.core.fleet_status(id).unwrap().is_some();
        let counted: Vec<_> = known.iter().filter(statuses).cloned().collect();
        assert_eq!(by_status, counted, "{about}");
        let idle = self.check_idle(about);
        let counts = self.core.fleet_counts().unwrap();
        let met = [
            ("applied", counts.hosts.applied),
            ("pending", counts.hosts.pending),
            ("failed", counts.hosts.failed),
            ("unknown", counts.hosts.unknown),
            ("checked out", counts.checked_out),
            ("duplicates", counts.duplicates),
            ("idle", idle),
        ];
        for (what, hosts) in met {
            *self.met.entry(what).or_default() += hosts;
        }
    }

    fn pages(&self, status: Option<Status>) -> Vec<HostId> {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let filter = FleetFilter {
                profile: None,
                status,
                after: after.take(),
                limit: 2,
            };
            let page = self.core.fleet_page(&filter).unwrap();
            assert!(page.hosts.len() <= 2);
            found.extend(page.hosts);
            match page.next {
                Some(next) => after = Some(next),
                None => return found,
            }
        }
    }

    /// Who is called idle would get nothing, and nothing would be stored.
    fn check_idle(&self, about: &str) -> u64 {
        let mut idle = 0;
        for device in &self.devices {
            let Some(host) = self.core.host(&device.id).unwrap() else {
                assert!(!self.core.is_idle(&device.enrollment(false), ROUTINE));
                continue;
            };
            let revision = host.enrollments[0].revision;
            self.core.note_routine(&host.id, revision, ROUTINE);
            for record in &host.enrollments {
                if self.core.is_idle(&record.id, ROUTINE) && !self.core.is_paused() {
                    idle += 1;
                    let step = self.core.step(&host, record, Event::Idle);
                    assert_eq!(step.state, record.sync, "{about}");
                    assert!(step.reply.is_none(), "{about}");
                }
                assert!(!self.core.is_idle(&record.id, ROUTINE + 1));
            }
        }
        idle
    }

    fn restart(&mut self) {
        self.core = core(&self.store, &self.judge, &self.time);
    }
}

/// A profile with content of its own; some are for users, some have a place for a value.
pub(crate) fn written(identifier: &str, content: u64) -> String {
    let scope = if identifier.ends_with('1') {
        "User"
    } else {
        "System"
    };
    let value = if identifier.ends_with('2') && content > 0 {
        "{{attribute.site}}"
    } else {
        "plain"
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>\
         <key>PayloadContent</key><array><dict>\
         <key>PayloadType</key><string>com.example.settings</string>\
         <key>PayloadVersion</key><integer>1</integer>\
         <key>PayloadIdentifier</key><string>com.example.settings.1</string>\
         <key>PayloadUUID</key><string>7A1C9E34-5B60-4D2F-8E13-C0A4F6B2D985</string>\
         <key>Greeting</key><string>{value} {content}</string></dict></array>\
         <key>PayloadDisplayName</key><string>A profile</string>\
         <key>PayloadType</key><string>Configuration</string>\
         <key>PayloadVersion</key><integer>1</integer>\
         <key>PayloadIdentifier</key><string>{identifier}</string>\
         <key>PayloadScope</key><string>{scope}</string>\
         <key>PayloadUUID</key><string>7A1C9E34-5B60-4D2F-8E13-C0A4F6B2D986</string>\
         </dict></plist>"
    )
}

/// Whatever devices say, administrators change and time does, after every step the index says of
/// every host and of all of them what a walk over the store says; and a restart changes nothing.
#[test]
fn the_index_is_the_store() {
    let mut planned = 0;
    let mut met = BTreeMap::new();
    for seed in 0..40 {
        let mut world = World::new(seed);
        for step in 0..120 {
            world.step();
            world.check(&format!("seed {seed}, step {step}"));
            if step % 15 == 7 {
                let about = format!("seed {seed}, step {step}");
                planned += crate::impact::tests::check(&world.core, &about);
            }
            if step % 40 == 39 {
                let before = world.core.fleet_counts().unwrap();
                world.restart();
                world.check(&format!("seed {seed}, after the restart at step {step}"));
                assert_eq!(world.core.fleet_counts().unwrap(), before);
            }
        }
        for (what, times) in world.met {
            *met.entry(what).or_insert(0) += times;
        }
    }
    // Steps times hosts are 28,800: nothing of it was met by chance only.
    assert!(met.values().all(|times| *times >= 50), "{met:?}");
    assert!(planned > 1000, "{planned} plans by kind");
}
