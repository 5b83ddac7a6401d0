//! Makes a plugin's texts fit to be shown.
//!
//! Knows nothing of what they say. Invariant: what comes out has no control characters but line
//! feed, so that no plugin steers an administrator's terminal, and is no longer than asked.

use std::borrow::Cow;

/// Longest message or hint kept, in bytes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4096;

/// Longest rule id kept, in bytes.
pub(crate) const RULE_BYTES_MAX: usize = 100;

/// `text` without control characters, cut to at most `bytes_max` bytes.
pub(crate) fn clean<'a>(text: impl Into<Cow<'a, str>>, bytes_max: usize) -> String {
    let mut text = text.into();
    if text.len() > bytes_max {
        let cut = text.floor_char_boundary(bytes_max);
        text = Cow::Owned(text[..cut].to_owned());
    }
    // Nearly every text is as it should be, and one look at its bytes shows it.
    if !text.bytes().any(may_be_control) {
        return text.into_owned();
    }
    let shown = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    text.chars().map(shown).collect()
}

/// Whether a control character that is to go may begin with this byte; beyond ASCII, those of Unicode
/// begin with 0xc2.
fn may_be_control(byte: u8) -> bool {
    (byte.is_ascii_control() && byte != b'\n') || byte == 0xc2
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Escape sequences lose their power, and a cut does not split a character.
    #[test]
    fn cleaning() {
        assert_eq!(clean("a\u{1b}[31mb\tc\nd", 100), "a [31mb c\nd");
        assert_eq!(clean("aé", 2), "a");
        assert_eq!(clean("aé".to_owned(), 3), "aé");
        assert_eq!(clean("a\u{7}b", 1), "a");
    }

    /// Every control character but line feed becomes a space, and every other character stays.
    #[test]
    fn every_character() {
        for c in '\0'..=char::MAX {
            let is_gone = c.is_control() && c != '\n';
            let expected = if is_gone { ' ' } else { c };
            assert_eq!(clean(c.to_string(), 4), expected.to_string(), "{c:?}");
        }
    }
}
