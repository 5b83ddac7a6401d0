//! The elements of DER: tag, length, content (X.690, section 8.1 and chapter 10).
//!
//! Knows nothing of what is encoded. Invariant: what is returned lies inside what was given, and a
//! length that is not DER (indefinite, or over [`CONTENT_BYTES_MAX`]) is no element.

/// INTEGER.
pub const INTEGER: u8 = 0x02;
/// BIT STRING.
pub const BIT_STRING: u8 = 0x03;
/// OCTET STRING.
pub const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub const OID: u8 = 0x06;
/// SEQUENCE and SEQUENCE OF.
pub const SEQUENCE: u8 = 0x30;
/// SET and SET OF.
pub const SET: u8 = 0x31;
/// The context's own constructed tag 0.
pub const CONTEXT_0: u8 = 0xa0;

/// The longest content that a length of three bytes can tell.
pub const CONTENT_BYTES_MAX: usize = 0xff_ffff;

/// One element, and what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element<'a> {
    /// The first byte: class, form and number.
    pub tag: u8,
    /// What it holds.
    pub content: &'a [u8],
    /// What follows it.
    pub rest: &'a [u8],
}

/// The element that `bytes` begin with.
pub fn next(bytes: &[u8]) -> Option<Element<'_>> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7f);
        // Zero bytes of length is BER's indefinite form.
        if !(1..=3).contains(&count) || rest.len() < count {
            return None;
        }
        let (digits, after) = rest.split_at(count);
        length = digits
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        rest = after;
    }
    let (content, rest) = rest.split_at_checked(length)?;
    Some(Element { tag, content, rest })
}

/// The content of the element with this tag that `bytes` begin with, and what follows it.
pub fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let found = next(bytes)?;
    (found.tag == tag).then_some((found.content, found.rest))
}

/// The content of the one element with this tag that `bytes` are.
pub fn whole(bytes: &[u8], tag: u8) -> Option<&[u8]> {
    let (content, rest) = element(bytes, tag)?;
    rest.is_empty().then_some(content)
}

/// The elements that stand in `bytes` one behind the other; ends at the first that is none.
pub fn elements(mut bytes: &[u8]) -> impl Iterator<Item = Element<'_>> {
    std::iter::from_fn(move || {
        let found = next(bytes)?;
        bytes = found.rest;
        Some(found)
    })
}
