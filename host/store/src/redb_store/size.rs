//! What tables take of the file.
//!
//! Knows nothing of rows. Invariant: whole pages are counted, filled or not, since that is what the
//! disk gives.

use redb::{Key, ReadTransaction, ReadableTableMetadata, TableDefinition, Value};

use super::fault::backend;
use super::schema::{HOSTS, JOURNAL, SETS, SYNC};
use crate::StoreError;

/// The bytes of the sync state of all hosts.
pub(super) fn sync_bytes(snapshot: &ReadTransaction) -> Result<u64, StoreError> {
    Ok(bytes(snapshot, SYNC)? + bytes(snapshot, SETS)? + bytes(snapshot, JOURNAL)?)
}

/// The hosts whose rows are in their table.
pub(super) fn host_count(snapshot: &ReadTransaction) -> Result<u64, StoreError> {
    let doing = "counting hosts";
    let table = snapshot.open_table(HOSTS).map_err(backend(doing))?;
    table.len().map_err(backend(doing))
}

fn bytes<K: Key + 'static, V: Value + 'static>(
    snapshot: &ReadTransaction,
    table: TableDefinition<'_, K, V>,
) -> Result<u64, StoreError> {
    let doing = "measuring a table";
    let table = snapshot.open_table(table).map_err(backend(doing))?;
    let stats = table.stats().map_err(backend(doing))?;
    Ok(stats.stored_bytes() + stats.metadata_bytes() + stats.fragmented_bytes())
}
