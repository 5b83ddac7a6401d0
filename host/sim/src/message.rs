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

/// Content type of every check-in.
pub const CHECK_IN_TYPE: &str = "application/x-apple-aspen-mdm-checkin";
/// Content type of a report.
pub const CONNECT_TYPE: &str = "application/x-apple-aspen-mdm";
/// The header of a signed message.
pub(crate) const SIGNATURE_HEADER: &str = "mdm-signature";
/// The push topic of a device that was given no enrollment profile.
pub const TOPIC: &str = "com.apple.mgmt.External.5f1d3c52-8a6e-4c1b-9d0e-2b7a4f6c8e31";
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
    /// The value of `Mdm-Signature`, where the message is signed: see [`crate::Device::sign`].
    pub signature: Option<String>,
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

/// A check-in, by its `MessageType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CheckIn<'a> {
    Authenticate,
    TokenUpdate,
    CheckOut,
    UserAuthenticate {
        digest_response: Option<&'a str>,
    },
    SetBootstrapToken {
        token: &'a [u8],
    },
    GetBootstrapToken,
    DeclarativeManagement {
        endpoint: &'a str,
        data: Option<&'a [u8]>,
    },
    GetToken {
        service_type: &'a str,
    },
}

impl CheckIn<'_> {
    fn as_str(self) -> &'static str {
        match self {
            Self::Authenticate => "Authenticate",
            Self::TokenUpdate => "TokenUpdate",
            Self::CheckOut => "CheckOut",
            Self::UserAuthenticate { .. } => "UserAuthenticate",
            Self::SetBootstrapToken { .. } => "SetBootstrapToken",
            Self::GetBootstrapToken => "GetBootstrapToken",
            Self::DeclarativeManagement { .. } => "DeclarativeManagement",
            Self::GetToken { .. } => "GetToken",
        }
    }

    /// Whether it names the push topic.
    fn has_topic(self) -> bool {
        matches!(
            self,
            Self::Authenticate | Self::TokenUpdate | Self::CheckOut
        )
    }
}

/// Writes one check-in.
pub(crate) fn check_in(
    who: &Identity,
    topic: &str,
    channel: Channel,
    kind: CheckIn<'_>,
) -> Request {
    let mut message = Dictionary::new();
    let mut put = |key: &str, value: Value| message.insert(key.to_owned(), value);
    put("MessageType", kind.as_str().into());
    put("UDID", who.udid.as_str().into());
    if kind.has_topic() {
        put("Topic", topic.into());
    }
    match kind {
        CheckIn::Authenticate => {
            put("BuildVersion", who.build_version.into());
            put("DeviceName", who.device_name.as_str().into());
            put("Model", who.model.into());
            put("ModelName", who.model_name.into());
            put("OSVersion", who.os_version.into());
            put("ProductName", who.model.into());
            put("SerialNumber", who.serial.as_str().into());
        }
        CheckIn::TokenUpdate => {
            put("AwaitingConfiguration", false.into());
            put("NotOnConsole", false.into());
            put("PushMagic", push_magic(who, channel).into());
            put("Token", Value::Data(push_token(who, channel)));
        }
        CheckIn::CheckOut | CheckIn::GetBootstrapToken => {}
        CheckIn::UserAuthenticate { digest_response } => {
            if let Some(response) = digest_response {
                put("DigestResponse", response.into());
            }
        }
        CheckIn::SetBootstrapToken { token } => {
            put("AwaitingConfiguration", false.into());
            put("BootstrapToken", Value::Data(token.to_vec()));
        }
        CheckIn::DeclarativeManagement { endpoint, data } => {
            put("Endpoint", endpoint.into());
            if let Some(data) = data {
                put("Data", Value::Data(data.to_vec()));
            }
        }
        CheckIn::GetToken { service_type } => {
            put("TokenServiceType", service_type.into());
        }
    }
    name_user(&mut message, who, channel);
    Request {
        content_type: CHECK_IN_TYPE,
        body: to_xml(message),
        signature: None,
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
        signature: None,
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

/// Where a channel is pushed.
pub(crate) fn push_token(who: &Identity, channel: Channel) -> Vec<u8> {
    SplitMix64::new(push_key(who, channel), "push token", 0).bytes(TOKEN_BYTES)
}

/// What a push of a channel must carry.
pub(crate) fn push_magic(who: &Identity, channel: Channel) -> String {
    SplitMix64::new(push_key(who, channel), "push magic", 0).uuid()
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
