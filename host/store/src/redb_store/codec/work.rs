//! Rows of what an enrollment is at: the command in flight, attempts, failures, schedules.
//!
//! Knows nothing of tables. Invariant: what a row was made from is what it turns back into.

use minicbor::{Decode, Encode};
use mooring_drift::command::Command;
use mooring_drift::desired::Revision;
use mooring_drift::policy::Timestamp;
use mooring_drift::state::{
    Attempts, FailureReason, InFlight, Lost, NextAttempt, NotNow, Periodic, Target,
};
use mooring_mdm::error_chain::ErrorEntry;
use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};

use crate::RowError;

#[derive(Encode, Decode)]
pub(super) struct InFlightRow {
    #[n(0)]
    sequence: u32,
    #[n(1)]
    asks: AskRow,
    #[n(2)]
    at: u64,
    #[n(3)]
    in_reply_to: Option<u32>,
}

#[derive(Encode, Decode)]
enum AskRow {
    #[n(0)]
    ProfileList,
    #[n(1)]
    DeviceInformation,
    #[n(2)]
    InstallProfile {
        #[n(0)]
        identifier: String,
        #[n(1)]
        revision: RevisionRow,
    },
    #[n(3)]
    RemoveProfile {
        #[n(0)]
        identifier: String,
    },
}

impl From<&InFlight> for InFlightRow {
    fn from(in_flight: &InFlight) -> Self {
        let asks = match &in_flight.command {
            Command::ProfileList => AskRow::ProfileList,
            Command::DeviceInformation => AskRow::DeviceInformation,
            Command::InstallProfile {
                identifier,
                revision,
            } => AskRow::InstallProfile {
                identifier: identifier.as_str().to_owned(),
                revision: revision.into(),
            },
            Command::RemoveProfile { identifier } => AskRow::RemoveProfile {
                identifier: identifier.as_str().to_owned(),
            },
        };
        Self {
            sequence: in_flight.sequence,
            asks,
            at: in_flight.at.0,
            in_reply_to: in_flight.in_reply_to,
        }
    }
}

impl TryFrom<InFlightRow> for InFlight {
    type Error = RowError;
    fn try_from(row: InFlightRow) -> Result<Self, RowError> {
        let command = match row.asks {
            AskRow::ProfileList => Command::ProfileList,
            AskRow::DeviceInformation => Command::DeviceInformation,
            AskRow::InstallProfile {
                identifier,
                revision,
            } => Command::InstallProfile {
                identifier: PayloadIdentifier::parse(&identifier)?,
                revision: revision.try_into()?,
            },
            AskRow::RemoveProfile { identifier } => Command::RemoveProfile {
                identifier: PayloadIdentifier::parse(&identifier)?,
            },
        };
        Ok(Self {
            sequence: row.sequence,
            command,
            at: Timestamp(row.at),
            in_reply_to: row.in_reply_to,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct RevisionRow {
    #[n(0)]
    version: u32,
    #[n(1)]
    uuid: String,
}

impl From<&Revision> for RevisionRow {
    fn from(revision: &Revision) -> Self {
        Self {
            version: revision.version,
            uuid: revision.uuid.as_str().to_owned(),
        }
    }
}

impl TryFrom<RevisionRow> for Revision {
    type Error = RowError;
    fn try_from(row: RevisionRow) -> Result<Self, RowError> {
        Ok(Self {
            version: row.version,
            uuid: PayloadUuid::parse(&row.uuid)?,
        })
    }
}

/// What should be present; `None` means that nothing should.
fn present(target: &Target) -> Option<RevisionRow> {
    match target {
        Target::Present(revision) => Some(revision.into()),
        Target::Absent => None,
    }
}

fn target(present: Option<RevisionRow>) -> Result<Target, RowError> {
    Ok(match present {
        Some(revision) => Target::Present(revision.try_into()?),
        None => Target::Absent,
    })
}

#[derive(Encode, Decode)]
pub(super) struct LostRow {
    #[n(0)]
    sequence: u32,
    #[n(1)]
    identifier: String,
    #[n(2)]
    present: Option<RevisionRow>,
}

impl From<&Lost> for LostRow {
    fn from(lost: &Lost) -> Self {
        Self {
            sequence: lost.sequence,
            identifier: lost.identifier.as_str().to_owned(),
            present: present(&lost.target),
        }
    }
}

impl TryFrom<LostRow> for Lost {
    type Error = RowError;
    fn try_from(row: LostRow) -> Result<Self, RowError> {
        Ok(Self {
            sequence: row.sequence,
            identifier: PayloadIdentifier::parse(&row.identifier)?,
            target: target(row.present)?,
        })
    }
}

#[derive(Encode, Decode)]
pub(super) struct AttemptsRow {
    #[n(0)]
    present: Option<RevisionRow>,
    #[n(1)]
    failed: u8,
    #[n(2)]
    lost: u8,
    #[n(3)]
    reason: Option<FailureRow>,
    #[n(4)]
    next: NextRow,
    #[n(5)]
    build_version: Option<String>,
}

#[derive(Encode, Decode)]
enum NextRow {
    #[n(0)]
    Now,
    #[n(1)]
    At(#[n(0)] u64),
    #[n(2)]
    Parked,
}

impl From<&Attempts> for AttemptsRow {
    fn from(attempts: &Attempts) -> Self {
        Self {
            present: present(&attempts.target),
            failed: attempts.failed,
            lost: attempts.lost,
            reason: attempts.reason.as_ref().map(FailureRow::from),
            next: match attempts.next {
                NextAttempt::Now => NextRow::Now,
                NextAttempt::At(at) => NextRow::At(at.0),
                NextAttempt::Parked => NextRow::Parked,
            },
            build_version: attempts.build_version.clone(),
        }
    }
}

impl TryFrom<AttemptsRow> for Attempts {
    type Error = RowError;
    fn try_from(row: AttemptsRow) -> Result<Self, RowError> {
        Ok(Self {
            target: target(row.present)?,
            failed: row.failed,
            lost: row.lost,
            reason: row.reason.map(FailureReason::from),
            next: match row.next {
                NextRow::Now => NextAttempt::Now,
                NextRow::At(at) => NextAttempt::At(Timestamp(at)),
                NextRow::Parked => NextAttempt::Parked,
            },
            build_version: row.build_version,
        })
    }
}

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

#[derive(Encode, Decode)]
pub(super) struct NotNowRow {
    #[n(0)]
    is_contact_over: bool,
    #[n(1)]
    tally: u8,
    #[n(2)]
    push_at: u64,
}

impl From<NotNow> for NotNowRow {
    fn from(not_now: NotNow) -> Self {
        Self {
            is_contact_over: not_now.is_contact_over,
            tally: not_now.tally,
            push_at: not_now.push_at.0,
        }
    }
}

impl From<NotNowRow> for NotNow {
    fn from(row: NotNowRow) -> Self {
        Self {
            is_contact_over: row.is_contact_over,
            tally: row.tally,
            push_at: Timestamp(row.push_at),
        }
    }
}

#[derive(Encode, Decode)]
pub(super) struct PeriodicRow {
    #[n(0)]
    answered_at: Option<u64>,
    #[n(1)]
    failed: u8,
    #[n(2)]
    retry_at: Option<u64>,
}

impl From<Periodic> for PeriodicRow {
    fn from(periodic: Periodic) -> Self {
        Self {
            answered_at: periodic.answered_at.map(|at| at.0),
            failed: periodic.failed,
            retry_at: periodic.retry_at.map(|at| at.0),
        }
    }
}

impl From<PeriodicRow> for Periodic {
    fn from(row: PeriodicRow) -> Self {
        Self {
            answered_at: row.answered_at.map(Timestamp),
            failed: row.failed,
            retry_at: row.retry_at.map(Timestamp),
        }
    }
}
