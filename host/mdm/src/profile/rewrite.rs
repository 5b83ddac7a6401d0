//! Adding entries to a profile's dictionary as its author would have.
//!
//! Knows spans and texts, not why something is added. Invariant: new entries stand last in the
//! dictionary, so that the nodes that were there before keep their ids.

use crate::plist::{Edit, NodeRef, Span, escaped};

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
