//! Backups: whole, of one moment, refused when damaged, and another store when restored.

mod crash;
mod damage;
mod refusals;
mod whole;

use std::path::{Path, PathBuf};

use mooring_drift::policy::Timestamp;

use super::open;
use super::samples::{
    builtin, command, enroll, enrollment, enrollment_id, facts, host_id, identifier, profile,
};
use crate::backup::{
    BackupError, BackupRequest, BackupSummary, RestoreRequest, RestoreSummary, restore,
};
use crate::{
    Change, CommandRecord, Document, Expected, HostRecord, KeyRange, ProfileRecord, RedbStore,
    Space, Store,
};

/// Files beside a store.
const FILES: [&str; 3] = ["ca.pem", "ca-key.pem", "not-there.pem"];

/// A folder with a store that has rows in every table, and files beside it.
struct Folder {
    folder: tempfile::TempDir,
    store: RedbStore,
}

impl Folder {
    fn new() -> Self {
        Self::with((0..4).map(some_of_everything).collect())
    }

    fn with(batches: Vec<Vec<Change>>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for file in &FILES[..2] {
            std::fs::write(folder.path().join(file), format!("content of {file}")).unwrap();
        }
        let store = open(&folder.path().join("store.redb"));
        for batch in batches {
            store.commit(batch).unwrap();
        }
        Self { folder, store }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn try_backup(&self, to: &Path, may_replace: bool) -> Result<BackupSummary, BackupError> {
        self.store.write_backup(&BackupRequest {
            to,
            may_replace,
            made_at: Timestamp(77),
            folder: self.folder.path(),
            files: &FILES,
        })
    }

    /// A backup of it.
    fn backup(&self) -> PathBuf {
        let to = self.path("backup");
        self.try_backup(&to, true).unwrap();
        to
    }

    /// The names of all files in it.
    fn names(&self) -> Vec<String> {
        names(self.folder.path())
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn try_restore(backup: &Path, folder: &Path) -> Result<RestoreSummary, BackupError> {
    let request = RestoreRequest {
        store_file: &folder.join("store.redb"),
        files: &FILES,
    };
    restore(backup, &request)
}

/// A batch with rows of every table.
fn some_of_everything(seed: u64) -> Vec<Change> {
    let host = format!("H{seed}");
    let id = enrollment_id(&host);
    let user = enrollment_id(&format!("{host}:u"));
    let mut batch = enroll(&host);
    batch.extend([
        Change::Facts {
            id: host_id(&host),
            facts: facts(0, seed),
        },
        Change::Enrollment(enrollment(user.clone(), 0, seed)),
        Change::Command(command(id, 3, seed)),
        Change::Command(command(user, 9, seed)),
        Change::Profile(profile(&format!("p{seed}"), 0, 2, seed)),
        Change::Raw {
            identifier: identifier(&format!("p{seed}")),
            version: 1,
            bytes: vec![7; 300],
        },
        Change::BuiltIn(builtin(&format!("b{seed}"), seed)),
    ]);
    let documents = Space::ALL.into_iter().filter(|it| *it != Space::BuiltIn);
    batch.extend(documents.map(|space| Change::Document {
        space,
        key: vec![0xfe, u8::try_from(seed).unwrap()],
        value: Some(host.clone().into_bytes()),
        expected: Expected::Absent,
    }));
    batch
}

/// Everything that a store of such batches answers, but its era.
#[derive(Debug, PartialEq)]
struct Answers {
    profiles: Vec<ProfileRecord>,
    raw: Vec<Option<Vec<u8>>>,
    hosts: Vec<HostRecord>,
    commands: Vec<CommandRecord>,
    documents: Vec<Document>,
}

fn answers(store: &dyn Store) -> Answers {
    let hosts = store.hosts(None, 100).unwrap();
    let enrollments = hosts.iter().flat_map(|host| &host.enrollments);
    let commands = enrollments.flat_map(|it| store.commands(&it.id, 100).unwrap());
    let all = |space| store.documents(space, KeyRange::default(), 100).unwrap();
    let documents = Space::ALL.into_iter().flat_map(all);
    let raw = |n| store.raw(&identifier(&format!("p{n}")), 1).unwrap();
    Answers {
        profiles: store.profiles().unwrap(),
        raw: (0..4).map(raw).collect(),
        commands: commands.collect(),
        documents: documents.filter(|it| it.key != b"era").collect(),
        hosts,
    }
}
