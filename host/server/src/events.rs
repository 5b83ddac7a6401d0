//! Events: every message of a device that was taken, written down for those who listen to it.
//!
//! Knows nothing of who listens or how. Invariants: an event is committed together with what its
//! message changed, so it is never lost and never tells of something that was not stored; events
//! have rising numbers, and one channel's are in the order of its messages.
//!
//! The form is that of MicroMDM's webhook with NanoMDM's additions, so what listens to those
//! understands it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_drift::policy::Timestamp;
use mooring_mdm::checkin::CheckInKind;
use mooring_mdm::ids::{Channel, EnrollmentId};
use mooring_mdm::message::{MESSAGE_LIMITS, Message};
use mooring_mdm::plist::{Document as Plist, NodeRef, read_xml};
use mooring_mdm::report::{Connect, Outcome, Report};
use mooring_store::{Change, KeyRange, Space, Store, StoreError};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::clock::rfc3339;
use crate::device::DeviceRequest;
use crate::documents::{self, Document};
use crate::random;

/// The `UserID` that a Shared iPad sends for all its users.
const SHARED_IPAD_USER_ID: &str = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";

/// Events read at once to learn their sizes. A few, since each may have megabytes.
const RESUME_PAGE: usize = 16;

/// Numbers events, and says when there are new ones.
#[derive(Debug)]
pub(crate) struct Events {
    next: AtomicU64,
    sizes: Mutex<Sizes>,
    wake: Arc<Notify>,
}

/// How large the events are that wait, in bytes, by number. One whose commit failed is among them
/// until those behind it are told or dropped.
#[derive(Debug, Default)]
struct Sizes {
    each: BTreeMap<u64, u64>,
    total: u64,
}

impl Sizes {
    fn add(&mut self, number: u64, bytes: &[u8]) {
        let size = bytes.len() as u64;
        self.total += size;
        self.each.insert(number, size);
    }
}

/// What is told of one message. Its key is [`key`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) topic: String,
    #[serde(rename = "event_id")]
    pub(crate) id: String,
    pub(crate) created_at: String,
    #[serde(rename = "acknowledge_event")]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) report: Option<Said>,
    #[serde(rename = "checkin_event")]
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) check_in: Option<Said>,
}

impl Event {
    /// The same without the message that it tells of.
    pub(crate) fn without_payload(mut self) -> Self {
        for said in [&mut self.report, &mut self.check_in].into_iter().flatten() {
            said.raw_payload = None;
            said.raw_payload_omitted = Some(true);
        }
        self
    }
}

impl Document for Event {
    const SPACE: Space = Space::Outbox;
}

/// What a device said, and who it was.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Said {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) udid: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) enrollment_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) command_uuid: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub(crate) url_params: BTreeMap<String, String>,
    /// The message in base64, byte for byte.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) raw_payload: Option<String>,
    /// There was one, and the listener did not take it, or it may quote a secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) raw_payload_omitted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) ids: Option<Ids>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) token_update_tally: Option<u32>,
}

/// The channel that spoke.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Ids {
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(crate) parent_id: Option<String>,
}

/// The key of the event with this number: keys have the order of the numbers.
pub(crate) fn key(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

/// The number of the event under this key; keys are never longer.
pub(crate) fn number(key: &[u8]) -> u64 {
    key.iter()
        .take(8)
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

impl Events {
    /// Goes on behind the newest event that still waits.
    ///
    /// # Errors
    /// [`StoreError`] if the outbox cannot be read.
    pub(crate) fn resume(store: &dyn Store) -> Result<Self, StoreError> {
        let mut sizes = Sizes::default();
        let mut after: Option<Vec<u8>> = None;
        loop {
            let range = KeyRange {
                after: after.as_deref(),
                ..KeyRange::default()
            };
            let page = store.documents(Space::Outbox, range, RESUME_PAGE)?;
            for event in &page {
                sizes.add(number(&event.key), &event.value);
            }
            let is_last = page.len() < RESUME_PAGE;
            after = page.into_iter().next_back().map(|event| event.key);
            if is_last {
                break;
            }
        }
        let newest = sizes.each.last_key_value();
        let next = newest.map_or(1, |(number, _)| number.saturating_add(1));
        Ok(Self {
            next: AtomicU64::new(next),
            sizes: Mutex::new(sizes),
            wake: Arc::new(Notify::new()),
        })
    }

    /// The event of a message. `changes` is what the message changes; the event belongs into the
    /// same commit. Where the message may quote a secret, its bytes are left out.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be written down.
    pub(crate) fn event(
        &self,
        message: &Message,
        request: &DeviceRequest<'_>,
        (changes, may_quote): (&[Change], bool),
        now: Timestamp,
    ) -> Result<Change, StoreError> {
        let event = made(message, request, changes, now);
        self.written(&if may_quote {
            event.without_payload()
        } else {
            event
        })
    }

    fn written(&self, event: &Event) -> Result<Change, StoreError> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let change = documents::put(&key(number), event)?;
        if let Change::Document {
            value: Some(bytes), ..
        } = &change
        {
            self.sizes().add(number, bytes);
        }
        Ok(change)
    }

    /// Says that an event was committed.
    pub(crate) fn committed(&self) {
        self.wake.notify_one();
    }

    /// Says when events were committed.
    pub(crate) fn wake(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// Events before `number` do not wait any more.
    pub(crate) fn gone_before(&self, number: u64) {
        let mut sizes = self.sizes();
        let waiting = sizes.each.split_off(&number);
        let gone: u64 = sizes.each.values().sum();
        sizes.each = waiting;
        sizes.total -= gone;
    }

    /// Bytes that wait.
    pub(crate) fn waiting_bytes(&self) -> u64 {
        self.sizes().total
    }

    /// The number before which all events must go so that at most `bytes_max` wait.
    pub(crate) fn first_within(&self, bytes_max: u64) -> u64 {
        let sizes = self.sizes();
        let mut total = sizes.total;
        for (number, size) in &sizes.each {
            if total <= bytes_max {
                return *number;
            }
            total -= size;
        }
        // Nothing waits, or its last event is too large itself.
        let last = sizes.each.last_key_value();
        last.map_or(0, |(number, _)| number.saturating_add(1))
    }

    fn sizes(&self) -> MutexGuard<'_, Sizes> {
        self.sizes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The number of the next event.
    pub(crate) fn next(&self) -> u64 {
        self.next.load(Ordering::Relaxed)
    }
}

fn made(
    message: &Message,
    request: &DeviceRequest<'_>,
    changes: &[Change],
    now: Timestamp,
) -> Event {
    let read = read_xml(request.body, &MESSAGE_LIMITS).ok();
    let (enrollment, topic, said) = match message {
        Message::CheckIn(checkin) => {
            let tally = matches!(checkin.kind, CheckInKind::TokenUpdate(_))
                .then(|| tally(&checkin.enrollment, changes));
            let said = Said {
                token_update_tally: tally.flatten(),
                ..Said::default()
            };
            (&checkin.enrollment, topic(&checkin.kind), said)
        }
        Message::Connect(connect) => (&connect.enrollment, "mdm.Connect", reported(connect)),
    };
    let root = read.as_ref().map(|read| read.document.root());
    let said = Said {
        udid: root.and_then(|root| text(root, "UDID")),
        enrollment_id: root.and_then(|root| text(root, "EnrollmentID")),
        url_params: request.parameters.clone(),
        raw_payload: Some(STANDARD.encode(request.body)),
        ids: Some(ids(enrollment, read.as_ref().map(|read| &read.document))),
        ..said
    };
    let (report, check_in) = match message {
        Message::CheckIn(_) => (None, Some(said)),
        Message::Connect(_) => (Some(said), None),
    };
    Event {
        topic: topic.to_owned(),
        id: event_id(),
        created_at: rfc3339(now),
        report,
        check_in,
    }
}

fn topic(kind: &CheckInKind) -> &'static str {
    match kind {
        CheckInKind::Authenticate(_) => "mdm.Authenticate",
        CheckInKind::TokenUpdate(_) => "mdm.TokenUpdate",
        CheckInKind::CheckOut => "mdm.CheckOut",
        CheckInKind::UserAuthenticate { .. } => "mdm.UserAuthenticate",
        CheckInKind::SetBootstrapToken { .. } => "mdm.SetBootstrapToken",
        CheckInKind::GetBootstrapToken => "mdm.GetBootstrapToken",
        CheckInKind::DeclarativeManagement { .. } => "mdm.DeclarativeManagement",
        CheckInKind::GetToken { .. } => "mdm.GetToken",
    }
}

fn reported(connect: &Connect) -> Said {
    let (status, uuid) = match &connect.report {
        Report::Idle => ("Idle", None),
        Report::Result { uuid, outcome } => {
            let status = match outcome {
                Outcome::Acknowledged(_) => "Acknowledged",
                Outcome::Error(_) => "Error",
                Outcome::CommandFormatError(_) => "CommandFormatError",
                Outcome::NotNow => "NotNow",
            };
            (status, Some(uuid.to_string()))
        }
    };
    Said {
        status: Some(status.to_owned()),
        command_uuid: uuid,
        ..Said::default()
    }
}

/// How many `TokenUpdate`s the channel has sent, this one included.
fn tally(enrollment: &EnrollmentId, changes: &[Change]) -> Option<u32> {
    changes.iter().find_map(|change| match change {
        Change::Enrollment(record) if record.id == *enrollment => Some(record.token_updates),
        Change::Enrollment(_)
        | Change::Profile(_)
        | Change::Raw { .. }
        | Change::Host { .. }
        | Change::Command(_)
        | Change::BuiltIn(_)
        | Change::Document { .. }
        | Change::Facts { .. }
        | Change::RemoveHost(_) => None,
    })
}

/// The channel in NanoMDM's words. Which kind it is, only the message's own keys tell.
fn ids(enrollment: &EnrollmentId, message: Option<&Plist>) -> Ids {
    let root = message.map(Plist::root);
    let text = |key| root.and_then(|root| text(root, key));
    let is_device = enrollment.channel() == Channel::Device;
    let has_udid = text("UDID").is_some();
    let is_shared = text("UserID")
        .is_some_and(|user| has_udid && user.eq_ignore_ascii_case(SHARED_IPAD_USER_ID));
    let kind = match (is_device, has_udid) {
        (true, true) => "Device",
        (true, false) => "User Enrollment (Device)",
        (false, true) if is_shared => "Shared iPad",
        (false, true) => "User",
        (false, false) => "User Enrollment",
    };
    Ids {
        id: enrollment.to_string(),
        kind: kind.to_owned(),
        parent_id: (!is_device).then(|| enrollment.host().to_string()),
    }
}

fn text(root: NodeRef<'_>, key: &str) -> Option<String> {
    let text = root.get(key)?.as_str()?;
    (!text.is_empty()).then(|| text.to_owned())
}

/// A random uuid (RFC 9562, version 4).
fn event_id() -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&random::secret()[..16]);
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .hyphenated()
        .to_string()
}

#[cfg(test)]
mod tests;
