//! Filling a profile's placeholders for one host.
//!
//! Works on the values that were read: a string's text is put together anew, escaped, and written
//! over the old one; a comment within such a string goes with it. Values may be secrets, so
//! nothing here shows one. Invariant: what comes out, read strictly, is the tree that went in but
//! for the strings that were filled and the top-level uuid.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::find::{PlaceholderError, placeholders, text_of};
use super::name::Placeholder;
use super::pieces::{Piece, pieces};
use crate::finding::Finding;
use crate::ids::PayloadUuid;
use crate::plist::{self, Document, Edit, Node, NodeId, Value};
use crate::profile::{Container, container, read_again};

/// Longest value of one placeholder, in bytes: room for a long key or token, and a bound on what
/// a profile grows by.
pub const VALUE_BYTES_MAX: usize = 4096;

/// Why a text cannot be the value of a placeholder. It does not repeat any of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ValueError {
    /// The text is too long.
    #[error("the value has more than {VALUE_BYTES_MAX} bytes")]
    TooLong,
    /// The text has a control character, a line end among them, or one that XML cannot carry.
    #[error("the value has a control character or one that XML cannot carry")]
    Character,
}

/// Why a profile was not filled. It does not repeat any value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FillError {
    /// The profile is signed, and a change would break the signature.
    #[error("the profile is signed; nothing can be filled in")]
    Signed,
    /// The profile is a binary property list; what is stored and delivered is XML.
    #[error("the profile is a binary property list")]
    Binary,
    /// The profile cannot be read.
    #[error("the profile cannot be read: {0}")]
    Profile(Finding),
    /// The profile has no top-level `PayloadUUID` that is a string.
    #[error("the profile has no uuid to replace")]
    NoUuid,
    /// What stands in the profile cannot be filled for any host.
    #[error("the profile cannot be filled")]
    Placeholder(#[source] PlaceholderError),
    /// A value is missing; the first in the order of the text.
    #[error("{0} has no value")]
    Missing(Placeholder),
    /// A value cannot be used.
    #[error("the value of {placeholder} cannot be used")]
    Value {
        /// Whose value it is.
        placeholder: Placeholder,
        /// What is wrong with it.
        #[source]
        source: ValueError,
    },
    /// What came out does not say what it must.
    #[error("the filled profile does not say what it must")]
    Changed,
}

/// Whether a text can be the value of a placeholder. The empty text can: whether it counts as a
/// value is for whoever declared it.
///
/// # Errors
/// [`ValueError`] if it is over [`VALUE_BYTES_MAX`] bytes or has a control character or one of
/// the two that XML cannot carry, U+FFFE and U+FFFF.
pub fn check_value(text: &str) -> Result<(), ValueError> {
    if text.len() > VALUE_BYTES_MAX {
        return Err(ValueError::TooLong);
    }
    let is_unfit = |c: char| c.is_control() || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    if text.contains(is_unfit) {
        return Err(ValueError::Character);
    }
    Ok(())
}

/// Fills every placeholder of an unsigned XML profile, as it is stored, and gives it another
/// top-level `PayloadUUID`. Values for placeholders that it does not have are left aside. Every
/// byte outside the strings concerned stays.
///
/// # Errors
/// [`FillError`] if the profile is not unsigned XML with a top-level uuid, if a placeholder has
/// no value, or none that can be used.
pub fn fill(
    raw: &[u8],
    uuid: &PayloadUuid,
    values: &BTreeMap<Placeholder, String>,
) -> Result<Vec<u8>, FillError> {
    match container::detect(raw).map_err(FillError::Profile)? {
        Container::Xml => {}
        Container::Binary => return Err(FillError::Binary),
        Container::Signed => return Err(FillError::Signed),
    }
    let old = read_again(raw).map_err(FillError::Profile)?;
    let texts = texts(&old, uuid, values)?;
    let edit = |(id, text): (&NodeId, &String)| -> Option<Edit> {
        Some(plist::replace_string(old.node(*id)?, text))
    };
    let new = plist::apply_edits(raw, texts.iter().filter_map(edit).collect());
    match read_again(&new) {
        Ok(document) if is_filled(&old, &document, &texts) => Ok(new),
        Ok(_) | Err(_) => Err(FillError::Changed),
    }
}

/// The new text of each string that gets one.
fn texts(
    document: &Document,
    uuid: &PayloadUuid,
    values: &BTreeMap<Placeholder, String>,
) -> Result<BTreeMap<NodeId, String>, FillError> {
    let found = placeholders(document).map_err(FillError::Placeholder)?;
    for (_, placeholder) in &found.places {
        let value = values.get(placeholder);
        let value = value.ok_or_else(|| FillError::Missing(placeholder.clone()))?;
        check_value(value).map_err(|source| FillError::Value {
            placeholder: placeholder.clone(),
            source,
        })?;
    }
    let own_uuid = document.root().get("PayloadUUID");
    let own_uuid = own_uuid.filter(|node| node.as_str().is_some());
    let own_uuid = own_uuid.ok_or(FillError::NoUuid)?.id();
    let mut texts = BTreeMap::from([(own_uuid, uuid.as_str().to_owned())]);
    for (id, _) in &found.places {
        if let (Entry::Vacant(text), Some(string)) = (texts.entry(*id), document.node(*id)) {
            text.insert(filled(string.node(), values));
        }
    }
    Ok(texts)
}

/// The text of a string with its placeholders filled, each once: what a value says is not read.
fn filled(string: &Node, values: &BTreeMap<Placeholder, String>) -> String {
    let mut text = String::new();
    for piece in pieces(text_of(string)) {
        text.push_str(match &piece {
            Piece::Plain(text) | Piece::Other(text) | Piece::Misnamed(text, _) => text,
            Piece::Placeholder(placeholder) => values.get(placeholder).map_or("", String::as_str),
        });
    }
    text
}

/// Whether the new tree is the old one with exactly these strings changed.
fn is_filled(old: &Document, new: &Document, texts: &BTreeMap<NodeId, String>) -> bool {
    fn key(node: &Node) -> Option<&str> {
        node.key.as_ref().map(|key| key.text.as_str())
    }
    let is_right = |(id, (old, new)): (NodeId, (&Node, &Node))| {
        let is_right_value = match (texts.get(&id), &new.value) {
            (Some(text), Value::String(now)) => text == now,
            (Some(_), _) => false,
            (None, now) => *now == old.value,
        };
        is_right_value && key(old) == key(new) && (old.parent, old.end) == (new.parent, new.end)
    };
    old.nodes().len() == new.nodes().len()
        && (0..).zip(old.nodes().iter().zip(new.nodes())).all(is_right)
}
