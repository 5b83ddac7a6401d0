//! A start: pages of hosts of many sorts, and what is kept of each.

use std::sync::Arc;

use mooring_drift::policy::Timestamp;
use mooring_drift::set::ProfileSet;
use mooring_drift::state::{
    Attempts, FailureReason, NextAttempt, Observed, Periodic, Phase, SyncState, Target,
};
use mooring_mdm::device::{Attributes, ListedProfile};
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier, PayloadUuid};
use mooring_plugin::Limits;
use mooring_store::{
    Change, EnrollmentOutline, EnrollmentRecord, HostFacts, HostOutline, MemoryStore, Store, Via,
};

use super::written;
use crate::change::ChangeOptions;
use crate::clock::Clock;
use crate::core::{Core, CoreOptions};
use crate::fleet::hand::Hand;
use crate::fleet::index::Index;
use crate::fleet::load::Placing;
use crate::judge::Judge;
use crate::profiles::Upload;

const HOSTS: u64 = 20_000;
const PAGE: u64 = 2_000;
const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Mixes the bits of a number.
fn mixed(n: u64) -> u64 {
    let n = (n.wrapping_add(0x9E37_79B9_7F4A_7C15) ^ (n >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    n ^ (n >> 31)
}

fn outline(core: &Core, host: u64, set: &ProfileSet, fails: bool) -> HostOutline {
    let drawn = mixed(host);
    let id = format!("{:08X}-2D35-5B8E-9A77-{:012X}", host << 12, drawn >> 16);
    let id = HostId::parse(&id).unwrap();
    let at = Timestamp(NOW.0 - drawn % 3_600_000);
    let answered = Periodic {
        answered_at: Some(at),
        ..Periodic::default()
    };
    let observed = Observed {
        set: set.clone(),
        unmanaged: Vec::new(),
        sequence: 57,
        at,
    };
    let mut sync = SyncState {
        epoch: 1,
        phase: Phase::Enrolled,
        sequence: 57,
        delivered: set.clone(),
        observed: Some(observed),
        list: answered,
        attributes: answered,
        era: core.era(),
        ..SyncState::new()
    };
    sync.hardware.serial = Some(format!("BENCH{host:07}"));
    let failing = core.shelf();
    let failing = failing.catalog.profiles.iter().next().filter(|_| fails);
    sync.attempts = failing
        .map(|(identifier, profile)| {
            let attempts = Attempts {
                target: Target::Present(profile.latest.clone()),
                failed: 3,
                lost: 0,
                reason: Some(FailureReason::NotProven),
                next: NextAttempt::Parked,
                build_version: Some("24B83".to_owned()),
            };
            (identifier.clone(), attempts)
        })
        .into_iter()
        .collect();
    HostOutline {
        attributes: Attributes {
            serial_number: Some(format!("BENCH{host:07}")),
            model: Some(["Mac14,2", "Mac15,12"][usize::from(drawn.is_multiple_of(2))].to_owned()),
            device_name: Some(format!("Mac of user {host}")),
            os_version: Some("15.1".to_owned()),
            build_version: Some("24B83".to_owned()),
            is_supervised: Some(true),
        },
        attributes_at: Some(at),
        facts: HostFacts::default(),
        enrollments: vec![EnrollmentOutline {
            id: EnrollmentId::device(id.clone()),
            sync,
            last_seen_at: at,
            revision: 3,
            via: Some(Via::Header),
            is_blocked: false,
            is_held: false,
            is_rsa: false,
            identity_begins_at: Some(Timestamp(NOW.0 - 65 * 24 * 3_600_000)),
            identity_ends_at: Some(Timestamp(NOW.0 + 300 * 24 * 3_600_000)),
            is_pushable: true,
        }],
        id,
    }
}

/// What was seen in the state with this number: its digits in base 3.
fn set(core: &Core, state: u64) -> ProfileSet {
    let (shelf, mut rest) = (core.shelf(), state);
    let mut entries = Vec::new();
    for (identifier, profile) in &shelf.catalog.profiles {
        match rest % 3 {
            0 => entries.push((identifier.clone(), profile.latest.uuid.clone())),
            1 => entries.push((identifier.clone(), PayloadUuid::parse("older").unwrap())),
            _ => {}
        }
        rest /= 3;
    }
    ProfileSet::from_entries(entries)
}

/// Some hosts, of a fleet with so many states.
fn page(
    core: &Core,
    first: u64,
    states: u64,
    sets: &mut Vec<Option<ProfileSet>>,
) -> Vec<HostOutline> {
    let hosts = first..(first + PAGE).min(HOSTS);
    let of = |host| {
        let drawn = mixed(host ^ 0x5eed);
        let state = match states {
            157 if drawn % 10 < 9 => 0,
            HOSTS => host,
            _ => (drawn >> 8) % states,
        };
        if states == HOSTS {
            return outline(core, host, &set(core, state), false);
        }
        let at = usize::try_from(state).unwrap();
        sets.resize(sets.len().max(at + 1), None);
        let known = sets[at].get_or_insert_with(|| set(core, state));
        outline(core, host, known, false)
    };
    hosts.map(of).collect()
}

fn core_on(store: &Arc<MemoryStore>) -> Core {
    let store: Arc<dyn Store> = Arc::clone(store) as _;
    let judge = Arc::new(Judge::with_plugins([], Limits::default()).unwrap());
    let clock = Clock::from_fn(|| NOW);
    Core::new(store, judge, clock, CoreOptions::default()).unwrap()
}

fn core() -> Core {
    let core = core_on(&Arc::new(MemoryStore::new().unwrap()));
    push(&core);
    core
}

fn push(core: &Core) {
    let uploads = (0..20).map(|number| Upload {
        name: format!("{number}.mobileconfig"),
        bytes: written(&format!("com.example.profile.{number:03}x"), 0).into_bytes(),
    });
    let uploads: Vec<_> = uploads.collect();
    core.push(&uploads, true, &ChangeOptions::by("test"))
        .unwrap();
}

/// What is kept of every host beside its class takes some 60 bytes.
#[test]
fn a_host_takes_little_memory() {
    let core = core();
    let mut index = Index::new(core.shelf());
    let hosts = usize::try_from(HOSTS).unwrap();
    index.numbers.expect(hosts);
    index.slots.expect(hosts);
    let (rules, mut hand) = (index.rules.clone(), Hand::new(index.user_keys()));
    let (mut placing, mut sets) = (Placing::new(index), Vec::new());
    for first in (0..HOSTS).step_by(usize::try_from(PAGE).unwrap()) {
        let page = page(&core, first, 157, &mut sets);
        let batch = hand.look(&core, &rules, page);
        placing.take(&core, batch, &mut hand);
    }
    let index = placing.finish();
    let each = (index.numbers.bytes() + index.slots.bytes()) / hosts;
    assert!((40..=70).contains(&each), "{each}");
}

/// Hosts of many sorts: with users, with what others installed, with failures, with long names,
/// checked out.
fn sorts(core: &Core) -> Vec<HostOutline> {
    let of = |host: u64| {
        let drawn = mixed(host);
        let mut one = outline(core, host, &set(core, drawn % 9), drawn.is_multiple_of(5));
        let sync = &mut one.enrollments[0].sync;
        if drawn.is_multiple_of(3) {
            let listed = ["com.example.other", "com.example.profile.004x"];
            let listed = listed[usize::from(drawn.is_multiple_of(6))];
            let observed = sync.observed.as_mut().unwrap();
            let identifier = PayloadIdentifier::parse(listed).unwrap();
            let entries = observed.set.retaining(|known, _| *known != identifier);
            observed.set = entries;
            observed.unmanaged = vec![ListedProfile {
                uuid: PayloadUuid::parse("foreign").unwrap(),
                identifier,
                display_name: None,
            }];
        }
        match drawn % 17 {
            0 => sync.phase = Phase::CheckedOut,
            1 => sync.phase = Phase::Authenticated,
            2 => sync.list_asked = Some(57),
            3 => sync.hardware.is_contradicted = true,
            _ => {}
        }
        if drawn.is_multiple_of(7) {
            let mut user = one.enrollments[0].clone();
            user.id = EnrollmentId::user(one.id.clone(), "U1").unwrap();
            one.enrollments.push(user);
        }
        one
    };
    (0..600).map(of).collect()
}

/// An index that was made page by page, each kind once, says of every host and of all of them what
/// one says into which every host was put by itself.
#[test]
fn pages_are_hosts() {
    let core = core();
    let index = Index::new(core.shelf());
    let rules = index.rules.clone();
    let mut hands = [Hand::new(index.user_keys()), Hand::new(index.user_keys())];
    let mut placing = Placing::new(index);
    let mut single = Index::new(core.shelf());
    let hosts = sorts(&core);
    for (page, hosts) in hosts.chunks(50).enumerate() {
        let hand = &mut hands[page % 2];
        let batch = hand.look(&core, &rules, hosts.to_vec());
        placing.take(&core, batch, hand);
        for host in hosts {
            single.put_read(&core, host, NOW);
        }
    }
    let index = placing.finish();
    assert!(index.classes.len() < 400, "{} classes", index.classes.len());
    assert_eq!(index.counts(), single.counts());
    assert_eq!(index.classes.len(), single.classes.len());
    for host in &hosts {
        let told = |index: &Index| {
            let number = index.numbers.find(&host.id).unwrap();
            let profiles = rules.shelf.catalog.profiles.keys();
            let words = profiles.map(|profile| index.classes.profile_status(number, profile));
            (
                index.numbers.id(number),
                index.classes.status(number),
                index.classes.has_work(number),
                index.slots.deadline(number),
                index.slots.stamp(number),
                index.slots.traits(number),
                host.enrollments
                    .iter()
                    .map(|one| index.is_enrolled(number, &one.id))
                    .collect::<Vec<_>>(),
                words.collect::<Vec<_>>(),
            )
        };
        assert_eq!(told(&index), told(&single), "{host:?}");
    }
    let other = PayloadIdentifier::parse("com.example.other").unwrap();
    assert!(index.classes.may_be_listed(&other));
}

/// A start that takes several pages, which two threads read in turns, says what a walk over the
/// store says.
#[test]
fn starts_are_recounts() {
    let store = Arc::new(MemoryStore::new().unwrap());
    let core = core_on(&store);
    push(&core);
    let hosts = sorts(&core);
    for copy in 0..9_u64 {
        for (at, host) in hosts.iter().enumerate() {
            let id = mixed(copy << 32 | at as u64);
            let id = HostId::parse(&format!("{id:016X}-{copy}")).unwrap();
            let mut changes = vec![Change::Host {
                id: id.clone(),
                attributes: host.attributes.clone(),
                attributes_at: host.attributes_at,
                enrolled_at: NOW,
            }];
            for one in &host.enrollments {
                let channel = match one.id.user_part() {
                    None => EnrollmentId::device(id.clone()),
                    Some(user) => EnrollmentId::user(id.clone(), user).unwrap(),
                };
                let record = EnrollmentRecord::new(channel, one.sync.clone(), NOW);
                changes.push(Change::Enrollment(record));
            }
            store.commit(changes).unwrap();
        }
    }
    let core = core_on(&store);
    assert_eq!(core.fleet_faults().unwrap(), []);
    assert_eq!(core.fleet.read().slots.known(), 5_400);
}
