//! What never succeeds, and what has to wait long: bounded in commands and in pushes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mooring_drift::command::{Command, CommandNames};
use mooring_drift::desired::{Catalog, CatalogProfile, Circumstances, Revision, Secrets};
use mooring_drift::next::{Context, RawQueue};
use mooring_drift::policy::{Policy, Timestamp};
use mooring_drift::state::SyncState;
use mooring_drift::step::{Event, TokenUpdate, step};
use mooring_mdm::device::ListedProfile;
use mooring_mdm::error_chain::ErrorEntry;
use mooring_mdm::ids::{Channel, CommandUuid, EnrollmentId, HostId, PayloadUuid};
use mooring_mdm::report::{Answer, Outcome};
use mooring_push::{ApnsLimits, ApnsOptions};
use mooring_server::core::CoreOptions;
use mooring_server::push::Pusher;
use mooring_sim::apns::ApnsServer;
use mooring_store::{MemoryStore, Store};
use mooring_tests::clock::{HOUR_MS, MINUTE_MS};
use mooring_tests::server::{id, judge};
use mooring_tests::{Draft, Host, TestClock, TestServer, settle_one};

use super::A;

const HOSTS: u32 = 10_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// The engine without a server, for fleets whose messages would take minutes to write and read.
struct Engine {
    catalog: Catalog,
    circumstances: Circumstances,
    policy: Policy,
    names: CommandNames,
    build: &'static str,
    now: Timestamp,
}

/// One device of it: its state at the server, and what it was told in this round.
struct Member {
    enrollment: EnrollmentId,
    state: SyncState,
    /// What it answers an install with.
    refusal: Outcome,
    /// The installs that such an answer costs.
    attempts: u32,
    installs: u32,
    lists: u32,
}

impl Engine {
    fn new() -> Self {
        Self {
            catalog: catalog(1),
            circumstances: Circumstances::default(),
            policy: Policy::default(),
            names: CommandNames::new(&[1; 32], [2; 16]),
            build: "23E214",
            now: Timestamp(1_700_000_000_000),
        }
    }

    /// One event of a member; gives the command that answers it.
    fn tell(&self, member: &mut Member, event: Event) -> Option<(CommandUuid, Command)> {
        let context = Context {
            enrollment: &member.enrollment,
            desired: self.catalog.desired(Channel::Device, &self.circumstances),
            policy: &self.policy,
            names: &self.names,
            build_version: Some(self.build),
            raw: RawQueue::default(),
            renewal: None,
            now: self.now,
        };
        let stepped = step(&member.state, event, &context);
        member.state = stepped.state;
        stepped.reply
    }

    /// A contact of a device that has nothing and refuses to install.
    fn contact(&self, member: &mut Member) {
        let mut next = self.tell(member, Event::Idle);
        while let Some((uuid, command)) = next {
            let profiles = |profiles: Vec<ListedProfile>| Answer {
                profiles: Some(Ok(profiles)),
                ..Answer::default()
            };
            let outcome = match command {
                Command::InstallProfile { .. } => {
                    member.installs += 1;
                    member.refusal.clone()
                }
                Command::ProfileList => {
                    member.lists += 1;
                    Outcome::Acknowledged(profiles(Vec::new()))
                }
                Command::DeviceInformation
                | Command::RemoveProfile { .. }
                | Command::RenewIdentity { .. }
                | Command::Raw { .. } => Outcome::Acknowledged(Answer::default()),
            };
            next = self.tell(member, Event::Result { uuid, outcome });
        }
    }

    /// So many contacts of everybody, two a day, beginning in 12 hours. Gives the most lists of a
    /// member and the installs of the members of each kind.
    fn contacts(&mut self, fleet: &mut [Member], count: u32) -> (u32, BTreeMap<u32, u32>) {
        for member in &mut *fleet {
            (member.installs, member.lists) = (0, 0);
        }
        for _ in 0..count {
            self.now = self.now.plus_ms(12 * HOUR_MS);
            for member in &mut *fleet {
                self.contact(member);
            }
        }
        let lists = fleet.iter().map(|member| member.lists).max().unwrap();
        let mut installs = BTreeMap::new();
        for member in fleet {
            let most = installs.entry(member.attempts).or_insert(member.installs);
            *most = (*most).max(member.installs);
        }
        (lists, installs)
    }
}

/// One profile in this version.
fn catalog(version: u32) -> Catalog {
    let uuid = format!("00000000-0000-4000-8000-{version:012X}");
    let latest = Revision {
        version,
        uuid: PayloadUuid::parse(&uuid).unwrap(),
    };
    let profile = CatalogProfile {
        channel: Channel::Device,
        made: BTreeSet::from([latest.uuid.clone()]),
        latest,
        is_wanted: true,
        secrets: Secrets::None,
        personal: None,
        is_personal: false,
        introduced: BTreeSet::new(),
    };
    Catalog {
        profiles: BTreeMap::from([(id(A), profile)]),
    }
}

/// Devices, enrolled: to every other one the profile is wrong, to the others the network is.
fn fleet(engine: &Engine) -> Vec<Member> {
    let members = (0..HOSTS).map(|number| {
        let (domain, code, attempts) = match number % 2 {
            0 => ("NSURLErrorDomain", -1009, 3),
            _ => ("MCProfileErrorDomain", 1009, 1),
        };
        let refusal = ErrorEntry {
            code,
            domain: domain.to_owned(),
            description: "It was told to fail.".to_owned(),
        };
        let mut member = Member {
            enrollment: EnrollmentId::parse(&format!("HOST-{number}")).unwrap(),
            state: SyncState::new(),
            refusal: Outcome::Error(vec![refusal]),
            attempts,
            installs: 0,
            lists: 0,
        };
        engine.tell(&mut member, Event::Authenticate { serial: None });
        engine.tell(&mut member, Event::TokenUpdate(TokenUpdate::default()));
        member
    });
    members.collect()
}

/// A profile that fails on each of 10,000 hosts: three installs a host where another try might do
/// and one where only other content would, no lists but those that come due, and then nothing,
/// until the content changes, or the system's build does, or a person asks: then exactly one more
/// round. The engine alone, without a server: the messages of such a fleet would take minutes
/// (case F16).
#[test]
fn f16_fails_on_ten_thousand_hosts() {
    let mut engine = Engine::new();
    let mut fleet = fleet(&engine);
    let (round, silence) = (
        BTreeMap::from([(3, 3), (1, 1)]),
        BTreeMap::from([(3, 0), (1, 0)]),
    );
    let (lists, installs) = engine.contacts(&mut fleet, 4);
    assert_eq!(installs, round);
    assert!(lists <= 3, "one at first and one a day: {lists}");
    let (lists, installs) = engine.contacts(&mut fleet, 2);
    assert_eq!(installs, silence, "parked");
    assert!(lists <= 1, "one a day: {lists}");

    engine.catalog = catalog(2);
    assert_eq!(engine.contacts(&mut fleet, 3).1, round, "other content");
    engine.build = "24A335";
    assert_eq!(engine.contacts(&mut fleet, 3).1, round, "another build");
    for member in &mut fleet {
        let identifier = id(A);
        engine.tell(member, Event::ResendAsked { identifier });
    }
    assert_eq!(engine.contacts(&mut fleet, 3).1, round, "a person asked");
    assert_eq!(engine.contacts(&mut fleet, 2).1, silence, "parked again");
}

/// A device that is locked for 30 days: a push after the first hour, then ever later, then once a
/// day, which is about 35 in all; and it is in sync within two contacts after it is unlocked
/// (case F4).
#[tokio::test(flavor = "multi_thread")]
async fn f04_locked_for_a_month() {
    let store = Arc::new(MemoryStore::new().unwrap());
    let shared: Arc<dyn Store> = Arc::clone(&store) as _;
    let clock = TestClock::new();
    let server = TestServer::with_options(shared, judge(), &clock, CoreOptions::default());
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    let record = store
        .host(&HostId::parse(&host.id()).unwrap())
        .unwrap()
        .unwrap();
    let target = record.enrollments[0].push.clone().unwrap();
    let apns = ApnsServer::start().unwrap();
    apns.register(&target.token, &target.magic);
    let pem = apns.push_certificate_pem(&target.topic).unwrap();
    server.set_push_certificate(pem.as_bytes()).unwrap();
    let pusher = Pusher::new(server.shared(), options_for(&apns));
    let mut wakes = apns.subscribe(&target.token);
    wakes.mark_unchanged();

    host.device.lock(u32::MAX);
    host.forget_work();
    server.push_taken(Draft::new(A, "first").xml());
    for _ in 0..30 * DAY_MS / (10 * MINUTE_MS) {
        pusher.tick().await;
        if wakes.has_changed().unwrap() {
            wakes.mark_unchanged();
            host.contact(&server);
        }
        clock.advance(10 * MINUTE_MS);
    }
    let pushes = apns.pushes();
    assert!((30..=45).contains(&pushes), "{pushes} pushes");
    let installs = u64::try_from(host.count("InstallProfile")).unwrap();
    assert!(
        installs <= pushes,
        "{installs} installs in {pushes} contacts"
    );
    assert!(host.identifiers().is_empty());
    assert_eq!(server.counts().counts.pending, 1, "it cost no attempt");
    host.device.lock(0);
    host.contact(&server);
    host.contact(&server);
    assert_eq!(host.identifiers(), [A]);
    server.assert_applied(1);
}

fn options_for(apns: &ApnsServer) -> ApnsOptions {
    ApnsOptions {
        url: apns.url(),
        ca_pem: Some(apns.ca_pem().into_bytes()),
        limits: ApnsLimits {
            backoff_first: std::time::Duration::ZERO,
            backoff_max: std::time::Duration::ZERO,
            ..ApnsLimits::default()
        },
    }
}
