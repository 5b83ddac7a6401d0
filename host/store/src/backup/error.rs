//! Why a backup could not be made or used.
//!
//! Knows nothing of HTTP or logs. Invariant: every error names the file or the row that is meant
//! and keeps its source; none shows what a row or a file holds.

use std::io;
use std::path::PathBuf;

use super::{BACKUP_FILE_BYTES_MAX, BACKUP_FILES_MAX};
use crate::StoreError;

/// Why a backup could not be made or used.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The store that is backed up, or the one that is made, failed, or a row cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be used.
    #[error("{} cannot be {doing}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
    /// There is a file where one is to be made.
    #[error("{} exists already, and is left as it is", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// A file that the backup holds is there already, with other content.
    #[error(
        "{} exists already and is not the same as in the backup; move it away first",
        path.display()
    )]
    Differs {
        /// The file.
        path: PathBuf,
    },
    /// The file is something else than a backup.
    #[error("{} is no backup", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The backup was made by a newer release.
    #[error(
        "the backup {} has format {found}, this release reads format {supported}; \
         use the newer release that made it",
        path.display()
    )]
    NewerFormat {
        /// The file.
        path: PathBuf,
        /// What the file has.
        found: u16,
        /// The one that this release reads.
        supported: u16,
    },
    /// The end of the file is missing.
    #[error("the backup {} is cut: its end is missing", path.display())]
    Cut {
        /// The file.
        path: PathBuf,
    },
    /// The file is not what was written.
    #[error(
        "the backup {} is damaged: it does not have the SHA-256 that stands at its end",
        path.display()
    )]
    Altered {
        /// The file.
        path: PathBuf,
    },
    /// The file was written as it is, but not by this program.
    #[error("the backup {} is not in order: {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A row is larger than a backup can hold.
    #[error("row {key} of table {table} is too large for a backup")]
    RowTooLarge {
        /// The table.
        table: &'static str,
        /// The row's key, named for a person.
        key: String,
    },
    /// What was written is not what was read.
    #[error("table {table} was not written as it was read; is the disk in order?")]
    NotTheSame {
        /// The table.
        table: &'static str,
    },
    /// A file beside the store is too large to be added, or there are too many.
    #[error(
        "{} cannot be added: at most {BACKUP_FILES_MAX} files of at most {BACKUP_FILE_BYTES_MAX} \
         bytes are accepted",
        path.display()
    )]
    FileTooLarge {
        /// The file.
        path: PathBuf,
    },
    /// The backup holds a file of which this release knows nothing.
    #[error("the backup holds a file {name:?}, which is none of this release's")]
    UnknownFile {
        /// Its name.
        name: String,
    },
}

impl BackupError {
    /// Adds the file and what was tried to a reason of the system.
    pub(super) fn file(
        path: &std::path::Path,
        doing: &'static str,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            path,
            doing,
            source,
        }
    }
}
