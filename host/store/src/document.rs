//! Documents: small records that are found by their key and whose content belongs to the caller.
//!
//! Knows nothing of what is in a document. Invariant: both backends number the spaces and order
//! the keys alike, so a range holds the same documents in the same order everywhere.

use std::fmt;
use std::ops::Bound;

use crate::{Store, StoreError};

/// Longest key of a document, in bytes; the shortest has one. Two ids and a few numbers fit.
pub const DOCUMENT_KEY_BYTES_MAX: usize = 600;

/// Largest document, in bytes (16 MiB): what the edges accept as one body, with room to spare.
pub const DOCUMENT_VALUE_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Most documents that one page holds.
pub const DOCUMENTS_PAGE_MAX: usize = 1000;

/// A kind of document. The number of a space is part of the file's schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Space {
    /// Settings of built-in profiles. The store itself reads them: write them with
    /// [`Change::BuiltIn`](crate::Change::BuiltIn), read them with [`builtins`](crate::builtins).
    BuiltIn,
    /// Certificates of devices: which were issued or seen, and for whom.
    Leaf,
    /// Links by which a device may enroll.
    Link,
    /// Challenges by which a device may ask for a certificate.
    Challenge,
    /// Push certificates.
    PushCertificate,
    /// Commands that somebody else made and that wait for their device.
    RawCommand,
    /// The bytes of such commands.
    RawBody,
    /// What devices answered to such commands.
    RawResult,
    /// Events that wait to be told to others.
    Outbox,
    /// Everything of which there is one.
    Setting,
    /// Labels: groups of hosts, by name.
    Label,
    /// Assignments: for which hosts a profile is, by its identifier.
    Assignment,
    /// Declared values: attributes and secrets that hosts may have, by name.
    Value,
    /// Installed plugins, by id.
    Plugin,
    /// Their components, in parts.
    PluginCode,
    /// What installed plugins are bound to, by name.
    Binding,
    /// What plugins last said of profiles, by binding and profile.
    LastKnown,
}

impl Space {
    /// Every space, in order of its number.
    pub const ALL: [Self; 17] = [
        Self::BuiltIn,
        Self::Leaf,
        Self::Link,
        Self::Challenge,
        Self::PushCertificate,
        Self::RawCommand,
        Self::RawBody,
        Self::RawResult,
        Self::Outbox,
        Self::Setting,
        Self::Label,
        Self::Assignment,
        Self::Value,
        Self::Plugin,
        Self::PluginCode,
        Self::Binding,
        Self::LastKnown,
    ];

    /// The first part of its documents' keys. Never used again for another space.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::BuiltIn => 1,
            Self::Leaf => 2,
            Self::Link => 3,
            Self::Challenge => 4,
            Self::PushCertificate => 5,
            Self::RawCommand => 6,
            Self::RawBody => 7,
            Self::RawResult => 8,
            Self::Outbox => 9,
            Self::Setting => 10,
            Self::Label => 11,
            Self::Assignment => 12,
            Self::Value => 13,
            Self::Plugin => 14,
            Self::PluginCode => 15,
            Self::Binding => 16,
            Self::LastKnown => 17,
        }
    }
}

/// What must be stored under a document's key for the change to be made.
#[derive(Clone, PartialEq, Eq)]
pub enum Expected {
    /// Anything or nothing.
    Any,
    /// Nothing.
    Absent,
    /// A document with exactly these bytes.
    Same(Vec<u8>),
}

impl fmt::Debug for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("Any"),
            Self::Absent => f.write_str("Absent"),
            Self::Same(value) => write!(f, "Same({} bytes)", value.len()),
        }
    }
}

/// A document as it is read. `Debug` shows the length of its value only.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Its key within its space.
    pub key: Vec<u8>,
    /// What the caller stored.
    pub value: Vec<u8>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document")
            .field("key", &shown(&self.key))
            .field("value", &self.value.len())
            .finish()
    }
}

/// Which documents of a space to read, and from which end. The default is all, in order of key.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct KeyRange<'a> {
    /// Only keys that begin with these bytes.
    pub prefix: &'a [u8],
    /// Only keys behind this one in the order of reading; there need be no such document.
    pub after: Option<&'a [u8]>,
    /// Whether to read from the last key to the first.
    pub is_reversed: bool,
}

/// A key as both backends order it: the space's number, then the key.
pub(crate) type FullKey = (u8, Vec<u8>);

impl KeyRange<'_> {
    /// The first and last full key of the range; `None` if nothing can lie in it.
    pub(crate) fn bounds(&self, space: Space) -> Option<(Bound<FullKey>, Bound<FullKey>)> {
        let number = space.number();
        let first = (number, self.prefix.to_vec());
        let end = match behind(self.prefix) {
            Some(key) => (number, key),
            None => (number + 1, Vec::new()),
        };
        let after = self.after.map(|key| (number, key.to_vec()));
        let (lower, upper) = match (self.is_reversed, after) {
            (false, Some(after)) if after >= first => (Bound::Excluded(after), end),
            (true, Some(after)) if after < end => (Bound::Included(first), after),
            (_, _) => (Bound::Included(first), end),
        };
        let (Bound::Included(least) | Bound::Excluded(least)) = &lower else {
            return None;
        };
        (*least < upper).then_some((lower, Bound::Excluded(upper)))
    }
}

/// The first key that is greater than every key with this prefix, if there is one.
fn behind(prefix: &[u8]) -> Option<Vec<u8>> {
    let mut key = prefix.to_vec();
    while let Some(last) = key.pop() {
        if last < u8::MAX {
            key.push(last + 1);
            return Some(key);
        }
    }
    None
}

/// A key for a person: ids stay readable, other bytes are escaped.
pub(crate) fn shown(key: &[u8]) -> String {
    String::from_utf8(key.to_vec())
        .ok()
        .filter(|text| !text.contains(char::is_control))
        .unwrap_or_else(|| key.escape_ascii().to_string())
}

/// Whether a document may have this key and value.
///
/// # Errors
/// [`StoreError::DocumentKey`] or [`StoreError::DocumentValue`] if it may not.
pub(crate) fn check_size(space: Space, key: &[u8], value: Option<&[u8]>) -> Result<(), StoreError> {
    let bytes = key.len();
    if bytes == 0 || bytes > DOCUMENT_KEY_BYTES_MAX {
        return Err(StoreError::DocumentKey { space, bytes });
    }
    let bytes = value.map_or(0, <[u8]>::len);
    if bytes > DOCUMENT_VALUE_BYTES_MAX {
        return Err(StoreError::DocumentValue { space, bytes });
    }
    Ok(())
}

/// The document of a space that has exactly this key.
///
/// # Errors
/// [`StoreError`] of the backend.
pub fn document(
    store: &dyn Store,
    space: Space,
    key: &[u8],
) -> Result<Option<Vec<u8>>, StoreError> {
    // Of all keys that begin with it, the key itself is the first.
    let range = KeyRange {
        prefix: key,
        ..KeyRange::default()
    };
    let first = store.documents(space, range, 1)?.pop();
    Ok(first.and_then(|found| (found.key == key).then_some(found.value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A prefix ends where the next one begins, also when it ends in the highest byte.
    #[test]
    fn prefixes_have_an_end() {
        assert_eq!(behind(b"a"), Some(b"b".to_vec()));
        assert_eq!(behind(b"a\xff\xff"), Some(b"b".to_vec()));
        assert_eq!(behind(b""), None);
        assert_eq!(behind(b"\xff"), None);
    }

    /// What a document holds is never shown, nor what it was expected to hold.
    #[test]
    fn debug_shows_lengths_only() {
        let document = Document {
            key: b"a\xff".to_vec(),
            value: b"secret".to_vec(),
        };
        let text = format!("{document:?}");
        assert_eq!(text, r#"Document { key: "a\\xff", value: 6 }"#);
        let change = crate::Change::Document {
            space: Space::Challenge,
            key: b"key".to_vec(),
            value: Some(b"secret".to_vec()),
            expected: Expected::Same(b"secret!".to_vec()),
        };
        let text = format!("{change:?}");
        assert!(!text.contains("secret") && !text.contains("115"), "{text}");
        assert!(text.contains("Some(6)"), "{text}");
        assert!(text.contains("Same(7 bytes)"), "{text}");
    }
}
