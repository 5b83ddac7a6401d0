//! The profile as the rules look at it: the top level, and its payloads with their type.
//!
//! Knows no rule. Invariant: `payloads` holds exactly the dictionaries of `PayloadContent` that have
//! a type, in file order.

use mooring_sdk::{Document, Kind, Node};

use crate::report::quoted;

/// One profile.
pub(crate) struct ProfileTree<'a> {
    pub(crate) root: Node<'a>,
    pub(crate) payloads: Vec<Payload<'a>>,
}

/// One payload.
#[derive(Clone, Copy)]
pub(crate) struct Payload<'a> {
    pub(crate) node: Node<'a>,
    /// Counted from 1, as people count.
    pub(crate) number: usize,
    /// The value of `PayloadType`.
    pub(crate) type_node: Node<'a>,
    pub(crate) type_name: &'a str,
}

impl<'a> ProfileTree<'a> {
    pub(crate) fn read(document: &'a Document) -> Self {
        let root = document.root();
        let content = root.find(Kind::Array, "PayloadContent");
        let items = content.into_iter().flat_map(Node::items);
        let payloads = items.enumerate().filter_map(|(index, node)| {
            let type_node = node.find(Kind::String, "PayloadType")?;
            let type_name = type_node.as_str().filter(|text| !text.is_empty())?;
            Some(Payload {
                node,
                number: index + 1,
                type_node,
                type_name,
            })
        });
        Self {
            root,
            payloads: payloads.collect(),
        }
    }
}

impl Payload<'_> {
    /// What to call it in a message.
    pub(crate) fn label(self) -> String {
        format!("payload {} ({})", self.number, quoted(self.type_name))
    }
}
