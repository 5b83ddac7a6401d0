//! Custom sections of WebAssembly files: taking one out, adding one.
//!
//! Knows nothing of what is in them. Invariant: every other byte stays what it was.

/// Magic number and version.
const HEADER_BYTES: usize = 8;

/// The id of a custom section.
const CUSTOM: u8 = 0;

/// The file with one custom section more, at its end.
pub(super) fn appended(mut file: Vec<u8>, name: &str, data: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(data.len() + name.len() + 5);
    push_number(&mut body, name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(data);
    file.push(CUSTOM);
    push_number(&mut file, body.len());
    file.extend_from_slice(&body);
    file
}

/// The core module without the custom sections of that name. What is not understood is kept.
pub(super) fn without(module: &[u8], name: &str) -> Vec<u8> {
    let mut kept = module.get(..HEADER_BYTES).unwrap_or(module).to_vec();
    let mut rest = module.get(HEADER_BYTES..).unwrap_or_default();
    while let Some((section, after)) = split(rest) {
        if !is_named(section, name) {
            kept.extend_from_slice(section);
        }
        rest = after;
    }
    kept.extend_from_slice(rest);
    kept
}

/// The first section, with its head, and what follows it.
fn split(rest: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, digits) = number(rest.get(1..)?)?;
    rest.split_at_checked(1_usize.checked_add(digits)?.checked_add(length)?)
}

fn is_named(section: &[u8], name: &str) -> bool {
    let named = || {
        let (&id, rest) = section.split_first()?;
        let (_, digits) = number(rest)?;
        let body = rest.get(digits..)?;
        let (length, digits) = number(body)?;
        let own = body.get(digits..digits.checked_add(length)?)?;
        Some(id == CUSTOM && own == name.as_bytes())
    };
    named().unwrap_or(false)
}

/// An unsigned LEB128 number of at most 32 bits, and how many bytes it has.
fn number(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        value |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, at + 1));
        }
    }
    None
}

fn push_number(bytes: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).unwrap_or_default();
        value >>= 7;
        if value == 0 {
            bytes.push(low);
            return;
        }
        bytes.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A section that is added can be taken out, alone and among others, at every length.
    #[test]
    fn there_and_back() {
        let empty = b"\0asm\x01\0\0\0".to_vec();
        for length in [0, 1, 127, 128, 20_000] {
            let data = vec![7; length];
            let one = appended(empty.clone(), "a", &data);
            let two = appended(one.clone(), "b", &data);
            let three = appended(two.clone(), "a", b"x");
            assert_eq!(without(&one, "a"), empty);
            assert_eq!(without(&two, "b"), one);
            assert_eq!(without(&three, "a"), appended(empty.clone(), "b", &data));
            assert_eq!(without(&three, "c"), three);
        }
    }

    /// Bytes that break off are left as they are.
    #[test]
    fn broken_files() {
        for bytes in [
            &b""[..],
            b"\0asm",
            b"\0asm\x01\0\0\0\0\xff",
            b"\0asm\x01\0\0\0\0\x09ab",
        ] {
            assert_eq!(without(bytes, "a"), bytes);
        }
    }
}
