//! A store with a mistake between it and the server.
//!
//! Knows nothing of which mistake. Invariant: what a twist leaves alone passes as it is, in both
//! directions, with the revisions that the store compares.

use std::sync::Arc;

use mooring_drift::state::SyncState;
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use mooring_store::{
    Change, CommandRecord, Document, Done, EnrollmentRecord, HOSTS_PAGE_MAX, HostOutline,
    HostRecord, Identity, KeyRange, OUTLINES_PAGE_MAX, ProfileRecord, Space, Store, StoreError,
};

/// What is done to what goes into a store and comes out of it; nothing by itself.
pub(super) trait Twist: Send + Sync {
    /// The state of an enrollment is about to be stored.
    fn writes(&self, _before: Option<&SyncState>, _after: &mut SyncState) {}

    /// A batch is about to be stored; `None` says that it was without storing it.
    fn commits(&self, _store: &dyn Store, batch: Vec<Change>) -> Option<Vec<Change>> {
        Some(batch)
    }

    /// A host was read.
    fn reads(&self, _store: &dyn Store, _host: &mut HostRecord) {}

    /// The profiles were read.
    fn profiles(&self, _profiles: &mut Vec<ProfileRecord>) {}

    /// Whether documents under this key are hidden.
    fn hides(&self, _space: Space, _key: &[u8]) -> bool {
        false
    }
}

/// A store with a twist.
pub(super) struct Twisted {
    store: Arc<dyn Store>,
    twist: Arc<dyn Twist>,
}

impl Twisted {
    /// Puts a twist between a store and its user.
    pub(super) fn between(store: Arc<dyn Store>, twist: Arc<dyn Twist>) -> Arc<dyn Store> {
        Arc::new(Self { store, twist })
    }

    fn write(&self, change: &mut Change) {
        if let Change::Enrollment(record) = change {
            let before = enrollment(&*self.store, &record.id);
            let before = before.as_ref().map(|record| &record.sync);
            self.twist.writes(before, &mut record.sync);
        }
    }
}

/// An enrollment as it is stored, if it can be read.
pub(super) fn enrollment(store: &dyn Store, id: &EnrollmentId) -> Option<EnrollmentRecord> {
    let host = store.host(id.host()).ok().flatten()?;
    host.enrollments.into_iter().find(|record| record.id == *id)
}

/// The enrollment that a change writes, if it writes one.
pub(super) fn record_of(change: &Change) -> Option<&EnrollmentRecord> {
    if let Change::Enrollment(record) = change {
        return Some(record);
    }
    None
}

impl Store for Twisted {
    fn identity(&self) -> &Identity {
        self.store.identity()
    }

    fn submit(&self, mut batch: Vec<Change>, done: Done) {
        for change in &mut batch {
            self.write(change);
        }
        match self.twist.commits(&*self.store, batch) {
            Some(batch) => self.store.submit(batch, done),
            None => done(Ok(())),
        }
    }

    fn profiles(&self) -> Result<Vec<ProfileRecord>, StoreError> {
        let mut profiles = self.store.profiles()?;
        self.twist.profiles(&mut profiles);
        Ok(profiles)
    }

    fn raw(
        &self,
        identifier: &PayloadIdentifier,
        version: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.raw(identifier, version)
    }

    fn host(&self, id: &HostId) -> Result<Option<HostRecord>, StoreError> {
        let mut host = self.store.host(id)?;
        if let Some(host) = &mut host {
            self.twist.reads(&*self.store, host);
        }
        Ok(host)
    }

    fn hosts(&self, after: Option<&HostId>, limit: usize) -> Result<Vec<HostRecord>, StoreError> {
        let mut hosts = self.store.hosts(after, limit)?;
        for host in &mut hosts {
            self.twist.reads(&*self.store, host);
        }
        Ok(hosts)
    }

    /// Made of whole hosts, so that the twist is seen here too.
    fn outlines(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostOutline>, StoreError> {
        let limit = limit.min(OUTLINES_PAGE_MAX);
        let mut outlines: Vec<HostOutline> = Vec::new();
        loop {
            let wanted = (limit - outlines.len()).min(HOSTS_PAGE_MAX);
            let behind = outlines.last().map(|host| host.id.clone());
            let page = self.hosts(behind.as_ref().or(after), wanted)?;
            outlines.extend(page.iter().map(HostRecord::outline));
            if page.len() < wanted || outlines.len() >= limit {
                return Ok(outlines);
            }
        }
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
        let mut documents = self.store.documents(space, range, limit)?;
        documents.retain(|document| !self.twist.hides(space, &document.key));
        Ok(documents)
    }
}
