//! A disk that fails or loses power: a commit then errs, and never lies.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::StorageBackend;
use redb::backends::FileBackend;

use super::disk::Disk;
use super::open;
use super::samples::{command, enroll, enrollment, enrollment_id, host_id};
use crate::{Change, RedbOptions, RedbStore, Store, StoreError};

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

/// When the journal is folded: at closing, or one host behind each group.
const FOLDS: [bool; 2] = [false, true];

fn open_on(disk: &Disk, is_folding: bool) -> RedbStore {
    let open = if is_folding {
        RedbStore::open_backend_folding
    } else {
        RedbStore::open_backend
    };
    open(disk.clone()).unwrap()
}

struct Run {
    disk: Disk,
    store: RedbStore,
    /// The last step that was acknowledged, and the last that was tried.
    acknowledged: u32,
    tried: u32,
}

/// Commits steps on a disk whose `n`th change fails, until one fails or all are done.
fn run(n: u64, stays_dead: bool, is_folding: bool) -> Run {
    let disk = Disk::default();
    let store = open_on(&disk, is_folding);
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

/// Changes of the disk from the first step on.
fn changes_of_a_whole_run(is_folding: bool) -> u64 {
    let disk = Disk::default();
    let store = open_on(&disk, is_folding);
    store.commit(enroll("A")).unwrap();
    let before = disk.changes();
    let whole = run(u64::MAX, true, is_folding);
    assert_eq!(whole.acknowledged, 4);
    whole.disk.changes() - before
}

/// Every failure to try, with either way to fold.
fn failures() -> impl Iterator<Item = (u64, bool)> {
    let of = |is_folding| (1..=changes_of_a_whole_run(is_folding)).map(move |n| (n, is_folding));
    FOLDS.into_iter().flat_map(of)
}

/// Whichever write or sync fails, the commit says so; after losing power there and then, all that
/// was acknowledged is there, at most the failed batch besides, and no batch by halves.
#[test]
fn a_failing_disk_is_told_and_loses_nothing() {
    for (n, is_folding) in failures() {
        let run = run(n, true, is_folding);
        for seed in 0..3 {
            let stored = steps_stored(&reopen(run.disk.after_power_loss(seed)));
            let promised = run.acknowledged..=run.tried;
            assert!(
                promised.contains(&stored),
                "failure {n}, seed {seed}: {stored} {promised:?}"
            );
        }
    }
}

/// After a single failure the store goes on: the next commit is stored, and what was read after
/// the failure is what is there after losing power, whether the failed batch was stored or not.
#[test]
fn a_single_failure_is_overcome() {
    let mut outcomes = [0, 0];
    for (n, is_folding) in failures() {
        let run = run(n, false, is_folding);
        if run.tried == run.acknowledged {
            continue;
        }
        let shown = steps_stored(&run.store);
        assert!((run.acknowledged..=run.tried).contains(&shown));
        outcomes[(shown - run.acknowledged) as usize] += 1;
        for seed in 0..3 {
            let found = steps_stored(&reopen(run.disk.after_power_loss(seed)));
            assert_eq!(found, shown, "failure {n}, seed {seed}");
        }
        for number in shown + 1..=4 {
            run.store.commit(step(number)).unwrap();
        }
        let found = steps_stored(&reopen(run.disk.after_power_loss(n)));
        assert_eq!(found, 4, "failure {n}");
        drop(run.store);
        assert_eq!(steps_stored(&reopen(run.disk.live())), 4);
    }
    // Failures before the switch of the root, and at the sync after it.
    assert!(outcomes.iter().all(|count| *count > 0), "{outcomes:?}");
}

/// While the disk fails everything says so; as soon as it works again, so does the store, whether
/// it is read or written first, and the order of promises is kept.
#[test]
fn a_full_disk_that_has_room_again() {
    for (n, is_folding) in failures() {
        let run = run(n, true, is_folding);
        if run.tried == run.acknowledged {
            continue;
        }
        for _ in 0..2 {
            run.store.commit(enroll("C")).unwrap_err();
            let _ = run.store.host(&host_id("A"));
        }
        run.disk.heal();
        if n % 2 == 0 {
            run.store.commit(enroll("C")).unwrap();
        } else {
            assert_eq!(run.store.host(&host_id("C")).unwrap(), None, "failure {n}");
            run.store.commit(enroll("C")).unwrap();
        }
        let remove = vec![Change::RemoveHost(host_id("C"))];
        run.store.commit(remove).unwrap();
        let shown = steps_stored(&run.store);
        assert!((run.acknowledged..=run.tried).contains(&shown));
        for seed in 0..3 {
            let found = steps_stored(&reopen(run.disk.after_power_loss(seed)));
            assert_eq!(found, shown, "failure {n}, seed {seed}");
        }
    }
}

/// Several threads write and read while the disk fails now and then: what any of them was promised
/// is there after losing power.
#[test]
fn failures_among_many() {
    for seed in 0..12 {
        let disk = Disk::default();
        let store = open_on(&disk, seed % 2 == 1);
        let kept: Vec<String> = std::thread::scope(|scope| {
            let (store, disk) = (&store, &disk);
            let work = |thread: u64| {
                let mut kept = Vec::new();
                for n in 0..12 {
                    let name = format!("H{thread}-{n}");
                    if thread == 0 && n % 3 == 0 {
                        disk.fail_at(1 + (seed + n) % 7, false);
                    }
                    if store.commit(enroll(&name)).is_ok() {
                        kept.push(name);
                    } else if let Ok(Some(shown)) = store.host(&host_id(&name)) {
                        kept.push(shown.id.to_string());
                    }
                }
                kept
            };
            let threads: Vec<_> = (0..4).map(|it| scope.spawn(move || work(it))).collect();
            threads
                .into_iter()
                .flat_map(|it| it.join().unwrap())
                .collect()
        });
        assert!(kept.len() > 24, "{kept:?}");
        let found = reopen(disk.after_power_loss(seed));
        for name in kept {
            let host = found.host(&host_id(&name)).unwrap();
            assert!(host.is_some(), "seed {seed}: {name} is gone");
        }
    }
}

/// A read that fails is repeated on the database opened anew, so its caller sees no failure.
#[test]
fn a_failed_read_is_repeated() {
    let disk = Disk::default();
    let without_cache = RedbOptions { cache_bytes: 0 };
    let store = RedbStore::open_backend_with(disk.clone(), without_cache).unwrap();
    store.commit(enroll("A")).unwrap();
    disk.fail_next_read();
    assert_eq!(store.hosts(None, 10).unwrap().len(), 1);
    assert!(!disk.is_read_failing());
    store.commit(enroll("B")).unwrap();
    assert_eq!(store.hosts(None, 10).unwrap().len(), 2);
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

/// A file whose next sync fails on request.
#[derive(Debug)]
struct FailingFile {
    file: FileBackend,
    is_failing: Arc<AtomicBool>,
}

impl StorageBackend for FailingFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if self.is_failing.swap(false, Ordering::Relaxed) {
            return Err(io::Error::other("the disk fails"));
        }
        self.file.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(
        &self,
        start: Bound<u64>,
        end: Bound<u64>,
    ) -> Result<bool, redb::BackendError> {
        self.file.try_lock_range(start, end)
    }
}

/// A real file stays locked when its database is opened anew, and is free once the store is
/// dropped.
#[test]
fn the_file_stays_locked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    drop(open(&path));
    let file = File::options().read(true).write(true).open(&path).unwrap();
    let is_failing = Arc::new(AtomicBool::new(false));
    let store = RedbStore::open_backend(FailingFile {
        file: FileBackend::new(file).unwrap(),
        is_failing: Arc::clone(&is_failing),
    })
    .unwrap();
    for n in 0..3 {
        is_failing.store(true, Ordering::Relaxed);
        store.commit(enroll("A")).unwrap_err();
        let second = RedbStore::open(&path, RedbOptions::default());
        assert!(
            matches!(second, Err(StoreError::InUse { .. })),
            "{second:?}"
        );
        store.commit(enroll(&format!("B{n}"))).unwrap();
    }
    drop(store);
    assert_eq!(open(&path).hosts(None, 10).unwrap().len(), 3);
}
