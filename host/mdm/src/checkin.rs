//! Check-in messages: a device enrolls, renews its push target, asks for what is kept for it, or
//! leaves.
//!
//! Knows nothing of what the server does about them. Invariant: a secret of the device (push
//! magic, tokens, digest responses) never shows in `Debug`, and every value is bounded.
//!
//! See <https://developer.apple.com/documentation/devicemanagement/check-in>.

use std::fmt;

use crate::device::{ATTRIBUTE_BYTES_MAX, Attributes, bounded_text};
use crate::ids::{Channel, EnrollmentId};
use crate::message::{MESSAGE_LIMITS, MessageError, enrollment_id, text};
use crate::plist::ViewRef;

/// Longest push token, in bytes. Apple's have 32 and are documented to be able to grow.
pub const TOKEN_BYTES_MAX: usize = 256;
/// Longest `UnlockToken`, in bytes; real ones have a few KiB.
pub const UNLOCK_TOKEN_BYTES_MAX: usize = 64 * 1024;
/// Longest `BootstrapToken`, in bytes; real ones have about a hundred.
pub const BOOTSTRAP_TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Longest `DigestResponse`, in bytes: an HTTP digest (RFC 7616) with its nonces.
pub const DIGEST_RESPONSE_BYTES_MAX: usize = 4 * 1024;
/// Longest `Endpoint` of declarative management, in bytes. The longest that Apple documents is
/// `declaration/TYPE/IDENTIFIER`, whose identifier should not exceed 64.
pub const ENDPOINT_BYTES_MAX: usize = 1024;
/// Longest `TokenServiceType`, in bytes.
pub const SERVICE_TYPE_BYTES_MAX: usize = 255;

/// A check-in message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIn {
    /// The channel that speaks.
    pub enrollment: EnrollmentId,
    /// What it says.
    pub kind: CheckInKind,
}

/// What a check-in says.
#[derive(Clone, PartialEq, Eq)]
pub enum CheckInKind {
    /// The device begins an enrollment and tells of itself.
    Authenticate(Attributes),
    /// The device may be pushed to from now on.
    TokenUpdate(TokenUpdate),
    /// The device leaves.
    CheckOut,
    /// A network or mobile user of a Mac wants to authenticate.
    ///
    /// See <https://developer.apple.com/documentation/devicemanagement/userauthenticaterequest>.
    UserAuthenticate {
        /// `DigestResponse`: a secret. Absent when the device first asks; empty where it answers an
        /// empty challenge.
        digest_response: Option<String>,
    },
    /// The device hands over a secret to be kept for it.
    ///
    /// See <https://developer.apple.com/documentation/devicemanagement/setbootstraptokenrequest>.
    SetBootstrapToken {
        /// `BootstrapToken`: a secret. `None` if absent or empty: the one that is kept must go.
        token: Option<Vec<u8>>,
        /// `AwaitingConfiguration`, if told.
        is_awaiting_configuration: Option<bool>,
    },
    /// The device wants that secret back.
    ///
    /// See <https://developer.apple.com/documentation/devicemanagement/getbootstraptokenrequest>.
    GetBootstrapToken,
    /// The device speaks the declarative protocol.
    ///
    /// See <https://developer.apple.com/documentation/devicemanagement/declarativemanagementrequest>.
    DeclarativeManagement {
        /// `Endpoint`, such as `tokens`; at most [`ENDPOINT_BYTES_MAX`] bytes without control
        /// characters. What else is in it is not checked: it is no path of a file or URL yet.
        endpoint: String,
        /// `Data`: JSON, not looked at. Bounded by the message itself.
        payload: Option<Vec<u8>>,
    },
    /// The device wants a token for one of Apple's services.
    ///
    /// See <https://developer.apple.com/documentation/devicemanagement/gettokenrequest>.
    GetToken {
        /// `TokenServiceType`, such as `com.apple.maid`; at most [`SERVICE_TYPE_BYTES_MAX`] bytes
        /// without control characters.
        service_type: String,
    },
}

impl fmt::Debug for CheckInKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Authenticate(attributes) => {
                f.debug_tuple("Authenticate").field(attributes).finish()
            }
            Self::TokenUpdate(update) => f.debug_tuple("TokenUpdate").field(update).finish(),
            Self::CheckOut => f.write_str("CheckOut"),
            Self::UserAuthenticate { digest_response } => f
                .debug_struct("UserAuthenticate")
                .field("is_first", &digest_response.is_none())
                .finish_non_exhaustive(),
            Self::SetBootstrapToken {
                token,
                is_awaiting_configuration,
            } => f
                .debug_struct("SetBootstrapToken")
                .field("erases", &token.is_none())
                .field("is_awaiting_configuration", is_awaiting_configuration)
                .finish_non_exhaustive(),
            Self::GetBootstrapToken => f.write_str("GetBootstrapToken"),
            Self::DeclarativeManagement { endpoint, .. } => f
                .debug_struct("DeclarativeManagement")
                .field("endpoint", endpoint)
                .finish_non_exhaustive(),
            Self::GetToken { service_type } => f
                .debug_struct("GetToken")
                .field("service_type", service_type)
                .finish(),
        }
    }
}

/// `TokenUpdate`.
///
/// See <https://developer.apple.com/documentation/devicemanagement/tokenupdaterequest>.
#[derive(Clone, PartialEq, Eq)]
pub struct TokenUpdate {
    /// `Topic`: the push certificate's topic.
    pub topic: String,
    /// `PushMagic`: the secret that a push must carry.
    pub push_magic: String,
    /// `Token`: the device's address at APNs.
    pub token: Vec<u8>,
    /// `UnlockToken`. Absent means unchanged, not erased.
    pub unlock_token: Option<Vec<u8>>,
    /// `UserShortName`, on a user channel.
    pub user_short_name: Option<String>,
    /// `AwaitingConfiguration`, if told: the device stands in Setup Assistant and waits for
    /// `DeviceConfigured`. Devices leave the key out; that means unchanged, not `false`.
    pub is_awaiting_configuration: Option<bool>,
}

impl fmt::Debug for TokenUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenUpdate")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

/// Decodes a dictionary that has a `MessageType`.
pub(crate) fn decode(message_type: &str, root: ViewRef<'_>) -> Result<CheckIn, MessageError> {
    let (message, kind) = match message_type {
        "Authenticate" => ("Authenticate", CheckInKind::Authenticate(attributes(root))),
        "TokenUpdate" => ("TokenUpdate", CheckInKind::TokenUpdate(token_update(root)?)),
        "CheckOut" => ("CheckOut", CheckInKind::CheckOut),
        "UserAuthenticate" => ("UserAuthenticate", user_authenticate(root)?),
        "SetBootstrapToken" => ("SetBootstrapToken", set_bootstrap_token(root)?),
        "GetBootstrapToken" => ("GetBootstrapToken", CheckInKind::GetBootstrapToken),
        "DeclarativeManagement" => ("DeclarativeManagement", declarative_management(root)?),
        "GetToken" => ("GetToken", get_token(root)?),
        other => {
            let value = bounded_text(other, 64);
            return Err(MessageError::Unknown {
                key: "MessageType",
                value,
            });
        }
    };
    let enrollment = enrollment_id(message, root)?;
    if message == "UserAuthenticate" && enrollment.channel() == Channel::Device {
        let key = "UserID";
        return Err(MessageError::Missing { message, key });
    }
    Ok(CheckIn { enrollment, kind })
}

/// The attributes in a dictionary of Authenticate or of `QueryResponses`: the keys are the same.
pub(crate) fn attributes(root: ViewRef<'_>) -> Attributes {
    let bounded = |key| text(root, key).map(|text| bounded_text(text, ATTRIBUTE_BYTES_MAX));
    Attributes {
        serial_number: bounded("SerialNumber"),
        model: bounded("Model"),
        device_name: bounded("DeviceName"),
        os_version: bounded("OSVersion"),
        build_version: bounded("BuildVersion"),
        is_supervised: root.get("IsSupervised").and_then(ViewRef::as_bool),
    }
}

fn token_update(root: ViewRef<'_>) -> Result<TokenUpdate, MessageError> {
    let message = "TokenUpdate";
    let needed = |key| needed(message, root, key, ATTRIBUTE_BYTES_MAX);
    let key = "Token";
    let token = data(root, key, TOKEN_BYTES_MAX)?.ok_or(MessageError::Missing { message, key })?;
    let short_name = text(root, "UserShortName");
    Ok(TokenUpdate {
        topic: needed("Topic")?,
        push_magic: needed("PushMagic")?,
        token,
        unlock_token: data(root, "UnlockToken", UNLOCK_TOKEN_BYTES_MAX)?,
        user_short_name: short_name.map(|name| bounded_text(name, ATTRIBUTE_BYTES_MAX)),
        is_awaiting_configuration: awaiting_configuration(root),
    })
}

fn user_authenticate(root: ViewRef<'_>) -> Result<CheckInKind, MessageError> {
    let key = "DigestResponse";
    let digest_response = match root.get(key).and_then(ViewRef::as_str) {
        Some(response) => {
            bounded(key, response.len(), DIGEST_RESPONSE_BYTES_MAX)?;
            Some(response.to_owned())
        }
        None => None,
    };
    Ok(CheckInKind::UserAuthenticate { digest_response })
}

fn set_bootstrap_token(root: ViewRef<'_>) -> Result<CheckInKind, MessageError> {
    // Absence erases; a value of another type is damage and must not.
    let token = nothing_but_data(root, "BootstrapToken", BOOTSTRAP_TOKEN_BYTES_MAX)?;
    Ok(CheckInKind::SetBootstrapToken {
        token: token.filter(|token| !token.is_empty()),
        is_awaiting_configuration: awaiting_configuration(root),
    })
}

fn declarative_management(root: ViewRef<'_>) -> Result<CheckInKind, MessageError> {
    let endpoint = needed(
        "DeclarativeManagement",
        root,
        "Endpoint",
        ENDPOINT_BYTES_MAX,
    )?;
    Ok(CheckInKind::DeclarativeManagement {
        endpoint,
        payload: nothing_but_data(root, "Data", MESSAGE_LIMITS.bytes)?,
    })
}

fn get_token(root: ViewRef<'_>) -> Result<CheckInKind, MessageError> {
    let key = "TokenServiceType";
    Ok(CheckInKind::GetToken {
        service_type: needed("GetToken", root, key, SERVICE_TYPE_BYTES_MAX)?,
    })
}

fn awaiting_configuration(root: ViewRef<'_>) -> Option<bool> {
    root.get("AwaitingConfiguration")?.as_bool()
}

/// The text under a key that must be there, bounded and free of control characters.
fn needed(
    message: &'static str,
    root: ViewRef<'_>,
    key: &'static str,
    bytes_max: usize,
) -> Result<String, MessageError> {
    let text = text(root, key).ok_or(MessageError::Missing { message, key })?;
    bounded(key, text.len(), bytes_max)?;
    if text.chars().any(char::is_control) {
        return Err(MessageError::ControlCharacter { key });
    }
    Ok(text.to_owned())
}

/// The bytes under a key, if they are there.
fn data(
    root: ViewRef<'_>,
    key: &'static str,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, MessageError> {
    let Some(data) = root.get(key).and_then(ViewRef::to_data) else {
        return Ok(None);
    };
    bounded(key, data.len(), bytes_max)?;
    Ok(Some(data))
}

/// Like [`data`], and refuses a value of another type rather than take it as absent.
fn nothing_but_data(
    root: ViewRef<'_>,
    key: &'static str,
    bytes_max: usize,
) -> Result<Option<Vec<u8>>, MessageError> {
    if root.get(key).is_some_and(|node| !node.is_data()) {
        return Err(MessageError::NotData { key });
    }
    data(root, key, bytes_max)
}

fn bounded(key: &'static str, bytes: usize, bytes_max: usize) -> Result<(), MessageError> {
    if bytes > bytes_max {
        return Err(MessageError::TooLong {
            key,
            bytes,
            bytes_max,
        });
    }
    Ok(())
}
