//! Values of ASN.1 as nobody in their right mind writes them.
//!
//! Knows nothing of what they are for. Invariant: the same arguments give the same bytes.

pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const OCTETS: u8 = 0x04;
const BITS: u8 = 0x03;
const OBJECT: u8 = 0x06;

/// 1.2.840.113549.1.7.1
pub(super) const DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 1];
/// 1.2.840.113549.1.7.2
pub(super) const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 7, 2];
/// 1.2.840.113549.1.1.1
pub(super) const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 1];
/// 1.2.840.113549.1.1.11
pub(super) const SHA256_WITH_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11];
/// 2.16.840.1.101.3.4.2.1
pub(super) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1];
/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 4, 3];

/// One value with a definite, minimal length.
pub(super) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let zeros = length.iter().take_while(|byte| **byte == 0).count();
    let digits = &length[zeros..];
    let mut out = vec![tag];
    match digits {
        [] => out.push(0),
        [short @ 0..0x80] => out.push(*short),
        digits => {
            out.push(0x80 | u8::try_from(digits.len()).unwrap());
            out.extend_from_slice(digits);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A sequence of values.
pub(super) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    value(SEQUENCE, &parts.concat())
}

/// An object identifier by its content.
pub(super) fn object(content: &[u8]) -> Vec<u8> {
    value(OBJECT, content)
}

/// An algorithm with NULL for its parameters.
pub(super) fn algorithm(content: &[u8]) -> Vec<u8> {
    sequence(&[&object(content), &[5, 0]])
}

/// A bit string of whole octets.
pub(super) fn bits(content: &[u8]) -> Vec<u8> {
    value(BITS, &[&[0], content].concat())
}

/// A positive integer of that many bytes, odd and as long as it looks.
pub(super) fn integer(bytes: usize) -> Vec<u8> {
    let mut content = vec![0xC5; bytes];
    content.insert(0, 0);
    value(INTEGER, &content)
}

/// A name of one common name.
pub(super) fn name(text: &str) -> Vec<u8> {
    let attribute = sequence(&[&object(COMMON_NAME), &value(0x0C, text.as_bytes())]);
    sequence(&[&value(SET, &attribute)])
}

/// A value within a value, so many times.
pub(super) fn nested(tag: u8, levels: usize) -> Vec<u8> {
    let mut lengths = Vec::with_capacity(levels);
    let mut length = 0;
    for _ in 0..levels {
        lengths.push(length);
        length += value(tag, &vec![0; length]).len() - length;
    }
    let heads = lengths.iter().rev().map(|length| {
        let whole = value(tag, &vec![0; *length]);
        whole[..whole.len() - length].to_vec()
    });
    heads.flatten().collect()
}
