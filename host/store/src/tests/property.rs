//! Both backends are one: whatever is committed, they answer alike, also after reopening.

use std::collections::BTreeMap;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::samples::{
    builtin, command, enrollment, enrollment_id, facts, host_change, host_id, identifier, profile,
};
use super::{open, open_folding};
use crate::{
    BuiltInRecord, Change, CommandRecord, Document, Expected, HostOutline, HostRecord, HostSketch,
    KeyRange, MemoryStore, ProfileRecord, RedbStore, Space, Store, StoreError, builtins,
};

/// One change before it is known which revision it must carry.
#[derive(Debug, Clone)]
struct Plan {
    kind: u8,
    host: u8,
    user: Option<u8>,
    profile: u8,
    number: u32,
    seed: u64,
    is_stale: bool,
}

prop_compose! {
    fn plan()(
        kind in 0..17_u8,
        host in 0..3_u8,
        user in prop::option::of(0..2_u8),
        profile in 0..3_u8,
        number in 1..200_u32,
        seed in 0..1000_u64,
        is_stale in prop::bool::weighted(0.03),
    ) -> Plan {
        Plan { kind, host, user, profile, number, seed, is_stale }
    }
}

/// Turns plans into a batch, with the revisions that `store` and the batch itself ask for.
fn batch(plans: &[Plan], store: &MemoryStore) -> Vec<Change> {
    let mut revisions: BTreeMap<String, u64> = BTreeMap::new();
    for profile in store.profiles().unwrap() {
        revisions.insert(format!("profile {}", profile.identifier), profile.revision);
    }
    for host in store.hosts(None, 100).unwrap() {
        let facts = format!("{} facts", host.id);
        revisions.insert(facts, host.facts.revision);
        for record in host.enrollments {
            revisions.insert(record.id.to_string(), record.revision);
        }
    }
    plans
        .iter()
        .map(|plan| change(plan, &mut revisions))
        .collect()
}

fn change(plan: &Plan, revisions: &mut BTreeMap<String, u64>) -> Change {
    let host = format!("H{}", plan.host);
    let id = plan
        .user
        .map_or(host.clone(), |user| format!("{host}:{user}"));
    let name = format!("p{}", plan.profile);
    let mut revision = |key: String| {
        let current = revisions.entry(key).or_default();
        let read = if plan.is_stale {
            *current + 1
        } else {
            *current
        };
        *current += 1;
        read
    };
    match plan.kind {
        0 | 1 => host_change(host_id(&host), plan.seed),
        2..=5 => {
            let revision = revision(id.clone());
            Change::Enrollment(enrollment(enrollment_id(&id), revision, plan.seed))
        }
        6 | 7 => Change::Command(command(enrollment_id(&id), plan.number, plan.seed)),
        8 => {
            let revision = revision(format!("profile {name}"));
            Change::Profile(profile(&name, revision, plan.number % 4, plan.seed))
        }
        9 => Change::Raw {
            identifier: identifier(&name),
            version: plan.number % 4,
            bytes: vec![0; usize::try_from(plan.number % 4).unwrap() + usize::from(plan.is_stale)],
        },
        10 => Change::BuiltIn(builtin(&name, plan.seed)),
        11..=13 => document_change(plan),
        14 | 15 => {
            let revision = revision(format!("{host} facts"));
            Change::Facts {
                id: host_id(&host),
                facts: facts(revision, plan.seed),
            }
        }
        _ => {
            revisions.retain(|key, _| !key.starts_with(&host));
            Change::RemoveHost(host_id(&host))
        }
    }
}

/// Few keys and values, so that what is expected is often there.
fn document_change(plan: &Plan) -> Change {
    let value = |n: u64| vec![u8::try_from(n % 3).unwrap()];
    Change::Document {
        space: [Space::Leaf, Space::Link, Space::Setting][usize::from(plan.profile)],
        key: vec![0xff; 1 + usize::from(plan.host)],
        value: (!plan.seed.is_multiple_of(4)).then(|| value(plan.seed / 4)),
        expected: match plan.number % 8 {
            0 => Expected::Absent,
            1 => Expected::Same(value(plan.seed / 12)),
            _ => Expected::Any,
        },
    }
}

fn documents(store: &dyn Store) -> Vec<Vec<Document>> {
    let read = |(space, is_reversed)| {
        let range = KeyRange {
            is_reversed,
            ..KeyRange::default()
        };
        store.documents(space, range, 100).unwrap()
    };
    let both = Space::ALL
        .into_iter()
        .flat_map(|space| [(space, false), (space, true)]);
    both.map(read).collect()
}

type Everything = (
    Vec<ProfileRecord>,
    Vec<HostRecord>,
    Vec<Option<HostRecord>>,
    Vec<Vec<CommandRecord>>,
    Vec<BuiltInRecord>,
    Vec<Option<Vec<u8>>>,
    Vec<Vec<Document>>,
);

/// What is read as outlines is what whole hosts make, in pages of any size.
fn assert_outlines(store: &dyn Store) {
    let hosts = store.hosts(None, 100).unwrap();
    let wanted: Vec<HostOutline> = hosts.iter().map(HostRecord::outline).collect();
    assert_eq!(store.outlines(None, 100).unwrap(), wanted);
    let ids: Vec<_> = hosts.iter().map(|host| host.id.clone()).collect();
    assert_eq!(store.hosts_of(&ids).unwrap(), hosts);
    let sketches: Vec<HostSketch> = wanted.iter().cloned().map(HostSketch::from).collect();
    assert_eq!(store.sketches(None, 100).unwrap(), sketches);
    let page = store.outline_page(None, 100).unwrap();
    assert_eq!(page.last(), hosts.last().map(|host| &host.id));
    assert_eq!(
        (page.len(), page.outlines().unwrap()),
        (hosts.len(), wanted.clone())
    );
    for (n, host) in wanted.iter().enumerate() {
        let page = store.outlines(Some(&host.id), 1).unwrap();
        assert_eq!(page.first(), wanted.get(n + 1));
    }
}

fn everything(store: &dyn Store) -> Everything {
    assert_outlines(store);
    let hosts = ["H0", "H1", "H2"];
    let ids = hosts
        .iter()
        .flat_map(|h| [(*h).to_owned(), format!("{h}:0"), format!("{h}:1")]);
    let raw = (0..3).flat_map(|p| (0..4).map(move |version| (format!("p{p}"), version)));
    (
        store.profiles().unwrap(),
        store.hosts(None, 100).unwrap(),
        hosts
            .iter()
            .map(|host| store.host(&host_id(host)).unwrap())
            .collect(),
        ids.map(|id| store.commands(&enrollment_id(&id), 100).unwrap())
            .collect(),
        builtins(store).unwrap(),
        raw.map(|(p, version)| store.raw(&identifier(&p), version).unwrap())
            .collect(),
        documents(store),
    )
}

fn commit_both(memory: &MemoryStore, redb: &RedbStore, plans: &[Plan]) {
    let batch = batch(plans, memory);
    let verdicts = (memory.commit(batch.clone()), redb.commit(batch));
    match verdicts {
        (Ok(()), Ok(())) => {}
        (Err(StoreError::Conflict { what: a }), Err(StoreError::Conflict { what: b })) => {
            assert_eq!(a, b);
        }
        differing => panic!("{differing:?}"),
    }
}

proptest! {
    #![proptest_config(Config { cases: 48, failure_persistence: None, ..Config::default() })]

    /// Any sequence of batches leaves both backends answering alike, before and after reopening.
    /// The durable one folds its journal when it is closed, or a host behind each batch.
    #[test]
    fn backends_are_alike(rounds in vec((any::<bool>(), vec(vec(plan(), 1..8), 1..8)), 1..4)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let memory = MemoryStore::new().unwrap();
        for (is_folding, batches) in rounds {
            let redb = if is_folding { open_folding(&path) } else { open(&path) };
            assert_eq!(everything(&redb), everything(&memory));
            for plans in batches {
                commit_both(&memory, &redb, &plans);
                if is_folding {
                    assert_eq!(everything(&redb), everything(&memory));
                }
            }
            assert_eq!(everything(&redb), everything(&memory));
        }
        assert_eq!(everything(&open(&path)), everything(&memory));
    }
}
