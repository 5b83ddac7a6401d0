//! The command history: what was handed out, and how it ended.
//!
//! Knows nothing of decisions. Invariant: a command is written when it is handed out and once
//! more when it ends, in the same commits as the state.

use mooring_drift::command::{Command, CommandNames, Number};
use mooring_drift::policy::Timestamp;
use mooring_drift::state::InFlight;
use mooring_drift::step::{Closing, Step};
use mooring_store::{Change, CommandOutcome, CommandRecord, EnrollmentRecord};

/// The records that a step of `record` adds or changes.
pub(super) fn records(
    record: &EnrollmentRecord,
    step: &Step,
    names: &CommandNames,
    now: Timestamp,
) -> Vec<Change> {
    let mut changes = Vec::new();
    if let Some((in_flight, closing)) = &step.closed
        && let Some(mut ended) = opened(record, record.sync.epoch, in_flight, names)
    {
        ended.closed_at = Some(now);
        ended.outcome = Some(outcome(closing));
        changes.push(Change::Command(ended));
    }
    if let Some(in_flight) = &step.state.in_flight
        && in_flight.sequence > record.sync.sequence
    {
        let opened = opened(record, step.state.epoch, in_flight, names);
        changes.extend(opened.map(Change::Command));
    }
    changes
}

/// The record of a command that a new epoch or a check-out ended without a report.
pub(super) fn dropped(
    record: &EnrollmentRecord,
    step: &Step,
    names: &CommandNames,
    now: Timestamp,
) -> Vec<Change> {
    let Some(in_flight) = &record.sync.in_flight else {
        return Vec::new();
    };
    if step.state.in_flight.is_some() {
        return Vec::new();
    }
    let Some(mut ended) = opened(record, record.sync.epoch, in_flight, names) else {
        return Vec::new();
    };
    ended.closed_at = Some(now);
    ended.outcome = Some(CommandOutcome::Lost);
    vec![Change::Command(ended)]
}

/// The record of a command of ours; those of others have a history of their own.
fn opened(
    record: &EnrollmentRecord,
    epoch: u32,
    in_flight: &InFlight,
    names: &CommandNames,
) -> Option<CommandRecord> {
    let request_type = in_flight.command.request_type()?;
    let identifier = match &in_flight.command {
        Command::RenewIdentity { identifier } => Some(identifier),
        Command::ProfileList
        | Command::DeviceInformation
        | Command::InstallProfile { .. }
        | Command::RemoveProfile { .. }
        | Command::Raw { .. } => in_flight.command.identifier(),
    };
    let profile_version = match &in_flight.command {
        Command::InstallProfile { revision, .. } => Some(revision.version),
        Command::RemoveProfile { .. }
        | Command::ProfileList
        | Command::DeviceInformation
        | Command::RenewIdentity { .. }
        | Command::Raw { .. } => None,
    };
    let sequence = in_flight.sequence;
    let era = record.sync.era;
    Some(CommandRecord {
        enrollment: record.id.clone(),
        sequence,
        uuid: names.name(&record.id, epoch, Number { era, sequence }),
        request_type,
        identifier: identifier.cloned(),
        profile_version,
        sent_at: in_flight.at,
        closed_at: None,
        outcome: None,
    })
}

fn outcome(closing: &Closing) -> CommandOutcome {
    match closing {
        Closing::Acknowledged => CommandOutcome::Acknowledged,
        Closing::Failed(reason) => CommandOutcome::Failed(reason.clone()),
        Closing::NotNow => CommandOutcome::NotNow,
        Closing::Lost => CommandOutcome::Lost,
    }
}
