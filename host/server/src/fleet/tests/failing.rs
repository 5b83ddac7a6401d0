//! A start from a store with hosts that cannot be read.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mooring_drift::policy::Timestamp;
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use mooring_plugin::Limits;
use mooring_store::{
    Change, CommandRecord, Document, Done, HostOutline, HostRecord, Identity, KeyRange,
    MemoryStore, OutlinePage, ProfileRecord, Space, Store, StoreError,
};

use crate::clock::Clock;
use crate::core::{Core, CoreOptions};
use crate::judge::Judge;

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// A store of which one page of outlines can be read and not made.
struct Damaged {
    store: MemoryStore,
    /// Which page, counted from 1.
    page: usize,
    pages: AtomicUsize,
}

impl Store for Damaged {
    fn identity(&self) -> &Identity {
        self.store.identity()
    }

    fn submit(&self, batch: Vec<Change>, done: Done) {
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
        let made = self.outlines(after, limit)?;
        let last = made.last().map(|host| host.id.clone());
        let is_damaged = self.pages.fetch_add(1, Ordering::Relaxed) + 1 == self.page;
        Ok(OutlinePage::new(made.len(), last, move || {
            if is_damaged {
                return Err(StoreError::Closed);
            }
            Ok(made)
        }))
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

/// Wherever the page is that cannot be made, the start ends with its error, and neither hand waits for
/// the other.
#[test]
fn a_start_ends_at_a_page_that_cannot_be_made() {
    for page in [1, 2, 3, 6, 7] {
        let store = MemoryStore::new().unwrap();
        let host = |n: u32| Change::Host {
            id: HostId::parse(&format!("{n:08}")).unwrap(),
            attributes: Attributes::default(),
            attributes_at: None,
            enrolled_at: NOW,
        };
        store.commit((0..10_500).map(host).collect()).unwrap();
        let pages = AtomicUsize::new(0);
        let store = Arc::new(Damaged { store, page, pages });
        let judge = Arc::new(Judge::with_plugins([], Limits::default()).unwrap());
        let clock = Clock::from_fn(|| NOW);
        let core = Core::new(store, judge, clock, CoreOptions::default());
        let is_damaged = page <= 6;
        assert_eq!(core.err().is_some(), is_damaged, "page {page}");
    }
}
