//! The file of the durable store: who may open it, what is kept in it, what becomes of damage.

use std::path::Path;

use mooring_drift::set::ProfileSet;
use redb::{Database, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition};

use super::open;
use super::samples::{Draw, enroll, enrollment, enrollment_id, host_id};
use crate::{Change, RedbOptions, RedbStore, Store, StoreError};

const META: TableDefinition<&str, &[u8]> = TableDefinition::new("meta");
const ENROLLMENTS: TableDefinition<(&str, &str), (u64, &[u8])> =
    TableDefinition::new("enrollments");
const SYNC: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("enrollment_sync");
const SETS: TableDefinition<&[u8; 16], &[u8]> = TableDefinition::new("profile_sets");

fn try_open(path: &Path) -> Result<RedbStore, StoreError> {
    RedbStore::open(path, RedbOptions::default())
}

/// Changes the closed file behind the store's back.
fn tamper(path: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let db = Database::open(path).unwrap();
    let transaction = db.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
}

fn sets_stored(path: &Path) -> u64 {
    let db = Database::open(path).unwrap();
    db.begin_read()
        .unwrap()
        .open_table(SETS)
        .unwrap()
        .len()
        .unwrap()
}

/// The identity is drawn once, kept for good, and differs between stores.
#[test]
fn identity_is_constant() {
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (folder.path().join("a.redb"), folder.path().join("b.redb"));
    let identity = open(&a).identity().clone();
    assert_eq!(*open(&a).identity(), identity);
    assert_ne!(open(&b).identity().incarnation, identity.incarnation);
    assert_ne!(open(&b).identity().command_key, identity.command_key);
    let shown = format!("{identity:?}");
    assert!(!shown.contains("key"), "{shown}");
}

/// The file holds secrets: nobody but its owner can read it.
#[cfg(unix)]
#[test]
fn the_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    drop(open(&path));
    assert_eq!(
        std::fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

/// A second opener is refused with the file's name, and the first goes on.
#[test]
fn a_store_has_one_user() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let store = open(&path);
    let error = try_open(&path).unwrap_err();
    assert!(matches!(error, StoreError::InUse { .. }), "{error:?}");
    assert!(
        error.to_string().contains("store.redb is in use"),
        "{error}"
    );
    store.commit(enroll("A")).unwrap();
    drop(store);
    assert_eq!(open(&path).hosts(None, 10).unwrap().len(), 1);
}

/// A file of a newer release is refused, and not changed.
#[test]
fn a_newer_schema_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let schema = open(&path).identity().schema;
    let write = |schema: u32| {
        tamper(&path, |transaction| {
            let mut meta = transaction.open_table(META).unwrap();
            meta.insert("schema", &schema.to_be_bytes()[..]).unwrap();
        });
    };
    write(schema + 6);
    let error = try_open(&path).unwrap_err();
    let wanted = format!(
        "the store has schema {}, this release knows schemas up to",
        schema + 6
    );
    assert!(error.to_string().starts_with(&wanted), "{error}");
    write(schema);
    assert_eq!(open(&path).identity().schema, schema);
}

/// A file that is no store, and a folder that is not there, are refused by name.
#[test]
fn what_is_no_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(
        &path,
        "not a store, but long enough to have a header\n".repeat(100),
    )
    .unwrap();
    for path in [path, folder.path().join("missing").join("store.redb")] {
        let error = try_open(&path).unwrap_err();
        assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
        assert!(
            error.to_string().contains(path.to_str().unwrap()),
            "{error}"
        );
        assert!(std::error::Error::source(&error).is_some());
    }
}

/// A damaged row is named and costs one host, not the others; nothing is collected meanwhile.
#[test]
fn a_damaged_row_is_quarantined() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let store = open(&path);
    for host in ["A", "B"] {
        store.commit(enroll(host)).unwrap();
    }
    drop(store);
    let sets = sets_stored(&path);
    tamper(&path, |transaction| {
        let mut enrollments = transaction.open_table(ENROLLMENTS).unwrap();
        enrollments
            .insert(("B", ""), (1, &b"\x85damaged"[..]))
            .unwrap();
    });
    let store = open(&path);
    assert!(store.host(&host_id("A")).unwrap().is_some());
    for error in [
        store.host(&host_id("B")).unwrap_err(),
        store.hosts(None, 9).unwrap_err(),
    ] {
        assert!(
            matches!(
                &error,
                StoreError::Corrupt {
                    table: "enrollments",
                    ..
                }
            ),
            "{error:?}"
        );
        assert!(error.to_string().contains("\"B\""), "{error}");
    }
    drop(store);
    assert_eq!(sets_stored(&path), sets);

    // The host can be repaired: by removing it, or by the device's next enrollment.
    let store = open(&path);
    let mut batch = vec![Change::RemoveHost(host_id("B"))];
    batch.extend(enroll("B"));
    store.commit(batch).unwrap();
    assert_eq!(store.hosts(None, 9).unwrap().len(), 2);
}

/// A hot row that is damaged, or a channel that has one of its rows only, is named; nothing is
/// guessed, other hosts can be read, and while a hot row is damaged no set is deleted.
#[test]
fn half_a_channel_is_an_error() {
    type Spoil = fn(&redb::WriteTransaction);
    let cases: [(&str, &str, Spoil); 4] = [
        ("enrollment_sync", "end", |transaction| {
            let mut rows = transaction.open_table(SYNC).unwrap();
            let short = rows.get(("B", "")).unwrap().unwrap().value()[..20].to_vec();
            rows.insert(("B", ""), short.as_slice()).unwrap();
        }),
        ("enrollment_sync", "though there is", |transaction| {
            transaction
                .open_table(SYNC)
                .unwrap()
                .remove(("B", ""))
                .unwrap();
        }),
        ("enrollments", "though there is", |transaction| {
            let mut rows = transaction.open_table(ENROLLMENTS).unwrap();
            rows.remove(("B", "")).unwrap();
        }),
        ("enrollments", "was written with", |transaction| {
            let mut rows = transaction.open_table(ENROLLMENTS).unwrap();
            rows.insert(("B", ""), (1, &b"\x80"[..])).unwrap();
        }),
    ];
    for (wanted, text, spoil) in cases {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.redb");
        let store = open(&path);
        let mut batch = enroll("B");
        let mut record = enrollment(enrollment_id("B"), 0, 1);
        record.access.is_blocked = true;
        record.sync.delivered = filled_set();
        batch[1] = Change::Enrollment(record);
        store.commit([enroll("A"), batch].concat()).unwrap();
        drop(store);
        let sets = sets_stored(&path);
        tamper(&path, spoil);
        let store = open(&path);
        assert!(store.host(&host_id("A")).unwrap().is_some());
        let error = store.host(&host_id("B")).unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt { table, .. } if *table == wanted));
        assert!(error.to_string().contains("\"B\""), "{error}");
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(text) || text == "end", "{source}");
        drop(store);
        if text == "end" {
            assert_eq!(sets_stored(&path), sets);
        }
        let store = open(&path);
        let mut batch = vec![Change::RemoveHost(host_id("B"))];
        batch.extend(enroll("B"));
        store.commit(batch).unwrap();
        assert_eq!(store.hosts(None, 9).unwrap().len(), 2);
    }
}

/// A set that is gone or altered is never taken for an empty one.
#[test]
fn a_missing_or_altered_set_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let mut record = enrollment(enrollment_id("A"), 0, 1);
    (record.sync.observed, record.sync.delivered) = (None, filled_set());
    let id = record.sync.delivered.id().0;
    let mut batch = enroll("A");
    batch[1] = Change::Enrollment(record);
    open(&path).commit(batch).unwrap();
    for (entries, text) in [
        (Some(&b"\x81\x80"[..]), "hash that names it"),
        (None, "is missing"),
    ] {
        tamper(&path, |transaction| {
            let mut sets = transaction.open_table(SETS).unwrap();
            match entries {
                Some(entries) => drop(sets.insert(&id, entries).unwrap()),
                None => drop(sets.remove(&id).unwrap()),
            }
        });
        let error = open(&path).host(&host_id("A")).unwrap_err();
        assert!(
            matches!(
                &error,
                StoreError::Corrupt {
                    table: "enrollment_sync",
                    ..
                }
            ),
            "{error:?}"
        );
        let source = std::error::Error::source(&error).unwrap().to_string();
        assert!(source.contains(text), "{source}");
    }
}

fn filled_set() -> ProfileSet {
    (0..100)
        .map(|seed| Draw(seed).set())
        .find(|set| set.entries().len() > 1)
        .unwrap()
}

/// Many enrollments in one state share one stored set; one that nobody uses goes when the store
/// is opened next.
#[test]
fn sets_are_stored_once_and_collected() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    let store = open(&path);
    let set = filled_set();
    for n in 0..50 {
        let mut batch = enroll(&format!("H{n}"));
        let mut record = enrollment(enrollment_id(&format!("H{n}")), 0, 1);
        (record.sync.observed, record.sync.delivered) = (None, set.clone());
        batch[1] = Change::Enrollment(record);
        store.commit(batch).unwrap();
    }
    drop(store);
    assert_eq!(sets_stored(&path), 1);

    let store = open(&path);
    let removed = (1..50).map(|n| Change::RemoveHost(host_id(&format!("H{n}"))));
    store.commit(removed.collect()).unwrap();
    drop(store);
    drop(open(&path));
    assert_eq!(sets_stored(&path), 1, "still in use");

    open(&path)
        .commit(vec![Change::RemoveHost(host_id("H0"))])
        .unwrap();
    drop(open(&path));
    assert_eq!(sets_stored(&path), 0);
}
