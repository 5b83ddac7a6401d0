//! The sink that makes a [`Document`]: values of their own, with their places in the text.
//!
//! Knows nothing of XML. Invariant: nodes are in preorder and each knows where its subtree ends.

use super::document::{Document, Key, Node, NodeId, Span, Value};
use super::element::Given;
use super::sink::{KeyText, Sink};

/// The nodes so far.
#[derive(Default)]
pub(super) struct Nodes {
    nodes: Vec<Node>,
    /// The dictionaries and arrays whose end has not come yet.
    open: Vec<NodeId>,
}

impl Nodes {
    pub(super) fn into_document(self) -> Document {
        Document::new(self.nodes)
    }

    fn push(&mut self, value: Value, key: Option<KeyText<'_>>, span: Span, text: Span) -> NodeId {
        let id = self.next_id();
        self.nodes.push(Node {
            value,
            key: key.map(|key| Key {
                text: key.text.into_owned(),
                span: key.span,
            }),
            parent: self.open.last().copied(),
            end: id + 1,
            span,
            text,
        });
        id
    }

    /// The id that the next node gets; the reader's node limit keeps it within its type.
    fn next_id(&self) -> NodeId {
        NodeId::try_from(self.nodes.len()).unwrap_or(NodeId::MAX)
    }
}

impl<'a> Sink<'a> for Nodes {
    fn begin(&mut self, key: Option<KeyText<'a>>, is_dictionary: bool, tag: Span) {
        let value = if is_dictionary {
            Value::Dictionary
        } else {
            Value::Array
        };
        let inner = Span {
            start: tag.end,
            end: tag.end,
        };
        let id = self.push(value, key, tag, inner);
        self.open.push(id);
    }

    fn end(&mut self, tag: Span) {
        let end = self.next_id();
        let ended = self.open.pop();
        if let Some(node) = ended.and_then(|id| self.nodes.get_mut(id as usize)) {
            node.end = end;
            node.span.end = tag.end;
            node.text.end = tag.start;
        }
    }

    fn scalar(&mut self, key: Option<KeyText<'a>>, value: Given<'a, '_>, whole: Span, inner: Span) {
        let value = match value {
            Given::String(text) => Value::String(text.into_owned()),
            Given::Integer(number) => Value::Integer(number),
            Given::Real(number) => Value::Real(number),
            Given::Boolean(flag) => Value::Boolean(flag),
            Given::Date(text) => Value::Date(text.into_owned()),
            Given::Data(bytes, _) => Value::Data(std::mem::take(bytes)),
        };
        self.push(value, key, whole, inner);
    }
}
