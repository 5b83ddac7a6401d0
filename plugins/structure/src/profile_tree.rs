//! The profile as the rules look at it: the top level, and its payloads with their four names.
//!
//! Knows no rule. Invariant: `payloads` holds exactly the dictionaries of `PayloadContent`, in file
//! order; an empty string counts as an absent one.

use mooring_sdk::{Document, Kind, Node};

/// One profile.
pub(crate) struct ProfileTree<'a> {
    pub(crate) root: Node<'a>,
    pub(crate) payloads: Vec<Payload<'a>>,
}

/// One dictionary of `PayloadContent`.
#[derive(Clone, Copy)]
pub(crate) struct Payload<'a> {
    pub(crate) node: Node<'a>,
    /// Counted from 1, as people count.
    pub(crate) number: usize,
}

impl<'a> ProfileTree<'a> {
    pub(crate) fn read(document: &'a Document) -> Self {
        let root = document.root();
        let content = root.find(Kind::Array, "PayloadContent");
        let items = content.into_iter().flat_map(Node::items);
        let payloads = items
            .enumerate()
            .filter(|(_, node)| node.kind() == Kind::Dictionary)
            .map(|(index, node)| Payload {
                node,
                number: index + 1,
            })
            .collect();
        Self { root, payloads }
    }

    /// Whether the payloads are inside an encrypted blob, where no rule can look.
    pub(crate) fn is_encrypted(&self) -> bool {
        self.root.get("IsEncrypted").and_then(Node::as_bool) == Some(true)
    }

    /// Every value of the profile but the root.
    pub(crate) fn values(&self) -> impl Iterator<Item = Node<'a>> {
        self.root.descendants().skip(1)
    }
}

impl<'a> Payload<'a> {
    /// `PayloadType`, if it is a non-empty string.
    pub(crate) fn payload_type(self) -> Option<Text<'a>> {
        text(self.node, "PayloadType")
    }

    /// `PayloadIdentifier`, if it is a non-empty string.
    pub(crate) fn identifier(self) -> Option<Text<'a>> {
        text(self.node, "PayloadIdentifier")
    }

    /// `PayloadUUID`, if it is a non-empty string.
    pub(crate) fn uuid(self) -> Option<Text<'a>> {
        text(self.node, "PayloadUUID")
    }

    /// What to call it in a message: its number, and its type if it has one.
    pub(crate) fn label(self) -> String {
        match self.payload_type() {
            Some(found) => format!("payload {} ({})", self.number, quoted(found.text)),
            None => format!("payload {}", self.number),
        }
    }
}

/// A non-empty string and where it stands.
#[derive(Clone, Copy)]
pub(crate) struct Text<'a> {
    pub(crate) node: Node<'a>,
    pub(crate) text: &'a str,
}

/// The string under `key`, unless it is absent, empty or another kind.
pub(crate) fn text<'a>(dictionary: Node<'a>, key: &str) -> Option<Text<'a>> {
    let node = dictionary.get(key)?;
    let text = node.as_str().filter(|text| !text.is_empty())?;
    Some(Text { node, text })
}

/// Whether `key` is absent, but a key that differs from it in case only is there: T011 says so, and
/// the rule about the absent key has nothing to add.
pub(crate) fn is_miscased(dictionary: Node<'_>, key: &str) -> bool {
    let mut entries = dictionary.entries();
    dictionary.get(key).is_none() && entries.any(|(name, _)| name.eq_ignore_ascii_case(key))
}

/// A value of the file inside a message, cut to 60 characters.
pub(crate) fn quoted(text: &str) -> String {
    const LENGTH_MAX: usize = 60;
    match text.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("\"{}...\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}
