//! Check-in messages: a device enrolls, renews its push target, or leaves.
//!
//! Knows nothing of what the server does about them. Invariant: a secret of the device (push
//! magic, tokens) never shows in `Debug`.
//!
//! See <https://developer.apple.com/documentation/devicemanagement/check-in>.

use std::fmt;

use crate::device::{ATTRIBUTE_BYTES_MAX, Attributes, bounded_text};
use crate::ids::EnrollmentId;
use crate::message::{MessageError, enrollment_id, text};
use crate::plist::NodeRef;

/// Longest push token, in bytes. Apple's have 32 and are documented to be able to grow.
pub const TOKEN_BYTES_MAX: usize = 256;
/// Longest `UnlockToken`, in bytes; real ones have a few KiB.
pub const UNLOCK_TOKEN_BYTES_MAX: usize = 64 * 1024;

/// A check-in message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckIn {
    /// The channel that speaks.
    pub enrollment: EnrollmentId,
    /// What it says.
    pub kind: CheckInKind,
}

/// What a check-in says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckInKind {
    /// The device begins an enrollment and tells of itself.
    Authenticate(Attributes),
    /// The device may be pushed to from now on.
    TokenUpdate(TokenUpdate),
    /// The device leaves.
    CheckOut,
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
}

impl fmt::Debug for TokenUpdate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenUpdate")
            .field("topic", &self.topic)
            .finish_non_exhaustive()
    }
}

/// Decodes a dictionary that has a `MessageType`.
pub(crate) fn decode(message_type: &str, root: NodeRef<'_>) -> Result<CheckIn, MessageError> {
    let (message, kind) = match message_type {
        "Authenticate" => ("Authenticate", CheckInKind::Authenticate(attributes(root))),
        "TokenUpdate" => ("TokenUpdate", CheckInKind::TokenUpdate(token_update(root)?)),
        "CheckOut" => ("CheckOut", CheckInKind::CheckOut),
        other => {
            let value = bounded_text(other, 64);
            return Err(MessageError::Unknown {
                key: "MessageType",
                value,
            });
        }
    };
    Ok(CheckIn {
        enrollment: enrollment_id(message, root)?,
        kind,
    })
}

/// The attributes in a dictionary of Authenticate or of `QueryResponses`: the keys are the same.
pub(crate) fn attributes(root: NodeRef<'_>) -> Attributes {
    let bounded = |key| text(root, key).map(|text| bounded_text(text, ATTRIBUTE_BYTES_MAX));
    Attributes {
        serial_number: bounded("SerialNumber"),
        model: bounded("Model"),
        device_name: bounded("DeviceName"),
        os_version: bounded("OSVersion"),
        build_version: bounded("BuildVersion"),
        is_supervised: root.get("IsSupervised").and_then(NodeRef::as_bool),
    }
}

fn token_update(root: NodeRef<'_>) -> Result<TokenUpdate, MessageError> {
    let message = "TokenUpdate";
    let missing = |key| MessageError::Missing { message, key };
    let needed = |key| {
        let text = text(root, key).ok_or(missing(key))?;
        bounded(key, text.len(), ATTRIBUTE_BYTES_MAX)?;
        Ok::<_, MessageError>(text.to_owned())
    };
    let data = |key, bytes_max| {
        let Some(data) = root.get(key).and_then(NodeRef::as_data) else {
            return Ok(None);
        };
        bounded(key, data.len(), bytes_max)?;
        Ok::<_, MessageError>(Some(data.to_vec()))
    };
    let short_name = text(root, "UserShortName");
    Ok(TokenUpdate {
        topic: needed("Topic")?,
        push_magic: needed("PushMagic")?,
        token: data("Token", TOKEN_BYTES_MAX)?.ok_or(missing("Token"))?,
        unlock_token: data("UnlockToken", UNLOCK_TOKEN_BYTES_MAX)?,
        user_short_name: short_name.map(|name| bounded_text(name, ATTRIBUTE_BYTES_MAX)),
    })
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
