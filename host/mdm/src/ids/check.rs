//! What every name must be: not empty, bounded, without characters that would fool a reader.
//!
//! Knows no single kind of name. Invariant: the short ways for plain ASCII accept nothing that the
//! whole check would refuse.

use super::{ID_BYTES_MAX, IdError};

pub(super) fn check(what: &'static str, text: &str) -> Result<(), IdError> {
    check_bounds(what, text)?;
    if is_all(text, |byte| matches!(byte, b' '..=b'~')) {
        return Ok(());
    }
    match text.chars().find(|c| c.is_control()) {
        Some(found) => Err(IdError::Character { what, found }),
        None => Ok(()),
    }
}

/// Like [`check`], for a part of a larger name: it holds none of `separators` either, and nothing
/// that turns the direction of writing.
pub(super) fn check_part(
    what: &'static str,
    text: &str,
    separators: &[char],
) -> Result<(), IdError> {
    check_bounds(what, text)?;
    // Nearly every one is a UUID or has its alphabet.
    if is_all(text, |byte| byte.is_ascii_alphanumeric() || byte == b'-') {
        return Ok(());
    }
    check(what, text)?;
    match text.chars().find(|c| separators.contains(c) || turns(*c)) {
        Some(found) => Err(IdError::Character { what, found }),
        None => Ok(()),
    }
}

fn check_bounds(what: &'static str, text: &str) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty { what });
    }
    if text.len() > ID_BYTES_MAX {
        return Err(IdError::TooLong {
            what,
            bytes: text.len(),
        });
    }
    Ok(())
}

/// Whether it is a UUID in the one form in which we write them.
pub(super) fn is_upper_uuid(text: &str) -> bool {
    let is_fit = |(at, byte): (usize, u8)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => matches!(byte, b'0'..=b'9' | b'A'..=b'F'),
    };
    text.len() == 36 && text.bytes().enumerate().all(is_fit)
}

/// Whether every byte is plain. Without an early end, so that the compiler looks at many at once.
fn is_all(text: &str, is_plain: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(true, |all, byte| all & is_plain(byte))
}

/// Whether a character turns the direction of the text around it, so that an id would look like
/// another one in lists and logs.
fn turns(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
