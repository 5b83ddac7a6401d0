//! Whether rows that were copied can be read.
//!
//! Knows nothing of where the rows come from. Invariant: a row that passes here is one that the
//! store reads later; a set must come before the enrollments that refer to it.

use std::collections::BTreeSet;

use mooring_drift::set::{ProfileSet, SetId};
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};

use super::codec::{
    CommandRow, EnrollmentRow, FactsRow, HostRow, ProfileRow, SetRow, VersionRow, decode,
};
use super::fault::corrupt;
use super::rows::{Row, RowKey, TableId};
use super::schema::{KEY_COMMAND_KEY, KEY_INCARNATION, KEY_SCHEMA};
use crate::document::check_size;
use crate::record::HostFacts;
use crate::{Document, RowError, Space, StoreError, builtin, era};

/// Looks at rows, table by table in the order of [`TableId::ALL`].
pub(crate) struct RowCheck {
    /// The sets that may be referred to: those seen, and the empty one.
    sets: BTreeSet<SetId>,
}

impl RowCheck {
    /// Before the first row.
    pub(crate) fn new() -> Self {
        Self {
            sets: BTreeSet::from([ProfileSet::empty().id()]),
        }
    }

    /// Reads a row as the store will.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], naming the row.
    pub(crate) fn check(&mut self, table: TableId, row: &Row<'_>) -> Result<(), StoreError> {
        let outcome = match (table, row.key) {
            (TableId::Meta, RowKey::Text(key)) => meta(key, row.value),
            (TableId::Profiles, RowKey::Text(key)) => profile(key, row.value),
            (TableId::Versions, RowKey::Version(key, number)) => version(key, number, row.value),
            (TableId::Raw, RowKey::Version(key, _)) => raw(key),
            (TableId::Sets, RowKey::Set(id)) => self.set(SetId(id), row.value),
            (TableId::Hosts, RowKey::Text(key)) => host(key, row.value),
            (TableId::Facts, RowKey::Text(key)) => facts(key, row),
            (TableId::Enrollments, RowKey::Channel(host, user)) => self.enrollment(host, user, row),
            (TableId::Commands, RowKey::Command(host, user, number)) => {
                command(host, user, number, row.value)
            }
            (TableId::Documents, RowKey::Document(space, key)) => {
                return document(space, key, row.value);
            }
            (_, _) => Err(RowError::content("its key is not one of this table")),
        };
        outcome.map_err(|error| corrupt(table.name(), row.key.shown(), error))
    }

    fn set(&mut self, id: SetId, value: &[u8]) -> Result<(), RowError> {
        decode::<SetRow>(value)?.into_set(id)?;
        self.sets.insert(id);
        Ok(())
    }

    fn enrollment(&self, host: &str, user: &str, row: &Row<'_>) -> Result<(), RowError> {
        let id = enrollment_id(host, user)?;
        let decoded = decode::<EnrollmentRow>(row.value)?;
        let (observed, delivered) = (decoded.sync.observed_set(), decoded.sync.delivered_set());
        for set in observed.iter().chain([&delivered]) {
            if !self.sets.contains(set) {
                return Err(RowError::SetMissing(*set));
            }
        }
        // Which sets they are makes no difference to whether the rest can be read.
        let observed = observed.map(|_| ProfileSet::empty());
        let revision = row.revision.unwrap_or_default();
        decoded
            .into_record(id, revision, observed, ProfileSet::empty())
            .map(drop)
    }
}

fn meta(key: &str, value: &[u8]) -> Result<(), RowError> {
    let wanted = match key {
        KEY_SCHEMA => 4,
        KEY_INCARNATION => 16,
        KEY_COMMAND_KEY => 32,
        _ => return Err(RowError::content("there is no such row")),
    };
    if value.len() == wanted {
        return Ok(());
    }
    Err(RowError::Length {
        found: value.len(),
        wanted,
    })
}

fn profile(key: &str, value: &[u8]) -> Result<(), RowError> {
    PayloadIdentifier::parse(key)?;
    decode::<ProfileRow>(value).map(drop)
}

fn version(key: &str, number: u32, value: &[u8]) -> Result<(), RowError> {
    PayloadIdentifier::parse(key)?;
    decode::<VersionRow>(value)?.into_record(number).map(drop)
}

fn raw(key: &str) -> Result<(), RowError> {
    PayloadIdentifier::parse(key)?;
    Ok(())
}

fn host(key: &str, value: &[u8]) -> Result<(), RowError> {
    let id = HostId::parse(key)?;
    let row = decode::<HostRow>(value)?;
    drop(row.into_record(id, HostFacts::default(), Vec::new()));
    Ok(())
}

fn facts(key: &str, row: &Row<'_>) -> Result<(), RowError> {
    HostId::parse(key)?;
    let facts = decode::<FactsRow>(row.value)?;
    facts.into_facts(row.revision.unwrap_or_default()).map(drop)
}

fn command(host: &str, user: &str, number: u32, value: &[u8]) -> Result<(), RowError> {
    let id = enrollment_id(host, user)?;
    decode::<CommandRow>(value)?
        .into_record(id, number)
        .map(drop)
}

fn enrollment_id(host: &str, user: &str) -> Result<EnrollmentId, RowError> {
    let host = HostId::parse(host)?;
    Ok(match user {
        "" => EnrollmentId::device(host),
        user => EnrollmentId::user(host, user)?,
    })
}

/// What is in a document is known to its writer; the era and the settings of built-in profiles are
/// ours.
fn document(number: u8, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let space = Space::ALL.into_iter().find(|it| it.number() == number);
    let Some(space) = space else {
        let error = RowError::content("there is no such space");
        let key = RowKey::Document(number, key).shown();
        return Err(corrupt(TableId::Documents.name(), key, error));
    };
    check_size(space, key, Some(value))?;
    if (space, key) == (Space::Setting, era::KEY) {
        era::decode(Some(value))?;
    }
    if space == Space::BuiltIn {
        let (key, value) = (key.to_vec(), value.to_vec());
        builtin::record(&Document { key, value })?;
    }
    Ok(())
}
