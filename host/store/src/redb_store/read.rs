//! Reading records out of one snapshot.
//!
//! Knows nothing of how rows came to be. Invariant: everything that one call returns was true at
//! one moment; a damaged row is reported under its name and never left out or guessed.

use std::ops::Bound;

use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable};

use super::codec::{CommandRow, EnrollmentRow, FactsRow, HostRow, ProfileRow, VersionRow, decode};
use super::fault::{ReadError, backend};
use super::schema::{
    COMMANDS, DOCUMENTS, ENROLLMENTS, FACTS, HOSTS, PROFILES, RAW, SETS, VERSIONS,
};
use super::sets::SetCache;
use crate::document::FullKey;
use crate::record::{
    CommandRecord, EnrollmentRecord, HostFacts, HostRecord, ProfileRecord, VersionRecord,
};
use crate::{Document, KeyRange, Space, StoreError};

const DOING: &str = "reading";

/// The name of a row in an error.
pub(super) fn name(first: &str, second: impl std::fmt::Display) -> String {
    format!("{first:?} {second}")
}

/// The user's part of a key: the device channel has an empty one and sorts first.
pub(super) fn user_part(id: &EnrollmentId) -> &str {
    id.user_part().unwrap_or_default()
}

/// The first key part that can follow `host`'s: no id holds a control character.
pub(super) fn behind(host: &str) -> String {
    format!("{host}\0")
}

/// Every profile with its versions.
pub(super) fn profiles(transaction: &ReadTransaction) -> Result<Vec<ProfileRecord>, StoreError> {
    let profiles = transaction.open_table(PROFILES).map_err(backend(DOING))?;
    let versions = transaction.open_table(VERSIONS).map_err(backend(DOING))?;
    let mut records = Vec::new();
    for row in profiles.iter().map_err(backend(DOING))? {
        let (key, value) = row.map_err(backend(DOING))?;
        let identifier = key.value();
        let (revision, bytes) = value.value();
        let versions = versions_of(&versions, identifier)?;
        let record = profile(identifier, bytes, revision, versions);
        records.push(record.map_err(|error| error.named("profiles", name(identifier, "")))?);
    }
    Ok(records)
}

fn profile(
    identifier: &str,
    bytes: &[u8],
    revision: u64,
    versions: Vec<VersionRecord>,
) -> Result<ProfileRecord, ReadError> {
    let identifier = PayloadIdentifier::parse(identifier)?;
    Ok(decode::<ProfileRow>(bytes)?.into_record(identifier, revision, versions))
}

fn versions_of(
    table: &ReadOnlyTable<(&'static str, u32), &'static [u8]>,
    identifier: &str,
) -> Result<Vec<VersionRecord>, StoreError> {
    let mut versions = Vec::new();
    let range = (identifier, 0)..=(identifier, u32::MAX);
    for row in table.range(range).map_err(backend(DOING))? {
        let (key, value) = row.map_err(backend(DOING))?;
        let version = key.value().1;
        let record = decode::<VersionRow>(value.value()).and_then(|row| row.into_record(version));
        versions.push(record.map_err(|error| {
            ReadError::from(error).named(
                "mdm_apple_configuration_profiles",
                name(identifier, version),
            )
        })?);
    }
    Ok(versions)
}

/// The bytes of one version.
pub(super) fn raw(
    transaction: &ReadTransaction,
    identifier: &PayloadIdentifier,
    version: u32,
) -> Result<Option<Vec<u8>>, StoreError> {
    let table = transaction.open_table(RAW).map_err(backend(DOING))?;
    let row = table
        .get((identifier.as_str(), version))
        .map_err(backend(DOING))?;
    Ok(row.map(|bytes| bytes.value().to_vec()))
}

/// The newest commands of an enrollment, newest first.
pub(super) fn commands(
    transaction: &ReadTransaction,
    id: &EnrollmentId,
    limit: usize,
) -> Result<Vec<CommandRecord>, StoreError> {
    let table = transaction.open_table(COMMANDS).map_err(backend(DOING))?;
    let (host, user) = (id.host().as_str(), user_part(id));
    let range = table
        .range((host, user, 0)..=(host, user, u32::MAX))
        .map_err(backend(DOING))?;
    let mut records = Vec::new();
    for row in range.rev().take(limit) {
        let (key, value) = row.map_err(backend(DOING))?;
        let sequence = key.value().2;
        let row = decode::<CommandRow>(value.value());
        let record = row.and_then(|row| row.into_record(id.clone(), sequence));
        records.push(record.map_err(|error| {
            ReadError::from(error).named("commands", name(&id.to_string(), sequence))
        })?);
    }
    Ok(records)
}

/// The documents of a space in a range.
pub(super) fn documents(
    transaction: &ReadTransaction,
    space: Space,
    range: KeyRange<'_>,
    limit: usize,
) -> Result<Vec<Document>, StoreError> {
    let Some((lower, upper)) = range.bounds(space) else {
        return Ok(Vec::new());
    };
    let table = transaction.open_table(DOCUMENTS).map_err(backend(DOING))?;
    let bounds = (lower.as_ref().map(borrowed), upper.as_ref().map(borrowed));
    let mut rows = table.range::<(u8, &[u8])>(bounds).map_err(backend(DOING))?;
    let mut documents = Vec::new();
    while documents.len() < limit {
        let next = if range.is_reversed {
            rows.next_back()
        } else {
            rows.next()
        };
        let Some(row) = next else { break };
        let (key, value) = row.map_err(backend(DOING))?;
        documents.push(Document {
            key: key.value().1.to_vec(),
            value: value.value().to_vec(),
        });
    }
    Ok(documents)
}

fn borrowed((number, key): &FullKey) -> (u8, &[u8]) {
    (*number, key)
}

/// Reads hosts: four tables that belong together.
pub(super) struct HostReader<'a> {
    hosts: ReadOnlyTable<&'static str, &'static [u8]>,
    facts: ReadOnlyTable<&'static str, (u64, &'static [u8])>,
    enrollments: ReadOnlyTable<(&'static str, &'static str), (u64, &'static [u8])>,
    sets: ReadOnlyTable<&'static [u8; 16], &'static [u8]>,
    cache: &'a SetCache,
}

impl<'a> HostReader<'a> {
    /// A reader of this snapshot.
    pub(super) fn open(
        transaction: &ReadTransaction,
        cache: &'a SetCache,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            hosts: transaction.open_table(HOSTS).map_err(backend(DOING))?,
            facts: transaction.open_table(FACTS).map_err(backend(DOING))?,
            enrollments: transaction
                .open_table(ENROLLMENTS)
                .map_err(backend(DOING))?,
            sets: transaction.open_table(SETS).map_err(backend(DOING))?,
            cache,
        })
    }

    /// One host.
    pub(super) fn host(&self, id: &HostId) -> Result<Option<HostRecord>, StoreError> {
        let row = self.hosts.get(id.as_str()).map_err(backend(DOING))?;
        row.map(|bytes| self.record(id.as_str(), bytes.value()))
            .transpose()
    }

    /// The hosts behind `after`, at most `limit`.
    pub(super) fn page(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostRecord>, StoreError> {
        let from = after.map_or(Bound::Unbounded, |id| Bound::Excluded(id.as_str()));
        let range = self
            .hosts
            .range::<&str>((from, Bound::Unbounded))
            .map_err(backend(DOING))?;
        let mut records = Vec::new();
        for row in range.take(limit) {
            let (key, value) = row.map_err(backend(DOING))?;
            records.push(self.record(key.value(), value.value())?);
        }
        Ok(records)
    }

    fn record(&self, host: &str, bytes: &[u8]) -> Result<HostRecord, StoreError> {
        let parsed = || -> Result<(HostId, HostRow), ReadError> {
            Ok((HostId::parse(host)?, decode(bytes)?))
        };
        let (id, row) = parsed().map_err(|error| error.named("hosts", name(host, "")))?;
        let end = behind(host);
        let mut enrollments = Vec::new();
        let range = self.enrollments.range((host, "")..(end.as_str(), ""));
        for row in range.map_err(backend(DOING))? {
            let (key, value) = row.map_err(backend(DOING))?;
            let user = key.value().1;
            let (revision, bytes) = value.value();
            let record = self.enrollment(&id, user, revision, bytes);
            let table = "enrollments";
            enrollments.push(record.map_err(|error| error.named(table, name(host, user)))?);
        }
        let facts = self.facts(host)?;
        Ok(row.into_record(id, facts, enrollments))
    }

    fn facts(&self, host: &str) -> Result<HostFacts, StoreError> {
        let Some(row) = self.facts.get(host).map_err(backend(DOING))? else {
            return Ok(HostFacts::default());
        };
        let (revision, bytes) = row.value();
        let facts = decode::<FactsRow>(bytes).and_then(|row| row.into_facts(revision));
        facts.map_err(|error| ReadError::from(error).named("host_facts", name(host, "")))
    }

    fn enrollment(
        &self,
        host: &HostId,
        user: &str,
        revision: u64,
        bytes: &[u8],
    ) -> Result<EnrollmentRecord, ReadError> {
        let id = match user {
            "" => EnrollmentId::device(host.clone()),
            user => EnrollmentId::user(host.clone(), user)?,
        };
        let row = decode::<EnrollmentRow>(bytes)?;
        let observed = row
            .sync
            .observed_set()
            .map(|id| self.cache.load(&self.sets, id));
        let delivered = self.cache.load(&self.sets, row.sync.delivered_set())?;
        Ok(row.into_record(id, revision, observed.transpose()?, delivered)?)
    }
}
