//! Changing a few bytes of a property list's XML and leaving every other one alone.
//!
//! Knows spans and texts, not why something changes. Invariant: bytes outside the edits are
//! copied as they are.

use super::document::{NodeRef, Span};
use super::writer::escaped;

/// Bytes to put in place of a span.
pub(crate) struct Edit {
    /// What goes.
    pub(crate) span: Span,
    /// What comes.
    pub(crate) bytes: Vec<u8>,
}

/// Applies edits that do not overlap.
pub(crate) fn apply_edits(text: &[u8], mut edits: Vec<Edit>) -> Vec<u8> {
    edits.sort_by_key(|edit| edit.span.start);
    let mut out = Vec::with_capacity(text.len() + 1024);
    let mut copied = 0;
    for edit in edits {
        out.extend_from_slice(&text[copied..edit.span.start as usize]);
        out.extend_from_slice(&edit.bytes);
        copied = edit.span.end as usize;
    }
    out.extend_from_slice(&text[copied..]);
    out
}

/// Gives a `<string>` another text.
pub(crate) fn replace_string(string: NodeRef<'_>, new: &str) -> Edit {
    let node = string.node();
    if node.text.start < node.span.end {
        return Edit {
            span: node.text,
            bytes: escaped(new).into_owned().into_bytes(),
        };
    }
    let bytes = format!("<string>{}</string>", escaped(new)).into_bytes();
    Edit {
        span: node.span,
        bytes,
    }
}
