//! A store that lives as long as the process: for tests and trials.
//!
//! Knows nothing of encodings or files. Invariant: it answers exactly as the durable backend does,
//! which the conformance suite holds.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard};

use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};

use crate::check::{Stored, check, first_kept};
use crate::document::{DOCUMENTS_PAGE_MAX, FullKey};
use crate::record::{
    CommandRecord, EnrollmentRecord, HOSTS_PAGE_MAX, HostRecord, Identity, ProfileRecord,
    VersionRecord,
};
use crate::{Change, Document, KeyRange, Space, Store, StoreError, builtin};

/// The schema version that a store in memory says it has.
const SCHEMA: u32 = 2;

/// A store in memory.
#[derive(Debug)]
pub struct MemoryStore {
    identity: Identity,
    rows: Mutex<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    /// Without their versions.
    profiles: BTreeMap<PayloadIdentifier, ProfileRecord>,
    versions: BTreeMap<(PayloadIdentifier, u32), VersionRecord>,
    raw: BTreeMap<(PayloadIdentifier, u32), Vec<u8>>,
    /// Without their enrollments.
    hosts: BTreeMap<HostId, HostRecord>,
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

    fn rows(&self) -> Result<MutexGuard<'_, Rows>, StoreError> {
        // Poisoned means that a change panicked halfway: nothing here can be trusted any more.
        self.rows.lock().map_err(|_| StoreError::Closed)
    }
}

impl Store for MemoryStore {
    fn identity(&self) -> &Identity {
        &self.identity
    }

    fn commit(&self, batch: Vec<Change>) -> Result<(), StoreError> {
        let mut rows = self.rows()?;
        check(&batch, &*rows)?;
        for change in batch {
            rows.apply(change);
        }
        Ok(())
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
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let page = rows
            .hosts
            .range((from, Bound::Unbounded))
            .take(limit.min(HOSTS_PAGE_MAX));
        Ok(page.map(|(_, host)| rows.whole(host)).collect())
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
                let enrollments = Vec::new();
                let host = HostRecord {
                    id: id.clone(),
                    attributes,
                    attributes_at,
                    enrolled_at,
                    enrollments,
                };
                self.hosts.insert(id, host);
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
        self.commands
            .retain(|(enrollment, sequence), _| *enrollment != id || *sequence >= first);
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
