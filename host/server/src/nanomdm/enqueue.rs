//! Taking a command for many enrollments.
//!
//! Knows nothing of pushing. Invariants: whatever is taken is taken in one commit; a command that
//! an enrollment has already, or had, is not given to it a second time.

use mooring_drift::desired::Transport;
use mooring_drift::policy::Timestamp;
use mooring_drift::state::Phase;
use mooring_mdm::command::{RAW_COMMAND_LIMITS, RawCommand, RawCommandError};
use mooring_mdm::ids::EnrollmentId;
use mooring_mdm::plist::{NodeRef, read_xml};
use mooring_store::{
    Change, DOCUMENT_KEY_BYTES_MAX, EnrollmentRecord, Expected, Space, StoreError,
};
use sha2::{Digest, Sha256};

use super::{ApiResult, Commands, Targets, Turn};
use crate::core::Core;
use crate::device::queue::{CommandResult, WaitingCommand, result_key, waiting_key};
use crate::device::{chain, installs_secrets, transport};
use crate::documents;
use crate::enrollment::ENROLLMENT_IDENTIFIER;

/// Commands that may wait for one enrollment. A device that does not come for them in weeks will
/// not need more than the newest when it does.
pub const QUEUE_MAX: usize = 1000;

/// Why a command is taken for nobody.
#[derive(Debug, thiserror::Error)]
pub enum EnqueueError {
    /// It is no command.
    #[error(transparent)]
    Command(#[from] RawCommandError),
    /// It would end the enrollment.
    #[error(
        "the command would remove {ENROLLMENT_IDENTIFIER}, which is the enrollment itself; \
         remove the host instead"
    )]
    RemovesEnrollment,
    /// The store failed.
    #[error("the store failed; nothing is promised, try again")]
    Store(#[from] StoreError),
}

/// A command to be taken.
struct Wanted<'a> {
    command: RawCommand,
    body: &'a [u8],
    digest: [u8; 32],
    has_secrets: bool,
    now: Timestamp,
}

/// What an enrollment does with it.
enum Place {
    /// It is the next in its queue, under this number.
    Next(u64),
    /// It has it already.
    Known,
    /// It cannot have it, for this reason.
    Refused(String),
}

impl Commands {
    /// Takes a command, an XML property list with `CommandUUID` and `Command`, for each of the
    /// enrollments that can have it; what is wrong with the others is in the result.
    ///
    /// # Errors
    /// [`EnqueueError`] if it is taken for nobody.
    pub fn enqueue(
        &self,
        core: &Core,
        targets: &Targets,
        body: &[u8],
    ) -> Result<ApiResult, EnqueueError> {
        let wanted = Wanted {
            command: readable(body)?,
            body,
            digest: Sha256::digest(body).into(),
            has_secrets: installs_secrets(body),
            now: core.clock.now(),
        };
        let mut result = ApiResult {
            command_uuid: Some(wanted.command.uuid.to_string()),
            request_type: Some(wanted.command.request_type.clone()),
            ..ApiResult::default()
        };
        for (id, reason) in &targets.refused {
            result.of(id).command_error = Some(reason.clone());
        }
        let due = {
            let mut turn = self.turn();
            turn.sweep_if_due(core);
            let taken = turn.take(core, targets, &wanted, &mut result)?;
            turn.due_for_prune(taken)
        };
        for id in &due {
            core.prune_results(id);
        }
        Ok(result)
    }
}

impl Turn {
    /// Takes the command for whoever can have it, and says who that is.
    fn take<'a>(
        &mut self,
        core: &Core,
        targets: &'a Targets,
        wanted: &Wanted<'_>,
        result: &mut ApiResult,
    ) -> Result<Vec<&'a EnrollmentId>, StoreError> {
        let mut taken = Vec::new();
        let mut changes = Vec::new();
        for id in &targets.ids {
            match self.place(core, id, wanted) {
                Ok(Place::Next(number)) => {
                    let waiting = wanted.waiting();
                    changes.push(documents::create(&waiting_key(id, number), &waiting)?);
                    taken.push(id);
                }
                Ok(Place::Known) => {}
                Ok(Place::Refused(reason)) => result.of(id).command_error = Some(reason),
                Err(error) => {
                    tracing::error!(enrollment = %id, error = %chain(&error), "a queue cannot be read");
                    let text = "its records cannot be read; the log says why".to_owned();
                    result.of(id).command_error = Some(text);
                }
            }
        }
        if taken.is_empty() {
            return Ok(taken);
        }
        changes.push(Change::Document {
            space: Space::RawBody,
            key: wanted.digest.to_vec(),
            value: Some(wanted.body.to_vec()),
            expected: Expected::Any,
        });
        // Before the commit, so that no device which comes right after it misses its queue.
        for id in &taken {
            core.note_queue(id, true);
        }
        core.store.commit(changes)?;
        let (uuid, request_type) = (&wanted.command.uuid, &wanted.command.request_type);
        tracing::info!(%uuid, request_type, enrollments = taken.len(), "a command was taken");
        Ok(taken)
    }

    fn place(
        &mut self,
        core: &Core,
        id: &EnrollmentId,
        wanted: &Wanted<'_>,
    ) -> Result<Place, StoreError> {
        let host = core.host(id.host())?;
        let mut records = host.iter().flat_map(|host| &host.enrollments);
        let record = records.find(|record| record.id == *id);
        if let Some(reason) = unfit(host.as_ref().and_then(crate::device::device_record), record) {
            return Ok(Place::Refused(reason.to_owned()));
        }
        let is_private = host
            .as_ref()
            .is_some_and(|host| transport(host) == Transport::Private);
        if !is_private && wanted.has_secrets {
            let text = "it would install a profile with secrets, which others could read on the \
                        way to this host; push it as a profile, or use mtls";
            return Ok(Place::Refused(text.to_owned()));
        }
        let uuid = &wanted.command.uuid;
        let key = result_key(id, uuid);
        if key.len() > DOCUMENT_KEY_BYTES_MAX {
            let text = "its CommandUUID is too long for an enrollment with so long an id";
            return Ok(Place::Refused(text.to_owned()));
        }
        let queue = core.queue(id)?;
        let (mut last, mut count, mut waits) = (None, 0, None);
        for (key, command) in queue.commands() {
            count += 1;
            last = number_of(key).or(last);
            if command.uuid == *uuid {
                waits = Some(command.body);
            }
        }
        let known = match waits {
            Some(body) => Some(body),
            None => {
                documents::read::<CommandResult>(&*core.store, &key)?.map(|read| read.document.body)
            }
        };
        Ok(match known {
            Some(body) if body == wanted.digest => Place::Known,
            Some(_) => Place::Refused(format!(
                "another command with the CommandUUID {uuid} was taken before; choose a new one"
            )),
            None if count >= QUEUE_MAX => Place::Refused(format!(
                "{count} commands wait for it already; it has to come for them, or clear its queue"
            )),
            None => {
                let next = self.next.max(last.map_or(1, |last| last + 1));
                self.next = next + 1;
                Place::Next(next)
            }
        })
    }
}

impl Wanted<'_> {
    fn waiting(&self) -> WaitingCommand {
        WaitingCommand {
            uuid: self.command.uuid.clone(),
            request_type: self.command.request_type.clone(),
            body: self.digest,
            queued_at: self.now,
            sent_at: None,
            put_off_at: None,
        }
    }
}

/// Why an enrollment can have no commands, if so.
fn unfit(
    device: Option<&EnrollmentRecord>,
    record: Option<&EnrollmentRecord>,
) -> Option<&'static str> {
    let Some(record) = record else {
        return Some("it is not an enrollment here");
    };
    if device.is_some_and(|device| device.access.is_blocked) {
        return Some("its host is blocked");
    }
    match record.sync.phase {
        Phase::CheckedOut => Some("it has checked out"),
        Phase::Authenticated | Phase::Enrolled => None,
    }
}

/// The number in the key of a waiting command.
fn number_of(key: &[u8]) -> Option<u64> {
    let (_, number) = key.split_last_chunk::<8>()?;
    Some(u64::from_be_bytes(*number))
}

fn readable(body: &[u8]) -> Result<RawCommand, EnqueueError> {
    let command = RawCommand::parse(body)?;
    if command.request_type == "RemoveProfile" {
        let read = read_xml(body, &RAW_COMMAND_LIMITS).map_err(RawCommandError::Plist)?;
        let of_command = read.document.root().get("Command");
        let identifier = of_command.and_then(|command| command.get("Identifier"));
        if identifier.and_then(NodeRef::as_str) == Some(ENROLLMENT_IDENTIFIER) {
            return Err(EnqueueError::RemovesEnrollment);
        }
    }
    Ok(command)
}
