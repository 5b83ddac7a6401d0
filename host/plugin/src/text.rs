//! Makes a plugin's texts fit to be shown.
//!
//! Knows nothing of what they say. Invariant: what comes out has no control characters but line
//! feed, so that no plugin steers an administrator's terminal, and is no longer than asked.

/// Longest message or hint kept, in bytes.
pub(crate) const MESSAGE_BYTES_MAX: usize = 4096;

/// Longest rule id kept, in bytes.
pub(crate) const RULE_BYTES_MAX: usize = 100;

/// `text` without control characters, cut to at most `bytes_max` bytes.
pub(crate) fn clean(text: &str, bytes_max: usize) -> String {
    let cut = text.floor_char_boundary(bytes_max);
    let shown = |c: char| if c.is_control() && c != '\n' { ' ' } else { c };
    text[..cut].chars().map(shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Escape sequences lose their power, and a cut does not split a character.
    #[test]
    fn cleaning() {
        assert_eq!(clean("a\u{1b}[31mb\tc\nd", 100), "a [31mb c\nd");
        assert_eq!(clean("aé", 2), "a");
    }
}
