//! What a backup or a restored store never does to files that are there.

use super::{Folder, answers, names, try_restore};
use crate::backup::{
    BACKUP_FILE_BYTES_MAX, BackupError, BackupRequest, RestoreRequest, read_backup, restore,
};
use crate::tests::open;
use crate::{Change, Store};

/// A backup takes the place of nothing, unless it was told to, and then of a backup only.
#[test]
fn a_backup_replaces_nothing_but_a_backup() {
    let first = Folder::new();
    let backup = first.backup();
    let earlier = read_backup(&backup).unwrap();
    let removal = Change::RemoveHost(crate::tests::samples::host_id("H0"));
    first.store.commit(vec![removal]).unwrap();
    let error = first.try_backup(&backup, false).unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error:?}");
    assert_eq!(read_backup(&backup).unwrap(), earlier);
    let later = first.try_backup(&backup, true).unwrap();
    assert_ne!(later, earlier);
    assert_eq!(read_backup(&backup).unwrap(), later);

    let before = answers(&first.store);
    for other in ["store.redb", "ca.pem"] {
        for may_replace in [false, true] {
            let error = first.try_backup(&first.path(other), may_replace);
            let error = error.unwrap_err();
            assert!(matches!(error, BackupError::Exists { .. }), "{error:?}");
        }
    }
    let names = first.names();
    assert_eq!(names, ["backup", "ca-key.pem", "ca.pem", "store.redb"]);
    let Folder { folder, store } = first;
    drop(store);
    assert_eq!(answers(&open(&folder.path().join("store.redb"))), before);
}

/// A store is never made where there is one.
#[test]
fn a_second_restore_is_refused() {
    let first = Folder::new();
    let backup = first.backup();
    let folder = tempfile::tempdir().unwrap();
    try_restore(&backup, folder.path()).unwrap();
    let path = folder.path().join("store.redb");
    let store = open(&path);
    let identity = store.identity().clone();
    for _ in 0..2 {
        let error = try_restore(&backup, folder.path()).unwrap_err();
        assert!(matches!(error, BackupError::Exists { .. }), "{error:?}");
        assert!(error.to_string().contains("store.redb exists"), "{error}");
    }
    drop(store);
    assert_eq!(*open(&path).identity(), identity);
    assert_eq!(names(folder.path()).len(), 3);
}

/// Files that are there already stay: the same ones are fine, others stop it before anything is
/// written, and so does a file that nobody expects.
#[test]
fn files_beside_the_store_are_kept() {
    let first = Folder::new();
    let backup = first.backup();
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("ca-key.pem");
    std::fs::write(&key, "another key").unwrap();
    let error = try_restore(&backup, folder.path()).unwrap_err();
    assert!(matches!(error, BackupError::Differs { .. }), "{error:?}");
    assert_eq!(names(folder.path()), ["ca-key.pem"]);
    assert_eq!(std::fs::read(&key).unwrap(), b"another key");

    let store_file = folder.path().join("store.redb");
    let request = RestoreRequest {
        store_file: &store_file,
        files: &["ca-key.pem"],
    };
    let error = restore(&backup, &request).unwrap_err();
    let text = "the backup holds a file \"ca.pem\", which is none of this release's";
    assert_eq!(error.to_string(), text);
    assert_eq!(names(folder.path()), ["ca-key.pem"]);

    std::fs::copy(first.path("ca-key.pem"), &key).unwrap();
    try_restore(&backup, folder.path()).unwrap();
    assert_eq!(names(folder.path()).len(), 3);
}

/// A file that is too large to be a key is not added, and said to be.
#[test]
fn large_files_are_refused() {
    let first = Folder::new();
    let large = first.path("ca.pem");
    std::fs::write(&large, vec![0; BACKUP_FILE_BYTES_MAX]).unwrap();
    first.backup();
    std::fs::write(&large, vec![0; BACKUP_FILE_BYTES_MAX + 1]).unwrap();
    let to = first.path("another");
    let error = first.try_backup(&to, false).unwrap_err();
    assert!(
        error.to_string().contains("ca.pem cannot be added"),
        "{error}"
    );
    assert!(!to.exists());
}

/// A folder that is not there is named, for backups and stores alike.
#[test]
fn missing_folders_are_named() {
    let first = Folder::new();
    let missing = first.path("missing");
    let error = first.try_backup(&missing.join("backup"), false);
    assert!(matches!(error, Err(BackupError::File { .. })), "{error:?}");
    let error = try_restore(&first.backup(), &missing);
    assert!(matches!(error, Err(BackupError::File { .. })), "{error:?}");
    let request = BackupRequest {
        to: &first.path("b"),
        may_replace: false,
        made_at: mooring_drift::policy::Timestamp(1),
        folder: &missing,
        files: &super::FILES,
    };
    assert_eq!(first.store.write_backup(&request).unwrap().files.len(), 0);
}
