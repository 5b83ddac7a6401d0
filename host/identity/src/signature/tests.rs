//! Signatures of `openssl cms`, good and bad, and what becomes of them when bytes change.

use super::*;
use crate::Trust;
use crate::testdata::{NOW_MS, bytes, certificate, cms};

fn body() -> Vec<u8> {
    bytes("cms/body")
}

fn verify(name: &str) -> Result<Signed, SignatureError> {
    verify_detached(&cms(name), &body())
}

/// Proves that every kind of signature a device may send is accepted, and whose it is.
#[test]
fn accepts_the_kinds_of_signatures() {
    for hash in ["sha256", "sha384", "sha512", "noattr"] {
        for kind in ["rsa", "p256"] {
            let signed = verify(&format!("{kind}-{hash}"));
            assert_eq!(signed.unwrap().signer, certificate(kind), "{kind}-{hash}");
        }
    }
    assert_eq!(verify("rsa-keyid").unwrap().signer, certificate("rsa"));
}

/// Proves that the signer is the one that the signature names, and not the first certificate.
#[test]
fn finds_the_signer_among_others() {
    let signed = verify("extra-certificates").unwrap();
    assert_eq!(signed.signer, certificate("rsa"));
    let parsed = SignedData::parse(&cms("extra-certificates")).unwrap();
    assert_ne!(parsed.certificates[0], signed.signer);
    assert_eq!(signed.others.len(), 3);
    for other in ["ca", "other", "p256"] {
        assert!(signed.others.contains(&certificate(other)), "{other}");
    }
}

/// Proves that each kind of message that is not what is asked for is refused for its reason.
#[test]
fn refuses_other_messages() {
    let cases = [
        ("rsa-sha1", "the digest is not SHA-256, SHA-384 or SHA-512"),
        (
            "rsa-pss",
            "the signature algorithm and the key are not RSA (2048 bits or more) or ECDSA P-256",
        ),
        (
            "rsa1024-sha256",
            "the signature algorithm and the key are not RSA (2048 bits or more) or ECDSA P-256",
        ),
        (
            "p384-sha384",
            "the signature algorithm and the key are not RSA (2048 bits or more) or ECDSA P-256",
        ),
        ("two-signers", "there must be exactly one signer"),
        ("certs-only", "there must be exactly one signer"),
        (
            "no-certificate",
            "the signer's certificate is not in the message",
        ),
        (
            "attached",
            "the signature carries content of its own instead of being detached",
        ),
        (
            "ber-attached",
            "the signature carries content of its own instead of being detached",
        ),
        ("other-type", "the signature is not over plain data"),
        ("enc-aes256", "the bytes are not CMS SignedData"),
    ];
    for (name, reason) in cases {
        assert_eq!(verify(name).unwrap_err().to_string(), reason, "{name}");
    }
}

/// Proves that the signature covers every byte of the body, with signed attributes and without.
#[test]
fn covers_the_whole_body() {
    for (name, with_attributes) in [("rsa-sha256", true), ("p256-noattr", false)] {
        let message = cms(name);
        let whole = body();
        for at in 0..whole.len() {
            let mut other = whole.clone();
            other[at] ^= 1;
            let error = verify_detached(&message, &other).unwrap_err();
            assert_eq!(
                matches!(error, SignatureError::Digest),
                with_attributes,
                "{at}: {error}"
            );
        }
        assert!(verify_detached(&message, &whole[1..]).is_err());
        assert!(verify_detached(&message, &[whole.as_slice(), b"\n"].concat()).is_err());
        assert!(verify_detached(&message, b"").is_err());
    }
}

/// Proves that BER as Apple's encoder writes it is read as the same message, with the same digest.
#[test]
fn reads_indefinite_lengths() {
    for name in [
        "rsa-sha256",
        "p256-sha256",
        "rsa-noattr",
        "extra-certificates",
    ] {
        let message = cms(name);
        let streamed = indefinite(&message, &certificate_bytes(name));
        assert_eq!(streamed[..2], [0x30, 0x80]);
        let signed = verify_detached(&streamed, &body()).unwrap();
        assert_eq!(signed.digest, verify(name).unwrap().digest, "{name}");
    }
}

/// Certificates are DER within any BER, so a streaming encoder copies them.
fn certificate_bytes(name: &str) -> Vec<Vec<u8>> {
    let signed = verify(name).unwrap();
    let all = std::iter::once(&signed.signer).chain(&signed.others);
    all.map(|certificate| certificate.der().to_vec()).collect()
}

/// Writes every constructed value with an indefinite length, except those to be kept.
fn indefinite(der: &[u8], kept: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = der;
    while let Some((&tag, _)) = rest.split_first() {
        let (header, length) = match rest[1] {
            0x81 => (3, usize::from(rest[2])),
            0x82 => (4, usize::from(rest[2]) << 8 | usize::from(rest[3])),
            short => (2, usize::from(short)),
        };
        let (value, after) = rest.split_at(header + length);
        if tag & 0x20 == 0 || kept.iter().any(|certificate| certificate == value) {
            out.extend_from_slice(value);
        } else {
            out.extend([tag, 0x80]);
            out.extend(indefinite(&value[header..], kept));
            out.extend([0, 0]);
        }
        rest = after;
    }
    out
}

/// Proves that the digest names a signature: different for others over the same body.
#[test]
fn digest_names_the_signature() {
    let names = [
        "rsa-sha256",
        "rsa-sha384",
        "p256-sha256",
        "p256-noattr",
        "rsa-noattr",
    ];
    let mut digests: Vec<_> = names
        .iter()
        .map(|name| verify(name).unwrap().digest)
        .collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), names.len());
}

/// Proves that the header is standard base64 with padding, bounded, and decodes to the message.
#[test]
fn decodes_the_header() {
    let message = cms("rsa-sha256");
    let header = STANDARD.encode(&message);
    assert_eq!(decode_header(&header).unwrap(), message);
    assert_eq!(decode_header(&format!(" {header} ")).unwrap(), message);
    for wrong in ["MA", "MA=", "M*A=", "MAA-", "M AA=", "é"] {
        assert!(
            matches!(decode_header(wrong), Err(SignatureError::NotBase64)),
            "{wrong}"
        );
    }
    let long = "A".repeat(HEADER_BYTES_MAX + 4);
    assert!(matches!(
        decode_header(&long),
        Err(SignatureError::TooLarge)
    ));
    let long = vec![0x30; SIGNATURE_BYTES_MAX + 1];
    assert!(matches!(
        verify_detached(&long, b""),
        Err(SignatureError::TooLarge)
    ));
}

/// Proves that 5,000 levels of nesting are refused, bare and where the content belongs.
#[test]
fn refuses_deep_nesting() {
    let deep = [0x30, 0x80].repeat(5_000);
    let inside = [&[0x30, 0x80, 0x06, 0x01, 0x2a, 0xa0, 0x80][..], &deep].concat();
    for message in [deep, inside] {
        let error = verify_detached(&message, &body()).unwrap_err();
        assert!(
            matches!(error, SignatureError::Encoding(TlvError::TooDeep)),
            "{error:?}"
        );
    }
}

/// Proves that no message that is cut or has a byte behind it verifies or panics.
#[test]
fn refuses_every_cut() {
    for name in [
        "rsa-sha256",
        "p256-sha256",
        "extra-certificates",
        "rsa-noattr",
    ] {
        let message = cms(name);
        for end in 0..message.len() {
            assert!(
                verify_detached(&message[..end], &body()).is_err(),
                "{name} cut at {end}"
            );
        }
        let longer = [message.as_slice(), &[0]].concat();
        let error = verify_detached(&longer, &body()).unwrap_err();
        assert!(
            matches!(error, SignatureError::Encoding(TlvError::Trailing)),
            "{error:?}"
        );
    }
}

/// Proves that of 2,000 seeded changes of one byte in each message none panics, and that none of
/// them passes for a message of someone else. What still verifies is changed where nothing is said
/// (a version, an unused certificate) and names the same signature; or it is changed within the
/// signer's certificate, which the CA's signature covers and not this one, so that it is no longer
/// trusted.
#[test]
fn survives_changed_bytes() {
    let trust = Trust::new(vec![certificate("ca")]).unwrap();
    let names = [
        "rsa-sha256",
        "p256-sha256",
        "p256-noattr",
        "rsa-keyid",
        "extra-certificates",
    ];
    for (seed, name) in (1..).zip(names) {
        let message = cms(name);
        let original = verify(name).unwrap();
        assert!(
            trust
                .verify(&original.signer, &original.others, NOW_MS)
                .is_ok()
        );
        let mut random = Random(seed);
        for _ in 0..2_000 {
            let mut changed = message.clone();
            let at = random.below(changed.len());
            changed[at] ^= 1 << random.below(8);
            let Ok(signed) = verify_detached(&changed, &body()) else {
                continue;
            };
            let context = format!("{name}: byte {at}, seed {seed}");
            assert_eq!(signed.digest, original.digest, "{context}");
            let is_trusted = trust.verify(&signed.signer, &signed.others, NOW_MS).is_ok();
            assert_eq!(is_trusted, signed.signer == original.signer, "{context}");
        }
    }
}

/// A generator of a few lines (`SplitMix64`), so that a failure can be repeated from its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}
