//! DER by hand, as little of it as a signature needs.
//!
//! Knows nothing of what is encoded. Invariant: lengths are the shortest that there are.

/// `SEQUENCE`.
pub(super) const SEQUENCE: u8 = 0x30;
/// `SET`.
pub(super) const SET: u8 = 0x31;
/// `OBJECT IDENTIFIER`.
pub(super) const OBJECT: u8 = 0x06;
/// `OCTET STRING`.
pub(super) const OCTETS: u8 = 0x04;
/// `INTEGER`.
pub(super) const INTEGER: u8 = 0x02;
/// `UTCTime`.
pub(super) const UTC_TIME: u8 = 0x17;
/// `[0]`, constructed.
pub(super) const CONTEXT_0: u8 = 0xA0;

/// One element.
pub(super) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len();
    let mut out = vec![tag];
    if length < 0x80 {
        out.push(u8::try_from(length).expect("a short length"));
    } else {
        let bytes = length.to_be_bytes();
        let bytes = &bytes[bytes.iter().take_while(|byte| **byte == 0).count()..];
        out.push(0x80 | u8::try_from(bytes.len()).expect("few bytes"));
        out.extend(bytes);
    }
    out.extend(content);
    out
}

/// The first element of `bytes`: its tag, all of it, its content, and what comes after it.
pub(super) fn split(bytes: &[u8]) -> (u8, &[u8], &[u8], &[u8]) {
    let (head, length) = match bytes[1] {
        short @ 0..0x80 => (2, usize::from(short)),
        long => {
            let count = usize::from(long & 0x7F);
            let length = bytes[2..2 + count].iter();
            let length = length.fold(0, |length, byte| length << 8 | usize::from(*byte));
            (2 + count, length)
        }
    };
    let (whole, rest) = bytes.split_at(head + length);
    (bytes[0], whole, &whole[head..], rest)
}
