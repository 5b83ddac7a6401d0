//! Making the file smaller when most of it is empty.
//!
//! Rows that are deleted or written anew leave pages behind that later ones use, so a file grows to
//! what its busiest hours needed and stays there. Knows nothing of rows. Invariant: nobody is
//! inside the database meanwhile; what it holds is the same before and after.

use redb::Database;

use super::fault::backend;
use super::mount::Mount;
use crate::StoreError;

/// Files below this size are left alone, in bytes.
const FILE_BYTES_MIN: u64 = 64 * 1024 * 1024;
/// How many times as large as its pages in use a file may be. redb doubles a file that has become
/// too small, so twice is what any may be.
const SLACK_MAX: u64 = 4;

const DOING: &str = "compacting the file";

/// Compacts the file if most of it is empty; everybody waits meanwhile, some seconds a gigabyte.
pub(super) fn compact_if_worth_it(mount: &Mount) -> Result<(), StoreError> {
    let bytes = mount.file_bytes()?;
    if bytes < FILE_BYTES_MIN {
        return Ok(());
    }
    let used = mount.with(|mounted| used_bytes(&mounted.database))?;
    if bytes <= SLACK_MAX.saturating_mul(used) {
        return Ok(());
    }
    mount.with_all(|database| database.compact().map(drop).map_err(backend(DOING)))
}

/// The bytes of all pages in use.
fn used_bytes(database: &Database) -> Result<u64, StoreError> {
    let transaction = database.begin_write().map_err(backend(DOING))?;
    let stats = transaction.stats().map_err(backend(DOING))?;
    transaction.abort().map_err(backend(DOING))?;
    let page = u64::try_from(stats.page_size()).unwrap_or(u64::MAX);
    Ok(stats.allocated_pages().saturating_mul(page))
}
