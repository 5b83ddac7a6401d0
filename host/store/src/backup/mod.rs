//! Backups: the whole store and the key files beside it in one file, and a store made of it.
//!
//! Knows nothing of what a row or a file is for. Invariants: a backup is the store as it was at one
//! moment, although the server goes on; it has its name only after it was read back and found
//! equal; all of it is checked before anything is made of it; a store that is made of it has
//! another incarnation and another era, so that no command uuid comes twice and every host is
//! observed anew; a store or a backup that was not finished never has its name.
//!
//! The form of the file is described in `host/docs/DATA.md`.

mod error;
mod format;
mod place;
mod read;
mod restore;
mod tally;
mod write;

use std::collections::BTreeMap;
use std::path::Path;

use mooring_drift::policy::Timestamp;

pub use error::BackupError;
pub use read::{is_backup, read_backup};
#[cfg(test)]
pub(crate) use restore::make_for_tests;
pub use restore::restore;
#[cfg(test)]
pub(crate) use write::write_for_tests;

/// Most files beside the store that a backup holds: a few keys and certificates.
pub const BACKUP_FILES_MAX: usize = 16;

/// Largest of these files, in bytes: a thousand times a key.
pub const BACKUP_FILE_BYTES_MAX: usize = 1024 * 1024;

/// What to back up, and where to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackupRequest<'a> {
    /// The file to make, readable by its owner alone; its folder must exist.
    pub to: &'a Path,
    /// Whether it may take the place of a file that is there.
    pub may_replace: bool,
    /// What the backup says of when it was made.
    pub made_at: Timestamp,
    /// The folder of the files to add.
    pub folder: &'a Path,
    /// Their names, without any folder; those that are not there are left out. At most
    /// [`BACKUP_FILES_MAX`], each of at most [`BACKUP_FILE_BYTES_MAX`] bytes.
    pub files: &'a [&'a str],
}

/// What is in a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BackupSummary {
    /// When it was made.
    pub made_at: Timestamp,
    /// The schema of its rows.
    pub schema: u32,
    /// The incarnation of the store that it was made of.
    pub incarnation: [u8; 16],
    /// How many rows of each table it holds, by the table's name.
    pub rows: BTreeMap<&'static str, u64>,
    /// The names of the other files that it holds.
    pub files: Vec<String>,
    /// Its size.
    pub bytes: u64,
}

/// Where a store is made of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestoreRequest<'a> {
    /// The file of the store; there must be none. The other files of the backup are written beside
    /// it, so its folder must exist and be the owner's alone.
    pub store_file: &'a Path,
    /// The names that those files may have.
    pub files: &'a [&'a str],
}

/// What was made of a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestoreSummary {
    /// The backup.
    pub backup: BackupSummary,
    /// The incarnation of the new store.
    pub incarnation: [u8; 16],
    /// Its era.
    pub era: u32,
}
