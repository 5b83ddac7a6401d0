//! What every backend promises, written once. Each case gets an empty store of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::Opened;
use super::samples::{
    Draw, builtin, command, enroll, enrollment, enrollment_id, host_change, host_id, identifier,
    profile,
};
use crate::{
    COMMANDS_KEPT_MAX, Change, EnrollmentRecord, HOSTS_PAGE_MAX, HostRecord, Store, StoreError,
};

type Case = (&'static str, fn(&dyn Store));

const CASES: [Case; 16] = [
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
    ("nothing is stored without its owner", no_orphans),
    ("concurrent committers lose nothing", concurrent_committers),
    ("more commits than one group holds", many_queued_commits),
    ("pages are in order and without gaps", pages),
    (
        "user channels follow their device channel",
        channels_of_a_host,
    ),
    (
        "enrolling again leaves no residue",
        re_enroll_leaves_no_residue,
    ),
    ("removing a missing host is fine", removing_a_missing_host),
    ("every version is kept", every_version_is_kept),
    ("the bytes of a version never change", bytes_never_change),
    ("a history is bounded, newest first", history_is_bounded),
    ("equal sets of many enrollments", sets_round_trip),
];

/// Runs every case on a store of its own, and names the one that failed.
pub(super) fn run(make: impl Fn() -> Opened) {
    for (name, case) in CASES {
        let opened = make();
        let outcome = catch_unwind(AssertUnwindSafe(|| case(&*opened.store)));
        assert!(outcome.is_ok(), "case failed: {name}");
    }
}

fn is_conflict(result: Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::Conflict { .. }))
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
    assert_eq!(store.builtins().unwrap(), []);
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
        assert_eq!(store.builtins().unwrap(), [setting]);
        let stored = store.profiles().unwrap().remove(0);
        assert_eq!(stored.revision, seed + 1);
        assert_eq!(
            crate::ProfileRecord {
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
    assert!(is_conflict(store.commit(batch)));
    assert_eq!(store.host(&host_id("A")).unwrap(), None);
    assert_eq!(store.builtins().unwrap(), []);
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
        assert!(is_conflict(
            store.commit(vec![Change::Profile(profile("p", revision, 1, 2))])
        ));
    }
    store
        .commit(vec![Change::Enrollment(enrollment(a, 1, 2))])
        .unwrap();
    assert!(is_conflict(
        store.commit(vec![Change::Profile(profile("new", 1, 1, 2))])
    ));
    assert!(is_conflict(store.commit(enroll("A"))));
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
    let twice = vec![again.clone(), again];
    assert!(is_conflict(store.commit(twice)));
    assert_eq!(read_host(store, "A").enrollments, [enrollment(a, 2, 7)]);
}

fn no_orphans(store: &dyn Store) {
    let user = Change::Enrollment(enrollment(enrollment_id("A:501"), 0, 1));
    assert!(is_conflict(store.commit(vec![user.clone()])));
    let sent = Change::Command(command(enrollment_id("A"), 1, 1));
    assert!(is_conflict(store.commit(vec![sent.clone()])));
    store.commit(enroll("A")).unwrap();
    store.commit(vec![user.clone(), sent.clone()]).unwrap();

    // The device speaks while an administrator removes the host.
    let stale = Change::Enrollment(enrollment(enrollment_id("A"), 1, 2));
    let remove = Change::RemoveHost(host_id("A"));
    assert!(is_conflict(
        store.commit(vec![remove.clone(), user.clone()])
    ));
    assert!(is_conflict(
        store.commit(vec![remove.clone(), sent.clone()])
    ));
    store.commit(vec![remove]).unwrap();
    for change in [stale, user, sent] {
        assert!(is_conflict(store.commit(vec![change])));
    }
    assert_eq!(store.commands(&enrollment_id("A"), 10).unwrap(), []);
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

fn pages(store: &dyn Store) {
    let mut ids: Vec<String> = (0..25).map(|n| format!("H{n:02}")).collect();
    ids.extend(["H1", "H1!", "H10.", "Ä"].map(str::to_owned));
    for id in &ids {
        store.commit(enroll(id)).unwrap();
    }
    ids.sort();
    for limit in [1, 7, 29, 30] {
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let page = store.hosts(after.as_ref(), limit).unwrap();
            assert!(page.len() <= limit);
            let Some(last) = page.last() else { break };
            after = Some(last.id.clone());
            found.extend(page.into_iter().map(|host| host.id.to_string()));
        }
        assert_eq!(found, ids, "pages of {limit}");
    }
    assert_eq!(store.hosts(None, 0).unwrap(), []);
    let behind_a_missing_one = store.hosts(Some(&host_id("H10 ")), 1).unwrap();
    assert_eq!(behind_a_missing_one[0].id, host_id("H10."));

    let fleet: Vec<Change> = (0..=HOSTS_PAGE_MAX)
        .flat_map(|n| enroll(&format!("Z{n}")))
        .collect();
    store.commit(fleet).unwrap();
    assert_eq!(store.hosts(None, usize::MAX).unwrap().len(), HOSTS_PAGE_MAX);
}

fn channels_of_a_host(store: &dyn Store) {
    for host in ["A", "AB", "A!"] {
        store.commit(enroll(host)).unwrap();
    }
    for user in ["A:z", "A:a:b", "A!:x", "A:ü"] {
        let record = enrollment(enrollment_id(user), 0, 3);
        store.commit(vec![Change::Enrollment(record)]).unwrap();
    }
    let ids = |host| {
        let enrollments = read_host(store, host).enrollments;
        enrollments
            .iter()
            .map(|record| record.id.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids("A"), ["A", "A:a:b", "A:z", "A:ü"]);
    assert_eq!(ids("AB"), ["AB"]);
    assert_eq!(ids("A!"), ["A!", "A!:x"]);
    let paged = store.hosts(None, 10).unwrap();
    assert_eq!(
        paged
            .iter()
            .map(|host| host.enrollments.len())
            .collect::<Vec<_>>(),
        [4, 2, 1]
    );
}

fn re_enroll_leaves_no_residue(store: &dyn Store) {
    let a = enrollment_id("A");
    for host in ["A", "AB"] {
        store.commit(enroll(host)).unwrap();
        let record = enrollment(enrollment_id(&format!("{host}:u")), 0, 3);
        let sent = [host, &format!("{host}:u")].map(|id| command(enrollment_id(id), 4, 4));
        let batch = sent.map(Change::Command).into_iter();
        store
            .commit(batch.chain([Change::Enrollment(record)]).collect())
            .unwrap();
    }
    let mut batch = vec![Change::RemoveHost(host_id("A"))];
    batch.extend(enroll("A"));
    store.commit(batch).unwrap();
    let host = read_host(store, "A");
    assert_eq!(host.enrollments, [enrollment(a.clone(), 1, 1)]);
    for id in ["A", "A:u"] {
        assert_eq!(store.commands(&enrollment_id(id), 10).unwrap(), []);
    }
    assert_eq!(read_host(store, "AB").enrollments.len(), 2);
    assert_eq!(store.commands(&enrollment_id("AB:u"), 10).unwrap().len(), 1);
}

fn removing_a_missing_host(store: &dyn Store) {
    store.commit(enroll("AB")).unwrap();
    store
        .commit(vec![Change::RemoveHost(host_id("A"))])
        .unwrap();
    store
        .commit(vec![Change::RemoveHost(host_id("AB"))])
        .unwrap();
    store
        .commit(vec![Change::RemoveHost(host_id("AB"))])
        .unwrap();
    assert_eq!(store.hosts(None, 10).unwrap(), []);
}

fn every_version_is_kept(store: &dyn Store) {
    let raw = |version: u32| Change::Raw {
        identifier: identifier("p"),
        version,
        bytes: format!("bytes of version {version}").into_bytes(),
    };
    let whole = profile("p", 0, 12, 5);
    for version in 1..=12 {
        // Naming only the newest version must not cost the earlier ones.
        let mut record = whole.clone();
        record.versions.retain(|kept| kept.version == version);
        record.revision = u64::from(version) - 1;
        store
            .commit(vec![Change::Profile(record), raw(version)])
            .unwrap();
    }
    store
        .commit(vec![Change::Profile(profile("p2", 0, 1, 1))])
        .unwrap();
    let mut tombstone = whole.clone();
    (tombstone.versions, tombstone.revision, tombstone.is_enabled) = (Vec::new(), 12, false);
    store.commit(vec![Change::Profile(tombstone)]).unwrap();

    let read = store.profiles().unwrap();
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].versions, whole.versions);
    for version in 1..=12 {
        let bytes = store.raw(&identifier("p"), version).unwrap().unwrap();
        assert_eq!(bytes, format!("bytes of version {version}").into_bytes());
    }
    assert_eq!(store.raw(&identifier("p"), 13).unwrap(), None);
}

fn bytes_never_change(store: &dyn Store) {
    let raw = |bytes: &[u8]| {
        vec![Change::Raw {
            identifier: identifier("p"),
            version: 1,
            bytes: bytes.to_vec(),
        }]
    };
    store.commit(raw(b"one")).unwrap();
    store.commit(raw(b"one")).unwrap();
    assert!(is_conflict(store.commit(raw(b"two"))));
    assert_eq!(store.raw(&identifier("p"), 1).unwrap().unwrap(), b"one");
}

fn sets_round_trip(store: &dyn Store) {
    let shared = Draw(9).set();
    for n in 0..20 {
        let mut record = enrollment(enrollment_id(&format!("H{n:02}")), 0, n);
        record.sync.delivered = shared.clone();
        let batch = [
            host_change(record.id.host().clone(), n),
            Change::Enrollment(record),
        ];
        store.commit(batch.to_vec()).unwrap();
    }
    for (n, host) in store.hosts(None, 100).unwrap().into_iter().enumerate() {
        let mut wanted = enrollment(host.enrollments[0].id.clone(), 1, u64::try_from(n).unwrap());
        wanted.sync.delivered = shared.clone();
        assert_eq!(host.enrollments, [wanted]);
    }
}

fn history_is_bounded(store: &dyn Store) {
    let (a, b) = (enrollment_id("A"), enrollment_id("A:u"));
    let mut batch = enroll("A");
    batch.push(Change::Enrollment(enrollment(b.clone(), 0, 1)));
    batch.push(Change::Command(command(b.clone(), 1, 1)));
    store.commit(batch).unwrap();
    let sequences = |limit| {
        let commands = store.commands(&a, limit).unwrap();
        commands
            .iter()
            .map(|command| command.sequence)
            .collect::<Vec<_>>()
    };
    for sequence in 1..=150 {
        store
            .commit(vec![Change::Command(command(a.clone(), sequence, 1))])
            .unwrap();
    }
    let kept: Vec<u32> = (1..=150).rev().take(COMMANDS_KEPT_MAX as usize).collect();
    assert_eq!(sequences(usize::MAX), kept);
    assert_eq!(sequences(3), [150, 149, 148]);
    assert_eq!(sequences(0), []);

    // Closing a command that fell out of the window does not bring it back; one inside changes.
    let closed = [80, 100].map(|sequence| Change::Command(command(a.clone(), sequence, 2)));
    store.commit(closed.to_vec()).unwrap();
    assert_eq!(sequences(usize::MAX), kept);
    assert!(
        store
            .commands(&a, 64)
            .unwrap()
            .contains(&command(a.clone(), 100, 2))
    );

    // A jump forgets all that is now too old.
    store
        .commit(vec![Change::Command(command(a.clone(), 1000, 1))])
        .unwrap();
    assert_eq!(sequences(usize::MAX), [1000]);
    assert_eq!(store.commands(&b, 10).unwrap().len(), 1);
}
