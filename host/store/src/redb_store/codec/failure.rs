//! Rows of why a change did not come about.
//!
//! Knows nothing of tables. Invariant: what a row was made from is what it turns back into.

use minicbor::{Decode, Encode};
use mooring_drift::state::FailureReason;
use mooring_mdm::error_chain::ErrorEntry;

#[derive(Encode, Decode)]
pub(super) enum FailureRow {
    #[n(0)]
    Error(#[n(0)] Vec<ErrorRow>),
    #[n(1)]
    CommandFormatError(#[n(0)] Vec<ErrorRow>),
    #[n(2)]
    NotProven,
    #[n(3)]
    Lost,
    #[n(4)]
    IncompleteList(#[n(0)] String),
    // Since schema 3.
    #[n(5)]
    NotManaged(#[n(0)] Vec<ErrorRow>),
    #[n(6)]
    NoUserChannel,
}

#[derive(Encode, Decode)]
pub(super) struct ErrorRow {
    #[n(0)]
    code: i64,
    #[n(1)]
    domain: String,
    #[n(2)]
    description: String,
}

impl From<&FailureReason> for FailureRow {
    fn from(reason: &FailureReason) -> Self {
        let rows = |chain: &[ErrorEntry]| chain.iter().map(ErrorRow::from).collect();
        match reason {
            FailureReason::Error { chain } => Self::Error(rows(chain)),
            FailureReason::CommandFormatError { chain } => Self::CommandFormatError(rows(chain)),
            FailureReason::NotProven => Self::NotProven,
            FailureReason::Lost => Self::Lost,
            FailureReason::IncompleteList { detail } => Self::IncompleteList(detail.clone()),
            FailureReason::NotManaged { chain } => Self::NotManaged(rows(chain)),
            FailureReason::NoUserChannel => Self::NoUserChannel,
        }
    }
}

impl From<FailureRow> for FailureReason {
    fn from(row: FailureRow) -> Self {
        let chain = |rows: Vec<ErrorRow>| rows.into_iter().map(ErrorEntry::from).collect();
        match row {
            FailureRow::Error(rows) => Self::Error { chain: chain(rows) },
            FailureRow::CommandFormatError(rows) => Self::CommandFormatError { chain: chain(rows) },
            FailureRow::NotProven => Self::NotProven,
            FailureRow::Lost => Self::Lost,
            FailureRow::IncompleteList(detail) => Self::IncompleteList { detail },
            FailureRow::NotManaged(rows) => Self::NotManaged { chain: chain(rows) },
            FailureRow::NoUserChannel => Self::NoUserChannel,
        }
    }
}

impl From<&ErrorEntry> for ErrorRow {
    fn from(entry: &ErrorEntry) -> Self {
        Self {
            code: entry.code,
            domain: entry.domain.clone(),
            description: entry.description.clone(),
        }
    }
}

impl From<ErrorRow> for ErrorEntry {
    fn from(row: ErrorRow) -> Self {
        Self {
            code: row.code,
            domain: row.domain,
            description: row.description,
        }
    }
}
