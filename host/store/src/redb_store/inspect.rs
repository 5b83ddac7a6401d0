//! Whether rows that were copied can be read.
//!
//! Knows nothing of where the rows come from. Invariant: a row that passes here is one that the
//! store reads later; a set must come before the enrollments that refer to it. Memory is bounded by one row, the ids of
//! the sets, and twelve bytes an enrollment.

use std::collections::BTreeSet;

use mooring_drift::policy::Timestamp;
use mooring_drift::set::{ProfileSet, SetId};
use mooring_drift::state::SyncState;
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};

use super::assemble::channel_id;
use super::codec::{
    ColdDigest, CommandRow, EnrollmentRow, FactsRow, HostRow, HotRow, ProfileRow, SetRow,
    VersionRow, cold_digest, decode,
};
use super::fault::corrupt;
use super::rows::{Row, RowKey, TableId};
use super::schema::{KEY_COMMAND_KEY, KEY_INCARNATION, KEY_SCHEMA, SCHEMA, SPLIT_SCHEMA};
use crate::document::check_size;
use crate::record::{EnrollmentRecord, HostFacts};
use crate::{Document, RowError, Space, StoreError, builtin, era};

/// Looks at rows, table by table in the order of [`TableId::ALL`].
pub(crate) struct RowCheck {
    /// The schema of the store that the rows are of.
    schema: u32,
    /// The sets that may be referred to: those seen, and the empty one.
    sets: BTreeSet<SetId>,
    /// The cold rows of enrollments in the order in which they came, each a few bytes.
    cold: Vec<ColdMark>,
    /// How many hot rows came; they come in the same order.
    hot: usize,
}

/// Tells a cold row of an enrollment from another.
#[derive(Clone, Copy, PartialEq, Eq)]
struct ColdMark {
    channel: u32,
    digest: ColdDigest,
}

impl ColdMark {
    fn new(host: &str, user: &str, digest: ColdDigest) -> Self {
        // FNV-1a. The digest of the row tells nearly all; this tells rows that are equal apart.
        let key = host.bytes().chain([0]).chain(user.bytes());
        let channel = key.fold(0x811c_9dc5, |hash: u32, byte| {
            (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
        });
        Self { channel, digest }
    }
}

impl RowCheck {
    /// Before the first row.
    pub(crate) fn new() -> Self {
        Self {
            schema: SCHEMA,
            sets: BTreeSet::from([ProfileSet::empty().id()]),
            cold: Vec::new(),
            hot: 0,
        }
    }

    /// After the last row.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`] if rows are missing.
    pub(crate) fn finish(&self) -> Result<(), StoreError> {
        let last = self.cold.len();
        if self.schema < SPLIT_SCHEMA || self.hot == last {
            return Ok(());
        }
        let error = RowError::content("it has no row in enrollment_sync beside it");
        let key = format!("number {last}");
        Err(corrupt(TableId::Enrollments.name(), key, error))
    }

    /// Reads a row as the store will.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`], naming the row.
    pub(crate) fn check(&mut self, table: TableId, row: &Row<'_>) -> Result<(), StoreError> {
        let outcome = match (table, row.key) {
            (TableId::Meta, RowKey::Text(key)) => self.meta(key, row.value),
            (TableId::Profiles, RowKey::Text(key)) => profile(key, row.value),
            (TableId::Versions, RowKey::Version(key, number)) => version(key, number, row.value),
            (TableId::Raw, RowKey::Version(key, _)) => raw(key),
            (TableId::Sets, RowKey::Set(id)) => self.set(SetId(id), row.value),
            (TableId::Hosts, RowKey::Text(key)) => host(key, row.value),
            (TableId::Facts, RowKey::Text(key)) => facts(key, row),
            (TableId::Enrollments, RowKey::Channel(host, user)) => self.enrollment(host, user, row),
            (TableId::Sync, RowKey::Channel(host, user)) => self.sync(host, user, row.value),
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

    fn meta(&mut self, key: &str, value: &[u8]) -> Result<(), RowError> {
        meta(key, value)?;
        if let (KEY_SCHEMA, Ok(bytes)) = (key, value.try_into()) {
            self.schema = u32::from_be_bytes(bytes);
        }
        Ok(())
    }

    fn enrollment(&mut self, host: &str, user: &str, row: &Row<'_>) -> Result<(), RowError> {
        let id = enrollment_id(host, user)?;
        let decoded = decode::<EnrollmentRow>(row.value)?;
        if self.schema >= SPLIT_SCHEMA {
            let digest = cold_digest(row.value);
            self.cold.push(ColdMark::new(host, user, digest));
            let state = SyncState::new();
            return decoded.complete(&mut EnrollmentRecord::new(id, state, Timestamp(0)));
        }
        let (observed, delivered) = decoded.earlier_sets()?;
        self.refers(observed.iter().chain([&delivered]))?;
        // Which sets they are makes no difference to whether the rest can be read.
        let observed = observed.map(|_| ProfileSet::empty());
        let revision = row.revision.unwrap_or_default();
        decoded
            .into_earlier_record(id, revision, observed, ProfileSet::empty())
            .map(drop)
    }

    fn sync(&mut self, host: &str, user: &str, value: &[u8]) -> Result<(), RowError> {
        let id = enrollment_id(host, user)?;
        let row = HotRow::read(value)?;
        self.refers([&row.delivered()].into_iter().chain(&row.observed()))?;
        let mark = ColdMark::new(host, user, row.cold);
        if self.schema < SPLIT_SCHEMA || self.cold.get(self.hot) != Some(&mark) {
            let what = "the row in enrollments that comes at its place is not the one beside it";
            return Err(RowError::content(what));
        }
        self.hot += 1;
        let observed = row.observed().map(|_| ProfileSet::empty());
        row.to_record(id, ProfileSet::empty(), observed).map(drop)
    }

    fn refers<'s>(&self, sets: impl IntoIterator<Item = &'s SetId>) -> Result<(), RowError> {
        let mut sets = sets.into_iter();
        match sets.find(|set| !self.sets.contains(set)) {
            Some(set) => Err(RowError::SetMissing(*set)),
            None => Ok(()),
        }
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
    Ok(channel_id(&HostId::parse(host)?, user)?)
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
