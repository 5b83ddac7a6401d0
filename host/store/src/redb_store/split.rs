//! Raising schema 3 to 4: the row of an enrollment becomes two, a hot and a cold one.
//!
//! Knows nothing of who asked for it. Invariant: all in the transaction of whoever asked, so a row
//! that cannot be read leaves the file as it was; memory is bounded by [`PAGE`] rows.

use std::sync::Arc;

use mooring_mdm::ids::HostId;
use redb::{ReadableTable, StorageError, WriteTransaction};

use super::assemble::{Sets, channel_id};
use super::codec::{EnrollmentRow, decode, encode_cold, encode_hot};
use super::fault::{ReadError, backend};
use super::read::name;
use super::schema::{ENROLLMENTS, JOURNAL, SETS, SYNC};
use super::sets::{SetCache, SetReader};
use crate::StoreError;
use crate::record::EnrollmentRecord;

/// Rows that are read before they are written: a table cannot be read while it is written.
const PAGE: usize = 1000;

const DOING: &str = "raising the schema from 3 to 4";

/// One enrollment under its key.
type Keyed = (String, String, EnrollmentRecord);

/// Splits every row of `enrollments`.
///
/// # Errors
/// [`StoreError::Corrupt`], naming a row that cannot be read.
pub(super) fn split_enrollments(transaction: &WriteTransaction) -> Result<(), StoreError> {
    let mut enrollments = transaction
        .open_table(ENROLLMENTS)
        .map_err(backend(DOING))?;
    let mut hot_rows = transaction.open_table(SYNC).map_err(backend(DOING))?;
    drop(transaction.open_table(JOURNAL).map_err(backend(DOING))?);
    let sets = transaction.open_table(SETS).map_err(backend(DOING))?;
    let cache = Arc::<SetCache>::default();
    let sets = SetReader::new(&cache, &sets);
    let mut last = (String::new(), String::new());
    let mut is_begun = false;
    loop {
        let page = page(&enrollments, &last, is_begun, &sets)?;
        let Some((host, user, _)) = page.last() else {
            return Ok(());
        };
        (last, is_begun) = ((host.clone(), user.clone()), true);
        for (host, user, record) in &page {
            let key = (host.as_str(), user.as_str());
            let (cold, digest) = encode_cold(record);
            let hot = encode_hot(record, record.revision, digest);
            let mut write = || -> Result<(), StorageError> {
                enrollments.insert(key, (record.revision, cold.as_slice()))?;
                hot_rows.insert(key, hot.as_slice())?;
                Ok(())
            };
            write().map_err(backend(DOING))?;
        }
    }
}

/// The rows behind `last`, or the first.
fn page(
    table: &impl ReadableTable<(&'static str, &'static str), (u64, &'static [u8])>,
    last: &(String, String),
    is_begun: bool,
    sets: &dyn Sets,
) -> Result<Vec<Keyed>, StoreError> {
    let from = (last.0.as_str(), last.1.as_str());
    let rows = table
        .range::<(&str, &str)>(from..)
        .map_err(backend(DOING))?;
    let mut page = Vec::new();
    for row in rows.skip(usize::from(is_begun)).take(PAGE) {
        let (key, value) = row.map_err(backend(DOING))?;
        let ((host, user), (revision, bytes)) = (key.value(), value.value());
        let record = record(host, user, revision, bytes, sets);
        let record = record.map_err(|error| error.named("enrollments", name(host, user)))?;
        page.push((host.to_owned(), user.to_owned(), record));
    }
    Ok(page)
}

fn record(
    host: &str,
    user: &str,
    revision: u64,
    bytes: &[u8],
    sets: &dyn Sets,
) -> Result<EnrollmentRecord, ReadError> {
    let id = channel_id(&HostId::parse(host)?, user)?;
    let row = decode::<EnrollmentRow>(bytes)?;
    let (observed, delivered) = row.earlier_sets()?;
    let observed = observed.map(|id| sets.set(id)).transpose()?;
    let delivered = sets.set(delivered)?;
    Ok(row.into_earlier_record(id, revision, observed, delivered)?)
}

/// Only tests write rows of schema 3.
#[cfg(test)]
pub(crate) fn earlier_row(record: &EnrollmentRecord) -> Vec<u8> {
    super::codec::encode(&EnrollmentRow::earlier(record))
}
