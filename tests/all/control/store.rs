//! A store that can be sealed, so that whatever would change it fails, or made unreadable.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use mooring_store::{
    Change, CommandRecord, Document, HostRecord, Identity, KeyRange, MemoryStore, ProfileRecord,
    Space, Store, StoreError,
};

/// The store.
#[derive(Debug)]
pub(super) struct SealedStore {
    store: MemoryStore,
    is_sealed: AtomicBool,
    has_unreadable_hosts: AtomicBool,
}

impl SealedStore {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            store: MemoryStore::new().unwrap(),
            is_sealed: AtomicBool::new(false),
            has_unreadable_hosts: AtomicBool::new(false),
        })
    }

    /// From now on no commit may come, or it may again.
    pub(super) fn seal(&self, is_sealed: bool) {
        self.is_sealed.store(is_sealed, Ordering::Relaxed);
    }

    /// From now on no page of hosts can be read, or it can again.
    pub(super) fn hide_hosts(&self, is_hidden: bool) {
        self.has_unreadable_hosts
            .store(is_hidden, Ordering::Relaxed);
    }
}

impl Store for SealedStore {
    fn identity(&self) -> &Identity {
        self.store.identity()
    }

    fn commit(&self, batch: Vec<Change>) -> Result<(), StoreError> {
        let is_sealed = self.is_sealed.load(Ordering::Relaxed);
        assert!(!is_sealed, "something is changed: {batch:?}");
        self.store.commit(batch)
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
        self.store.host(id)
    }

    fn hosts(&self, after: Option<&HostId>, limit: usize) -> Result<Vec<HostRecord>, StoreError> {
        if self.has_unreadable_hosts.load(Ordering::Relaxed) {
            return Err(StoreError::Closed);
        }
        self.store.hosts(after, limit)
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
