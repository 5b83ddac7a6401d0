//! What every message of a device has in common: an XML property list that names its channel.
//!
//! Knows nothing of what the message is about. Invariant: a message is read strictly and within
//! [`MESSAGE_LIMITS`] before anything else looks at it; binary property lists are refused.

use crate::checkin::{self, CheckIn};
use crate::finding::Finding;
use crate::ids::{EnrollmentId, HostId, IdError};
use crate::plist::{ReaderLimits, View, ViewRef, view_xml};
use crate::report::{self, Connect};

/// Limits of a device's message: a `ProfileList` of a few hundred profiles with certificates
/// stays well under 4 MiB and 50,000 values.
pub const MESSAGE_LIMITS: ReaderLimits = ReaderLimits {
    bytes: 4 * 1024 * 1024,
    depth: 64,
    nodes: 50_000,
};

/// The `UserID` that a Shared iPad sends for its users, who are told apart by `UserShortName`.
const SHARED_IPAD_USER_ID: &str = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";

/// Why a message was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The body is not a strict XML property list.
    #[error("the message is not a property list: {0}")]
    Plist(Finding),
    /// The body is a binary property list.
    #[error("the message is a binary property list; devices send XML")]
    Binary,
    /// The message is not a dictionary.
    #[error("the message is not a dictionary")]
    NotDictionary,
    /// A key that the message needs is absent or of another type.
    #[error("{message} lacks {key}")]
    Missing {
        /// Apple's name of the message.
        message: &'static str,
        /// The key, or keys of which one is needed.
        key: &'static str,
    },
    /// A value is longer than any that a device sends.
    #[error("{key} has {bytes} bytes; at most {bytes_max} are accepted")]
    TooLong {
        /// The key.
        key: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        bytes_max: usize,
    },
    /// A key that says whose message it is, or which, has a value of another type.
    #[error("{key} is not a string")]
    NotText {
        /// The key.
        key: &'static str,
    },
    /// A key whose absence means something has a value that is not data.
    #[error("{key} is not data")]
    NotData {
        /// The key.
        key: &'static str,
    },
    /// A value that names something holds a control character.
    #[error("{key} contains a control character")]
    ControlCharacter {
        /// The key.
        key: &'static str,
    },
    /// A name in the message cannot be one.
    #[error("the message names nothing that can be: {0}")]
    Id(#[from] IdError),
    /// A `MessageType` or `Status` that this server does not know.
    #[error("{key} is {value:?}, which is not known")]
    Unknown {
        /// The key.
        key: &'static str,
        /// Its value, cut to a sane length.
        value: String,
    },
}

/// A message of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// It enrolls, updates its push target or leaves.
    CheckIn(CheckIn),
    /// It asks for work or reports on it.
    Connect(Connect),
}

impl Message {
    /// Decodes a body. Which of the two it is, the dictionary tells: a check-in has a
    /// `MessageType`. Content types differ between devices and proxies, the keys do not.
    ///
    /// # Errors
    /// [`MessageError`] if the body is neither.
    pub fn decode(body: &[u8]) -> Result<Self, MessageError> {
        let view = read(body)?;
        let root = view.root();
        match name(root, "MessageType")? {
            Some(message_type) => checkin::decode(message_type, root).map(Self::CheckIn),
            None => report::decode(root).map(Self::Connect),
        }
    }
}

fn read(body: &[u8]) -> Result<View<'_>, MessageError> {
    if body.starts_with(b"bplist") {
        return Err(MessageError::Binary);
    }
    let view = view_xml(body, &MESSAGE_LIMITS).map_err(MessageError::Plist)?;
    if view.root().is_dictionary() {
        Ok(view)
    } else {
        Err(MessageError::NotDictionary)
    }
}

/// The channel that a message speaks for, in NanoMDM's string form: `UDID` before `EnrollmentID`,
/// with `UserID`, `EnrollmentUserID`, or a Shared iPad's `UserShortName` as the user's part.
///
/// `UserID` goes with `UDID`, `EnrollmentUserID` with `EnrollmentID`. Should a message have the
/// other one alone, that is its user: a user's message must never pass for the device's.
///
/// # Errors
/// [`MessageError`] if the message names no device, or names one that cannot be.
pub(crate) fn enrollment_id(
    message: &'static str,
    root: ViewRef<'_>,
) -> Result<EnrollmentId, MessageError> {
    let name = |key| name(root, key);
    let users = (name("UserID")?, name("EnrollmentUserID")?);
    let key = "UDID or EnrollmentID";
    let (device, user) = match (name("UDID")?, name("EnrollmentID")?) {
        (Some(udid), _) => (udid, users.0.or(users.1)),
        (None, Some(enrollment)) => (enrollment, users.1.or(users.0)),
        (None, None) => return Err(MessageError::Missing { message, key }),
    };
    let host = HostId::parse(device)?;
    Ok(match user {
        Some(id) if id.eq_ignore_ascii_case(SHARED_IPAD_USER_ID) => {
            let key = "UserShortName, which tells the users of a Shared iPad apart";
            let short = name("UserShortName")?.ok_or(MessageError::Missing { message, key })?;
            EnrollmentId::user(host, short)?
        }
        Some(id) => EnrollmentId::user(host, id)?,
        None => EnrollmentId::device(host),
    })
}

/// The text under `key`, if it is there and not empty.
pub(crate) fn text<'a>(root: ViewRef<'a>, key: &str) -> Option<&'a str> {
    root.get(key)?.as_str().filter(|text| !text.is_empty())
}

/// Like [`text`], for a key by which messages or channels are told apart: were a value of another
/// type taken as absent, the message would be another one.
fn name<'a>(root: ViewRef<'a>, key: &'static str) -> Result<Option<&'a str>, MessageError> {
    match root.get(key) {
        Some(node) => {
            let text = node.as_str().ok_or(MessageError::NotText { key })?;
            Ok(Some(text).filter(|text| !text.is_empty()))
        }
        None => Ok(None),
    }
}
