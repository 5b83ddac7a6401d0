//! Errors of redb and of rows, turned into the store's own.
//!
//! Knows nothing of what was being read. Invariant: the source is kept, and a damaged row is
//! named by its table and key.

use std::fmt::Display;

use mooring_mdm::ids::IdError;

use crate::error::BackendError;
use crate::{RowError, StoreError};

/// Turns an error of redb into the store's.
pub(super) fn backend<E: Into<redb::Error>>(doing: &'static str) -> impl Fn(E) -> StoreError {
    move |error| StoreError::Backend {
        doing,
        source: BackendError::new(error),
    }
}

/// A damaged row.
pub(super) fn corrupt(table: &'static str, key: impl Display, source: RowError) -> StoreError {
    StoreError::Corrupt {
        table,
        key: key.to_string(),
        source,
    }
}

/// Why a row could not be turned into a record, before anybody said which row it was.
pub(super) enum ReadError {
    /// The row itself.
    Row(RowError),
    /// The store underneath.
    Store(StoreError),
}

impl ReadError {
    /// The error, with the row's name if it is about the row.
    pub(super) fn named(self, table: &'static str, key: impl Display) -> StoreError {
        match self {
            Self::Row(error) => corrupt(table, key, error),
            Self::Store(error) => error,
        }
    }
}

impl From<RowError> for ReadError {
    fn from(error: RowError) -> Self {
        Self::Row(error)
    }
}

impl From<IdError> for ReadError {
    fn from(error: IdError) -> Self {
        Self::Row(error.into())
    }
}

impl From<StoreError> for ReadError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<redb::StorageError> for ReadError {
    fn from(error: redb::StorageError) -> Self {
        Self::Store(backend("reading")(error))
    }
}
