//! JSON that is harmless where people look at it raw, such as a terminal.
//!
//! JSON itself escapes the first 32 control characters alone. Knows nothing of documents.
//! Invariant: what is read from the text is what was written, and no character of it is obeyed by
//! a terminal or turns the direction of writing.

use std::io;

use serde::Serialize;
use serde_json::Serializer;
use serde_json::ser::Formatter;

/// The document as one line.
///
/// # Errors
/// That of the document's own serialization.
pub fn to_vec(document: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    document.serialize(&mut Serializer::with_formatter(&mut bytes, Plain))?;
    Ok(bytes)
}

/// Compact, with escapes for more than JSON asks for.
struct Plain;

impl Formatter for Plain {
    fn write_string_fragment<W>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()>
    where
        W: ?Sized + io::Write,
    {
        let mut rest = fragment;
        while let Some((at, found)) = rest.char_indices().find(|(_, c)| is_obeyed(*c)) {
            writer.write_all(&rest.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", u32::from(found))?;
            rest = &rest[at + found.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// Control characters that JSON lets through, ends of lines of other kinds, and marks that turn the
/// direction of writing. All of them have four hex digits.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written is read again as it was, and shows nothing that a terminal obeys.
    #[test]
    fn texts_are_harmless() {
        let text = "a\u{1b}[31m\"\\\n\u{7f}\u{9b}1m \u{202e}exe\u{2066}\u{2028}Zoë 日本 😀";
        let bytes = to_vec(&[text, "", "\u{9b}"]).unwrap();
        let shown = String::from_utf8(bytes).unwrap();
        assert!(!shown.chars().any(is_obeyed), "{shown:?}");
        assert!(
            shown.contains("\\u202eexe") && shown.contains("Zoë 日本 😀"),
            "{shown}"
        );
        let read: Vec<String> = serde_json::from_str(&shown).unwrap();
        assert_eq!(read, [text, "", "\u{9b}"]);
    }
}
