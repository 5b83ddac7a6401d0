//! Writing changes into one transaction.
//!
//! Knows nothing of queues or of when the transaction ends. Invariant: a set that a row refers to
//! is written in the same transaction as the row.

use mooring_drift::set::ProfileSet;
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use redb::{ReadableTable, StorageError, Table, TableError, WriteTransaction};

use super::codec::{
    CommandRow, EnrollmentRow, FactsRow, HostRow, ProfileRow, SetRow, VersionRow, encode,
};
use super::fault::backend;
use super::read::{behind, user_part};
use super::schema::{
    COMMANDS, DOCUMENTS, ENROLLMENTS, FACTS, HOSTS, PROFILES, RAW, SETS, VERSIONS,
};
use crate::check::{Stored, first_kept};
use crate::record::{CommandRecord, EnrollmentRecord, ProfileRecord};
use crate::{Change, Space, StoreError, builtin};

/// The tables of one write transaction.
pub(super) struct Tables<'txn> {
    profiles: Table<'txn, &'static str, (u64, &'static [u8])>,
    versions: Table<'txn, (&'static str, u32), &'static [u8]>,
    raw: Table<'txn, (&'static str, u32), &'static [u8]>,
    hosts: Table<'txn, &'static str, &'static [u8]>,
    facts: Table<'txn, &'static str, (u64, &'static [u8])>,
    enrollments: Table<'txn, (&'static str, &'static str), (u64, &'static [u8])>,
    sets: Table<'txn, &'static [u8; 16], &'static [u8]>,
    commands: Table<'txn, (&'static str, &'static str, u32), &'static [u8]>,
    documents: Table<'txn, (u8, &'static [u8]), &'static [u8]>,
}

impl<'txn> Tables<'txn> {
    /// Opens them all.
    pub(super) fn open(transaction: &'txn WriteTransaction) -> Result<Self, TableError> {
        Ok(Self {
            profiles: transaction.open_table(PROFILES)?,
            versions: transaction.open_table(VERSIONS)?,
            raw: transaction.open_table(RAW)?,
            hosts: transaction.open_table(HOSTS)?,
            facts: transaction.open_table(FACTS)?,
            enrollments: transaction.open_table(ENROLLMENTS)?,
            sets: transaction.open_table(SETS)?,
            commands: transaction.open_table(COMMANDS)?,
            documents: transaction.open_table(DOCUMENTS)?,
        })
    }

    /// Writes one change of a batch that was checked.
    pub(super) fn apply(&mut self, change: &Change) -> Result<(), StorageError> {
        match change {
            Change::Profile(record) => self.write_profile(record)?,
            Change::Raw {
                identifier,
                version,
                bytes,
            } => {
                self.raw
                    .insert((identifier.as_str(), *version), bytes.as_slice())?;
            }
            Change::Host {
                id,
                attributes,
                attributes_at,
                enrolled_at,
            } => {
                let row = HostRow::new(attributes, *attributes_at, *enrolled_at);
                self.hosts.insert(id.as_str(), encode(&row).as_slice())?;
            }
            Change::Facts { id, facts } => {
                let row = encode(&FactsRow::from(facts));
                self.facts
                    .insert(id.as_str(), (facts.revision + 1, row.as_slice()))?;
            }
            Change::Enrollment(record) => self.write_enrollment(record)?,
            Change::Command(record) => self.write_command(record)?,
            Change::BuiltIn(record) => {
                let key = record.identifier.as_str().as_bytes();
                let value = builtin::encode(record);
                self.write_document(Space::BuiltIn, key, Some(&value))?;
            }
            Change::Document {
                space, key, value, ..
            } => self.write_document(*space, key, value.as_deref())?,
            Change::RemoveHost(id) => self.remove_host(id)?,
        }
        Ok(())
    }

    fn write_profile(&mut self, record: &ProfileRecord) -> Result<(), StorageError> {
        let identifier = record.identifier.as_str();
        let row = encode(&ProfileRow::from(record));
        self.profiles
            .insert(identifier, (record.revision + 1, row.as_slice()))?;
        for version in &record.versions {
            let key = (identifier, version.version);
            let row = encode(&VersionRow::from(version));
            // A version hardly ever changes; enabling a profile of many must not rewrite them all.
            let is_same = self
                .versions
                .get(key)?
                .is_some_and(|stored| stored.value() == row);
            if !is_same {
                self.versions.insert(key, row.as_slice())?;
            }
        }
        Ok(())
    }

    fn write_enrollment(&mut self, record: &EnrollmentRecord) -> Result<(), StorageError> {
        self.write_set(&record.sync.delivered)?;
        if let Some(observed) = &record.sync.observed {
            self.write_set(&observed.set)?;
        }
        let key = (record.id.host().as_str(), user_part(&record.id));
        let row = encode(&EnrollmentRow::from(record));
        self.enrollments
            .insert(key, (record.revision + 1, row.as_slice()))?;
        Ok(())
    }

    /// The empty set is known to everybody and not stored.
    fn write_set(&mut self, set: &ProfileSet) -> Result<(), StorageError> {
        let key = &set.id().0;
        if !set.entries().is_empty() && self.sets.get(key)?.is_none() {
            self.sets
                .insert(key, encode(&SetRow::from(set)).as_slice())?;
        }
        Ok(())
    }

    fn write_command(&mut self, record: &CommandRecord) -> Result<(), StorageError> {
        let (host, user) = (
            record.enrollment.host().as_str(),
            user_part(&record.enrollment),
        );
        let newest = {
            let mut stored = self
                .commands
                .range((host, user, 0)..=(host, user, u32::MAX))?;
            stored
                .next_back()
                .transpose()?
                .map_or(0, |(key, _)| key.value().2)
        };
        let first = first_kept(newest.max(record.sequence));
        if record.sequence >= first {
            let row = encode(&CommandRow::from(record));
            self.commands
                .insert((host, user, record.sequence), row.as_slice())?;
        }
        let forgotten = (host, user, 0)..(host, user, first);
        if self.commands.range(forgotten.clone())?.next().is_some() {
            self.commands.retain_in(forgotten, |_, _| false)?;
        }
        Ok(())
    }

    fn write_document(
        &mut self,
        space: Space,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), StorageError> {
        let key = (space.number(), key);
        match value {
            Some(value) => drop(self.documents.insert(key, value)?),
            None => drop(self.documents.remove(key)?),
        }
        Ok(())
    }

    fn remove_host(&mut self, id: &HostId) -> Result<(), StorageError> {
        let (host, end) = (id.as_str(), behind(id.as_str()));
        self.hosts.remove(host)?;
        self.facts.remove(host)?;
        self.enrollments
            .retain_in((host, "")..(end.as_str(), ""), |_, _| false)?;
        self.commands
            .retain_in((host, "", 0)..(end.as_str(), "", 0), |_, _| false)
    }
}

const CHECKING: &str = "checking a batch";

impl Stored for Tables<'_> {
    fn profile_revision(&self, identifier: &PayloadIdentifier) -> Result<u64, StoreError> {
        let row = self
            .profiles
            .get(identifier.as_str())
            .map_err(backend(CHECKING))?;
        Ok(row.map_or(0, |row| row.value().0))
    }

    fn enrollment_revision(&self, id: &EnrollmentId) -> Result<u64, StoreError> {
        let key = (id.host().as_str(), user_part(id));
        let row = self.enrollments.get(key).map_err(backend(CHECKING))?;
        Ok(row.map_or(0, |row| row.value().0))
    }

    fn facts_revision(&self, id: &HostId) -> Result<u64, StoreError> {
        let row = self.facts.get(id.as_str()).map_err(backend(CHECKING))?;
        Ok(row.map_or(0, |row| row.value().0))
    }

    fn has_host(&self, id: &HostId) -> Result<bool, StoreError> {
        let row = self.hosts.get(id.as_str()).map_err(backend(CHECKING))?;
        Ok(row.is_some())
    }

    fn has_other_bytes(
        &self,
        identifier: &PayloadIdentifier,
        version: u32,
        bytes: &[u8],
    ) -> Result<bool, StoreError> {
        let row = self
            .raw
            .get((identifier.as_str(), version))
            .map_err(backend(CHECKING))?;
        Ok(row.is_some_and(|row| row.value() != bytes))
    }

    fn is_document(
        &self,
        space: Space,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<bool, StoreError> {
        let row = self
            .documents
            .get((space.number(), key))
            .map_err(backend(CHECKING))?;
        Ok(row.as_ref().map(redb::AccessGuard::value) == value)
    }
}
