//! A file of schema 3: each row of an enrollment becomes two.

use redb::Database;

use super::{ENROLLMENTS, HOSTS, SETS, assert_whole, fill_database, row, tables};
use crate::redb_store::earlier_row;
use crate::tests::open;
use crate::tests::samples::{enrollment, enrollment_id, host_id};
use crate::{EnrollmentRecord, RedbOptions, RedbStore, Store};

/// A host that schema 3 had, with two channels.
fn earlier_host(n: u64) -> Vec<EnrollmentRecord> {
    let ids = [format!("H{n:05}"), format!("H{n:05}:u")];
    let record = |(seed, id): (u64, String)| enrollment(enrollment_id(&id), 3 + seed, 2 * n + seed);
    (0..).zip(ids).map(record).collect()
}

/// Adds hosts to a database of schema 3.
fn add_hosts(db: &Database, hosts: u64) {
    let transaction = db.begin_write().unwrap();
    {
        let host = row(|e| {
            e.array(3)?.array(1)?.str("C02")?.null()?.u64(17)?;
            Ok(())
        });
        let mut rows = transaction.open_table(HOSTS).unwrap();
        let mut enrollments = transaction.open_table(ENROLLMENTS).unwrap();
        let mut sets = transaction.open_table(SETS).unwrap();
        for record in (0..hosts).flat_map(earlier_host) {
            let id = record.id.host().as_str();
            rows.insert(id, host.as_slice()).unwrap();
            let key = (id, record.id.user_part().unwrap_or_default());
            let value = earlier_row(&record);
            enrollments
                .insert(key, (record.revision, value.as_slice()))
                .unwrap();
            let observed = record.sync.observed.map(|it| it.set);
            for set in observed.iter().chain([&record.sync.delivered]) {
                let entries = set.entries();
                let value = row(|e| {
                    e.array(1)?.array(entries.len() as u64)?;
                    for (identifier, uuid) in entries {
                        e.array(2)?.str(identifier.as_str())?.str(uuid.as_str())?;
                    }
                    Ok(())
                });
                sets.insert(&set.id().0, value.as_slice()).unwrap();
            }
        }
    }
    transaction.commit().unwrap();
}

/// A file of schema 3 is raised with all that it holds, more rows than are read at once.
#[test]
fn schema_3_is_raised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let db = Database::create(&path).unwrap();
    fill_database(&db, 3);
    add_hosts(&db, 1100);
    drop(db);
    assert!(!tables(&path).contains(&"enrollment_sync".to_owned()));
    for _ in 0..2 {
        let store = open(&path);
        assert_whole(&store);
        let mut after = host_id("A");
        let mut hosts = 0;
        while let Some(host) = store.hosts(Some(&after), 1).unwrap().pop() {
            assert_eq!(host.enrollments, earlier_host(hosts));
            let outlines = store.outlines(Some(&after), 1).unwrap();
            assert_eq!(outlines, [host.outline()]);
            (hosts, after) = (hosts + 1, host.id);
        }
        assert_eq!(hosts, 1100);
    }
}

/// A row of schema 3 that cannot be read is named, and the file stays as it was.
#[test]
fn a_damaged_row_is_not_raised() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let db = Database::create(&path).unwrap();
    fill_database(&db, 3);
    add_hosts(&db, 3);
    let put = |value: &[u8]| {
        let transaction = db.begin_write().unwrap();
        let mut rows = transaction.open_table(ENROLLMENTS).unwrap();
        rows.insert(("H00001", "u"), (4, value)).unwrap();
        drop(rows);
        transaction.commit().unwrap();
    };
    put(b"\x85damaged");
    drop(db);
    for _ in 0..2 {
        let error = RedbStore::open(&path, RedbOptions::default()).unwrap_err();
        let text = "row \"H00001\" u of table enrollments is damaged";
        assert_eq!(error.to_string(), text);
        assert!(!tables(&path).contains(&"enrollment_sync".to_owned()));
    }
}
