//! The names by which Apple's protocol and profiles know things, each parsed once.
//!
//! Knows nothing of storage, commands or plugins. Invariant: a value of these types came through
//! its `parse`, so it is non-empty, bounded and free of control characters.

mod check;

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use check::{check, check_part, is_upper_uuid};

/// Longest identifier, uuid or enrollment part accepted, in bytes. Apple names no maximum;
/// 255 is what reverse-DNS names and file names allow, and it bounds every key in the store.
pub const ID_BYTES_MAX: usize = 255;

/// What separates host ids in enrollment ids, lists and URLs.
const HOST_SEPARATORS: [char; 3] = [':', ',', '/'];

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The text is empty.
    #[error("{what} is empty")]
    Empty {
        /// Which identifier was being read.
        what: &'static str,
    },
    /// The text is longer than [`ID_BYTES_MAX`].
    #[error("{what} has {bytes} bytes; at most {ID_BYTES_MAX} are accepted")]
    TooLong {
        /// Which identifier was being read.
        what: &'static str,
        /// Its length in bytes.
        bytes: usize,
    },
    /// The text holds a control character, or one that separates the parts of a larger name.
    #[error("{what} contains the character {found:?}, which is not allowed there")]
    Character {
        /// Which identifier was being read.
        what: &'static str,
        /// The first offending character.
        found: char,
    },
}

/// A uuid's text in upper case.
fn upper(uuid: uuid::Uuid) -> String {
    let mut text = uuid::Uuid::encode_buffer();
    uuid.hyphenated().encode_upper(&mut text).to_owned()
}

/// A profile's stable name, its top-level `PayloadIdentifier`.
///
/// See <https://developer.apple.com/documentation/devicemanagement/toplevel>.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PayloadIdentifier(Arc<str>);

impl PayloadIdentifier {
    /// Reads an identifier; it is compared byte for byte, as devices do.
    ///
    /// # Errors
    /// [`IdError`] if it is empty, over [`ID_BYTES_MAX`] bytes, or holds a control character.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check("PayloadIdentifier", text)?;
        Ok(Self(text.into()))
    }

    /// The identifier as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which revision of a profile, its top-level `PayloadUUID`.
///
/// A text in UUID form is kept in upper case, since devices differ in the case they report;
/// any other text (macOS accepts it) is kept as it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PayloadUuid(Arc<str>);

impl PayloadUuid {
    /// Reads a uuid.
    ///
    /// # Errors
    /// [`IdError`] if it is empty, over [`ID_BYTES_MAX`] bytes, or holds a control character.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        if is_upper_uuid(text) {
            return Ok(Self(text.into()));
        }
        check("PayloadUUID", text)?;
        Ok(match uuid::Uuid::try_parse(text) {
            Ok(uuid) => Self::from(uuid),
            Err(_) => Self(text.into()),
        })
    }

    /// Stands for a uuid that a device lists and that cannot be one of ours: empty, too long, or
    /// with control characters.
    pub fn unreadable() -> Self {
        Self("unreadable".into())
    }

    /// The uuid as text, upper case where it has UUID form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<uuid::Uuid> for PayloadUuid {
    fn from(uuid: uuid::Uuid) -> Self {
        Self(upper(uuid).into())
    }
}

/// A managed device, named by the id of its device channel: its UDID, or the enrollment id of a
/// User Enrollment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostId(Arc<str>);

impl HostId {
    /// Reads a host id. Case is kept: a UDID of iOS is not a UUID.
    ///
    /// # Errors
    /// [`IdError`] if it is empty, too long, or holds a control character, one that turns the
    /// direction of writing, `:`, `,` or `/` (they separate ids in enrollment ids, lists and URLs).
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check_part("the device's id", text, &HOST_SEPARATORS)?;
        Ok(Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Which of a host's two channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Profiles for the whole device.
    Device,
    /// Profiles for one managed user of it.
    User,
}

/// One managed channel of a host, in NanoMDM's string form: `DEVICE` or `DEVICE:USER`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EnrollmentId {
    host: HostId,
    user: Option<String>,
}

impl EnrollmentId {
    /// The device channel of `host`.
    pub fn device(host: HostId) -> Self {
        Self { host, user: None }
    }

    /// The channel of `user` on `host`.
    ///
    /// # Errors
    /// [`IdError`] if `user` is empty, too long, or holds a control character, one that turns
    /// the direction of writing, `,` or `/`.
    pub fn user(host: HostId, user: &str) -> Result<Self, IdError> {
        check_part("the user's id", user, &[',', '/'])?;
        Ok(Self {
            host,
            user: Some(user.to_owned()),
        })
    }

    /// Reads the string form.
    ///
    /// # Errors
    /// [`IdError`] of either part.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        match text.split_once(':') {
            None => HostId::parse(text).map(Self::device),
            Some((host, user)) => Self::user(HostId::parse(host)?, user),
        }
    }

    /// The host this channel belongs to.
    pub fn host(&self) -> &HostId {
        &self.host
    }

    /// The user's part, or `None` for the device channel.
    pub fn user_part(&self) -> Option<&str> {
        self.user.as_deref()
    }

    /// Which channel it is.
    pub fn channel(&self) -> Channel {
        if self.user.is_some() {
            Channel::User
        } else {
            Channel::Device
        }
    }
}

impl fmt::Display for EnrollmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.user {
            None => f.write_str(self.host.as_str()),
            Some(user) => write!(f, "{}:{user}", self.host.as_str()),
        }
    }
}

/// The name of one command, chosen by the server and repeated by the device in its report.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommandUuid(String);

impl CommandUuid {
    /// Reads a command uuid; any bounded text, since a device may repeat one that is not ours.
    ///
    /// # Errors
    /// [`IdError`] if it is empty, over [`ID_BYTES_MAX`] bytes, or holds a control character.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        check("CommandUUID", text)?;
        Ok(Self(text.to_owned()))
    }

    /// The uuid as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<uuid::Uuid> for CommandUuid {
    fn from(uuid: uuid::Uuid) -> Self {
        Self(upper(uuid))
    }
}

impl TryFrom<String> for PayloadIdentifier {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        check("PayloadIdentifier", &text)?;
        Ok(Self(text.into()))
    }
}

impl From<PayloadIdentifier> for String {
    fn from(id: PayloadIdentifier) -> Self {
        id.to_string()
    }
}

impl fmt::Display for PayloadIdentifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PayloadUuid {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        if is_upper_uuid(&text) {
            return Ok(Self(text.into()));
        }
        Self::parse(&text)
    }
}

impl From<PayloadUuid> for String {
    fn from(id: PayloadUuid) -> Self {
        id.to_string()
    }
}

impl fmt::Display for PayloadUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for HostId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        check_part("the device's id", &text, &HOST_SEPARATORS)?;
        Ok(Self(text.into()))
    }
}

impl From<HostId> for String {
    fn from(id: HostId) -> Self {
        id.to_string()
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for EnrollmentId {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<EnrollmentId> for String {
    fn from(id: EnrollmentId) -> Self {
        id.to_string()
    }
}

impl TryFrom<String> for CommandUuid {
    type Error = IdError;

    fn try_from(text: String) -> Result<Self, IdError> {
        check("CommandUUID", &text)?;
        Ok(Self(text))
    }
}

impl From<CommandUuid> for String {
    fn from(id: CommandUuid) -> Self {
        id.to_string()
    }
}

impl fmt::Display for CommandUuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests;
