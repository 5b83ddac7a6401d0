//! A small writer and reader of DER, independent of the one under test.
//!
//! Invariant: it knows only what the tests need, and panics at anything else.

pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const OCTETS: u8 = 0x04;
pub(crate) const UTF8: u8 = 0x0C;
pub(crate) const PRINTABLE: u8 = 0x13;

pub(crate) fn value(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    match content.len() {
        length @ 0..0x80 => out.push(u8::try_from(length).unwrap()),
        length => {
            let bytes: Vec<u8> = length
                .to_be_bytes()
                .into_iter()
                .skip_while(|b| *b == 0)
                .collect();
            out.push(0x80 | u8::try_from(bytes.len()).unwrap());
            out.extend(bytes);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A value with indefinite length, as BER allows, or with a definite one.
pub(crate) fn either(is_streamed: bool, tag: u8, content: &[u8]) -> Vec<u8> {
    if is_streamed {
        [&[tag, 0x80], content, &[0, 0]].concat()
    } else {
        value(tag, content)
    }
}

/// An octet string in pieces, under a constructed tag.
pub(crate) fn pieces(tag: u8, content: &[u8]) -> Vec<u8> {
    let all: Vec<u8> = content
        .chunks(700)
        .flat_map(|piece| value(OCTETS, piece))
        .collect();
    either(true, tag, &all)
}

pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    value(SEQUENCE, &parts.concat())
}

pub(crate) fn set(parts: &[&[u8]]) -> Vec<u8> {
    let mut parts = parts.to_vec();
    parts.sort_unstable();
    value(SET, &parts.concat())
}

pub(crate) fn oid(text: &str) -> Vec<u8> {
    let arcs: Vec<u64> = text.split('.').map(|arc| arc.parse().unwrap()).collect();
    let mut content = vec![u8::try_from(arcs[0] * 40 + arcs[1]).unwrap()];
    for arc in &arcs[2..] {
        let mut groups = vec![u8::try_from(arc & 0x7F).unwrap()];
        let mut rest = arc >> 7;
        while rest > 0 {
            groups.push(u8::try_from(rest & 0x7F).unwrap() | 0x80);
            rest >>= 7;
        }
        content.extend(groups.into_iter().rev());
    }
    value(0x06, &content)
}

/// An algorithm whose parameters are NULL.
pub(crate) fn algorithm(text: &str) -> Vec<u8> {
    sequence(&[&oid(text), &[5, 0]])
}

pub(crate) fn bits(content: &[u8]) -> Vec<u8> {
    value(0x03, &[&[0], content].concat())
}

pub(crate) fn common_name(name: &str) -> Vec<u8> {
    let attribute = sequence(&[&oid("2.5.4.3"), &value(UTF8, name.as_bytes())]);
    sequence(&[&set(&[&attribute])])
}

/// One value that was read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// With tag and length.
    pub(crate) whole: &'a [u8],
}

impl Value<'_> {
    pub(crate) fn children(self) -> Vec<Self> {
        let (mut rest, mut all) = (self.content, Vec::new());
        while !rest.is_empty() {
            let value = first(rest);
            rest = &rest[value.whole.len()..];
            all.push(value);
        }
        all
    }
}

/// Reads the one value in the bytes.
pub(crate) fn read(bytes: &[u8]) -> Value<'_> {
    let value = first(bytes);
    assert_eq!(value.whole.len(), bytes.len(), "bytes follow");
    value
}

fn first(bytes: &[u8]) -> Value<'_> {
    let (header, length) = match bytes[1] {
        length @ 0..0x80 => (2, usize::from(length)),
        count => {
            let end = 2 + usize::from(count & 0x7F);
            let length = bytes[2..end]
                .iter()
                .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
            (end, length)
        }
    };
    let whole = &bytes[..header + length];
    Value {
        tag: bytes[0],
        content: &whole[header..],
        whole,
    }
}

/// Where a certificate has what.
pub(crate) struct CertificateFields<'a> {
    pub(crate) serial: Value<'a>,
    pub(crate) issuer: Value<'a>,
    pub(crate) subject: Value<'a>,
    pub(crate) public_key_info: Value<'a>,
    extensions: Vec<Value<'a>>,
}

impl<'a> CertificateFields<'a> {
    /// The content of an extension, and whether it is critical.
    pub(crate) fn extension(&self, wanted: &str) -> Option<(bool, &'a [u8])> {
        let wanted = oid(wanted);
        let parts = self.extensions.iter().map(|extension| extension.children());
        let found = parts.into_iter().find(|parts| parts[0].whole == wanted)?;
        Some((found.len() == 3, found.last()?.content))
    }
}

pub(crate) fn certificate(der: &[u8]) -> CertificateFields<'_> {
    let mut tbs = read(der).children()[0].children();
    if tbs[0].tag == 0xA0 {
        // The version, which the first one does not write.
        tbs.remove(0);
    }
    let extensions = tbs.iter().find(|value| value.tag == 0xA3);
    CertificateFields {
        serial: tbs[0],
        issuer: tbs[2],
        subject: tbs[4],
        public_key_info: tbs[5],
        extensions: extensions.map_or_else(Vec::new, |all| all.children()[0].children()),
    }
}
