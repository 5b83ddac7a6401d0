//! Writing the changes of a group into one transaction and one entry of the journal.
//!
//! Knows nothing of queues or of when the transaction ends. Invariants: a set that a row refers to
//! is written in the same transaction as the row; rows of hosts are written by the entry alone, all
//! others into their tables.

use std::collections::BTreeSet;

use mooring_drift::set::{ProfileSet, SetId};
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use redb::{Database, ReadOnlyTable, ReadableDatabase, ReadableTable, WriteTransaction};

use super::codec::{
    ColdDigest, CommandRow, FactsRow, HostRow, HotRow, ProfileRow, SetRow, VersionRow, encode,
    encode_cold, encode_hot,
};
use super::fault::{backend, corrupt};
use super::pending::{Delta, HostRows, Pending, Revised, SequencedRow};
use super::read::{name, user_part};
use super::schema::{DOCUMENTS, FACTS, HOSTS, PROFILES, RAW, SETS, SYNC, VERSIONS};
use crate::check::Stored;
use crate::record::{CommandRecord, EnrollmentRecord, HostFacts, ProfileRecord};
use crate::{Change, Space, StoreError, builtin};

const WRITING: &str = "writing a group of batches";
const CHECKING: &str = "checking a batch";

/// What a group of batches has made of the store so far.
pub(super) struct Draft<'a> {
    transaction: &'a WriteTransaction,
    stored: StoredHosts,
    pending: &'a Pending,
    delta: Delta,
    /// Sets that are written in this transaction, or known to be stored.
    sets: BTreeSet<SetId>,
    has_new_sets: bool,
}

/// Tables of hosts as the last transaction left them. This one does not write them.
struct StoredHosts {
    hosts: ReadOnlyTable<&'static str, &'static [u8]>,
    facts: ReadOnlyTable<&'static str, (u64, &'static [u8])>,
    sync: ReadOnlyTable<(&'static str, &'static str), &'static [u8]>,
    sets: ReadOnlyTable<&'static [u8; 16], &'static [u8]>,
}

impl StoredHosts {
    fn open(database: &Database) -> Result<Self, StoreError> {
        let snapshot = database.begin_read().map_err(backend(WRITING))?;
        let tables = || -> Result<Self, redb::TableError> {
            Ok(Self {
                hosts: snapshot.open_table(HOSTS)?,
                facts: snapshot.open_table(FACTS)?,
                sync: snapshot.open_table(SYNC)?,
                sets: snapshot.open_table(SETS)?,
            })
        };
        tables().map_err(backend(WRITING))
    }
}

impl<'a> Draft<'a> {
    /// Before the first batch.
    pub(super) fn begin(
        database: &Database,
        transaction: &'a WriteTransaction,
        pending: &'a Pending,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            transaction,
            stored: StoredHosts::open(database)?,
            pending,
            delta: Delta::new(),
            sets: BTreeSet::from([ProfileSet::empty().id()]),
            has_new_sets: false,
        })
    }

    /// The entry of the journal, and whether there are sets that no transaction before had.
    pub(super) fn finish(self) -> (Delta, bool) {
        (self.delta, self.has_new_sets)
    }

    /// Writes one change of a batch that was checked.
    pub(super) fn apply(&mut self, change: &Change) -> Result<(), StoreError> {
        match change {
            Change::Profile(record) => self.write_profile(record).map_err(backend(WRITING)),
            Change::Raw {
                identifier,
                version,
                bytes,
            } => {
                let mut raw = self.transaction.open_table(RAW).map_err(backend(WRITING))?;
                let key = (identifier.as_str(), *version);
                raw.insert(key, bytes.as_slice())
                    .map_err(backend(WRITING))?;
                Ok(())
            }
            Change::Host {
                id,
                attributes,
                attributes_at,
                enrolled_at,
            } => {
                let row = HostRow::new(attributes, *attributes_at, *enrolled_at);
                self.rows(id).host = Some(encode(&row));
                Ok(())
            }
            Change::Facts { id, facts } => {
                self.write_facts(id, facts);
                Ok(())
            }
            Change::Enrollment(record) => self.write_enrollment(record),
            Change::Command(record) => {
                self.write_command(record);
                Ok(())
            }
            Change::BuiltIn(record) => {
                let key = record.identifier.as_str().as_bytes();
                let value = builtin::encode(record);
                self.write_document(Space::BuiltIn, key, Some(&value))
            }
            Change::Document {
                space, key, value, ..
            } => self.write_document(*space, key, value.as_deref()),
            Change::RemoveHost(id) => {
                *self.rows(id) = HostRows::cleared();
                Ok(())
            }
        }
    }

    /// What this group writes of a host.
    fn rows(&mut self, host: &HostId) -> &mut HostRows {
        self.delta.entry(host.as_str().to_owned()).or_default()
    }

    fn write_facts(&mut self, host: &HostId, facts: &HostFacts) {
        self.rows(host).facts = Some(Revised {
            revision: facts.revision + 1,
            row: encode(&FactsRow::from(facts)),
        });
    }

    fn write_profile(&self, record: &ProfileRecord) -> Result<(), redb::Error> {
        let identifier = record.identifier.as_str();
        let row = encode(&ProfileRow::from(record));
        let mut profiles = self.transaction.open_table(PROFILES)?;
        profiles.insert(identifier, (record.revision + 1, row.as_slice()))?;
        let mut versions = self.transaction.open_table(VERSIONS)?;
        for version in &record.versions {
            let key = (identifier, version.version);
            let row = encode(&VersionRow::from(version));
            // A version hardly ever changes; enabling a profile of many must not rewrite them all.
            let is_same = versions
                .get(key)?
                .is_some_and(|stored| stored.value() == row);
            if !is_same {
                versions.insert(key, row.as_slice())?;
            }
        }
        Ok(())
    }

    fn write_enrollment(&mut self, record: &EnrollmentRecord) -> Result<(), StoreError> {
        self.write_set(&record.sync.delivered)?;
        if let Some(observed) = &record.sync.observed {
            self.write_set(&observed.set)?;
        }
        let (host, user) = (record.id.host(), user_part(&record.id));
        let revision = record.revision + 1;
        let (row, digest) = encode_cold(record);
        let stored = self.sync_row(&record.id)?.map(|(_, digest)| digest);
        let rows = self.rows(host).channel_mut(user);
        rows.sync = Some(encode_hot(record, revision, digest));
        if stored != Some(digest) {
            rows.enrollment = Some(Revised { revision, row });
        }
        Ok(())
    }

    /// The empty set is known to everybody and not stored.
    fn write_set(&mut self, set: &ProfileSet) -> Result<(), StoreError> {
        let id = set.id();
        if self.sets.contains(&id) {
            return Ok(());
        }
        let is_stored = self
            .stored
            .sets
            .get(&id.0)
            .map_err(backend(WRITING))?
            .is_some();
        if !is_stored {
            let row = encode(&SetRow::from(set));
            let mut sets = self
                .transaction
                .open_table(SETS)
                .map_err(backend(WRITING))?;
            sets.insert(&id.0, row.as_slice())
                .map_err(backend(WRITING))?;
            self.has_new_sets = true;
        }
        self.sets.insert(id);
        Ok(())
    }

    fn write_command(&mut self, record: &CommandRecord) {
        let (host, user) = (record.enrollment.host(), user_part(&record.enrollment));
        self.rows(host).channel_mut(user).put_command(SequencedRow {
            sequence: record.sequence,
            row: encode(&CommandRow::from(record)),
        });
    }

    fn write_document(
        &self,
        space: Space,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        let write = || -> Result<(), redb::Error> {
            let mut documents = self.transaction.open_table(DOCUMENTS)?;
            let key = (space.number(), key);
            match value {
                Some(value) => drop(documents.insert(key, value)?),
                None => drop(documents.remove(key)?),
            }
            Ok(())
        };
        write().map_err(backend(WRITING))
    }

    /// What is not in the tables yet of a host, the newest first.
    fn overlays(&self, host: &HostId) -> impl Iterator<Item = &HostRows> {
        let written = self.delta.get(host.as_str());
        let pending = self.pending.host(host.as_str()).map(AsRef::as_ref);
        written.into_iter().chain(pending)
    }

    /// The revision of an enrollment and the digest of the other row.
    fn sync_row(&self, id: &EnrollmentId) -> Result<Option<(u64, ColdDigest)>, StoreError> {
        let (host, user) = (id.host(), user_part(id));
        let read = |bytes: &[u8]| {
            let row = HotRow::read(bytes);
            let row =
                row.map_err(|error| corrupt("enrollment_sync", name(host.as_str(), user), error))?;
            Ok(Some((row.revision, row.cold)))
        };
        for rows in self.overlays(host) {
            if let Some(row) = rows.channel(user).and_then(|channel| channel.sync.as_ref()) {
                return read(row);
            }
            if rows.is_cleared {
                return Ok(None);
            }
        }
        let row = self.stored.sync.get((host.as_str(), user));
        match row.map_err(backend(CHECKING))? {
            Some(row) => read(row.value()),
            None => Ok(None),
        }
    }
}

impl Stored for Draft<'_> {
    fn profile_revision(&self, identifier: &PayloadIdentifier) -> Result<u64, StoreError> {
        let read = || -> Result<u64, redb::Error> {
            let profiles = self.transaction.open_table(PROFILES)?;
            let row = profiles.get(identifier.as_str())?;
            Ok(row.map_or(0, |row| row.value().0))
        };
        read().map_err(backend(CHECKING))
    }

    fn enrollment_revision(&self, id: &EnrollmentId) -> Result<u64, StoreError> {
        Ok(self.sync_row(id)?.map_or(0, |(revision, _)| revision))
    }

    fn facts_revision(&self, id: &HostId) -> Result<u64, StoreError> {
        for rows in self.overlays(id) {
            if let Some(facts) = &rows.facts {
                return Ok(facts.revision);
            }
            if rows.is_cleared {
                return Ok(0);
            }
        }
        let row = self
            .stored
            .facts
            .get(id.as_str())
            .map_err(backend(CHECKING))?;
        Ok(row.map_or(0, |row| row.value().0))
    }

    fn has_host(&self, id: &HostId) -> Result<bool, StoreError> {
        for rows in self.overlays(id) {
            if rows.host.is_some() || rows.is_cleared {
                return Ok(rows.host.is_some());
            }
        }
        let row = self
            .stored
            .hosts
            .get(id.as_str())
            .map_err(backend(CHECKING))?;
        Ok(row.is_some())
    }

    fn has_other_bytes(
        &self,
        identifier: &PayloadIdentifier,
        version: u32,
        bytes: &[u8],
    ) -> Result<bool, StoreError> {
        let read = || -> Result<bool, redb::Error> {
            let raw = self.transaction.open_table(RAW)?;
            let row = raw.get((identifier.as_str(), version))?;
            Ok(row.is_some_and(|row| row.value() != bytes))
        };
        read().map_err(backend(CHECKING))
    }

    fn is_document(
        &self,
        space: Space,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        let read = || -> Result<bool, redb::Error> {
            let documents = self.transaction.open_table(DOCUMENTS)?;
            let row = documents.get((space.number(), key))?;
            Ok(row.as_ref().map(redb::AccessGuard::value) == value)
        };
        read().map_err(backend(CHECKING))
    }
}
