//! Commands that somebody else made: the queue of each channel, and what came of them.
//!
//! Knows nothing of HTTP. Invariants: a channel's commands keep the order in which they were
//! taken; the bytes go to the device exactly as given; one that ended leaves the queue in the
//! commit that keeps its result.

mod era;

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_drift::command::Command;
use mooring_drift::next::QueuedCommand;
use mooring_drift::policy::Timestamp;
use mooring_drift::state::FailureReason;
use mooring_drift::step::{Closing, Step};
use mooring_mdm::ids::{CommandUuid, EnrollmentId};
use mooring_mdm::report::Outcome;
use mooring_store::{Change, DOCUMENTS_PAGE_MAX, KeyRange, Space, Store, StoreError};
use serde::{Deserialize, Serialize};

pub(crate) use era::enter_era;

use crate::core::Core;
use crate::documents::{self, Document, Read};

/// Documents read at once to be deleted. A few, since each report may have megabytes.
const FORGET_PAGE: usize = 16;

/// A command in the queue. Its key is [`waiting_key`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WaitingCommand {
    pub(crate) uuid: CommandUuid,
    pub(crate) request_type: String,
    /// SHA-256 of its bytes, their key in [`Space::RawBody`].
    pub(crate) body: [u8; 32],
    pub(crate) queued_at: Timestamp,
    pub(crate) sent_at: Option<Timestamp>,
    /// When the device last said that it is busy.
    pub(crate) put_off_at: Option<Timestamp>,
}

impl Document for WaitingCommand {
    const SPACE: Space = Space::RawCommand;
}

/// What came of a command. Its key is [`result_key`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CommandResult {
    pub(crate) uuid: CommandUuid,
    pub(crate) request_type: String,
    /// SHA-256 of its bytes.
    pub(crate) body: [u8; 32],
    /// Apple's `Status`, or `Lost` if it was handed out and never reported, or `Cleared`.
    pub(crate) status: String,
    pub(crate) queued_at: Timestamp,
    pub(crate) ended_at: Timestamp,
    /// The device's report in base64, exactly as it came.
    pub(crate) report: Option<String>,
}

impl Document for CommandResult {
    const SPACE: Space = Space::RawResult;
}

/// The first part of a channel's keys.
pub(crate) fn prefix(enrollment: &EnrollmentId) -> Vec<u8> {
    let mut key = enrollment.to_string().into_bytes();
    key.push(0);
    key
}

/// The key of the command with this number in a channel's queue.
pub(crate) fn waiting_key(enrollment: &EnrollmentId, number: u64) -> Vec<u8> {
    let mut key = prefix(enrollment);
    key.extend(number.to_be_bytes());
    key
}

/// The key of a command's result.
pub(crate) fn result_key(enrollment: &EnrollmentId, uuid: &CommandUuid) -> Vec<u8> {
    let mut key = prefix(enrollment);
    key.extend(uuid.as_str().as_bytes());
    key
}

/// The queue of one channel, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    rows: Vec<(Vec<u8>, Read<WaitingCommand>)>,
}

/// What the engine may choose from.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    pub(crate) first: Option<QueuedCommand>,
    pub(crate) fresh: Option<QueuedCommand>,
}

impl Queue {
    /// Reads a channel's queue; at most a page of it.
    pub(crate) fn read(store: &dyn Store, enrollment: &EnrollmentId) -> Result<Self, StoreError> {
        let prefix = prefix(enrollment);
        let range = KeyRange {
            prefix: &prefix,
            ..KeyRange::default()
        };
        let rows = documents::page(store, range, DOCUMENTS_PAGE_MAX)?;
        Ok(Self { rows })
    }

    /// The commands, oldest first, with their keys.
    pub(crate) fn commands(&self) -> impl Iterator<Item = (&[u8], &WaitingCommand)> {
        let rows = self.rows.iter();
        rows.map(|(key, row)| (key.as_slice(), &row.document))
    }

    /// The oldest commands beside the one in flight.
    pub(super) fn choice(&self, in_flight: Option<&Command>) -> Choice {
        let held = in_flight.and_then(raw_uuid);
        let waiting = || {
            self.commands()
                .map(|(_, command)| command)
                .filter(|command| Some(&command.uuid) != held)
        };
        let queued = |command: &WaitingCommand| QueuedCommand {
            uuid: command.uuid.clone(),
            request_type: command.request_type.clone(),
        };
        Choice {
            first: waiting().next().map(queued),
            fresh: waiting()
                .find(|command| command.put_off_at.is_none())
                .map(queued),
        }
    }

    /// The command with this uuid.
    pub(super) fn find(&self, uuid: &CommandUuid) -> Option<(&[u8], &Read<WaitingCommand>)> {
        let mut rows = self.rows.iter();
        let (key, row) = rows.find(|(_, row)| row.document.uuid == *uuid)?;
        Some((key, row))
    }

    /// A report on a command that is not in flight any more: late, but its maker waits for it.
    pub(super) fn late(
        &self,
        enrollment: &EnrollmentId,
        uuid: &CommandUuid,
        outcome: &Outcome,
        report: &[u8],
        now: Timestamp,
    ) -> Result<Vec<Change>, StoreError> {
        let status = match outcome {
            Outcome::Acknowledged(_) => "Acknowledged",
            Outcome::Error(_) => "Error",
            Outcome::CommandFormatError(_) => "CommandFormatError",
            Outcome::NotNow => return Ok(Vec::new()),
        };
        let found = self.find(uuid);
        let Some((key, row)) = found.filter(|(_, row)| row.document.sent_at.is_some()) else {
            return Ok(Vec::new());
        };
        let changes = ended_by(enrollment, key, &row.document, status, Some(report), now)?;
        Ok(changes.into())
    }

    /// What a step changes in the queue.
    pub(super) fn changes(
        &self,
        enrollment: &EnrollmentId,
        step: &Step,
        report: &[u8],
        now: Timestamp,
    ) -> Result<Vec<Change>, StoreError> {
        let mut changes = Vec::new();
        if let Some((ended, closing)) = &step.closed
            && let Some((key, row)) = raw_uuid(&ended.command).and_then(|uuid| self.find(uuid))
        {
            match status(closing) {
                None => {
                    let mut command = row.document.clone();
                    command.put_off_at = Some(now);
                    changes.push(row.clone().replaced_by(key, &command)?);
                }
                Some(status) => {
                    let report = (*closing != Closing::Lost).then_some(report);
                    let command = &row.document;
                    changes.extend(ended_by(enrollment, key, command, status, report, now)?);
                }
            }
        }
        if let Some((_, command)) = &step.reply
            && let Some((key, row)) = raw_uuid(command).and_then(|uuid| self.find(uuid))
        {
            let mut command = row.document.clone();
            command.sent_at = Some(now);
            changes.push(row.clone().replaced_by(key, &command)?);
        }
        Ok(changes)
    }
}

/// Takes a command out of the queue and keeps what came of it.
pub(crate) fn ended_by(
    enrollment: &EnrollmentId,
    key: &[u8],
    command: &WaitingCommand,
    status: &str,
    report: Option<&[u8]>,
    now: Timestamp,
) -> Result<[Change; 2], StoreError> {
    let result = CommandResult {
        uuid: command.uuid.clone(),
        request_type: command.request_type.clone(),
        body: command.body,
        status: status.to_owned(),
        queued_at: command.queued_at,
        ended_at: now,
        report: report.map(|report| STANDARD.encode(report)),
    };
    Ok([
        documents::delete(Space::RawCommand, key),
        documents::put(&result_key(enrollment, &command.uuid), &result)?,
    ])
}

impl Core {
    /// The queue of a channel; most have none, and that costs no reading.
    pub(crate) fn queue(&self, enrollment: &EnrollmentId) -> Result<Queue, StoreError> {
        if self.has_queue(enrollment) {
            Queue::read(&*self.store, enrollment)
        } else {
            Ok(Queue::default())
        }
    }

    /// The bytes of a command in the queue.
    pub(super) fn raw_body(
        &self,
        queue: &Queue,
        uuid: &CommandUuid,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        match queue.find(uuid) {
            Some((_, row)) => {
                mooring_store::document(&*self.store, Space::RawBody, &row.document.body)
            }
            None => Ok(None),
        }
    }

    /// Deletes what waits for a channel, and every result.
    pub(crate) fn forgotten(&self, enrollment: &EnrollmentId) -> Result<Vec<Change>, StoreError> {
        let prefix = prefix(enrollment);
        let mut changes = Vec::new();
        for space in [Space::RawCommand, Space::RawResult] {
            let mut after: Option<Vec<u8>> = None;
            loop {
                let range = KeyRange {
                    prefix: &prefix,
                    after: after.as_deref(),
                    is_reversed: false,
                };
                let page = self.store.documents(space, range, FORGET_PAGE)?;
                let is_last = page.len() < FORGET_PAGE;
                let keys = page.iter().map(|found| &found.key);
                changes.extend(keys.map(|key| documents::delete(space, key)));
                after = page.into_iter().next_back().map(|found| found.key);
                if is_last {
                    break;
                }
            }
        }
        Ok(changes)
    }

    /// What a new epoch or a check-out does to a channel's queue: whatever waits was meant for
    /// the device as it was. What was handed out may have been done, though nobody will know.
    pub(crate) fn cleared(
        &self,
        enrollment: &EnrollmentId,
        now: Timestamp,
    ) -> Result<Vec<Change>, StoreError> {
        let queue = self.queue(enrollment)?;
        let mut changes = Vec::new();
        for (key, command) in queue.commands() {
            let status = status_unreported(command);
            changes.extend(ended_by(enrollment, key, command, status, None, now)?);
        }
        Ok(changes)
    }
}

/// What is said of a command that ends without a report.
fn status_unreported(command: &WaitingCommand) -> &'static str {
    if command.sent_at.is_some() {
        "Lost"
    } else {
        "Cleared"
    }
}

/// Whose queue a key is of.
fn enrollment_of(key: &[u8]) -> Option<EnrollmentId> {
    let text = key.split(|byte| *byte == 0).next()?;
    EnrollmentId::parse(std::str::from_utf8(text).ok()?).ok()
}

fn raw_uuid(command: &Command) -> Option<&CommandUuid> {
    match command {
        Command::Raw { uuid, .. } => Some(uuid),
        Command::ProfileList
        | Command::DeviceInformation
        | Command::InstallProfile { .. }
        | Command::RemoveProfile { .. }
        | Command::RenewIdentity { .. } => None,
    }
}

/// Apple's word for how a command ended; `None` if it did not.
fn status(closing: &Closing) -> Option<&'static str> {
    match closing {
        Closing::Acknowledged => Some("Acknowledged"),
        Closing::Failed(FailureReason::CommandFormatError { .. }) => Some("CommandFormatError"),
        Closing::Failed(
            FailureReason::Error { .. }
            | FailureReason::NotProven
            | FailureReason::Lost
            | FailureReason::NotManaged { .. }
            | FailureReason::NoUserChannel
            | FailureReason::IncompleteList { .. },
        ) => Some("Error"),
        Closing::Lost => Some("Lost"),
        Closing::NotNow => None,
    }
}

/// Every channel for which commands wait.
pub(crate) fn enrollments(store: &dyn Store) -> Result<BTreeSet<EnrollmentId>, StoreError> {
    let mut found = BTreeSet::new();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let range = KeyRange {
            after: after.as_deref(),
            ..KeyRange::default()
        };
        let page = store.documents(Space::RawCommand, range, DOCUMENTS_PAGE_MAX)?;
        let keys = page.iter().map(|document| document.key.as_slice());
        found.extend(keys.filter_map(enrollment_of));
        match page.last() {
            Some(last) if page.len() == DOCUMENTS_PAGE_MAX => after = Some(last.key.clone()),
            Some(_) | None => return Ok(found),
        }
    }
}
