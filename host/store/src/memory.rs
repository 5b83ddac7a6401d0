//! A store that lives as long as the process: for tests and trials.
//!
//! Knows nothing of encodings or files. Invariant: it answers exactly as the durable backend does,
//! which the conformance suite holds.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard};

use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};

use crate::check::{Stored, check, first_kept};
use crate::document::{DOCUMENTS_PAGE_MAX, FullKey};
use crate::record::{
    CommandRecord, EnrollmentRecord, HOSTS_PAGE_MAX, HostFacts, HostOutline, HostRecord, Identity,
    OUTLINES_PAGE_MAX, ProfileRecord, VersionRecord,
};
use crate::{Change, Document, Done, KeyRange, Space, Store, StoreError, builtin, era};

/// The schema version that a store in memory says it has.
const SCHEMA: u32 = 3;

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    identity: Identity,
    /// Shared with snapshots; the first change after a snapshot copies the rows.
    rows: Mutex<Arc<Rows>>,
}

/// A store in memory as it was at one moment: what a backup is of a durable one.
#[derive(Debug, Clone)]
pub struct MemorySnapshot {
    identity: Identity,
    rows: Arc<Rows>,
}

#[derive(Debug, Clone, Default)]
struct Rows {
    /// Without their versions.
    profiles: BTreeMap<PayloadIdentifier, ProfileRecord>,
    versions: BTreeMap<(PayloadIdentifier, u32), VersionRecord>,
    raw: BTreeMap<(PayloadIdentifier, u32), Vec<u8>>,
    /// Without their facts and enrollments.
    hosts: BTreeMap<HostId, HostRecord>,
    facts: BTreeMap<HostId, HostFacts>,
    enrollments: BTreeMap<EnrollmentId, EnrollmentRecord>,
    commands: BTreeMap<(EnrollmentId, u32), CommandRecord>,
    documents: BTreeMap<FullKey, Vec<u8>>,
}

impl MemoryStore {
    /// An empty store with a random identity.
    ///
    /// # Errors
    /// [`StoreError::Random`] if the operating system gives no randomness.
    pub fn new() -> Result<Self, StoreError> {
        Identity::random(SCHEMA).map(Self::with_identity)
    }

    /// An empty store with this identity, for runs that must repeat.
    pub fn with_identity(identity: Identity) -> Self {
        Self {
            identity,
            rows: Mutex::default(),
        }
    }

    /// The store as it is now. Costs nothing until the store changes next.
    ///
    /// # Errors
    /// [`StoreError::Closed`] if a change panicked before.
    pub fn snapshot(&self) -> Result<MemorySnapshot, StoreError> {
        let rows = self.rows()?;
        Ok(MemorySnapshot {
            identity: self.identity.clone(),
            rows: Arc::clone(&rows),
        })
    }

    /// A store that is an earlier one, put back in its place as if nothing had happened: it has
    /// the same identity and era.
    pub fn from_snapshot(snapshot: &MemorySnapshot) -> Self {
        Self {
            identity: snapshot.identity.clone(),
            rows: Mutex::new(Arc::clone(&snapshot.rows)),
        }
    }

    fn store(&self, batch: Vec<Change>) -> Result<(), StoreError> {
        let mut rows = self.rows()?;
        check(&batch, &**rows)?;
        let rows = Arc::make_mut(&mut rows);
        for change in batch {
            rows.apply(change);
        }
        Ok(())
    }

    fn rows(&self) -> Result<MutexGuard<'_, Arc<Rows>>, StoreError> {
        // Poisoned means that a change panicked halfway: nothing here can be trusted any more.
        self.rows.lock().map_err(|_| StoreError::Closed)
    }
}

impl MemorySnapshot {
    /// A store as [`restore`](crate::backup::restore) makes it of a backup: of another incarnation,
    /// which must be new, and of another era.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if the era cannot be read.
    pub fn restored(&self, incarnation: [u8; 16]) -> Result<MemoryStore, StoreError> {
        let mut rows = Rows::clone(&self.rows);
        let key = (Space::Setting.number(), era::KEY.to_vec());
        let era = era::next(rows.documents.get(&key).map(Vec::as_slice))?;
        rows.documents.insert(key, era::encode(era));
        Ok(MemoryStore {
            identity: Identity {
                incarnation,
                ..self.identity.clone()
            },
            rows: Mutex::new(Arc::new(rows)),
        })
    }
}

impl Store for MemoryStore {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Stores at once, on the caller's thread.
    fn submit(&self, batch: Vec<Change>, done: Done) {
        done(self.store(batch));
    }

    fn profiles(&self) -> Result<Vec<ProfileRecord>, StoreError> {
        let rows = self.rows()?;
        let whole = |profile: &ProfileRecord| {
            let id = &profile.identifier;
            let range = (id.clone(), 0)..=(id.clone(), u32::MAX);
            let versions = rows
                .versions
                .range(range)
                .map(|(_, version)| version.clone())
                .collect();
            ProfileRecord {
                versions,
                ..profile.clone()
            }
        };
        Ok(rows.profiles.values().map(whole).collect())
    }

    fn raw(
        &self,
        identifier: &PayloadIdentifier,
        version: u32,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self
            .rows()?
            .raw
            .get(&(identifier.clone(), version))
            .cloned())
    }

    fn host(&self, id: &HostId) -> Result<Option<HostRecord>, StoreError> {
        let rows = self.rows()?;
        Ok(rows.hosts.get(id).map(|host| rows.whole(host)))
    }

    fn hosts(&self, after: Option<&HostId>, limit: usize) -> Result<Vec<HostRecord>, StoreError> {
        let rows = self.rows()?;
        let page = rows.after(after).take(limit.min(HOSTS_PAGE_MAX));
        Ok(page.map(|host| rows.whole(host)).collect())
    }

    fn outlines(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostOutline>, StoreError> {
        let rows = self.rows()?;
        let page = rows.after(after).take(limit.min(OUTLINES_PAGE_MAX));
        Ok(page.map(|host| rows.whole(host).outline()).collect())
    }

    fn commands(
        &self,
        enrollment: &EnrollmentId,
        limit: usize,
    ) -> Result<Vec<CommandRecord>, StoreError> {
        let rows = self.rows()?;
        let range = (enrollment.clone(), 0)..=(enrollment.clone(), u32::MAX);
        Ok(rows
            .commands
            .range(range)
            .rev()
            .take(limit)
            .map(|(_, c)| c.clone())
            .collect())
    }

    fn documents(
        &self,
        space: Space,
        range: KeyRange<'_>,
        limit: usize,
    ) -> Result<Vec<Document>, StoreError> {
        let rows = self.rows()?;
        let Some(bounds) = range.bounds(space) else {
            return Ok(Vec::new());
        };
        let document = |((_, key), value): (&FullKey, &Vec<u8>)| Document {
            key: key.clone(),
            value: value.clone(),
        };
        let found = rows.documents.range(bounds);
        let limit = limit.min(DOCUMENTS_PAGE_MAX);
        Ok(if range.is_reversed {
            found.rev().take(limit).map(document).collect()
        } else {
            found.take(limit).map(document).collect()
        })
    }
}

impl Rows {
    fn after(&self, host: Option<&HostId>) -> impl Iterator<Item = &HostRecord> {
        let from = host.map_or(Bound::Unbounded, Bound::Excluded);
        let behind = self.hosts.range((from, Bound::Unbounded));
        behind.map(|(_, host)| host)
    }

    fn whole(&self, host: &HostRecord) -> HostRecord {
        let of_host = self
            .enrollments
            .range(EnrollmentId::device(host.id.clone())..);
        let enrollments = of_host
            .map(|(_, enrollment)| enrollment)
            .take_while(|enrollment| *enrollment.id.host() == host.id)
            .cloned()
            .collect();
        HostRecord {
            facts: self.facts.get(&host.id).cloned().unwrap_or_default(),
            enrollments,
            ..host.clone()
        }
    }

    fn apply(&mut self, change: Change) {
        match change {
            Change::Profile(mut record) => {
                for version in std::mem::take(&mut record.versions) {
                    self.versions
                        .insert((record.identifier.clone(), version.version), version);
                }
                record.revision += 1;
                self.profiles.insert(record.identifier.clone(), record);
            }
            Change::Raw {
                identifier,
                version,
                bytes,
            } => {
                self.raw.insert((identifier, version), bytes);
            }
            Change::Host {
                id,
                attributes,
                attributes_at,
                enrolled_at,
            } => {
                let host = HostRecord {
                    id: id.clone(),
                    attributes,
                    attributes_at,
                    enrolled_at,
                    facts: HostFacts::default(),
                    enrollments: Vec::new(),
                };
                self.hosts.insert(id, host);
            }
            Change::Facts { id, mut facts } => {
                facts.revision += 1;
                self.facts.insert(id, facts);
            }
            Change::Enrollment(mut record) => {
                record.revision += 1;
                self.enrollments.insert(record.id.clone(), record);
            }
            Change::Command(record) => self.remember(record),
            Change::BuiltIn(record) => {
                let key = record.identifier.as_str().as_bytes().to_vec();
                let key = (Space::BuiltIn.number(), key);
                self.documents.insert(key, builtin::encode(&record));
            }
            Change::Document {
                space, key, value, ..
            } => {
                let key = (space.number(), key);
                match value {
                    Some(value) => self.documents.insert(key, value),
                    None => self.documents.remove(&key),
                };
            }
            Change::RemoveHost(id) => {
                self.hosts.remove(&id);
                self.facts.remove(&id);
                self.enrollments
                    .retain(|enrollment, _| *enrollment.host() != id);
                self.commands
                    .retain(|(enrollment, _), _| *enrollment.host() != id);
            }
        }
    }

    fn remember(&mut self, record: CommandRecord) {
        let (id, sequence) = (record.enrollment.clone(), record.sequence);
        self.commands.insert((id.clone(), sequence), record);
        let of_enrollment = (id.clone(), 0)..=(id.clone(), u32::MAX);
        let newest = self.commands.range(of_enrollment).next_back();
        let first = newest.map_or(0, |((_, newest), _)| first_kept(*newest));
        let forgotten = (id.clone(), 0)..(id, first);
        let forgotten: Vec<_> = self
            .commands
            .range(forgotten)
            .map(|(key, _)| key.clone())
            .collect();
        for key in &forgotten {
            self.commands.remove(key);
        }
    }
}

impl Stored for Rows {
    fn profile_revision(&self, identifier: &PayloadIdentifier) -> Result<u64, StoreError> {
        Ok(self
            .profiles
            .get(identifier)
            .map_or(0, |profile| profile.revision))
    }

    fn enrollment_revision(&self, id: &EnrollmentId) -> Result<u64, StoreError> {
        Ok(self
            .enrollments
            .get(id)
            .map_or(0, |enrollment| enrollment.revision))
    }

    fn facts_revision(&self, id: &HostId) -> Result<u64, StoreError> {
        Ok(self.facts.get(id).map_or(0, |facts| facts.revision))
    }

    fn has_host(&self, id: &HostId) -> Result<bool, StoreError> {
        Ok(self.hosts.contains_key(id))
    }

    fn has_other_bytes(
        &self,
        identifier: &PayloadIdentifier,
        version: u32,
        bytes: &[u8],
    ) -> Result<bool, StoreError> {
        let stored = self.raw.get(&(identifier.clone(), version));
        Ok(stored.is_some_and(|stored| stored != bytes))
    }

    fn is_document(
        &self,
        space: Space,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        let stored = self.documents.get(&(space.number(), key.to_vec()));
        Ok(stored.map(Vec::as_slice) == value)
    }
}
