//! Records and outlines of hosts, made of the bytes of their rows.
//!
//! Knows nothing of where the bytes lie: in tables, or on their way there. Invariant: a damaged row
//! is reported under its name and never left out or guessed; a channel has both of its rows.

use mooring_drift::set::{ProfileSet, SetId};
use mooring_mdm::ids::{EnrollmentId, HostId, IdError};

use super::codec::{EnrollmentRow, FactsRow, HostRow, HotRow, decode};
use super::fault::{ReadError, corrupt};
use super::read::name;
use crate::record::{
    EnrollmentOutline, EnrollmentRecord, HostFacts, HostOutline, HostRecord, HostSketch,
};
use crate::{RowError, StoreError};

const HOSTS: &str = "hosts";
const FACTS: &str = "host_facts";
const COLD: &str = "enrollments";
const HOT: &str = "enrollment_sync";

/// Where the sets are that rows name.
pub(super) trait Sets {
    /// The set of this name.
    fn set(&self, id: SetId) -> Result<ProfileSet, ReadError>;
}

/// The host that a row of `hosts` is about.
pub(super) fn host_id(text: &str) -> Result<HostId, StoreError> {
    let id = HostId::parse(text);
    id.map_err(|error| corrupt(HOSTS, name(text, ""), error.into()))
}

/// The channel of a host with this user part in its key.
pub(super) fn channel_id(host: &HostId, user: &str) -> Result<EnrollmentId, IdError> {
    match user {
        "" => Ok(EnrollmentId::device(host.clone())),
        user => EnrollmentId::user(host.clone(), user),
    }
}

/// A host of its row, the row of its facts with its revision, and its channels.
pub(super) fn host_record(
    id: HostId,
    row: &[u8],
    facts: Option<(u64, &[u8])>,
    enrollments: Vec<EnrollmentRecord>,
) -> Result<HostRecord, StoreError> {
    let (row, facts) = (host_row(&id, row)?, host_facts(&id, facts)?);
    Ok(row.into_record(id, facts, enrollments))
}

/// The same for an outline.
pub(super) fn host_outline(
    id: HostId,
    row: &[u8],
    facts: Option<(u64, &[u8])>,
    enrollments: Vec<EnrollmentOutline>,
) -> Result<HostOutline, StoreError> {
    let (row, facts) = (host_row(&id, row)?, host_facts(&id, facts)?);
    Ok(row.into_outline(id, facts, enrollments))
}

/// The same for a sketch.
pub(super) fn host_sketch(
    id: HostId,
    row: &[u8],
    facts: Option<(u64, &[u8])>,
) -> Result<HostSketch, StoreError> {
    let (row, facts) = (host_row(&id, row)?, host_facts(&id, facts)?);
    Ok(row.into_outline(id, facts, Vec::new()).into())
}

fn host_row(id: &HostId, row: &[u8]) -> Result<HostRow, StoreError> {
    decode(row).map_err(|error| corrupt(HOSTS, name(id.as_str(), ""), error))
}

fn host_facts(id: &HostId, facts: Option<(u64, &[u8])>) -> Result<HostFacts, StoreError> {
    let Some((revision, row)) = facts else {
        return Ok(HostFacts::default());
    };
    let facts = decode::<FactsRow>(row).and_then(|row| row.into_facts(revision));
    facts.map_err(|error| corrupt(FACTS, name(id.as_str(), ""), error))
}

/// A channel of its two rows.
pub(super) fn enrollment(
    host: &HostId,
    user: &str,
    hot: &[u8],
    cold: &[u8],
    sets: &dyn Sets,
) -> Result<EnrollmentRecord, StoreError> {
    let named = |table| move |error: ReadError| error.named(table, name(host.as_str(), user));
    let read = || {
        let (id, row) = (channel_id(host, user)?, HotRow::read(hot)?);
        let (delivered, observed) = sets_of(&row, sets)?;
        let record = row.to_record(id, delivered, observed)?;
        Ok((row, record))
    };
    let (row, mut record) = read().map_err(named(HOT))?;
    let completed = decode::<EnrollmentRow>(cold).and_then(|row| row.complete(&mut record));
    completed.map_err(|error| named(COLD)(error.into()))?;
    if row.shows(&record) {
        return Ok(record);
    }
    let error = RowError::content("it is not the one that enrollment_sync was written with");
    Err(named(COLD)(error.into()))
}

/// The outline of a channel, of its hot row alone.
pub(super) fn enrollment_outline(
    host: &HostId,
    user: &str,
    hot: &[u8],
    sets: &dyn Sets,
) -> Result<EnrollmentOutline, StoreError> {
    let read = || {
        let (id, row) = (channel_id(host, user)?, HotRow::read(hot)?);
        let (delivered, observed) = sets_of(&row, sets)?;
        Ok(row.into_outline(id, delivered, observed)?)
    };
    read().map_err(|error: ReadError| error.named(HOT, name(host.as_str(), user)))
}

fn sets_of(
    row: &HotRow<'_>,
    sets: &dyn Sets,
) -> Result<(ProfileSet, Option<ProfileSet>), ReadError> {
    let delivered = sets.set(row.delivered())?;
    let observed = match row.observed() {
        Some(id) if id == delivered.id() => Some(delivered.clone()),
        Some(id) => Some(sets.set(id)?),
        None => None,
    };
    Ok((delivered, observed))
}

/// There is a hot row, and no cold one beside it.
pub(super) fn without_cold(host: &str, user: &str) -> StoreError {
    let error = RowError::content("it is missing, though there is one in enrollment_sync");
    corrupt(COLD, name(host, user), error)
}

/// There is a cold row, and no hot one beside it.
pub(super) fn without_hot(host: &str, user: &str) -> StoreError {
    let error = RowError::content("it is missing, though there is one in enrollments");
    corrupt(HOT, name(host, user), error)
}
