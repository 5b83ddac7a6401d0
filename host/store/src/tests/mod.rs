//! Tests of the crate: the conformance suite that every backend passes, and what only the durable
//! one promises.

mod backup;
mod conformance;
mod crash;
pub(crate) mod disk;
mod fault;
mod file;
mod growth;
mod migration;
mod property;
pub(crate) mod samples;

use std::fs::File;
use std::path::Path;

use redb::backends::FileBackend;

use crate::{MemoryStore, RedbOptions, RedbStore, Store};

/// A store under test with the folder it lies in.
struct Opened {
    store: Box<dyn Store>,
    _folder: Option<tempfile::TempDir>,
}

fn memory() -> Opened {
    Opened {
        store: Box::new(MemoryStore::new().unwrap()),
        _folder: None,
    }
}

fn redb() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("store.redb"));
    Opened {
        store: Box::new(store),
        _folder: Some(folder),
    }
}

fn open(path: &Path) -> RedbStore {
    RedbStore::open(path, RedbOptions::default()).unwrap()
}

/// One that folds its journal a host behind each group.
fn open_folding(path: &Path) -> RedbStore {
    let mut options = File::options();
    let file = options
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path);
    let backend = FileBackend::new(file.unwrap()).unwrap();
    RedbStore::open_backend_folding(backend).unwrap()
}

fn redb_folding() -> Opened {
    let folder = tempfile::tempdir().unwrap();
    let store = open_folding(&folder.path().join("store.redb"));
    Opened {
        store: Box::new(store),
        _folder: Some(folder),
    }
}

/// The store in memory keeps every promise of the trait.
#[test]
fn memory_conforms() {
    conformance::run(memory);
}

/// The durable store keeps every promise of the trait.
#[test]
fn redb_conforms() {
    conformance::run(redb);
    conformance::run(redb_folding);
}
