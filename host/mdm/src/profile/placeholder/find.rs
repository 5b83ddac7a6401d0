//! Which placeholders a profile has, and where.
//!
//! Looks at strings alone: dictionary keys and data are never filled. Invariant: nothing is found
//! in a value that names something, so no value of a host ever becomes part of a name.

use std::collections::BTreeSet;

use super::name::{Misnamed, Placeholder};
use super::pieces::{Piece, pieces};
use crate::plist::{Document, NOTICES_MAX, Node, NodeId, Value};

/// Most placeholders in one profile, each counted as often as it stands there. With
/// [`super::VALUE_BYTES_MAX`] it bounds what filling adds to 1 MiB, before escaping.
pub const PLACEHOLDERS_MAX: usize = 256;

/// The keys whose values say which profile or payload this is, what kind, and for which channel.
const NAMING_KEYS: [&str; 4] = [
    "PayloadIdentifier",
    "PayloadUUID",
    "PayloadType",
    "PayloadScope",
];

/// What was found in a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// Which placeholders there are.
    pub placeholders: BTreeSet<Placeholder>,
    /// The string of each one, in the order of the text; several may stand in one string.
    pub places: Vec<(NodeId, Placeholder)>,
    /// Values with `{{` in their text or their key that is delivered as it stands, since it
    /// begins nothing of ours there. Each once; the first [`NOTICES_MAX`].
    pub unrecognised: Vec<NodeId>,
}

/// Why a profile's placeholders cannot be filled, for any host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    /// A name in one of the three namespaces that names nothing.
    #[error("the placeholder {written} is unknown: {why}")]
    Misnamed {
        /// The string it stands in.
        node: NodeId,
        /// The placeholder with its braces, shortened, without control characters.
        written: String,
        /// What is wrong with it.
        why: Misnamed,
    },
    /// A placeholder in a value that is a name.
    #[error(
        "the placeholder {{{{{placeholder}}}}} stands in {key}, which is the same for all hosts"
    )]
    InName {
        /// The string it stands in.
        node: NodeId,
        /// The key of that string.
        key: &'static str,
        /// The placeholder.
        placeholder: Placeholder,
    },
    /// There are too many.
    #[error("the profile has more than {PLACEHOLDERS_MAX} placeholders")]
    TooMany {
        /// The string with the first one too many.
        node: NodeId,
    },
}

impl PlaceholderError {
    /// The value where a person should look.
    pub fn node(&self) -> NodeId {
        match self {
            Self::Misnamed { node, .. } | Self::InName { node, .. } | Self::TooMany { node } => {
                *node
            }
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Misnamed { why, .. } => why.hint(),
            Self::InName { .. } => "write one fixed text there; other strings may differ by host",
            Self::TooMany { .. } => "split the profile into several",
        }
    }
}

/// Finds the placeholders in every string of a profile.
///
/// Text between double braces that does not begin with `host.`, `attribute.` or `secret.` is
/// plain text. Keys and data are not filled, so a placeholder there is none; a key with one is
/// reported as [`Found::unrecognised`], data is not looked at.
///
/// # Errors
/// [`PlaceholderError`] for the first string, in the order of the text, with a name that means
/// nothing, with a placeholder in a value that is a name itself (`PayloadIdentifier`,
/// `PayloadUUID`, `PayloadType` or `PayloadScope` at any depth), or with one too many.
pub fn placeholders(document: &Document) -> Result<Found, PlaceholderError> {
    let mut found = Found::default();
    for (id, node) in (0..).zip(document.nodes()) {
        let mut has_other = node.key.as_ref().is_some_and(|key| key.text.contains("{{"));
        for piece in pieces(text_of(node)) {
            match piece {
                Piece::Plain(_) => {}
                Piece::Other(_) => has_other = true,
                Piece::Placeholder(placeholder) => found.add(id, node, placeholder)?,
                Piece::Misnamed(text, why) => {
                    return Err(PlaceholderError::Misnamed {
                        node: id,
                        written: shown(text),
                        why,
                    });
                }
            }
        }
        if has_other && found.unrecognised.len() < NOTICES_MAX {
            found.unrecognised.push(id);
        }
    }
    Ok(found)
}

impl Found {
    fn add(
        &mut self,
        id: NodeId,
        node: &Node,
        placeholder: Placeholder,
    ) -> Result<(), PlaceholderError> {
        let own_key = node.key.as_ref().map(|key| key.text.as_str());
        if let Some(key) = NAMING_KEYS.into_iter().find(|key| own_key == Some(key)) {
            return Err(PlaceholderError::InName {
                node: id,
                key,
                placeholder,
            });
        }
        if self.places.len() == PLACEHOLDERS_MAX {
            return Err(PlaceholderError::TooMany { node: id });
        }
        self.placeholders.insert(placeholder.clone());
        self.places.push((id, placeholder));
        Ok(())
    }
}

/// The text of a string, and nothing for other values.
pub(super) fn text_of(node: &Node) -> &str {
    match &node.value {
        Value::String(text) => text,
        Value::Dictionary
        | Value::Array
        | Value::Integer(_)
        | Value::Real(_)
        | Value::Boolean(_)
        | Value::Date(_)
        | Value::Data(_) => "",
    }
}

/// A text for a message: 100 characters of it, none that a terminal would obey.
fn shown(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(100)
        .flat_map(char::escape_debug)
        .collect();
    if text.chars().nth(100).is_some() {
        short.push_str("...");
    }
    short
}
