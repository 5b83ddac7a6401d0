//! The tree of a property list for one look: it borrows from the text and knows no places in it.
//!
//! For messages, of which a few values are wanted and none is changed. Knows nothing of XML.
//! Invariant: the same text gives a view and a [`super::Document`] that say the same, or the same
//! error; a node's subtree is the run of nodes from itself to `end`, and node 0 is the root.

use std::borrow::Cow;

use super::document::Span;
use super::element::Given;
use super::scalar;
use super::sink::{KeyText, Sink};

/// A property list.
#[derive(Debug)]
pub(crate) struct View<'a> {
    nodes: Vec<ViewNode<'a>>,
}

/// One value, its key if it stands in a dictionary, and one past the last node of its subtree.
#[derive(Debug)]
struct ViewNode<'a> {
    key: Cow<'a, str>,
    value: ViewValue<'a>,
    end: usize,
}

/// What a node is.
#[derive(Debug)]
enum ViewValue<'a> {
    Dictionary,
    Array,
    String(Cow<'a, str>),
    Integer(i64),
    Boolean(bool),
    /// Base64 that has been found good.
    Data(Cow<'a, str>),
    /// A real, a date, or an integer over the range of `i64`: no message has one that is wanted.
    Other,
}

impl View<'_> {
    /// The outermost value.
    pub(crate) fn root(&self) -> ViewRef<'_> {
        ViewRef {
            nodes: &self.nodes,
            id: 0,
        }
    }
}

/// A place in a view.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ViewRef<'v> {
    nodes: &'v [ViewNode<'v>],
    id: usize,
}

impl<'v> ViewRef<'v> {
    /// The value under `key`; `None` also if this is no dictionary. Costs a walk over the entries.
    pub(crate) fn get(self, key: &str) -> Option<Self> {
        let mut entries = self.children(self.is_dictionary());
        entries.find(|entry| entry.node().key == key)
    }

    /// An array's values in order; nothing for other values.
    pub(crate) fn items(self) -> impl Iterator<Item = Self> {
        self.children(self.is_array())
    }

    /// The text of a string.
    pub(crate) fn as_str(self) -> Option<&'v str> {
        if let ViewValue::String(text) = &self.node().value {
            Some(text)
        } else {
            None
        }
    }

    /// The value of an integer in the range of `i64`.
    pub(crate) fn as_integer(self) -> Option<i64> {
        if let ViewValue::Integer(number) = self.node().value {
            Some(number)
        } else {
            None
        }
    }

    /// The value of a boolean.
    pub(crate) fn as_bool(self) -> Option<bool> {
        if let ViewValue::Boolean(flag) = self.node().value {
            Some(flag)
        } else {
            None
        }
    }

    /// The bytes of a data value, decoded for this call.
    pub(crate) fn to_data(self) -> Option<Vec<u8>> {
        let ViewValue::Data(text) = &self.node().value else {
            return None;
        };
        let mut bytes = Vec::new();
        scalar::data(text, &mut Vec::new(), &mut bytes).ok()?;
        Some(bytes)
    }

    /// Whether it holds bytes.
    pub(crate) fn is_data(self) -> bool {
        matches!(self.node().value, ViewValue::Data(_))
    }

    /// Whether it holds keys and values.
    pub(crate) fn is_dictionary(self) -> bool {
        matches!(self.node().value, ViewValue::Dictionary)
    }

    /// Whether it holds values without keys.
    pub(crate) fn is_array(self) -> bool {
        matches!(self.node().value, ViewValue::Array)
    }

    fn node(self) -> &'v ViewNode<'v> {
        &self.nodes[self.id]
    }

    /// The values in it, or none unless `wanted`.
    fn children(self, wanted: bool) -> impl Iterator<Item = Self> {
        let end = if wanted { self.node().end } else { 0 };
        let mut next = self.id + 1;
        std::iter::from_fn(move || {
            let child = Self { id: next, ..self };
            (next < end).then(|| {
                next = child.node().end;
                child
            })
        })
    }
}

/// The sink that makes a [`View`].
pub(super) struct ViewNodes<'a> {
    nodes: Vec<ViewNode<'a>>,
    /// The dictionaries and arrays whose end has not come yet.
    open: Vec<usize>,
}

impl<'a> ViewNodes<'a> {
    /// With room for as many values as a text of this length has as a rule.
    pub(super) fn for_text(text: &[u8]) -> Self {
        Self {
            nodes: Vec::with_capacity((text.len() / 48).min(4096)),
            open: Vec::new(),
        }
    }

    pub(super) fn into_view(self) -> View<'a> {
        View { nodes: self.nodes }
    }

    fn push(&mut self, key: Option<KeyText<'a>>, value: ViewValue<'a>) {
        let key = key.map_or(Cow::Borrowed(""), |key| key.text);
        let end = self.nodes.len() + 1;
        self.nodes.push(ViewNode { key, value, end });
    }
}

impl<'a> Sink<'a> for ViewNodes<'a> {
    fn begin(&mut self, key: Option<KeyText<'a>>, is_dictionary: bool, _tag: Span) {
        self.open.push(self.nodes.len());
        let value = if is_dictionary {
            ViewValue::Dictionary
        } else {
            ViewValue::Array
        };
        self.push(key, value);
    }

    fn end(&mut self, _tag: Span) {
        let end = self.nodes.len();
        let ended = self.open.pop();
        if let Some(node) = ended.and_then(|id| self.nodes.get_mut(id)) {
            node.end = end;
        }
    }

    fn scalar(&mut self, key: Option<KeyText<'a>>, value: Given<'a, '_>, _: Span, _: Span) {
        let value = match value {
            Given::String(text) => ViewValue::String(text),
            Given::Integer(number) => {
                i64::try_from(number).map_or(ViewValue::Other, ViewValue::Integer)
            }
            Given::Boolean(flag) => ViewValue::Boolean(flag),
            Given::Data(_, text) => ViewValue::Data(text),
            Given::Real(_) | Given::Date(_) => ViewValue::Other,
        };
        self.push(key, value);
    }
}
