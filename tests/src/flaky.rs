//! A store that fails when a test says so.
//!
//! Invariant: whether a commit that fails is stored is what the test chose.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use mooring_store::{
    Change, CommandRecord, Document, Done, HostOutline, HostRecord, Identity, KeyRange,
    MemoryStore, ProfileRecord, Space, Store, StoreError,
};

/// How one commit fails.
#[derive(Debug, Clone)]
pub struct Failure {
    /// What the store says.
    pub error: StoreError,
    /// Whether the batch is stored all the same, as after a connection that broke too early.
    pub is_stored: bool,
}

/// What becomes of the next commits; `None` is a commit in order, as are all behind the last.
pub type Script = Arc<Mutex<VecDeque<Option<Failure>>>>;

/// A store in memory whose commits follow a script.
#[derive(Debug)]
pub struct FlakyStore {
    store: MemoryStore,
    script: Script,
    is_sealed: AtomicBool,
    has_unreadable_hosts: AtomicBool,
}

impl FlakyStore {
    /// A new store.
    pub fn new(script: &Script) -> Self {
        Self {
            store: MemoryStore::new().expect("randomness"),
            script: Arc::clone(script),
            is_sealed: AtomicBool::new(false),
            has_unreadable_hosts: AtomicBool::new(false),
        }
    }

    /// From now on no commit may come, or it may again.
    pub fn seal(&self, is_sealed: bool) {
        self.is_sealed.store(is_sealed, Ordering::Relaxed);
    }

    /// From now on no host can be read, or it can again.
    pub fn hide_hosts(&self, is_hidden: bool) {
        self.has_unreadable_hosts
            .store(is_hidden, Ordering::Relaxed);
    }

    fn attempt(&self, batch: Vec<Change>) -> Result<(), StoreError> {
        let is_sealed = self.is_sealed.load(Ordering::Relaxed);
        assert!(!is_sealed, "something is changed: {batch:?}");
        let next = self.script.lock().unwrap().pop_front().flatten();
        let Some(failure) = next else {
            return self.store.commit(batch);
        };
        if failure.is_stored {
            self.store.commit(batch)?;
        }
        Err(failure.error)
    }
}

impl Store for FlakyStore {
    fn identity(&self) -> &Identity {
        self.store.identity()
    }

    fn submit(&self, batch: Vec<Change>, done: Done) {
        done(self.attempt(batch));
    }

    fn profiles(&self) -> Result<Vec<ProfileRecord>, StoreError> {
        self.store.profiles()
    }

    fn raw(
        &self,
        identifier: &PayloadIdentifier,
        version: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.raw(identifier, version)
    }

    fn host(&self, id: &HostId) -> Result<Option<HostRecord>, StoreError> {
        if self.has_unreadable_hosts.load(Ordering::Relaxed) {
            return Err(StoreError::Closed);
        }
        self.store.host(id)
    }

    fn hosts(&self, after: Option<&HostId>, limit: usize) -> Result<Vec<HostRecord>, StoreError> {
        if self.has_unreadable_hosts.load(Ordering::Relaxed) {
            return Err(StoreError::Closed);
        }
        self.store.hosts(after, limit)
    }

    fn outlines(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostOutline>, StoreError> {
        if self.has_unreadable_hosts.load(Ordering::Relaxed) {
            return Err(StoreError::Closed);
        }
        self.store.outlines(after, limit)
    }

    fn commands(
        &self,
        enrollment: &EnrollmentId,
        limit: usize,
    ) -> Result<Vec<CommandRecord>, StoreError> {
        self.store.commands(enrollment, limit)
    }

    fn documents(
        &self,
        space: Space,
        range: KeyRange<'_>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        self.store.documents(space, range, limit)
    }
}
