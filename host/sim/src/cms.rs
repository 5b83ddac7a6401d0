//! Finds the profile inside a CMS-signed one: `SignedData`, DER or BER, definite or not.
//!
//! Verifies nothing: on MDM delivery a Mac trusts the channel, not the signer. Invariant: never
//! reads past the input and never recurses deeper than [`DEPTH_MAX`].

/// `SignedData` needs four levels, a chunked octet string one or two more.
const DEPTH_MAX: u8 = 16;
/// Object identifier 1.2.840.113549.1.7.2, signed data.
const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const CONTEXT_0: u8 = 0xA0;
const OCTET_STRING: u8 = 0x04;
const OCTET_STRING_CONSTRUCTED: u8 = 0x24;

/// One element: its tag, its content, and what follows it.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    rest: &'a [u8],
}

/// The signed content, or nothing if the bytes are not a signed message with content.
pub(crate) fn signed_content(bytes: &[u8]) -> Option<Vec<u8>> {
    let outer = expect(bytes, SEQUENCE)?;
    let content_type = expect(outer.content, OBJECT_IDENTIFIER)?;
    if content_type.content != SIGNED_DATA {
        return None;
    }
    let signed_data = expect(expect(content_type.rest, CONTEXT_0)?.content, SEQUENCE)?;
    let version = read(signed_data.content, DEPTH_MAX)?;
    let digest_algorithms = read(version.rest, DEPTH_MAX)?;
    let encapsulated = expect(digest_algorithms.rest, SEQUENCE)?;
    let inner_type = expect(encapsulated.content, OBJECT_IDENTIFIER)?;
    let content = expect(inner_type.rest, CONTEXT_0)?;
    let mut octets = Vec::new();
    collect_octets(content.content, DEPTH_MAX, &mut octets)?;
    Some(octets)
}

fn collect_octets(bytes: &[u8], depth: u8, octets: &mut Vec<u8>) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    let mut rest = bytes;
    while !rest.is_empty() {
        let element = read(rest, depth)?;
        match element.tag {
            OCTET_STRING => octets.extend_from_slice(element.content),
            OCTET_STRING_CONSTRUCTED => collect_octets(element.content, depth, octets)?,
            _ => return None,
        }
        rest = element.rest;
    }
    Some(())
}

fn expect(bytes: &[u8], tag: u8) -> Option<Element<'_>> {
    read(bytes, DEPTH_MAX).filter(|element| element.tag == tag)
}

fn read(bytes: &[u8], depth: u8) -> Option<Element<'_>> {
    let depth = depth.checked_sub(1)?;
    let (&tag, after_tag) = bytes.split_first()?;
    let (&length, after_length) = after_tag.split_first()?;
    if length == 0x80 {
        return read_indefinite(tag, after_length, depth);
    }
    let (length, body) = if length < 0x80 {
        (usize::from(length), after_length)
    } else {
        let count = usize::from(length & 0x7F);
        if count > 4 {
            return None;
        }
        let (digits, body) = after_length.split_at_checked(count)?;
        (
            digits
                .iter()
                .fold(0, |sum, &digit| (sum << 8) | usize::from(digit)),
            body,
        )
    };
    let (content, rest) = body.split_at_checked(length)?;
    Some(Element { tag, content, rest })
}

/// The content runs to the end-of-contents mark: two zero bytes where an element would begin.
fn read_indefinite(tag: u8, body: &[u8], depth: u8) -> Option<Element<'_>> {
    let mut rest = body;
    loop {
        if let Some(after) = rest.strip_prefix(&[0, 0]) {
            return Some(Element {
                tag,
                content: &body[..body.len() - rest.len()],
                rest: after,
            });
        }
        rest = read(rest, depth)?.rest;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrap(tag: u8, content: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        match u8::try_from(content.len()) {
            Ok(short) if short < 0x80 => out.push(short),
            _ => {
                out.push(0x82);
                out.extend_from_slice(&u16::try_from(content.len()).unwrap().to_be_bytes());
            }
        }
        out.extend_from_slice(content);
        out
    }

    fn message(octets: &[u8]) -> Vec<u8> {
        let inner = [wrap(OBJECT_IDENTIFIER, &[0x2A]), wrap(CONTEXT_0, octets)].concat();
        let data = [wrap(0x02, &[1]), wrap(0x31, &[]), wrap(SEQUENCE, &inner)].concat();
        let signed = wrap(CONTEXT_0, &wrap(SEQUENCE, &data));
        wrap(
            SEQUENCE,
            &[wrap(OBJECT_IDENTIFIER, SIGNED_DATA), signed].concat(),
        )
    }

    /// Proves that plain and chunked content come out whole.
    #[test]
    fn finds_the_content() {
        let long = vec![b'x'; 700];
        assert_eq!(
            signed_content(&message(&wrap(OCTET_STRING, &long))),
            Some(long)
        );
        let chunks = [wrap(OCTET_STRING, b"<pl"), wrap(OCTET_STRING, b"ist>")].concat();
        let definite = message(&wrap(OCTET_STRING_CONSTRUCTED, &chunks));
        assert_eq!(signed_content(&definite).unwrap(), b"<plist>");
        let indefinite = [
            &[OCTET_STRING_CONSTRUCTED, 0x80],
            chunks.as_slice(),
            &[0, 0],
        ]
        .concat();
        assert_eq!(signed_content(&message(&indefinite)).unwrap(), b"<plist>");
    }

    /// Proves that damaged input is refused and never read past its end.
    #[test]
    fn refuses_every_truncation() {
        let whole = message(&wrap(OCTET_STRING, b"<plist>"));
        for end in 0..whole.len() {
            assert_eq!(signed_content(&whole[..end]), None, "cut at {end}");
        }
        assert_eq!(signed_content(&[SEQUENCE, 0x80].repeat(1000)), None);
    }
}
