//! What every backend promises, written once. Each case gets an empty store of its own.

mod documents;
mod facts;
mod hosts;
mod profiles;

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Opened;
use super::samples::{
    builtin, command, enroll, enrollment, enrollment_id, host_change, host_id, identifier, profile,
};
use crate::{
    Change, EnrollmentRecord, HOSTS_PAGE_MAX, HostRecord, ProfileRecord, Store, StoreError,
    builtins,
};

type Case = (&'static str, fn(&dyn Store));

const CASES: [Case; 30] = [
    ("unknown keys are none", unknown_keys_are_none),
    (
        "everything written is read back equal",
        everything_round_trips,
    ),
    ("a batch is all or nothing", all_or_nothing),
    ("a stale revision is a conflict", stale_revisions_conflict),
    (
        "a batch counts its own revisions",
        a_batch_counts_its_own_revisions,
    ),
    ("nothing is stored without its owner", hosts::no_orphans),
    ("concurrent committers lose nothing", concurrent_committers),
    ("more commits than one group holds", many_queued_commits),
    ("pages are in order and without gaps", hosts::pages),
    (
        "user channels follow their device channel",
        hosts::channels_of_a_host,
    ),
    (
        "enrolling again leaves no residue",
        hosts::re_enroll_leaves_no_residue,
    ),
    (
        "removing a missing host is fine",
        hosts::removing_a_missing_host,
    ),
    ("queued batches are told of in order", hosts::queued),
    ("every version is kept", profiles::every_version_is_kept),
    (
        "the bytes of a version never change",
        profiles::bytes_never_change,
    ),
    (
        "a history is bounded, newest first",
        hosts::history_is_bounded,
    ),
    ("equal sets of many enrollments", hosts::sets_round_trip),
    (
        "documents are written, read and deleted",
        documents::written_read_and_deleted,
    ),
    ("spaces are apart", documents::spaces_are_apart),
    (
        "a document is as expected, or a conflict",
        documents::expectations,
    ),
    (
        "a batch sees its own documents",
        documents::a_batch_sees_its_own,
    ),
    ("of many claims one wins", documents::one_of_many_wins),
    ("ranges have prefix, start and direction", documents::ranges),
    (
        "pages of documents are bounded",
        documents::pages_are_bounded,
    ),
    ("documents have bounds", documents::sizes_are_bounded),
    (
        "whose documents they are is not known",
        documents::a_host_goes_without_documents,
    ),
    (
        "facts are read back equal and stay while the device tells more",
        facts::stay_apart_from_what_the_device_told,
    ),
    ("stale facts are a conflict", facts::stale_ones_conflict),
    (
        "facts need their host and go with it",
        facts::need_their_host,
    ),
    ("facts have bounds", facts::are_bounded),
];

/// Runs every case on a store of its own, and names the one that failed.
pub(super) fn run(make: impl Fn() -> Opened) {
    for (name, case) in CASES {
        let opened = make();
        let outcome = catch_unwind(AssertUnwindSafe(|| case(&*opened.store)));
        assert!(outcome.is_ok(), "case failed: {name}");
    }
}

/// Commits what must be refused as a conflict.
fn refuse(store: &dyn Store, batch: Vec<Change>) {
    let outcome = store.commit(batch);
    assert!(
        matches!(outcome, Err(StoreError::Conflict { .. })),
        "{outcome:?}"
    );
}

fn read_host(store: &dyn Store, id: &str) -> HostRecord {
    store.host(&host_id(id)).unwrap().unwrap()
}

fn unknown_keys_are_none(store: &dyn Store) {
    assert_eq!(store.host(&host_id("A")).unwrap(), None);
    assert_eq!(store.raw(&identifier("a"), 1).unwrap(), None);
    assert_eq!(store.profiles().unwrap(), []);
    assert_eq!(store.hosts(None, 10).unwrap(), []);
    assert_eq!(store.hosts(Some(&host_id("A")), 10).unwrap(), []);
    assert_eq!(store.commands(&enrollment_id("A"), 10).unwrap(), []);
    assert_eq!(builtins(store).unwrap(), []);
    store.commit(Vec::new()).unwrap();
}

fn everything_round_trips(store: &dyn Store) {
    let a = enrollment_id("A");
    for seed in 0..40 {
        let record = enrollment(a.clone(), seed, seed);
        let command = command(a.clone(), u32::try_from(seed).unwrap() + 1, seed);
        let profile = profile("p", seed, 3, seed);
        let setting = builtin("b", seed);
        let host = host_change(host_id("A"), seed);
        let batch = vec![
            Change::BuiltIn(setting.clone()),
            Change::Command(command.clone()),
            Change::Enrollment(record.clone()),
            Change::Profile(profile.clone()),
            host.clone(),
        ];
        store.commit(batch).unwrap();

        let read = read_host(store, "A");
        assert_eq!(
            read.enrollments,
            [EnrollmentRecord {
                revision: seed + 1,
                ..record
            }]
        );
        let Change::Host {
            attributes,
            attributes_at,
            enrolled_at,
            ..
        } = host
        else {
            panic!()
        };
        assert_eq!(read.attributes, attributes);
        assert_eq!(
            (read.attributes_at, read.enrolled_at),
            (attributes_at, enrolled_at)
        );
        assert_eq!(store.commands(&a, 1).unwrap(), [command]);
        assert_eq!(builtins(store).unwrap(), [setting]);
        let stored = store.profiles().unwrap().remove(0);
        assert_eq!(stored.revision, seed + 1);
        assert_eq!(
            ProfileRecord {
                revision: seed,
                ..stored
            },
            profile
        );
    }
}

fn all_or_nothing(store: &dyn Store) {
    store
        .commit(vec![Change::Profile(profile("p", 0, 1, 1))])
        .unwrap();
    let mut batch = enroll("A");
    batch.push(Change::BuiltIn(builtin("b", 1)));
    batch.push(Change::Raw {
        identifier: identifier("p"),
        version: 1,
        bytes: vec![1],
    });
    batch.push(Change::Profile(profile("p", 0, 1, 2)));
    refuse(store, batch);
    assert_eq!(store.host(&host_id("A")).unwrap(), None);
    assert_eq!(builtins(store).unwrap(), []);
    assert_eq!(store.raw(&identifier("p"), 1).unwrap(), None);
}

fn stale_revisions_conflict(store: &dyn Store) {
    store.commit(enroll("A")).unwrap();
    store
        .commit(vec![Change::Profile(profile("p", 0, 1, 1))])
        .unwrap();
    let a = enrollment_id("A");
    for revision in [0, 2] {
        let record = enrollment(a.clone(), revision, 2);
        let error = store.commit(vec![Change::Enrollment(record)]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "enrollment A was changed by someone else meanwhile"
        );
        refuse(store, vec![Change::Profile(profile("p", revision, 1, 2))]);
    }
    store
        .commit(vec![Change::Enrollment(enrollment(a, 1, 2))])
        .unwrap();
    refuse(store, vec![Change::Profile(profile("new", 1, 1, 2))]);
    refuse(store, enroll("A"));
}

fn a_batch_counts_its_own_revisions(store: &dyn Store) {
    let a = enrollment_id("A");
    let mut batch = enroll("A");
    batch.push(Change::Enrollment(enrollment(a.clone(), 1, 7)));
    batch.push(Change::Profile(profile("p", 0, 1, 1)));
    batch.push(Change::Profile(profile("p", 1, 2, 2)));
    store.commit(batch).unwrap();
    assert_eq!(
        read_host(store, "A").enrollments,
        [enrollment(a.clone(), 2, 7)]
    );
    let again = Change::Enrollment(enrollment(a.clone(), 2, 8));
    let twice = vec![again.clone(), again.clone()];
    refuse(store, twice);
    assert_eq!(
        read_host(store, "A").enrollments,
        [enrollment(a.clone(), 2, 7)]
    );
    let mut anew = vec![again, Change::RemoveHost(host_id("A"))];
    anew.extend(enroll("A"));
    store.commit(anew).unwrap();
    assert_eq!(read_host(store, "A").enrollments, [enrollment(a, 1, 1)]);
}

fn concurrent_committers(store: &dyn Store) {
    const ROUNDS: u64 = 20;
    store.commit(enroll("shared")).unwrap();
    std::thread::scope(|scope| {
        for committer in 0..8 {
            scope.spawn(move || {
                let own = format!("H{committer}");
                store.commit(enroll(&own)).unwrap();
                for _ in 0..ROUNDS {
                    add_one(store, "shared");
                    add_one(store, &own);
                }
            });
        }
    });
    assert_eq!(
        read_host(store, "shared").enrollments[0].sync.sequence,
        8 * 20
    );
    for committer in 0..8 {
        let host = read_host(store, &format!("H{committer}"));
        assert_eq!(host.enrollments[0].sync.sequence, 20);
    }
}

/// Read, change, write; again when someone else was quicker.
fn add_one(store: &dyn Store, host: &str) {
    loop {
        let mut record = read_host(store, host).enrollments.remove(0);
        if record.revision == 1 {
            record.sync.sequence = 0;
        }
        record.sync.sequence += 1;
        match store.commit(vec![Change::Enrollment(record)]) {
            Ok(()) => return,
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn many_queued_commits(store: &dyn Store) {
    std::thread::scope(|scope| {
        for n in 0..300 {
            scope.spawn(move || store.commit(enroll(&format!("H{n:03}"))).unwrap());
        }
    });
    let found = store.hosts(None, HOSTS_PAGE_MAX).unwrap();
    let wanted: Vec<String> = (0..300).map(|n| format!("H{n:03}")).collect();
    assert!(
        found
            .iter()
            .map(|host| host.id.as_str())
            .eq(wanted.iter().map(String::as_str))
    );
}
