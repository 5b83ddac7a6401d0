//! `Mdm-Signature` by hand, for the signatures that the simulated devices do not make: with a
//! P-256 key, or without any signed attribute.
//!
//! Knows nothing of who checks them. See RFC 5652 section 5.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rcgen::SigningKey as _;
use sha2::{Digest, Sha256};

use super::Card;
use super::der::{CONTEXT_0, INTEGER, OBJECT, OCTETS, SEQUENCE, SET, UTC_TIME, element, split};

const DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01];
const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
const CONTENT_TYPE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03];
const MESSAGE_DIGEST: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04];
const SIGNING_TIME: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x05];
const SHA_256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
const ECDSA_SHA_256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
const NULL: &[u8] = &[0x05, 0x00];

/// What a signature says beside whose it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// The digest and a time, as a text of `UTCTime`.
    At(&'static str),
    /// Nothing: the key signs the body itself, so equal bodies are signed alike (with RSA).
    Bare,
}

/// The value of `Mdm-Signature` for a body.
pub fn sign(card: &Card, body: &[u8], stamp: Stamp) -> String {
    STANDARD.encode(signed(card, body, stamp, &[]))
}

/// A profile with a signature around it.
pub fn sign_profile(card: &Card, profile: &[u8]) -> Vec<u8> {
    let content = element(CONTEXT_0, &[&element(OCTETS, &[profile])]);
    signed(card, profile, Stamp::At("231114221320Z"), &content)
}

fn signed(card: &Card, body: &[u8], stamp: Stamp, content: &[u8]) -> Vec<u8> {
    let attributes = match stamp {
        Stamp::At(time) => {
            let mut all = [
                attribute(CONTENT_TYPE, &object(DATA)),
                attribute(SIGNING_TIME, &element(UTC_TIME, &[time.as_bytes()])),
                attribute(MESSAGE_DIGEST, &element(OCTETS, &[&Sha256::digest(body)])),
            ];
            // The members of a SET are in order of their encodings.
            all.sort();
            Some(all.concat())
        }
        Stamp::Bare => None,
    };
    let what = match &attributes {
        Some(attributes) => element(SET, &[attributes]),
        None => body.to_vec(),
    };
    let key = card.key_pair();
    let signature = key.sign(&what).expect("a signature");
    let sha_256 = element(SEQUENCE, &[&object(SHA_256)]);
    let algorithm = if card.is_rsa() {
        element(SEQUENCE, &[&object(RSA), NULL])
    } else {
        element(SEQUENCE, &[&object(ECDSA_SHA_256)])
    };
    let attributes = attributes.map_or_else(Vec::new, |all| element(CONTEXT_0, &[&all]));
    let one = element(INTEGER, &[&[1]]);
    let signer = element(
        SEQUENCE,
        &[
            &one,
            &name(card.der()),
            &sha_256,
            &attributes,
            &algorithm,
            &element(OCTETS, &[&signature]),
        ],
    );
    let data = element(
        SEQUENCE,
        &[
            &one,
            &element(SET, &[&sha_256]),
            &element(SEQUENCE, &[&object(DATA), content]),
            &element(CONTEXT_0, &[card.der()]),
            &element(SET, &[&signer]),
        ],
    );
    element(
        SEQUENCE,
        &[&object(SIGNED_DATA), &element(CONTEXT_0, &[&data])],
    )
}

fn object(identifier: &[u8]) -> Vec<u8> {
    element(OBJECT, &[identifier])
}

fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    element(SEQUENCE, &[&object(kind), &element(SET, &[value])])
}

/// `IssuerAndSerialNumber` of a certificate.
fn name(certificate: &[u8]) -> Vec<u8> {
    let (_, _, outer, _) = split(certificate);
    let (_, _, mut body, _) = split(outer);
    let mut parts = Vec::new();
    while parts.len() < 3 {
        let (tag, whole, _, rest) = split(body);
        // The version comes first, where there is one.
        if tag != CONTEXT_0 {
            parts.push(whole);
        }
        body = rest;
    }
    let [serial, _, issuer] = parts[..] else {
        panic!("a certificate has a serial number, an algorithm and an issuer");
    };
    element(SEQUENCE, &[issuer, serial])
}
