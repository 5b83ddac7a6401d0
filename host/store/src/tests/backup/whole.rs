//! What is in a backup, and what is made of it.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{FILES, Folder, answers, names, try_restore};
use crate::backup::{read_backup, write_for_tests};
use crate::redb_store::{Row, RowKey, TableId, earlier_row};
use crate::tests::open;
use crate::tests::samples::{command, enrollment_id, host_id};
use crate::{
    Change, EnrollmentRecord, Expected, MemoryStore, Space, Store, begin_era, document, era,
};

/// A backup holds every row and every file; the store that is made of it answers the same, under
/// another identity, and so does one that is made of a backup of that.
#[test]
fn a_store_comes_back_as_another_one() {
    let first = Folder::new();
    let backup = first.path("backup");
    let written = first.try_backup(&backup, false).unwrap();
    assert_eq!(read_backup(&backup).unwrap(), written);
    assert_eq!(written.made_at.0, 77);
    assert_eq!(written.incarnation, first.store.identity().incarnation);
    assert_eq!(written.files, FILES[..2]);
    assert_eq!(written.rows.len(), 11);
    assert!(written.rows.values().all(|rows| *rows > 0), "{written:?}");
    assert_eq!(written.bytes, std::fs::metadata(&backup).unwrap().len());

    let mut identities = vec![first.store.identity().clone()];
    let mut eras = BTreeSet::new();
    let mut from = backup;
    let folder = tempfile::tempdir().unwrap();
    for n in 1..=3 {
        let data = folder.path().join(n.to_string());
        std::fs::create_dir(&data).unwrap();
        let restored = try_restore(&from, &data).unwrap();
        assert_eq!(names(&data), ["ca-key.pem", "ca.pem", "store.redb"]);
        for file in &FILES[..2] {
            let content = std::fs::read_to_string(data.join(file)).unwrap();
            assert_eq!(content, format!("content of {file}"));
        }
        let store = open(&data.join("store.redb"));
        assert_eq!(answers(&store), answers(&first.store));
        let identity = store.identity().clone();
        assert_eq!(identity.incarnation, restored.incarnation);
        assert_eq!(identity.command_key, identities[0].command_key);
        assert_eq!(identity.schema, identities[0].schema);
        assert!(!identities.contains(&identity));
        identities.push(identity);
        assert_eq!(era(&store).unwrap(), restored.era);
        assert!(eras.insert(restored.era), "an era came twice");

        let again = Folder {
            folder: tempfile::tempdir().unwrap(),
            store,
        };
        for file in &FILES[..2] {
            std::fs::copy(data.join(file), again.path(file)).unwrap();
        }
        from = folder.path().join(format!("backup-{n}"));
        again.try_backup(&from, false).unwrap();
        let (begun, change) = begin_era(restored.era).unwrap();
        again.store.commit(vec![change]).unwrap();
        assert!(eras.insert(begun));
    }
}

/// A backup that the release of schema 3 made is restored, and raised with all that it holds.
#[test]
fn a_backup_of_schema_3_comes_back() {
    let first = Folder::new();
    let hosts = first.store.hosts(None, 100).unwrap();
    let channels = hosts.iter().flat_map(|host| &host.enrollments);
    let records: Vec<_> = channels.cloned().collect();
    let backup = first.path("backup");
    write_for_tests(&first.store, &backup, 3, &mut |table, row, out| {
        let RowKey::Channel(host, user) = row.key else {
            let schema = 3_u32.to_be_bytes();
            let is_schema = (table, row.key) == (TableId::Meta, RowKey::Text("schema"));
            let value = if is_schema { &schema[..] } else { row.value };
            return out(&Row { value, ..*row });
        };
        let is_meant = |it: &&EnrollmentRecord| {
            let user_part = it.id.user_part().unwrap_or_default();
            (it.id.host().as_str(), user_part) == (host, user)
        };
        let Some(record) = records
            .iter()
            .find(is_meant)
            .filter(|_| table != TableId::Sync)
        else {
            return Ok(());
        };
        out(&Row {
            key: row.key,
            revision: Some(record.revision),
            value: &earlier_row(record),
        })
    });
    let folder = tempfile::tempdir().unwrap();
    let restored = try_restore(&backup, folder.path()).unwrap();
    assert_eq!(restored.backup.schema, 3);
    let store = open(&folder.path().join("store.redb"));
    assert_eq!(store.identity().schema, 4);
    assert_eq!(answers(&store), answers(&first.store));
}

/// A backup and what is made of it hold secrets: nobody but their owner can read them.
#[cfg(unix)]
#[test]
fn everything_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let first = Folder::new();
    let folder = tempfile::tempdir().unwrap();
    try_restore(&first.backup(), folder.path()).unwrap();
    let mut paths = vec![first.path("backup")];
    paths.extend(names(folder.path()).iter().map(|it| folder.path().join(it)));
    for path in paths {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", path.display());
    }
}

/// A batch that changes three tables at once.
fn step(store: &dyn Store, number: u32) {
    let id = enrollment_id("H0");
    let mut record = store.host(&host_id("H0")).unwrap().unwrap().enrollments[0].clone();
    record.sync.sequence = number;
    let batch = vec![
        Change::Command(command(id, number, 1)),
        Change::Document {
            space: Space::Leaf,
            key: b"number".to_vec(),
            value: Some(number.to_be_bytes().to_vec()),
            expected: Expected::Any,
        },
        Change::Enrollment(record),
    ];
    store.commit(batch).unwrap();
}

/// While somebody commits without a pause, a backup is of one moment, and commits go on.
#[test]
fn a_backup_is_of_one_moment() {
    let first = Folder::new();
    step(&first.store, 1000);
    let is_over = AtomicBool::new(false);
    let numbers = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut number = 1000;
            while !is_over.load(Ordering::Relaxed) {
                number += 1;
                step(&first.store, number);
            }
            number
        });
        let mut numbers = Vec::new();
        for _ in 0..6 {
            let folder = tempfile::tempdir().unwrap();
            try_restore(&first.backup(), folder.path()).unwrap();
            let store = open(&folder.path().join("store.redb"));
            let host = store.host(&host_id("H0")).unwrap().unwrap();
            let number = host.enrollments[0].sync.sequence;
            let newest = store.commands(&enrollment_id("H0"), 1).unwrap();
            assert_eq!(newest[0].sequence, number);
            let told = document(&store, Space::Leaf, b"number").unwrap();
            assert_eq!(told.unwrap(), number.to_be_bytes());
            numbers.push(number);
        }
        is_over.store(true, Ordering::Relaxed);
        numbers.push(writer.join().unwrap());
        numbers
    });
    assert!(numbers.is_sorted(), "{numbers:?}");
    assert!(numbers[0] < numbers[6], "nobody wrote: {numbers:?}");
}

/// A snapshot of a store in memory stays as it is; put back it is the same store, restored it is
/// another one of another era.
#[test]
fn a_store_in_memory_goes_back() {
    let store = MemoryStore::new().unwrap();
    store.commit(super::some_of_everything(1)).unwrap();
    let then = answers(&store);
    let snapshot = store.snapshot().unwrap();
    store.commit(super::some_of_everything(2)).unwrap();
    assert_ne!(answers(&store), then);

    let back = MemoryStore::from_snapshot(&snapshot);
    assert_eq!(answers(&back), then);
    assert_eq!(back.identity(), store.identity());
    let (begun, change) = begin_era(0).unwrap();
    back.commit(vec![change]).unwrap();

    let restored = snapshot.restored([9; 16]).unwrap();
    assert_eq!(answers(&restored), then);
    assert_eq!(restored.identity().incarnation, [9; 16]);
    assert_eq!(
        restored.identity().command_key,
        store.identity().command_key
    );
    assert!(![0, begun].contains(&era(&restored).unwrap()));
    let later = back.snapshot().unwrap().restored([8; 16]).unwrap();
    assert!(![0, begun].contains(&era(&later).unwrap()));
}
