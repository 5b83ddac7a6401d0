//! The device side: a message in, a reply out, the commit in between.
//!
//! Knows nothing of sockets. Invariants: the reply leaves only after everything it depends on is
//! durable; a device gets 200, 400 or 503 and nothing else, so no reply can make it unenroll.

mod contact;
mod enrolling;
mod history;

use mooring_mdm::ids::{EnrollmentId, HostId};
use mooring_mdm::message::{Message, MessageError};
use mooring_store::{Change, HostRecord, StoreError};

use crate::core::Core;
use crate::limits::CONFLICT_RETRIES_MAX;

/// What a device is answered. Devices are not API users: this is a type of its own, and it has
/// no way to say 401 or 403, which make a device unenroll.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceReply {
    /// 200 without a body: taken, and nothing to do.
    Empty,
    /// 200 with a command.
    Command(Vec<u8>),
    /// 400: the message cannot be taken. The text is for the log and the person at the wire.
    Refused(String),
    /// 503: the message may be sent again later.
    Unavailable,
}

impl DeviceReply {
    /// The HTTP status of the reply.
    pub fn status(&self) -> u16 {
        match self {
            Self::Empty | Self::Command(_) => 200,
            Self::Refused(_) => 400,
            Self::Unavailable => 503,
        }
    }
}

/// Why a message was not taken.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Message(#[from] MessageError),
    #[error("{0} is not enrolled here; it has to send Authenticate first")]
    NotEnrolled(EnrollmentId),
    #[error("{0} is a user channel; only a device authenticates")]
    UserAuthenticates(EnrollmentId),
    #[error("the host of {0} has as many user channels as are kept; remove the host to start anew")]
    TooManyUsers(EnrollmentId),
    #[error("the store could not keep the message of {enrollment}")]
    Store {
        enrollment: EnrollmentId,
        source: StoreError,
    },
}

/// What to commit and to answer for one message.
struct Decision {
    changes: Vec<Change>,
    reply: DeviceReply,
    is_command_new: bool,
}

impl Decision {
    fn empty() -> Self {
        Self {
            changes: Vec::new(),
            reply: DeviceReply::Empty,
            is_command_new: false,
        }
    }
}

impl Core {
    /// Answers one message of a device.
    pub fn answer_device(&self, body: &[u8]) -> DeviceReply {
        match self.try_answer(body) {
            Ok(reply) => reply,
            Err(refusal @ Refusal::Store { .. }) => {
                tracing::error!(error = %chain(&refusal), "a device's message failed");
                DeviceReply::Unavailable
            }
            Err(refusal) => {
                tracing::info!(reason = %refusal, "a device's message was refused");
                DeviceReply::Refused(refusal.to_string())
            }
        }
    }

    fn try_answer(&self, body: &[u8]) -> Result<DeviceReply, Refusal> {
        let message = Message::decode(body)?;
        let enrollment = match &message {
            Message::CheckIn(checkin) => &checkin.enrollment,
            Message::Connect(connect) => &connect.enrollment,
        };
        let failed = |source| Refusal::Store {
            enrollment: enrollment.clone(),
            source,
        };
        for _ in 0..CONFLICT_RETRIES_MAX {
            let _gate = self.contact_gate();
            let host = self.store.host(enrollment.host()).map_err(failed)?;
            let is_known = host
                .iter()
                .any(|h| h.enrollments.iter().any(|e| e.id == *enrollment));
            let decision = match &message {
                Message::CheckIn(checkin) => self.decide_check_in(checkin, host)?,
                Message::Connect(connect) => self.decide_connect(connect, host)?,
            };
            if decision.changes.is_empty() {
                if is_known {
                    self.saw(enrollment, self.clock.now());
                }
                return Ok(decision.reply);
            }
            match self.store.commit(decision.changes) {
                Ok(()) => {
                    self.saw(enrollment, self.clock.now());
                    if decision.is_command_new {
                        self.count_command();
                    }
                    return Ok(decision.reply);
                }
                // Somebody changed the same record meanwhile: decide anew from what it is now.
                Err(StoreError::Conflict { .. }) => {}
                Err(source) => return Err(failed(source)),
            }
        }
        tracing::warn!(%enrollment, "a message met too many concurrent changes");
        Ok(DeviceReply::Unavailable)
    }
}

fn host_change(host: &HostRecord) -> Change {
    Change::Host {
        id: host.id.clone(),
        attributes: host.attributes.clone(),
        attributes_at: host.attributes_at,
        enrolled_at: host.enrolled_at,
    }
}

fn new_host(id: &HostId, now: mooring_drift::policy::Timestamp) -> HostRecord {
    HostRecord {
        id: id.clone(),
        attributes: mooring_mdm::device::Attributes::default(),
        attributes_at: None,
        enrolled_at: now,
        enrollments: Vec::new(),
    }
}

/// An error with all its causes, for the log.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}
