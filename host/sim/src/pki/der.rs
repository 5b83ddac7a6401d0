//! DER: the writer and a strict reader.
//!
//! Knows only tags and lengths (X.690 section 10). Invariant: the reader takes definite, shortest
//! lengths of at most four octets and never looks past its input.

use super::PkiError;

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(crate) const UTF8_STRING: u8 = 0x0C;
pub(crate) const PRINTABLE_STRING: u8 = 0x13;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
/// `[0]`, primitive.
pub(crate) const CONTEXT_0_PRIMITIVE: u8 = 0x80;
/// `[0]`, constructed.
pub(crate) const CONTEXT_0: u8 = 0xA0;
/// `[3]`, constructed.
pub(crate) const CONTEXT_3: u8 = 0xA3;

/// One element of these parts.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        Ok(_) | Err(_) => {
            let octets = length.to_be_bytes();
            let zeros = octets.iter().take_while(|octet| **octet == 0).count();
            let digits = &octets[zeros..];
            out.push(0x80 | digits.len().to_le_bytes()[0]);
            out.extend_from_slice(digits);
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A `SEQUENCE` of these parts.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(SEQUENCE, parts)
}

/// The content of a `SET OF`: its members in the order that DER demands.
pub(crate) fn sorted(mut members: Vec<Vec<u8>>) -> Vec<u8> {
    members.sort();
    members.concat()
}

/// A non-negative `INTEGER` from big-endian octets.
pub(crate) fn integer(octets: &[u8]) -> Vec<u8> {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    let digits = &octets[zeros..];
    match digits.first() {
        None => element(INTEGER, &[&[0]]),
        Some(first) if *first >= 0x80 => element(INTEGER, &[&[0], digits]),
        Some(_) => element(INTEGER, &[digits]),
    }
}

/// A `BIT STRING` of whole octets.
pub(crate) fn bit_string(octets: &[u8]) -> Vec<u8> {
    element(BIT_STRING, &[&[0], octets])
}

/// A text as `PrintableString` if it can be one, else as `UTF8String`.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let is_printable = |byte: u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&byte);
    let tag = if text.bytes().all(is_printable) {
        PRINTABLE_STRING
    } else {
        UTF8_STRING
    };
    element(tag, &[text.as_bytes()])
}

/// One element read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag and length included.
    pub(crate) whole: &'a [u8],
}

impl<'a> Element<'a> {
    /// Reads the parts of a constructed element.
    pub(crate) fn inside(&self, what: &'static str) -> Reader<'a> {
        Reader::new(self.content, what)
    }
}

/// Reads elements one after the other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// Reads from these bytes; `what` names them in errors.
    pub(crate) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub(crate) fn malformed(&self) -> PkiError {
        PkiError::Malformed { what: self.what }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of what comes next.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element.
    pub(crate) fn any(&mut self) -> Result<Element<'a>, PkiError> {
        let (element, rest) = split(self.rest).ok_or_else(|| self.malformed())?;
        self.rest = rest;
        Ok(element)
    }

    /// The next element, which must have this tag.
    pub(crate) fn take(&mut self, tag: u8) -> Result<Element<'a>, PkiError> {
        if self.peek() != Some(tag) {
            return Err(self.malformed());
        }
        self.any()
    }

    /// The next element if it has this tag.
    pub(crate) fn take_if(&mut self, tag: u8) -> Result<Option<Element<'a>>, PkiError> {
        if self.peek() == Some(tag) {
            self.any().map(Some)
        } else {
            Ok(None)
        }
    }

    /// The object identifier that comes next.
    pub(crate) fn object(&mut self) -> Result<&'a [u8], PkiError> {
        Ok(self.take(OBJECT_IDENTIFIER)?.content)
    }

    /// Nothing may follow.
    pub(crate) fn end(&self) -> Result<(), PkiError> {
        if self.is_at_end() {
            Ok(())
        } else {
            Err(self.malformed())
        }
    }
}

/// The one element that the bytes consist of, with this tag.
pub(crate) fn only<'a>(
    bytes: &'a [u8],
    tag: u8,
    what: &'static str,
) -> Result<Element<'a>, PkiError> {
    let mut reader = Reader::new(bytes, what);
    let element = reader.take(tag)?;
    reader.end()?;
    Ok(element)
}

fn split(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, after_tag) = bytes.split_first()?;
    let (&first, after_first) = after_tag.split_first()?;
    let (length, body) = if first < 0x80 {
        (usize::from(first), after_first)
    } else {
        let count = usize::from(first & 0x7F);
        if !(1..=4).contains(&count) {
            return None;
        }
        let (digits, body) = after_first.split_at_checked(count)?;
        let length = digits
            .iter()
            .fold(0, |sum, &digit| (sum << 8) | usize::from(digit));
        if digits[0] == 0 || length < 0x80 {
            return None;
        }
        (length, body)
    };
    let (content, rest) = body.split_at_checked(length)?;
    let whole = &bytes[..bytes.len() - rest.len()];
    Some((
        Element {
            tag,
            content,
            whole,
        },
        rest,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that lengths of every size come back, and that others than the shortest are refused.
    #[test]
    fn lengths_round_trip() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let written = element(OCTET_STRING, &[&content]);
            let read = only(&written, OCTET_STRING, "test").unwrap();
            assert_eq!(read.content, content);
            assert!(only(&written[..written.len() - 1], OCTET_STRING, "test").is_err());
        }
        for bad in [&[4, 0x80, 0, 0][..], &[4, 0x81, 1, 9], &[4, 0x82, 0, 1, 9]] {
            assert!(only(bad, OCTET_STRING, "test").is_err(), "{bad:?}");
        }
    }

    /// Proves that numbers keep their sign bit free and texts their narrowest type.
    #[test]
    fn small_forms() {
        assert_eq!(integer(&[0, 0]), [2, 1, 0]);
        assert_eq!(integer(&[0, 0x7F]), [2, 1, 0x7F]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(text("a b")[0], PRINTABLE_STRING);
        assert_eq!(text("a_b")[0], UTF8_STRING);
    }
}
