//! Property lists: a strict reader of the XML form, the tree it yields, and a writer.
//!
//! Devices, policy tools and plist libraries disagree about sloppy documents, and every such
//! difference is a way past a check. So this reader refuses what two readers could understand
//! differently, names the rule and the very place, and keeps byte spans so that a profile can be
//! changed without being written anew. It knows nothing of profiles, commands or messages.
//!
//! Invariant: reading is one pass over the bytes without recursion, and memory is bounded by
//! [`ReaderLimits`]. Rule ids (`P002` and so on) are those of the validation catalogue.

mod content;
mod document;
mod edit;
mod element;
mod fault;
mod fill;
mod keys;
mod line;
mod nodes;
mod prolog;
mod reader;
mod scalar;
mod scan;
mod sink;
mod view;
mod writer;

#[cfg(test)]
pub(crate) mod tests;

pub use document::{Document, Key, Node, NodeId, NodeRef, Segment, Span, Value};
pub(crate) use edit::{Edit, apply_edits, replace_string};
pub use fill::{FillError, fill_string};
pub use line::LineIndex;
pub use reader::read_xml;
pub(crate) use reader::view_xml;
pub(crate) use view::{View, ViewRef};
pub(crate) use writer::escaped;
pub use writer::{Base64, XmlWriter, write_xml};

use crate::finding::Finding;

/// What a document may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReaderLimits {
    /// Longest text accepted, in bytes.
    pub bytes: usize,
    /// Deepest nesting of dictionaries and arrays; the outermost one is at depth 1. Values over
    /// [`DEPTH_MAX`] count as that.
    pub depth: usize,
    /// Most values in one document; keys do not count.
    pub nodes: usize,
}

/// No document is deeper, whatever the limits say: other code may recurse over a tree.
pub const DEPTH_MAX: usize = 256;

impl Default for ReaderLimits {
    /// 5 MiB (fonts and certificates fit, no real profile seen is near it), depth 64 (real
    /// profiles stay under 10), and 200,000 values (about 25 MB of memory).
    fn default() -> Self {
        Self {
            bytes: 5 * 1024 * 1024,
            depth: 64,
            nodes: 200_000,
        }
    }
}

/// A document that was read, and what was odd about it.
#[derive(Debug, Clone)]
pub struct Read {
    /// The tree.
    pub document: Document,
    /// Warnings, in the order of the text; at most [`NOTICES_MAX`].
    pub notices: Vec<Finding>,
}

/// Most warnings that one reading reports; the rest would say the same again.
pub const NOTICES_MAX: usize = 100;
