//! The device side: a message in, a reply out, the commit in between.
//!
//! Knows nothing of sockets. Invariants: the reply leaves only after everything it depends on is
//! durable; no reply makes a device unenroll but that to a host which an administrator blocked.

mod admission;
mod answer;
mod authenticator;
mod binding;
mod contact;
mod declarative;
mod durable;
mod enrolling;
mod history;
mod migration;
mod payload;
pub(crate) mod queue;
mod replay;
mod reply;
mod speaker;
mod tokens;

use std::collections::BTreeMap;

use mooring_mdm::ids::{Channel, EnrollmentId, HostId};
use mooring_mdm::message::{Message, MessageError};
use mooring_store::{Change, EnrollmentRecord, HostRecord, StoreError};

pub use authenticator::{AuthenticationError, Authenticator, Presented};
pub use binding::Reenroll;
pub use migration::MigrationError;
pub use reply::DeviceReply;
pub use speaker::{DeviceAuth, Speaker, Stamp, UnknownDeviceAuth};

pub(crate) use contact::transport;
pub(crate) use payload::{Payloads, installs_secrets};
pub(crate) use replay::Recent;

use crate::core::Core;
use admission::{Admission, Admitted};
use replay::Sighting;

/// What administrators decide about devices as a whole.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceSettings {
    /// What becomes of an enrolled host that comes with another certificate of an outside CA.
    pub reenroll: Reenroll,
    /// Whether `UserAuthenticate` is answered with an empty challenge instead of being declined.
    pub accepts_user_authenticate: bool,
}

/// One message of a device.
#[derive(Debug)]
pub struct DeviceRequest<'a> {
    /// Its body.
    pub body: &'a [u8],
    /// Who sent it.
    pub speaker: &'a Speaker,
    /// The query of the address that it was sent to, for those who listen to events.
    pub parameters: BTreeMap<String, String>,
}

impl<'a> DeviceRequest<'a> {
    /// A message where devices are not authenticated.
    pub fn from_anyone(body: &'a [u8]) -> Self {
        Self {
            body,
            speaker: &Speaker::Anyone,
            parameters: BTreeMap::new(),
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
    #[error("{enrollment} may not speak here: {reason}")]
    Identity {
        enrollment: EnrollmentId,
        reason: String,
    },
    #[error("{enrollment} asks for a token for {service_type}, and none is set")]
    NoToken {
        enrollment: EnrollmentId,
        service_type: String,
    },
    #[error("the store could not keep the message of {enrollment}")]
    Store {
        enrollment: EnrollmentId,
        source: StoreError,
    },
}

/// What to commit and to answer for one message.
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts about one message, each read in one place"
)]
struct Decision {
    changes: Vec<Change>,
    /// The host that the changes are of, as it was before them, where it is at hand.
    host: Option<HostRecord>,
    reply: DeviceReply,
    is_command_new: bool,
    /// Whether the device proved that this store forgot something.
    is_rolled_back: bool,
    /// Whether the message may quote a secret: then nobody is told of it word by word.
    may_quote: bool,
    /// What is remembered of the channel's messages once this one is dealt with.
    recent: Option<Recent>,
    /// Whether it is no word of the host: somebody else's, or one that was heard before.
    is_ignored: bool,
}

impl Decision {
    fn empty() -> Self {
        Self::reply(DeviceReply::Empty)
    }

    fn reply(reply: DeviceReply) -> Self {
        Self {
            changes: Vec::new(),
            host: None,
            reply,
            is_command_new: false,
            is_rolled_back: false,
            may_quote: false,
            recent: None,
            is_ignored: false,
        }
    }

    /// The answer to a message that is not the host's own, or was answered before.
    fn ignored(reply: DeviceReply) -> Self {
        Self {
            is_ignored: true,
            ..Self::reply(reply)
        }
    }
}

impl Core {
    /// What to commit and answer.
    fn decide(
        &self,
        message: &Message,
        enrollment: &EnrollmentId,
        mut host: Option<HostRecord>,
        request: &DeviceRequest<'_>,
    ) -> Result<Decision, Refusal> {
        let failed = |source| Refusal::Store {
            enrollment: enrollment.clone(),
            source,
        };
        let speaker = request.speaker;
        let known = host.as_ref().and_then(|host| record(host, enrollment));
        let recent = self.recent(enrollment, known);
        let sighting = speaker
            .stamp()
            .map_or(Sighting::New, |s| recent.sighting(s));
        let admission = self.admit(message, enrollment, host.as_ref(), speaker);
        let admitted = match admission.map_err(failed)? {
            Admission::Admitted(admitted) => admitted,
            Admission::Quarantined(changes) => {
                return Ok(Decision {
                    // Somebody who sends again what he saw holds no certificate.
                    changes: Some(changes)
                        .filter(|_| sighting == Sighting::New)
                        .unwrap_or_default(),
                    ..Decision::ignored(DeviceReply::Empty)
                });
            }
            Admission::Dismissed => return Ok(Decision::ignored(DeviceReply::Dismissed)),
            Admission::Refused(reason) => {
                return Err(Refusal::Identity {
                    enrollment: enrollment.clone(),
                    reason,
                });
            }
        };
        // Before anything is answered: how this message came decides what may be in the reply.
        if let (Some(access), Some(host)) = (&admitted.access, &mut host)
            && let Some(device) = host.enrollments.first_mut()
        {
            device.access = access.clone();
        }
        match sighting {
            Sighting::New => {}
            Sighting::Last if matches!(message, Message::Connect(_)) => {
                return self.answer_again(enrollment, host.as_ref(), speaker);
            }
            // Nothing is given out for a check-in that comes again: its answer may be a secret.
            Sighting::Last | Sighting::Earlier => {
                return Ok(Decision::ignored(DeviceReply::Empty));
            }
        }
        let device = host.as_ref().and_then(device_record);
        let device = device.filter(|_| admitted.access.is_some()).cloned();
        let is_check_in = matches!(message, Message::CheckIn(_));
        let speaking = host.as_ref().and_then(|host| record(host, enrollment));
        let speaking = speaking.filter(|_| is_check_in).cloned();
        let mut decision = match message {
            Message::CheckIn(checkin) => self.decide_check_in(checkin, host, &admitted)?,
            Message::Connect(connect) => self.decide_connect(connect, host, request)?,
        };
        decision.add_access(*admitted, device);
        if let Some(stamp) = speaker.stamp() {
            let recent = recent.with(stamp, is_check_in, self.clock.now());
            decision.remember(enrollment, recent, speaking);
        }
        Ok(decision)
    }
}

impl Decision {
    /// Writes who may speak for the host, if that changed and nothing else writes it.
    fn add_access(&mut self, admitted: Admitted, device: Option<EnrollmentRecord>) {
        self.changes.extend(admitted.changes);
        let (Some(_), Some(device)) = (admitted.access, device) else {
            return;
        };
        let writes = |change: &Change| matches!(change, Change::Enrollment(record) if record.id == device.id);
        if !self.changes.iter().any(writes) {
            self.changes.push(Change::Enrollment(device));
        }
    }

    /// Remembers which messages were seen. It is stored if the channel is written anyway, and with
    /// every check-in: those are rare, and what they are answered with may be a secret.
    fn remember(
        &mut self,
        enrollment: &EnrollmentId,
        recent: Recent,
        speaking: Option<EnrollmentRecord>,
    ) {
        let is_own = |change: &&mut Change| matches!(change, Change::Enrollment(record) if record.id == *enrollment);
        if let (None, Some(record)) = (self.changes.iter_mut().find(is_own), speaking) {
            self.changes.push(Change::Enrollment(record));
        }
        for change in self.changes.iter_mut().filter(is_own) {
            if let Change::Enrollment(record) = change {
                recent.store_in(record);
            }
        }
        self.recent = Some(recent);
    }
}

/// The record of the device channel.
pub(crate) fn device_record(host: &HostRecord) -> Option<&EnrollmentRecord> {
    let first = host.enrollments.first();
    first.filter(|record| record.id.channel() == Channel::Device)
}

fn record<'a>(host: &'a HostRecord, enrollment: &EnrollmentId) -> Option<&'a EnrollmentRecord> {
    host.enrollments
        .iter()
        .find(|record| record.id == *enrollment)
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
        facts: mooring_store::HostFacts::default(),
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
