//! A disk that fails or loses power: a commit then errs, and never lies.

use super::disk::Disk;
use super::samples::{command, enroll, enrollment, enrollment_id, host_id};
use crate::{Change, RedbStore, Store, StoreError};

/// A batch that needs every table of a host, and enough pages to make the file grow.
fn step(number: u32) -> Vec<Change> {
    let id = enrollment_id("A");
    let mut record = enrollment(id.clone(), u64::from(number), u64::from(number));
    record.sync.sequence = number;
    record.unlock_token = Some(vec![7; 20_000]);
    let mut batch = vec![
        Change::Enrollment(record),
        Change::Command(command(id, number, 1)),
    ];
    batch.extend(enroll(&format!("B{number}")));
    batch
}

/// Which steps are stored: they must be a run from 1 without gaps, each one whole.
fn steps_stored(store: &RedbStore) -> u32 {
    let host = store.host(&host_id("A")).unwrap().unwrap();
    let stored = u32::try_from(host.enrollments[0].revision).unwrap() - 1;
    let others = store.hosts(None, 1000).unwrap().len() - 1;
    assert_eq!(u32::try_from(others).unwrap(), stored, "half a batch");
    let newest = store.commands(&enrollment_id("A"), 1).unwrap();
    assert_eq!(
        newest.first().map_or(0, |command| command.sequence),
        stored,
        "half a batch"
    );
    stored
}

fn reopen(image: Vec<u8>) -> RedbStore {
    RedbStore::open_backend(Disk::holding(image)).unwrap()
}

struct Run {
    disk: Disk,
    store: RedbStore,
    /// The last step that was acknowledged, and the last that was tried.
    acknowledged: u32,
    tried: u32,
}

/// Commits steps on a disk whose `n`th change fails, until one fails or all are done.
fn run(n: u64, stays_dead: bool) -> Run {
    let disk = Disk::default();
    let store = RedbStore::open_backend(disk.clone()).unwrap();
    store.commit(enroll("A")).unwrap();
    disk.fail_at(n, stays_dead);
    let mut run = Run {
        disk,
        store,
        acknowledged: 0,
        tried: 0,
    };
    for number in 1..=4 {
        run.tried = number;
        match run.store.commit(step(number)) {
            Ok(()) => run.acknowledged = number,
            Err(StoreError::Backend { .. }) => break,
            Err(error) => panic!("{error}"),
        }
    }
    run
}

fn changes_of_a_whole_run() -> u64 {
    let whole = run(u64::MAX, true);
    assert_eq!(whole.acknowledged, 4);
    whole.disk.changes()
}

/// Whichever write or sync fails, the commit says so; after losing power there and then, all that
/// was acknowledged is there, at most the failed batch besides, and no batch by halves.
#[test]
fn a_failing_disk_is_told_and_loses_nothing() {
    for n in 1..=changes_of_a_whole_run() {
        let run = run(n, true);
        for seed in 0..6 {
            let stored = steps_stored(&reopen(run.disk.after_power_loss(seed)));
            let promised = run.acknowledged..=run.tried;
            assert!(
                promised.contains(&stored),
                "failure {n}, seed {seed}: {stored} {promised:?}"
            );
        }
    }
}

/// After a single failure the store does not go on as if nothing had been: a later commit errs
/// too, or what it acknowledges is there after an orderly close.
#[test]
fn a_single_failure_is_not_forgotten() {
    for n in 1..=changes_of_a_whole_run() {
        let Run {
            disk,
            store,
            acknowledged,
            tried,
        } = run(n, false);
        if tried == acknowledged {
            continue;
        }
        let later = store.commit(enroll("C"));
        drop(store);
        let store = reopen(disk.live());
        let is_there = store.host(&host_id("C")).unwrap().is_some();
        assert!(
            is_there || later.is_err(),
            "failure {n}: the acknowledged host is gone"
        );
        store
            .commit(vec![Change::RemoveHost(host_id("C"))])
            .unwrap();
        let stored = steps_stored(&store);
        assert!(
            (acknowledged..=tried).contains(&stored),
            "failure {n}: {stored}"
        );
    }
}

/// A store that cannot even be created says so, at whichever point the disk fails.
#[test]
fn creation_on_a_failing_disk_is_told() {
    let whole = Disk::default();
    drop(RedbStore::open_backend(whole.clone()).unwrap());
    for n in 1..=whole.changes() {
        let disk = Disk::default();
        disk.fail_at(n, true);
        if let Ok(store) = RedbStore::open_backend(disk.clone()) {
            // Only closing failed.
            drop(store);
            reopen(disk.after_power_loss(n))
                .commit(enroll("A"))
                .unwrap();
        }
    }
}
