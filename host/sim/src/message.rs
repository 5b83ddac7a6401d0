//! The messages a device sends, written as XML property lists, and the replies it gets.
//!
//! Knows nothing of profiles' meaning or of HTTP. Invariant: the same arguments give the same
//! bytes; no message holds a date.
//! See <https://developer.apple.com/documentation/devicemanagement/check-in> and
//! <https://developer.apple.com/documentation/devicemanagement/commandresponse>.

use plist::{Dictionary, Value};
use serde::{Deserialize, Serialize};

use crate::identity::Identity;
use crate::random::SplitMix64;

/// Content type of Authenticate, `TokenUpdate` and `CheckOut`.
pub const CHECK_IN_TYPE: &str = "application/x-apple-aspen-mdm-checkin";
/// Content type of a report.
pub const CONNECT_TYPE: &str = "application/x-apple-aspen-mdm";
/// The push topic that the simulated identity certificate would name.
const TOPIC: &str = "com.apple.mgmt.External.5f1d3c52-8a6e-4c1b-9d0e-2b7a4f6c8e31";
/// Length of an APNs device token.
const TOKEN_BYTES: usize = 32;

/// Which of a host's two channels a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// The device itself.
    Device,
    /// Its one managed user.
    User,
}

/// One request of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// [`CHECK_IN_TYPE`] or [`CONNECT_TYPE`].
    pub content_type: &'static str,
    /// An XML property list.
    pub body: Vec<u8>,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status; 0 means that no reply came, see [`Reply::lost`].
    pub status: u16,
    /// The next command, or nothing.
    pub body: Vec<u8>,
}

impl Reply {
    /// The connection broke before a reply came; the server may or may not have seen the request.
    pub fn lost() -> Self {
        Self {
            status: 0,
            body: Vec::new(),
        }
    }

    /// Whether a Mac leaves its management for good on this reply.
    pub(crate) fn unenrolls(&self) -> bool {
        let named = b"com.apple.unrecognized.device";
        match self.status {
            401 => true,
            403 => self.body.windows(named.len()).any(|window| window == named),
            _ => false,
        }
    }
}

/// The status of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// Nothing to report; asks for work.
    Idle,
    /// Done.
    Acknowledged,
    /// Failed, with an error chain.
    Error,
    /// The command was not understood.
    CommandFormatError,
    /// Not possible at the moment; ask again.
    NotNow,
}

impl Status {
    /// As Apple writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "Idle",
            Self::Acknowledged => "Acknowledged",
            Self::Error => "Error",
            Self::CommandFormatError => "CommandFormatError",
            Self::NotNow => "NotNow",
        }
    }
}

/// The three kinds of check-in that this device sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckIn {
    Authenticate,
    TokenUpdate,
    CheckOut,
}

/// Writes one check-in.
pub(crate) fn check_in(who: &Identity, channel: Channel, kind: CheckIn) -> Request {
    let mut message = Dictionary::new();
    let mut put = |key: &str, value: Value| message.insert(key.to_owned(), value);
    put("Topic", TOPIC.into());
    put("UDID", who.udid.as_str().into());
    match kind {
        CheckIn::Authenticate => {
            put("MessageType", "Authenticate".into());
            put("BuildVersion", who.build_version.into());
            put("DeviceName", who.device_name.as_str().into());
            put("Model", who.model.into());
            put("ModelName", who.model_name.into());
            put("OSVersion", who.os_version.into());
            put("ProductName", who.model.into());
            put("SerialNumber", who.serial.as_str().into());
        }
        CheckIn::TokenUpdate => {
            let key = push_key(who, channel);
            put("MessageType", "TokenUpdate".into());
            put("AwaitingConfiguration", false.into());
            put("NotOnConsole", false.into());
            put(
                "PushMagic",
                SplitMix64::new(key, "push magic", 0).uuid().into(),
            );
            put(
                "Token",
                Value::Data(SplitMix64::new(key, "push token", 0).bytes(TOKEN_BYTES)),
            );
        }
        CheckIn::CheckOut => {
            put("MessageType", "CheckOut".into());
        }
    }
    name_user(&mut message, who, channel);
    Request {
        content_type: CHECK_IN_TYPE,
        body: to_xml(message),
    }
}

/// Writes one report; `extra` is the answer's own part, such as the list asked for.
pub(crate) fn report(
    who: &Identity,
    channel: Channel,
    status: Status,
    command_uuid: Option<&str>,
    extra: Dictionary,
) -> Request {
    let mut message = extra;
    if let Some(uuid) = command_uuid {
        message.insert("CommandUUID".to_owned(), uuid.into());
    }
    message.insert("Status".to_owned(), status.as_str().into());
    message.insert("UDID".to_owned(), who.udid.as_str().into());
    name_user(&mut message, who, channel);
    Request {
        content_type: CONNECT_TYPE,
        body: to_xml(message),
    }
}

fn name_user(message: &mut Dictionary, who: &Identity, channel: Channel) {
    if channel == Channel::User {
        message.insert("UserID".to_owned(), who.user_id.as_str().into());
        message.insert(
            "UserShortName".to_owned(),
            who.user_short_name.as_str().into(),
        );
        message.insert(
            "UserLongName".to_owned(),
            who.user_long_name.as_str().into(),
        );
    }
}

/// Push tokens differ by channel and host and follow from the identity alone.
fn push_key(who: &Identity, channel: Channel) -> u64 {
    let name = match channel {
        Channel::Device => &who.udid,
        Channel::User => &who.user_id,
    };
    name.bytes()
        .fold(0, |key, byte| key.rotate_left(5) ^ u64::from(byte))
}

fn to_xml(mut message: Dictionary) -> Vec<u8> {
    message.sort_keys();
    let mut out = Vec::new();
    let written = Value::Dictionary(message).to_writer_xml(&mut out);
    debug_assert!(written.is_ok(), "writing to memory cannot fail");
    out
}
