//! A store for tests of the server: in memory, and awkward as a test asks for.
//!
//! Invariant: what it stores and reads is what the store in memory does.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use mooring_store::{
    Change, CommandRecord, Document, Done, HostOutline, HostRecord, Identity, KeyRange,
    MemoryStore, OutlinePage, ProfileRecord, Space, Store, StoreError,
};

type Batch = (Vec<Change>, Done);

/// Counts batches, stores them later if it is told so, and may have a page that is damaged.
pub(crate) struct StoreDouble {
    store: MemoryStore,
    batches: AtomicUsize,
    held: Mutex<Option<Vec<Batch>>>,
    pages: AtomicUsize,
    /// Counted from 1.
    damaged_page: Option<usize>,
}

impl Default for StoreDouble {
    fn default() -> Self {
        Self {
            store: MemoryStore::new().unwrap(),
            batches: AtomicUsize::new(0),
            held: Mutex::new(None),
            pages: AtomicUsize::new(0),
            damaged_page: None,
        }
    }
}

impl StoreDouble {
    /// One of which this page of outlines, counted from 1, can be read and not made.
    pub(crate) fn with_damaged_page(page: usize) -> Self {
        Self {
            damaged_page: Some(page),
            ..Self::default()
        }
    }

    /// The batches so far.
    pub(crate) fn batches(&self) -> usize {
        self.batches.load(Ordering::Relaxed)
    }

    /// From now on batches wait.
    pub(crate) fn hold(&self) {
        *self.held.lock().unwrap() = Some(Vec::new());
    }

    /// Stores what waits, and no longer has anything wait. Says how many batches that were.
    pub(crate) fn release(&self) -> usize {
        let held = self.held.lock().unwrap().take().unwrap();
        let count = held.len();
        for (batch, done) in held {
            self.store.submit(batch, done);
        }
        count
    }
}

impl Store for StoreDouble {
    fn identity(&self) -> &Identity {
        self.store.identity()
    }

    fn submit(&self, batch: Vec<Change>, done: Done) {
        self.batches.fetch_add(1, Ordering::Relaxed);
        if let Some(held) = &mut *self.held.lock().unwrap() {
            return held.push((batch, done));
        }
        self.store.submit(batch, done);
    }

    fn profiles(&self) -> Result<Vec<ProfileRecord>, StoreError> {
        self.store.profiles()
    }

    fn raw(&self, id: &PayloadIdentifier, version: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.raw(id, version)
    }

    fn host(&self, id: &HostId) -> Result<Option<HostRecord>, StoreError> {
        self.store.host(id)
    }

    fn hosts(&self, after: Option<&HostId>, limit: usize) -> Result<Vec<HostRecord>, StoreError> {
        self.store.hosts(after, limit)
    }

    fn outlines(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostOutline>, StoreError> {
        self.store.outlines(after, limit)
    }

    fn outline_page(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<OutlinePage, StoreError> {
        let page = self.store.outline_page(after, limit)?;
        let number = self.pages.fetch_add(1, Ordering::Relaxed) + 1;
        if self.damaged_page != Some(number) {
            return Ok(page);
        }
        let (len, last) = (page.len(), page.last().cloned());
        Ok(OutlinePage::new(len, last, || Err(StoreError::Closed)))
    }

    fn commands(&self, id: &EnrollmentId, limit: usize) -> Result<Vec<CommandRecord>, StoreError> {
        self.store.commands(id, limit)
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
