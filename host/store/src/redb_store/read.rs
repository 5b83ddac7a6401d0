//! Reading records out of one snapshot.
//!
//! Knows nothing of how rows came to be. Invariant: everything that one call returns was true at
//! one moment; a damaged row is reported under its name and never left out or guessed.

use std::collections::BTreeMap;

use mooring_mdm::ids::{EnrollmentId, PayloadIdentifier};
use redb::{ReadOnlyTable, ReadTransaction, ReadableTable};

use super::codec::{CommandRow, ProfileRow, VersionRow, decode};
use super::fault::{ReadError, backend};
use super::pending::HostRows;
use super::schema::{COMMANDS, DOCUMENTS, PROFILES, RAW, VERSIONS};
use crate::check::first_kept;
use crate::document::FullKey;
use crate::record::{CommandRecord, ProfileRecord, VersionRecord};
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

/// The newest commands of an enrollment, newest first, with those that are pending.
pub(super) fn commands(
    transaction: &ReadTransaction,
    id: &EnrollmentId,
    limit: usize,
    pending: Option<&HostRows>,
) -> Result<Vec<CommandRecord>, StoreError> {
    let (host, user) = (id.host().as_str(), user_part(id));
    let mut rows = BTreeMap::new();
    if pending.is_none_or(|rows| !rows.is_cleared) {
        let table = transaction.open_table(COMMANDS).map_err(backend(DOING))?;
        let range = (host, user, 0)..=(host, user, u32::MAX);
        let range = table.range(range).map_err(backend(DOING))?;
        for row in range.rev().take(limit) {
            let (key, value) = row.map_err(backend(DOING))?;
            rows.insert(key.value().2, value.value().to_vec());
        }
    }
    let channel = pending.and_then(|rows| rows.channel(user));
    for command in channel.iter().flat_map(|channel| &channel.commands) {
        rows.insert(command.sequence, command.row.clone());
    }
    let newest = rows.last_key_value().map_or(0, |(sequence, _)| *sequence);
    let kept = rows.range(first_kept(newest)..).rev().take(limit);
    let record = |(sequence, row): (&u32, &Vec<u8>)| {
        let row = decode::<CommandRow>(row);
        let record = row.and_then(|row| row.into_record(id.clone(), *sequence));
        record.map_err(|error| {
            ReadError::from(error).named("commands", name(&id.to_string(), sequence))
        })
    };
    kept.map(record).collect()
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
