//! Rows of what an enrollment is at: the command in flight, attempts, schedules.
//!
//! Knows nothing of tables. Invariant: what a row was made from is what it turns back into.

use minicbor::{Decode, Encode};
use mooring_drift::command::Command;
use mooring_drift::desired::Revision;
use mooring_drift::policy::Timestamp;
use mooring_drift::state::{
    Attempts, FailureReason, InFlight, Lost, NextAttempt, NotNow, Periodic, Target,
};
use mooring_mdm::ids::{CommandUuid, PayloadIdentifier, PayloadUuid};

use super::failure::FailureRow;
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
    #[n(4)]
    in_reply_to_raw: Option<String>,
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
    #[n(4)]
    RenewIdentity {
        #[n(0)]
        identifier: String,
    },
    #[n(5)]
    Raw {
        #[n(0)]
        uuid: String,
        #[n(1)]
        request_type: String,
        #[n(2)]
        deliveries: u8,
    },
}

impl From<&Command> for AskRow {
    fn from(command: &Command) -> Self {
        match command {
            Command::ProfileList => Self::ProfileList,
            Command::DeviceInformation => Self::DeviceInformation,
            Command::InstallProfile {
                identifier,
                revision,
            } => Self::InstallProfile {
                identifier: identifier.as_str().to_owned(),
                revision: revision.into(),
            },
            Command::RemoveProfile { identifier } => Self::RemoveProfile {
                identifier: identifier.as_str().to_owned(),
            },
            Command::RenewIdentity { identifier } => Self::RenewIdentity {
                identifier: identifier.as_str().to_owned(),
            },
            Command::Raw {
                uuid,
                request_type,
                deliveries,
            } => Self::Raw {
                uuid: uuid.as_str().to_owned(),
                request_type: request_type.clone(),
                deliveries: *deliveries,
            },
        }
    }
}

impl TryFrom<AskRow> for Command {
    type Error = RowError;
    fn try_from(row: AskRow) -> Result<Self, RowError> {
        Ok(match row {
            AskRow::ProfileList => Self::ProfileList,
            AskRow::DeviceInformation => Self::DeviceInformation,
            AskRow::InstallProfile {
                identifier,
                revision,
            } => Self::InstallProfile {
                identifier: PayloadIdentifier::parse(&identifier)?,
                revision: revision.try_into()?,
            },
            AskRow::RemoveProfile { identifier } => Self::RemoveProfile {
                identifier: PayloadIdentifier::parse(&identifier)?,
            },
            AskRow::RenewIdentity { identifier } => Self::RenewIdentity {
                identifier: PayloadIdentifier::parse(&identifier)?,
            },
            AskRow::Raw {
                uuid,
                request_type,
                deliveries,
            } => Self::Raw {
                uuid: CommandUuid::parse(&uuid)?,
                request_type,
                deliveries,
            },
        })
    }
}

impl From<&InFlight> for InFlightRow {
    fn from(in_flight: &InFlight) -> Self {
        Self {
            sequence: in_flight.sequence,
            asks: (&in_flight.command).into(),
            at: in_flight.at.0,
            in_reply_to: in_flight.in_reply_to,
            in_reply_to_raw: in_flight
                .in_reply_to_raw
                .as_ref()
                .map(CommandUuid::to_string),
        }
    }
}

impl TryFrom<InFlightRow> for InFlight {
    type Error = RowError;
    fn try_from(row: InFlightRow) -> Result<Self, RowError> {
        Ok(Self {
            sequence: row.sequence,
            command: row.asks.try_into()?,
            at: Timestamp(row.at),
            in_reply_to: row.in_reply_to,
            in_reply_to_raw: row
                .in_reply_to_raw
                .as_deref()
                .map(CommandUuid::parse)
                .transpose()?,
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
