//! Disks that fail and processes that are killed while a store is made of a backup.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{Folder, answers, try_restore};
use crate::RedbStore;
use crate::backup::{make_for_tests, read_backup};
use crate::tests::disk::Disk;
use crate::tests::open;

/// Wherever the disk fails while a store is made, that is told; if it is not, the store is whole,
/// after losing power too.
#[test]
fn a_failing_disk_makes_no_store() {
    let first = Folder::new();
    let backup = first.backup();
    let whole = Disk::default();
    make_for_tests(&backup, whole.clone()).unwrap();
    let mut failures = 0;
    for n in 1..=whole.changes() {
        let disk = Disk::default();
        disk.fail_at(n, true);
        if make_for_tests(&backup, disk.clone()).is_err() {
            failures += 1;
            continue;
        }
        // Only closing failed.
        let image = Disk::holding(disk.after_power_loss(n));
        let store = RedbStore::open_backend(image).unwrap();
        assert_eq!(answers(&store), answers(&first.store));
    }
    assert!(failures > 5, "{failures}");
}

const CHILD_VARIABLE: &str = "MOORING_STORE_RESTORE_CRASH_TEST";

/// Not a test by itself: the process that the next test starts and kills. It makes backups and
/// stores of them, and tells each number when it begins.
#[test]
fn child_restores_until_killed() {
    let Some(folder) = std::env::var_os(CHILD_VARIABLE) else {
        return;
    };
    let first = Folder::new();
    for n in 0.. {
        writeln!(std::io::stdout(), "begin {n}").unwrap();
        let data = Path::new(&folder).join(format!("{n}"));
        std::fs::create_dir(&data).unwrap();
        let backup = data.join("backup");
        first.try_backup(&backup, false).unwrap();
        try_restore(&backup, &data).unwrap();
    }
}

/// Whenever a process is killed, every backup and every store that has its name is whole.
#[test]
fn what_has_its_name_is_whole() {
    let like = Folder::new();
    for lines in [2, 4, 7] {
        let folder = tempfile::tempdir().unwrap();
        run_and_kill(folder.path(), lines);
        let mut stores = 0;
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let data = entry.unwrap().path();
            let (backup, store) = (data.join("backup"), data.join("store.redb"));
            if backup.exists() {
                read_backup(&backup).unwrap();
            }
            if store.exists() {
                let store = open(&store);
                assert_eq!(answers(&store), answers(&like.store));
                assert!(data.join("ca-key.pem").exists());
                stores += 1;
            }
        }
        assert!(stores >= lines - 1, "{stores}");
    }
}

/// Kills the child some way into its work.
fn run_and_kill(folder: &Path, lines: usize) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "tests::backup::crash::child_restores_until_killed",
            "--nocapture",
        ])
        .env(CHILD_VARIABLE, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines();
    let begun = told.filter(|line| line.as_ref().unwrap().starts_with("begin"));
    assert_eq!(begun.take(lines).count(), lines);
    child.kill().unwrap();
    child.wait().unwrap();
}
