//! Why a backup was not begun, shown or fetched.
//!
//! Knows nothing of HTTP. Invariant: each text names what is in the way.

use std::io;
use std::path::{Path, PathBuf};

/// Why a backup was not begun, shown or fetched.
#[derive(Debug, thiserror::Error)]
pub enum BackupsError {
    /// One at a time.
    #[error("a backup is being made; wait until it is done")]
    Running,
    /// There is none of that name, or no more.
    #[error("there is no backup {0}; a new one takes the place of the one before it")]
    NotFound(String),
    /// It cannot be fetched.
    #[error("the backup {0} is not done")]
    NotDone(String),
    /// Nothing is there.
    #[error("the backup has {bytes} bytes; there is none at {offset}")]
    Beyond {
        /// What was asked for.
        offset: u64,
        /// Its size.
        bytes: u64,
    },
    /// A file or folder cannot be used.
    #[error("{} cannot be {doing}", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried.
        doing: &'static str,
        /// The system's reason.
        source: io::Error,
    },
}

impl BackupsError {
    /// Adds the file and what was tried to a reason of the system.
    pub(super) fn file(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            path,
            doing,
            source,
        }
    }
}
