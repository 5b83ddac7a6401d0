//! An enrollment's queue: shown and cleared.
//!
//! Knows nothing of what commands mean. Invariant: the command in flight stays in the queue, since
//! the device has it and will report on it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_drift::command::Command;
use mooring_mdm::ids::{CommandUuid, EnrollmentId};
use mooring_store::{Change, EnrollmentRecord, Expected, Space, StoreError};
use serde::{Deserialize, Serialize};

use super::{Commands, QueueError, record_of};
use crate::clock::rfc3339;
use crate::core::Core;
use crate::device::queue::{Queue, WaitingCommand, ended_by};
use crate::limits::CONFLICT_RETRIES_MAX;

/// Commands on one page.
const QUEUE_PAGE: usize = 100;
/// Bytes of commands on one page; one command is always there.
const BODIES_PAGE_BYTES: usize = 8 * 1024 * 1024;

/// Which part of a queue to show.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueQuery {
    /// Those behind this command.
    pub after: Option<String>,
    /// Whether with the commands' bytes.
    pub with_bodies: bool,
}

/// `GET /v1/queue/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueListing {
    /// Oldest first.
    pub commands: Vec<WaitingEntry>,
    /// What to pass as `after` for the next page, if there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<String>,
}

/// A command that waits, or that the device has and has not reported on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingEntry {
    /// `CommandUUID`.
    pub command_uuid: String,
    /// `RequestType`.
    pub request_type: String,
    /// When it was taken.
    pub queued_at: String,
    /// When the device last got it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sent_at: Option<String>,
    /// When the device last said that it is busy.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub put_off_at: Option<String>,
    /// Whether the device has it now.
    pub is_in_flight: bool,
    /// Its bytes in base64, if they were asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub command: Option<String>,
}

/// `DELETE /v1/queue/{id}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cleared {
    /// Commands that were taken out.
    pub cleared: usize,
    /// Commands that stay, since the device has them: 0 or 1.
    pub in_flight: usize,
}

impl Core {
    /// A page of an enrollment's queue.
    ///
    /// # Errors
    /// [`QueueError`] if there is no such enrollment, or the store fails.
    pub fn command_queue(
        &self,
        id: &EnrollmentId,
        query: &QueueQuery,
    ) -> Result<QueueListing, QueueError> {
        let record = record_of(self, id)?;
        let in_flight = in_flight(&record);
        let queue = Queue::read(&*self.store, id)?;
        let all: Vec<_> = queue.commands().map(|(_, command)| command).collect();
        let after = query.after.as_deref();
        let from = after.and_then(|uuid| all.iter().position(|one| one.uuid.as_str() == uuid));
        let mut rest = all.iter().skip(from.map_or(0, |at| at + 1)).peekable();
        let (mut commands, mut bytes) = (Vec::new(), 0);
        while let Some(command) = rest.peek() {
            let body = self.body_of(command, query.with_bodies)?;
            bytes += body.as_ref().map_or(0, Vec::len);
            let is_full = commands.len() >= QUEUE_PAGE || bytes > BODIES_PAGE_BYTES;
            if is_full && !commands.is_empty() {
                break;
            }
            let is_in_flight = in_flight == Some(&command.uuid);
            commands.push(entry(command, is_in_flight, body.as_deref()));
            rest.next();
        }
        let last = commands.last().filter(|_| rest.peek().is_some());
        Ok(QueueListing {
            next: last.map(|entry| entry.command_uuid.clone()),
            commands,
        })
    }

    fn body_of(
        &self,
        command: &WaitingCommand,
        is_wanted: bool,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        if is_wanted {
            mooring_store::document(&*self.store, Space::RawBody, &command.body)
        } else {
            Ok(None)
        }
    }
}

impl Commands {
    /// Takes every command but the one in flight out of an enrollment's queue. What was taken out
    /// has the result `Cleared`.
    ///
    /// # Errors
    /// [`QueueError`] if there is no such enrollment, or the store fails.
    pub fn clear(&self, core: &Core, id: &EnrollmentId) -> Result<Cleared, QueueError> {
        let _turn = self.turn();
        for _ in 0..CONFLICT_RETRIES_MAX {
            let record = record_of(core, id)?;
            let in_flight = in_flight(&record);
            let queue = Queue::read(&*core.store, id)?;
            let (mut changes, mut cleared, mut kept) = (Vec::new(), 0, 0);
            for (key, command) in queue.commands() {
                if in_flight == Some(&command.uuid) {
                    kept += 1;
                    continue;
                }
                cleared += 1;
                changes.extend(guarded(core, id, key, command)?);
            }
            if changes.is_empty() {
                return Ok(Cleared {
                    cleared,
                    in_flight: kept,
                });
            }
            match core.store.commit(changes) {
                Ok(()) => {
                    tracing::info!(enrollment = %id, cleared, "a queue was cleared");
                    return Ok(Cleared {
                        cleared,
                        in_flight: kept,
                    });
                }
                // The device got one of them meanwhile.
                Err(StoreError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(QueueError::Busy(id.clone()))
    }
}

/// The end of a command, if it still is as it was read: a device that got it meanwhile keeps it.
fn guarded(
    core: &Core,
    id: &EnrollmentId,
    key: &[u8],
    command: &WaitingCommand,
) -> Result<[Change; 2], StoreError> {
    let [_, result] = ended_by(id, key, command, "Cleared", None, core.clock.now())?;
    let stored = mooring_store::document(&*core.store, Space::RawCommand, key)?;
    let is_same = stored.as_deref().is_some_and(|bytes| {
        serde_json::from_slice::<WaitingCommand>(bytes).is_ok_and(|stored| stored == *command)
    });
    let expected = match stored {
        Some(bytes) if is_same => Expected::Same(bytes),
        // It changed since the queue was read: this cannot hold, and all is decided anew.
        Some(_) | None => Expected::Same(Vec::new()),
    };
    let delete = Change::Document {
        space: Space::RawCommand,
        key: key.to_vec(),
        value: None,
        expected,
    };
    Ok([delete, result])
}

fn in_flight(record: &EnrollmentRecord) -> Option<&CommandUuid> {
    match &record.sync.in_flight.as_ref()?.command {
        Command::Raw { uuid, .. } => Some(uuid),
        Command::ProfileList
        | Command::DeviceInformation
        | Command::InstallProfile { .. }
        | Command::RemoveProfile { .. }
        | Command::RenewIdentity { .. } => None,
    }
}

fn entry(command: &WaitingCommand, is_in_flight: bool, body: Option<&[u8]>) -> WaitingEntry {
    WaitingEntry {
        command_uuid: command.uuid.to_string(),
        request_type: command.request_type.clone(),
        queued_at: rfc3339(command.queued_at),
        sent_at: command.sent_at.map(rfc3339),
        put_off_at: command.put_off_at.map(rfc3339),
        is_in_flight,
        command: body.map(|body| STANDARD.encode(body)),
    }
}
