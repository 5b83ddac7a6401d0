//! Backups that are not what was written.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use redb::{Database, TableDefinition};
use sha2::{Digest, Sha256};

use super::{Folder, names, some_of_everything, try_restore};
use crate::backup::{BackupError, read_backup};
use crate::{Access, Change, StoreError};

/// Bytes behind what the digest is made of.
const TAIL_BYTES: usize = 32 + 16;

/// A small backup with rows of every table, as it is, and a folder to put others in.
fn small() -> (Vec<u8>, tempfile::TempDir) {
    let mut batch = some_of_everything(3);
    for change in &mut batch {
        if let Change::Enrollment(record) = change {
            (record.unlock_token, record.bootstrap_token) = (None, None);
            record.access = Access::default();
        }
    }
    let store = Folder::with(vec![batch]);
    let bytes = std::fs::read(store.backup()).unwrap();
    (bytes, tempfile::tempdir().unwrap())
}

/// Writes a file that is to be refused, and sees that nothing is made of it.
fn refused(bytes: &[u8], folder: &Path) -> BackupError {
    let path = folder.join("backup");
    std::fs::write(&path, bytes).unwrap();
    let error = read_backup(&path).unwrap_err();
    let restored = try_restore(&path, folder).unwrap_err();
    assert_eq!(error.to_string(), restored.to_string());
    assert_eq!(names(folder), ["backup"]);
    error
}

/// A file that is changed in place: writing it anew thousands of times would take a minute.
struct Changing {
    file: File,
    path: PathBuf,
}

impl Changing {
    fn new(bytes: &[u8], folder: &Path) -> Self {
        let path = folder.join("backup");
        std::fs::write(&path, bytes).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        Self { file, path }
    }

    fn put(&mut self, place: usize, bytes: &[u8]) {
        self.file.seek(SeekFrom::Start(place as u64)).unwrap();
        self.file.write_all(bytes).unwrap();
    }
}

/// Wherever a bit is flipped, the backup is refused.
#[test]
fn a_flipped_bit_is_found_anywhere() {
    let (good, folder) = small();
    let mut changing = Changing::new(&good, folder.path());
    for place in 0..good.len() {
        changing.put(place, &[good[place] ^ (1 << (place % 8))]);
        let error = read_backup(&changing.path).unwrap_err();
        let is_meant = matches!(
            error,
            BackupError::Altered { .. }
                | BackupError::Cut { .. }
                | BackupError::Foreign { .. }
                | BackupError::NewerFormat { .. }
        );
        assert!(is_meant, "{place}: {error:?}");
        if place % 100 == 0 {
            try_restore(&changing.path, folder.path()).unwrap_err();
            assert_eq!(names(folder.path()), ["backup"]);
        }
        changing.put(place, &good[place..=place]);
    }
    read_backup(&changing.path).unwrap();
}

/// Wherever a backup is cut, and whatever is added to it, it is refused.
#[test]
fn a_cut_is_found_anywhere() {
    let (good, folder) = small();
    let changing = Changing::new(&good, folder.path());
    for length in (0..good.len()).rev() {
        changing.file.set_len(length as u64).unwrap();
        let error = read_backup(&changing.path).unwrap_err();
        let is_meant = if length < 16 {
            matches!(error, BackupError::Foreign { .. })
        } else {
            matches!(error, BackupError::Cut { .. })
        };
        assert!(is_meant, "{length}: {error:?}");
    }
    let longer = [&good[..], b"\n"].concat();
    refused(&longer, folder.path());
    let twice = [&good[..], &good[..]].concat();
    refused(&twice, folder.path());
}

/// The digest that content must have.
fn digest(content: &[u8]) -> [u8; 32] {
    Sha256::digest(content).into()
}

/// Gives altered content the digest that it must have.
fn resealed(mut bytes: Vec<u8>) -> Vec<u8> {
    let content = bytes.len() - TAIL_BYTES;
    let digest = digest(&bytes[..content]);
    bytes[content..content + 32].copy_from_slice(&digest);
    bytes
}

/// A backup that somebody altered and gave the right digest is refused or can be used: nothing
/// panics, and no store is left half made.
#[test]
fn a_forged_backup_is_refused_or_usable() {
    let (good, folder) = small();
    let mut changing = Changing::new(&good, folder.path());
    let content = good.len() - TAIL_BYTES;
    let mut usable = 0;
    for place in 16..content {
        let mut bad = good.clone();
        bad[place] ^= 1 << (place % 8);
        changing.put(place, &bad[place..=place]);
        changing.put(content, &digest(&bad[..content]));
        if read_backup(&changing.path).is_ok() {
            usable += 1;
            let data = tempfile::tempdir().unwrap();
            let _ = try_restore(&changing.path, data.path());
        }
        changing.put(place, &good[place..=place]);
    }
    // The content of files has no other digest, nor when the backup was made.
    assert!(usable < 80, "{usable}");
    let shorter = [&good[..good.len() / 2], &good[content..]].concat();
    let error = refused(&resealed(shorter), folder.path());
    assert!(matches!(error, BackupError::Malformed { .. }), "{error:?}");
}

/// Files that are no backups, or of a newer release, are refused as what they are.
#[test]
fn what_is_no_backup_is_refused() {
    let (good, folder) = small();
    let store = Folder::new();
    let database = std::fs::read(store.path("store.redb")).unwrap();
    for bytes in [
        &b""[..],
        b"mooring",
        b"a text that is long enough",
        &database,
    ] {
        let error = refused(bytes, folder.path());
        assert!(matches!(error, BackupError::Foreign { .. }), "{error:?}");
    }
    let mut newer = good.clone();
    newer[15] = 2;
    let error = refused(&resealed(newer), folder.path());
    let text = "has format 2, this release reads format 1";
    assert!(error.to_string().contains(text), "{error}");

    // Length, kind, an array of three, the time with its mark, then the schema.
    let mut newer = good;
    assert_eq!(newer[16 + 4 + 1 + 1 + 2], 4);
    newer[16 + 4 + 1 + 1 + 2] = 5;
    let error = refused(&resealed(newer), folder.path());
    assert!(
        matches!(
            error,
            BackupError::Store(StoreError::NewerSchema { found: 5, .. })
        ),
        "{error:?}"
    );
    let missing = read_backup(&folder.path().join("missing")).unwrap_err();
    assert!(missing.to_string().contains("missing cannot be opened"));
}

/// A store with a row that cannot be read is not backed up as if it were whole; the row is named.
#[test]
fn a_damaged_row_fails_the_backup() {
    const HOSTS: TableDefinition<&str, &[u8]> = TableDefinition::new("hosts");
    let Folder { folder, store } = Folder::new();
    drop(store);
    let path = folder.path().join("store.redb");
    let database = Database::open(&path).unwrap();
    let transaction = database.begin_write().unwrap();
    let mut hosts = transaction.open_table(HOSTS).unwrap();
    hosts.insert("H1", &b"\x85damaged"[..]).unwrap();
    drop(hosts);
    transaction.commit().unwrap();
    drop(database);

    let store = crate::tests::open(&path);
    let damaged = Folder { folder, store };
    let before = damaged.names();
    let error = damaged.try_backup(&damaged.path("backup"), false);
    let error = error.unwrap_err();
    assert_eq!(error.to_string(), "row \"H1\" of table hosts is damaged");
    assert_eq!(damaged.names(), before);
}

/// A store in which a channel has one of its two rows is not backed up as if it were whole.
#[test]
fn half_a_channel_fails_the_backup() {
    const COLD: TableDefinition<(&str, &str), (u64, &[u8])> = TableDefinition::new("enrollments");
    const HOT: TableDefinition<(&str, &str), &[u8]> = TableDefinition::new("enrollment_sync");
    for (is_hot, key, named) in [
        (true, ("H1", ""), "row \"H1\" u of table enrollment_sync"),
        (true, ("H3", "u"), "row number 8 of table enrollments"),
        (false, ("H1", "u"), "row \"H1\" u of table enrollment_sync"),
    ] {
        let Folder { folder, store } = Folder::new();
        drop(store);
        let path = folder.path().join("store.redb");
        let database = Database::open(&path).unwrap();
        let transaction = database.begin_write().unwrap();
        if is_hot {
            let mut hot = transaction.open_table(HOT).unwrap();
            assert!(hot.remove(key).unwrap().is_some());
        } else {
            let mut cold = transaction.open_table(COLD).unwrap();
            assert!(cold.remove(key).unwrap().is_some());
        }
        transaction.commit().unwrap();
        drop(database);
        let store = crate::tests::open(&path);
        let damaged = Folder { folder, store };
        let error = damaged.try_backup(&damaged.path("backup"), false);
        let error = error.unwrap_err().to_string();
        assert_eq!(error, format!("{named} is damaged"));
    }
}
