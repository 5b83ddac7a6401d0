//! Why the store could not do something.
//!
//! Knows nothing of HTTP or logs. Invariant: every error says what was attempted or which row is
//! meant, and keeps its source; all are cheap to clone, since one failed transaction fails
//! everyone whose batch was in it.

use std::path::PathBuf;
use std::sync::Arc;

use mooring_drift::set::SetId;
use mooring_mdm::ids::{HostId, IdError};

use crate::document::{DOCUMENT_KEY_BYTES_MAX, DOCUMENT_VALUE_BYTES_MAX, Space};

/// Why the store could not do something.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// What the batch was made from is no longer what is stored. Nothing of it was written: read
    /// again, decide again, commit again.
    #[error("{what} was changed by someone else meanwhile")]
    Conflict {
        /// The record, named for a person.
        what: String,
    },
    /// The file cannot be opened or created.
    #[error("cannot open the store {}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        source: BackendError,
    },
    /// Another process has the file open.
    #[error(
        "the store {} is in use by another process; stop that server, or choose another folder",
        path.display()
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file was written by a newer release.
    #[error(
        "the store has schema {found}, this release knows schemas up to {supported}; \
         use the newer release that wrote it"
    )]
    NewerSchema {
        /// What the file has.
        found: u32,
        /// The newest that this release reads.
        supported: u32,
    },
    /// The backend failed. After a failed commit it is open whether the batch is stored.
    #[error("the store failed while {doing}")]
    Backend {
        /// What was attempted.
        doing: &'static str,
        /// Why it failed.
        source: BackendError,
    },
    /// A row cannot be read; all others still can.
    #[error("row {key} of table {table} is damaged")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The row's key, named for a person.
        key: String,
        /// What is wrong with it.
        source: RowError,
    },
    /// A document's key is too short or too long. Nothing of the batch was written.
    #[error(
        "a key of the documents {space:?} has {bytes} bytes; \
         1 to {DOCUMENT_KEY_BYTES_MAX} are accepted"
    )]
    DocumentKey {
        /// The document's space.
        space: Space,
        /// Bytes of the key.
        bytes: usize,
    },
    /// A document is too large. Nothing of the batch was written.
    #[error(
        "one of the documents {space:?} has {bytes} bytes; \
         at most {DOCUMENT_VALUE_BYTES_MAX} are accepted"
    )]
    DocumentValue {
        /// The document's space.
        space: Space,
        /// Bytes of the document.
        bytes: usize,
    },
    /// A host would have more labels or values, or longer ones, than a host may. Nothing of the
    /// batch was written.
    #[error("host {host} would have {found} {what}; at most {most} are accepted")]
    HostFacts {
        /// The host.
        host: HostId,
        /// What there is too much of.
        what: &'static str,
        /// How much of it there is.
        found: usize,
        /// How much of it there may be.
        most: usize,
    },
    /// The operating system gave no randomness for a new store's identity.
    #[error("no randomness from the operating system for a new store: {0}")]
    Random(getrandom::Error),
    /// The store's writer has stopped: it panicked, which only a restart mends.
    #[error("the store is closed; restart the server")]
    Closed,
}

/// An error of the database underneath.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct BackendError(Arc<redb::Error>);

impl BackendError {
    pub(crate) fn new(error: impl Into<redb::Error>) -> Self {
        Self(Arc::new(error.into()))
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, thiserror::Error)]
pub enum RowError {
    /// It is not the CBOR that this table holds.
    #[error("it cannot be decoded")]
    Encoding(#[source] Arc<minicbor::decode::Error>),
    /// It has the wrong length.
    #[error("it has {found} bytes instead of {wanted}")]
    Length {
        /// Bytes found.
        found: usize,
        /// Bytes wanted.
        wanted: usize,
    },
    /// It holds a name that cannot be one.
    #[error("it holds a name that is not valid")]
    Id(#[from] IdError),
    /// Its key holds a name that is not even text.
    #[error("its key is not UTF-8")]
    KeyNotText,
    /// It refers to a set that is not there.
    #[error("the set {0:?} is missing")]
    SetMissing(SetId),
    /// The entries of a set are not those that its id was made from.
    #[error("its entries do not have the hash that names it")]
    SetAltered,
    /// It is not the document that its owner keeps there.
    #[error("it cannot be decoded: {0}")]
    Content(String),
    /// It is missing though it is written with the store's creation.
    #[error("it is missing")]
    Missing,
}

impl RowError {
    /// Something in it that its own type refuses.
    pub(crate) fn content(error: impl std::fmt::Display) -> Self {
        Self::Content(error.to_string())
    }
}

impl From<minicbor::decode::Error> for RowError {
    fn from(error: minicbor::decode::Error) -> Self {
        Self::Encoding(Arc::new(error))
    }
}

impl StoreError {
    /// A document that its owner cannot read.
    pub fn unreadable_document(space: Space, key: &[u8], reason: &str) -> Self {
        Self::Corrupt {
            table: "documents",
            key: format!("{space:?} {}", crate::document::shown(key)),
            source: RowError::Content(reason.to_owned()),
        }
    }
}
