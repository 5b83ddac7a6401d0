//! Changing a few bytes of a profile's XML and leaving every other one alone.
//!
//! Knows spans and texts, not why something changes. Invariant: bytes outside the edits are
//! copied as they are, and new entries stand last in the dictionary, so that the nodes that were
//! there before keep their ids.

use crate::plist::{NodeRef, Span, escaped};

/// Bytes to put in place of a span.
pub(super) struct Edit {
    span: Span,
    bytes: Vec<u8>,
}

/// Applies edits that do not overlap.
pub(super) fn apply(text: &[u8], mut edits: Vec<Edit>) -> Vec<u8> {
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
pub(super) fn replace_string(string: NodeRef<'_>, new: &str) -> Edit {
    let node = string.node();
    if node.text.start < node.span.end {
        return Edit {
            span: node.text,
            bytes: escaped(new).into_bytes(),
        };
    }
    let bytes = format!("<string>{}</string>", escaped(new)).into_bytes();
    Edit {
        span: node.span,
        bytes,
    }
}

/// Adds entries at the end of a dictionary, laid out like the last one that is there.
pub(super) fn append(text: &[u8], dictionary: NodeRef<'_>, entries: &[(&str, &str)]) -> Edit {
    let node = dictionary.node();
    let is_self_closed = node.text.start == node.span.end;
    let last_key = dictionary
        .entries()
        .last()
        .and_then(|(_, last)| last.node().key.as_ref());
    let line = match last_key {
        Some(key) => line_before(text, key.span.start as usize),
        None => b"".as_slice(),
    };
    let mut bytes = Vec::new();
    for (key, value) in entries {
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(format!("<key>{}</key>", escaped(key)).as_bytes());
        bytes.extend_from_slice(line);
        bytes.extend_from_slice(format!("<string>{}</string>", escaped(value)).as_bytes());
    }
    if is_self_closed {
        let bytes = [b"<dict>".as_slice(), &bytes, b"</dict>"].concat();
        return Edit {
            span: node.span,
            bytes,
        };
    }
    let inside = &text[node.text.start as usize..node.text.end as usize];
    let blanks = inside.len() - inside.trim_ascii_end().len();
    let at = node.text.end - u32::try_from(blanks).unwrap_or(0);
    Edit {
        span: Span { start: at, end: at },
        bytes,
    }
}

/// The line end and indentation in front of `offset`; empty if something else stands before it
/// on its line.
fn line_before(text: &[u8], offset: usize) -> &[u8] {
    let before = &text[..offset];
    let indent = before
        .iter()
        .rev()
        .take_while(|byte| matches!(byte, b' ' | b'\t'))
        .count();
    let line_end = match before[..offset - indent] {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n' | b'\r'] => 1,
        _ => return b"",
    };
    &before[offset - indent - line_end..]
}
