//! The names of placeholders.
//!
//! Knows nothing of profiles. Invariant: a name of these types came through its `parse`, so its
//! text form is read back as the same name, and holds neither braces nor blanks.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest name of a declared value, in bytes; it bounds rows of the store and lines of lists.
pub const NAME_BYTES_MAX: usize = 64;

/// Why a text is not the name of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueNameError {
    /// The text is empty.
    #[error("the name is empty")]
    Empty,
    /// The text is longer than [`NAME_BYTES_MAX`].
    #[error("the name has {bytes} bytes; at most {NAME_BYTES_MAX} are accepted")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The text begins with something else than a letter from `a` to `z`.
    #[error("the name begins with {found:?}; it must begin with a letter from a to z")]
    Start {
        /// The first character.
        found: char,
    },
    /// The text holds something else than small letters, digits and underscores.
    #[error("the name has the character {found:?}; it may have a to z, 0 to 9 and _")]
    Character {
        /// The first such character.
        found: char,
    },
}

/// The name of a declared attribute or secret: a letter from `a` to `z`, then at most 63 of
/// `a` to `z`, `0` to `9` and `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ValueName(String);

impl ValueName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`ValueNameError`] if it is empty, over [`NAME_BYTES_MAX`] bytes, or has a character that
    /// names do not have.
    pub fn parse(text: &str) -> Result<Self, ValueNameError> {
        let Some(first) = text.chars().next() else {
            return Err(ValueNameError::Empty);
        };
        if text.len() > NAME_BYTES_MAX {
            return Err(ValueNameError::TooLong { bytes: text.len() });
        }
        if !first.is_ascii_lowercase() {
            return Err(ValueNameError::Start { found: first });
        }
        let is_of_names = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        match text.chars().find(|c| !is_of_names(*c)) {
            Some(found) => Err(ValueNameError::Character { found }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a profile may say of the host that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostField {
    /// `id`: the id by which this server knows the host, a device's UDID or the enrollment id of
    /// a User Enrollment.
    Id,
    /// `serial`: the serial number.
    Serial,
    /// `name`: the name that its user gave it.
    Name,
    /// `model`: the model identifier, such as `MacBookPro18,3`.
    Model,
}

impl HostField {
    /// Every field, in the order in which they are shown.
    pub const ALL: [Self; 4] = [Self::Id, Self::Serial, Self::Name, Self::Model];

    /// The field of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == text)
    }

    /// The field's name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Serial => "serial",
            Self::Name => "name",
            Self::Model => "model",
        }
    }
}

/// What stands in a profile for a value of one host. Its text form is `host.serial`, without
/// braces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Placeholder {
    /// Something that the host reports of itself.
    Host(HostField),
    /// A declared attribute.
    Attribute(ValueName),
    /// A declared secret; its value is never shown.
    Secret(ValueName),
}

/// Why a text is not a placeholder's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misnamed {
    /// What stands before the dot is not `host`, `attribute` or `secret`, or there is no dot.
    #[error("it does not begin with host., attribute. or secret.")]
    Namespace,
    /// There is no such field of a host.
    #[error("a host has no such field")]
    Field,
    /// What follows the dot cannot be the name of a declared value.
    #[error("no attribute or secret can have this name: {0}")]
    Name(ValueNameError),
}

impl Misnamed {
    /// What to do about it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Namespace => "write host., attribute. or secret. in front of the name",
            Self::Field => "write one of host.id, host.serial, host.name and host.model",
            Self::Name(_) => {
                "begin with a letter from a to z and go on with a to z, 0 to 9 and _, \
                 as in attribute.site"
            }
        }
    }
}

impl Placeholder {
    /// Reads the text form: no braces, no blanks.
    ///
    /// # Errors
    /// [`Misnamed`] if it names nothing that a placeholder can stand for.
    pub fn parse(text: &str) -> Result<Self, Misnamed> {
        match text.split_once('.') {
            Some(("host", field)) => HostField::parse(field)
                .map(Self::Host)
                .ok_or(Misnamed::Field),
            Some(("attribute", name)) => ValueName::parse(name)
                .map(Self::Attribute)
                .map_err(Misnamed::Name),
            Some(("secret", name)) => ValueName::parse(name)
                .map(Self::Secret)
                .map_err(Misnamed::Name),
            Some(_) | None => Err(Misnamed::Namespace),
        }
    }

    /// Whether its value must never be shown.
    pub fn is_secret(&self) -> bool {
        match self {
            Self::Secret(_) => true,
            Self::Host(_) | Self::Attribute(_) => false,
        }
    }
}

impl TryFrom<String> for ValueName {
    type Error = ValueNameError;

    fn try_from(text: String) -> Result<Self, ValueNameError> {
        Self::parse(&text)
    }
}

impl From<ValueName> for String {
    fn from(name: ValueName) -> Self {
        name.0
    }
}

impl fmt::Display for ValueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Placeholder {
    type Error = Misnamed;

    fn try_from(text: String) -> Result<Self, Misnamed> {
        Self::parse(&text)
    }
}

impl From<Placeholder> for String {
    fn from(placeholder: Placeholder) -> Self {
        placeholder.to_string()
    }
}

impl fmt::Display for HostField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(field) => write!(f, "host.{field}"),
            Self::Attribute(name) => write!(f, "attribute.{name}"),
            Self::Secret(name) => write!(f, "secret.{name}"),
        }
    }
}
