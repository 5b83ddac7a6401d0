//! Certificates and signed messages that no device makes.
//!
//! Knows nothing of servers. Invariant: every part is what it is called, or is wrong on purpose.

use super::der::{
    DATA, INTEGER, OCTETS, RSA, SET, SHA256, SHA256_WITH_RSA, SIGNED_DATA, algorithm, bits,
    integer, name, nested, object, sequence, value,
};

/// A certificate with this RSA key, signed by nobody, with bytes of padding in an extension.
pub(super) fn certificate(modulus_bytes: usize, exponent_bytes: usize, padding: usize) -> Vec<u8> {
    let key = sequence(&[&integer(modulus_bytes), &integer(exponent_bytes)]);
    let info = sequence(&[&algorithm(RSA), &bits(&key)]);
    let validity = sequence(&[
        &value(0x17, b"250101000000Z"),
        &value(0x17, b"350101000000Z"),
    ]);
    let extension = sequence(&[&object(&[0x2A, 3]), &value(OCTETS, &vec![0; padding])]);
    let tbs = sequence(&[
        &value(0xA0, &value(INTEGER, &[2])),
        &value(INTEGER, &[7]),
        &algorithm(SHA256_WITH_RSA),
        &name("nobody"),
        &validity,
        &name("nobody"),
        &info,
        &value(0xA3, &sequence(&[&extension])),
    ]);
    sequence(&[&tbs, &algorithm(SHA256_WITH_RSA), &bits(&vec![0xC5; 256])])
}

/// The signer that [`certificate`] belongs to, with a signature of that many bytes.
pub(super) fn signer(signature_bytes: usize) -> Vec<u8> {
    sequence(&[
        &value(INTEGER, &[1]),
        &sequence(&[&name("nobody"), &value(INTEGER, &[7])]),
        &algorithm(SHA256),
        &algorithm(RSA),
        &value(OCTETS, &vec![0xC5; signature_bytes]),
    ])
}

/// The parts of a signed message.
pub(super) struct Message {
    /// The content of the set of digest algorithms.
    pub(super) digests: Vec<u8>,
    pub(super) content: Option<Vec<u8>>,
    pub(super) certificates: Vec<Vec<u8>>,
    pub(super) signers: Vec<Vec<u8>>,
}

impl Message {
    /// In order but for who signed it.
    pub(super) fn new() -> Self {
        Self {
            digests: algorithm(SHA256),
            content: None,
            certificates: vec![certificate(256, 3, 0)],
            signers: vec![signer(256)],
        }
    }

    pub(super) fn build(&self) -> Vec<u8> {
        let content = self.content.as_ref();
        let content = content.map(|content| value(0xA0, &value(OCTETS, content)));
        let data = sequence(&[
            &value(INTEGER, &[1]),
            &value(SET, &self.digests),
            &sequence(&[&object(DATA), &content.unwrap_or_default()]),
            &value(0xA0, &self.certificates.concat()),
            &value(SET, &self.signers.concat()),
        ]);
        sequence(&[&object(SIGNED_DATA), &value(0xA0, &data)])
    }
}

/// Messages that cannot be read or signed by anyone, each with its name; `bytes_max` is about the
/// longest.
pub(super) fn messages(bytes_max: usize) -> Vec<(String, Vec<u8>)> {
    let parts = odd_parts(bytes_max).into_iter();
    let mut all: Vec<_> = parts
        .map(|(name, bytes)| (name.to_owned(), bytes))
        .collect();
    all.extend(deep(bytes_max));
    all.extend(odd_lengths());
    for value in [0x00, 0x30, 0x80, 0xA0, 0xFF] {
        let name = format!("nothing but {value:#04x}");
        all.push((name, vec![value; bytes_max - 64]));
    }
    all
}

/// Messages with a part that is missing, there twice, or larger than anyone's.
fn odd_parts(bytes_max: usize) -> Vec<(&'static str, Vec<u8>)> {
    let with = |change: &dyn Fn(&mut Message)| {
        let mut message = Message::new();
        change(&mut message);
        message.build()
    };
    let signers = |all: &[Vec<u8>]| with(&|m| m.signers = all.to_vec());
    let certificates = |all: &[Vec<u8>]| with(&|m| m.certificates = all.to_vec());
    let digests = |all: &[u8]| with(&|m| m.digests = all.to_vec());
    let key = |modulus, exponent| {
        with(&|m| {
            m.certificates = vec![certificate(modulus, exponent, 0)];
            m.signers = vec![signer(modulus)];
        })
    };
    let many = |unit: &[u8]| unit.repeat((bytes_max - 2048) / unit.len());
    let padded = certificate(256, 3, bytes_max / 4 * 3);
    vec![
        ("nothing", Vec::new()),
        ("one byte", vec![0x30]),
        (
            "trailing bytes",
            [Message::new().build(), vec![0; 4]].concat(),
        ),
        (
            "attached content",
            with(&|m| m.content = Some(b"x".to_vec())),
        ),
        ("no signer", signers(&[])),
        ("two signers", signers(&[signer(256), signer(255)])),
        ("one signer twice", signers(&[signer(256), signer(256)])),
        ("many signers", signers(&[many(&signer(1))])),
        ("no certificate", certificates(&[])),
        ("a padded certificate", certificates(&[padded])),
        (
            "many certificates",
            certificates(&[many(&certificate(1, 1, 0))]),
        ),
        ("many algorithms", digests(&many(&algorithm(SHA256)))),
        ("a set of NULLs", digests(&many(&[5, 0]))),
        (
            "a set without end",
            [&[SET, 0x80][..], &many(&[5, 0])].concat(),
        ),
        ("ends without beginnings", many(&[0, 0])),
        ("an empty modulus", key(0, 0)),
        ("a short modulus", key(64, 3)),
        ("a modulus of 8,192 bits", key(1024, 3)),
        ("a modulus of 16,384 bits", key(2048, 3)),
        ("an exponent of 33 bits", key(256, 5)),
        ("an exponent as long as the modulus", key(256, 256)),
        ("an exponent of 8,192 bits", key(1024, 1024)),
        ("an even longer exponent", key(256, 2048)),
    ]
}

/// Values within values, as deep as the bytes allow.
fn deep(bytes_max: usize) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for levels in [10, 24, 25, 1_000, 10_000, 100_000] {
        // Each level takes two bytes at least.
        if levels * 2 <= bytes_max {
            let open = [0x30, 0x80].repeat(levels);
            let closed = [open.clone(), vec![0; levels * 2]].concat();
            all.push((format!("{levels} levels without end"), open));
            all.push((format!("{levels} levels with their ends"), closed));
        }
        if levels * 4 <= bytes_max {
            all.push((format!("{levels} levels"), nested(0x30, levels)));
            all.push((format!("{levels} octet strings"), nested(0x24, levels)));
        }
    }
    // What is longer is refused unread, as other tests show.
    all.retain(|(_, bytes)| bytes.len() <= bytes_max);
    all
}

/// Lengths that are too large, or in a form that nobody writes.
fn odd_lengths() -> Vec<(String, Vec<u8>)> {
    let lengths = [
        &[0x84, 0xFF, 0xFF, 0xFF, 0xFF][..],
        &[0x84, 0x7F, 0xFF, 0xFF, 0xFF],
        &[0x88, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
        &[0xFF],
        &[0x80],
        &[0x81, 0x01],
        &[0x82, 0x00, 0x01],
    ];
    let mut all = Vec::new();
    for tag in [0x30, 0x24, 0x04, 0xA0, 0x1F, 0x00] {
        for length in lengths {
            let bytes = [&[tag], length, &[0; 16]].concat();
            all.push((format!("a value that begins {:02x?}", &bytes[..3]), bytes));
        }
    }
    all
}
