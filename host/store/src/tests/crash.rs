//! A process that is killed in the middle of committing has kept every promise it made.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::open;
use super::samples::{command, enroll, enrollment_id, host_id};
use crate::{Change, Store, StoreError};

const CHILD_VARIABLE: &str = "MOORING_STORE_CRASH_TEST";
const COMMITTERS: u32 = 4;

/// Not a test by itself: the process that the next test starts and kills. It commits from several
/// threads and tells each number once its commit has returned.
#[test]
fn child_commits_until_killed() {
    let Some(path) = std::env::var_os(CHILD_VARIABLE) else {
        return;
    };
    let store = open(Path::new(&path));
    std::thread::scope(|scope| {
        for committer in 0..COMMITTERS {
            let store = &store;
            scope.spawn(move || commit_for_ever(store, committer));
        }
    });
}

fn commit_for_ever(store: &dyn Store, committer: u32) {
    let host = format!("H{committer}");
    if store.host(&host_id(&host)).unwrap().is_none() {
        store.commit(enroll(&host)).unwrap();
    }
    loop {
        let mut record = store
            .host(&host_id(&host))
            .unwrap()
            .unwrap()
            .enrollments
            .remove(0);
        let number = u32::try_from(record.revision).unwrap();
        record.sync.sequence = number;
        let sent = command(record.id.clone(), number, 1);
        match store.commit(vec![Change::Command(sent), Change::Enrollment(record)]) {
            Ok(()) => writeln!(std::io::stdout(), "committed {committer} {number}").unwrap(),
            Err(StoreError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

/// Every number that was told before a kill is found afterwards, with its whole batch.
#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.redb");
    for lines in [1, 30, 120, 250] {
        let acknowledged = run_and_kill(&path, lines);
        let store = open(&path);
        for (committer, newest) in acknowledged {
            let id = format!("H{committer}");
            let host = store.host(&host_id(&id)).unwrap().unwrap();
            let stored = host.enrollments[0].sync.sequence;
            assert!(
                stored >= newest,
                "{id}: {newest} was acknowledged, {stored} is stored"
            );
            assert!(
                stored <= newest + 1,
                "{id}: {stored} is stored, {newest} was the last told"
            );
            let commands = store.commands(&enrollment_id(&id), 1).unwrap();
            assert_eq!(commands[0].sequence, stored, "half a batch");
        }
    }
}

/// The last number of each committer that the child told before it was killed.
fn run_and_kill(path: &Path, lines: usize) -> Vec<(u32, u32)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "tests::crash::child_commits_until_killed",
            "--nocapture",
        ])
        .env(CHILD_VARIABLE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut newest = [None; COMMITTERS as usize];
    let mut count = 0;
    // After the kill, what the pipe still holds was acknowledged too.
    for line in told {
        if count == lines {
            child.kill().unwrap();
        }
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        if let ["committed", committer, number] = words[..] {
            newest[committer.parse::<usize>().unwrap()] = Some(number.parse().unwrap());
            count += 1;
        }
    }
    child.wait().unwrap();
    let told = (0..COMMITTERS).zip(newest);
    told.filter_map(|(committer, newest)| Some((committer, newest?)))
        .collect()
}
