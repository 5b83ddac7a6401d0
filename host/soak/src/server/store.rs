//! A store that fails when it is told to.
//!
//! Knows nothing of why. Invariant: a failing commit is stored whole or not at all, and the world
//! is told which.

use std::sync::atomic::{AtomicU8, Ordering};

use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use mooring_store::{
    Change, CommandRecord, Document, Done, HostOutline, HostRecord, Identity, KeyRange,
    MemorySnapshot, MemoryStore, ProfileRecord, Space, Store, StoreError,
};

/// How the next commit fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// Nothing is stored.
    Before,
    /// Everything is stored.
    After,
}

const NONE: u8 = 0;
const BEFORE: u8 = 1;
const AFTER: u8 = 2;

/// The store of a world.
#[derive(Debug)]
pub(crate) struct SoakStore {
    live: MemoryStore,
    /// What is to befall the next commit.
    planned: AtomicU8,
    /// What befell one.
    struck: AtomicU8,
}

impl SoakStore {
    /// An empty store. Its key and incarnation follow from the seed.
    pub(crate) fn new(seed: u64) -> Self {
        let mut command_key = [0; 32];
        command_key[..8].copy_from_slice(&seed.to_be_bytes());
        let mut incarnation = [1; 16];
        incarnation[..8].copy_from_slice(&seed.to_be_bytes());
        let identity = Identity {
            incarnation,
            command_key,
            schema: 4,
        };
        Self::over(MemoryStore::with_identity(identity))
    }

    /// A store that goes on from what is in `live`.
    pub(crate) fn over(live: MemoryStore) -> Self {
        Self {
            live,
            planned: AtomicU8::new(NONE),
            struck: AtomicU8::new(NONE),
        }
    }

    /// A copy of everything, as it is now.
    pub(crate) fn snapshot(&self) -> Result<MemorySnapshot, StoreError> {
        self.live.snapshot()
    }

    /// The next commit fails.
    pub(crate) fn plan(&self, failure: Failure) {
        let planned = match failure {
            Failure::Before => BEFORE,
            Failure::After => AFTER,
        };
        self.planned.store(planned, Ordering::Relaxed);
    }

    /// Nothing is planned any more. Says how a commit failed since the last time, if one did.
    pub(crate) fn struck(&self) -> Option<Failure> {
        self.planned.store(NONE, Ordering::Relaxed);
        match self.struck.swap(NONE, Ordering::Relaxed) {
            BEFORE => Some(Failure::Before),
            AFTER => Some(Failure::After),
            _ => None,
        }
    }

    fn attempt(&self, batch: Vec<Change>) -> Result<(), StoreError> {
        let planned = self.planned.swap(NONE, Ordering::Relaxed);
        if planned == NONE {
            return self.live.commit(batch);
        }
        if planned == AFTER {
            self.live.commit(batch)?;
        }
        self.struck.store(planned, Ordering::Relaxed);
        Err(StoreError::Closed)
    }
}

impl Store for SoakStore {
    fn identity(&self) -> &Identity {
        self.live.identity()
    }

    fn submit(&self, batch: Vec<Change>, done: Done) {
        done(self.attempt(batch));
    }

    fn profiles(&self) -> Result<Vec<ProfileRecord>, StoreError> {
        self.live.profiles()
    }

    fn raw(
        &self,
        identifier: &PayloadIdentifier,
        version: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.live.raw(identifier, version)
    }

    fn host(&self, id: &HostId) -> Result<Option<HostRecord>, StoreError> {
        self.live.host(id)
    }

    fn hosts(&self, after: Option<&HostId>, limit: usize) -> Result<Vec<HostRecord>, StoreError> {
        self.live.hosts(after, limit)
    }

    fn outlines(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostOutline>, StoreError> {
        self.live.outlines(after, limit)
    }

    fn commands(
        &self,
        enrollment: &EnrollmentId,
        limit: usize,
    ) -> Result<Vec<CommandRecord>, StoreError> {
        self.live.commands(enrollment, limit)
    }

    fn documents(
        &self,
        space: Space,
        range: KeyRange<'_>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        self.live.documents(space, range, limit)
    }
}
