//! X.509 certificates: the parts that a device looks at, and the self-signed one it makes for SCEP.
//!
//! Judges no chain and no time; that is the server's business. Invariant: names, numbers and keys
//! are kept as the certificate writes them.

use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};

use super::PkiError;
use super::der::{
    self, BIT_STRING, BOOLEAN, CONTEXT_0, CONTEXT_3, INTEGER, OCTET_STRING, Reader, SEQUENCE,
    bit_string, element, integer, sequence,
};
use super::key::PrivateKey;
use super::oid::{self, KEY_USAGE, SHA256_WITH_RSA};
use super::time::time;

const WHAT: &str = "the certificate";
/// How long before and after its making the self-signed certificate of a request holds.
const OWN_VALIDITY_MS: u64 = 24 * 3600 * 1000;
/// `digitalSignature` and `keyEncipherment`, with five bits unused.
const SIGN_AND_ENCIPHER: &[u8] = &[BIT_STRING, 2, 5, 0xA0];
const KEY_ENCIPHERMENT: u8 = 0x20;

/// A certificate's parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    /// The content octets of the serial number.
    pub(crate) serial: Vec<u8>,
    /// The issuer's name as DER.
    pub(crate) issuer: Vec<u8>,
    /// The subject's name as DER.
    pub(crate) subject: Vec<u8>,
    /// The `SubjectPublicKeyInfo` as DER.
    pub(crate) public_key: Vec<u8>,
    /// First octet of `keyUsage`, where there is one.
    key_usage: Option<u8>,
}

impl Certificate {
    /// Reads one certificate and nothing after it.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, PkiError> {
        let mut outer = der::only(bytes, SEQUENCE, WHAT)?.inside(WHAT);
        let mut body = outer.take(SEQUENCE)?.inside(WHAT);
        outer.take(SEQUENCE)?;
        outer.take(BIT_STRING)?;
        outer.end()?;
        body.take_if(CONTEXT_0)?;
        let serial = body.take(INTEGER)?.content.to_vec();
        body.take(SEQUENCE)?;
        let issuer = body.take(SEQUENCE)?.whole.to_vec();
        body.take(SEQUENCE)?;
        let subject = body.take(SEQUENCE)?.whole.to_vec();
        let public_key = body.take(SEQUENCE)?.whole.to_vec();
        let mut key_usage = None;
        while !body.is_at_end() {
            let part = body.any()?;
            if part.tag == CONTEXT_3 {
                key_usage = read_key_usage(part.content)?;
            }
        }
        Ok(Self {
            der: bytes.to_vec(),
            serial,
            issuer,
            subject,
            public_key,
            key_usage,
        })
    }

    /// One that a key signs for itself, for the time of a request (RFC 8894 section 2.3).
    pub(crate) fn self_signed(
        key: &PrivateKey,
        subject: &[u8],
        serial: &[u8],
        now_ms: u64,
    ) -> Result<Self, PkiError> {
        let algorithm = oid::algorithm(SHA256_WITH_RSA);
        let validity = sequence(&[
            &time(now_ms.saturating_sub(OWN_VALIDITY_MS)),
            &time(now_ms.saturating_add(OWN_VALIDITY_MS)),
        ]);
        let usage = sequence(&[
            &oid::object(KEY_USAGE),
            &element(BOOLEAN, &[&[0xFF]]),
            &element(OCTET_STRING, &[SIGN_AND_ENCIPHER]),
        ]);
        let body = sequence(&[
            &element(CONTEXT_0, &[&integer(&[2])]),
            &integer(serial),
            &algorithm,
            subject,
            &validity,
            subject,
            &key.public_key_info(),
            &element(CONTEXT_3, &[&sequence(&[&usage])]),
        ]);
        let signature = bit_string(&key.sign(&body)?);
        Self::read(&sequence(&[&body, &algorithm, &signature]))
    }

    /// Whether a name and serial number, as a message gives them, mean this one.
    pub(crate) fn is_called(&self, issuer: &[u8], serial: &[u8]) -> bool {
        self.issuer == issuer && self.serial == serial
    }

    /// `IssuerAndSerialNumber` (RFC 5652 section 10.2.4).
    pub(crate) fn name(&self) -> Vec<u8> {
        sequence(&[&self.issuer, &element(INTEGER, &[&self.serial])])
    }

    /// Whether content keys may be sealed for it; true if it does not say.
    pub(crate) fn may_encipher(&self) -> bool {
        self.key_usage
            .is_none_or(|bits| bits & KEY_ENCIPHERMENT != 0)
    }

    pub(crate) fn is_self_issued(&self) -> bool {
        self.issuer == self.subject
    }

    /// Checks a PKCS#1 v1.5 signature with SHA-256 by its key.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), PkiError> {
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, &self.public_key)
            .verify(message, signature)
            .map_err(|_| PkiError::Unverified {
                what: "the signature",
            })
    }

    /// Seals a content key for its key.
    pub(crate) fn seal(&self, content_key: &[u8]) -> Result<Vec<u8>, PkiError> {
        let failed = |_| PkiError::Library {
            what: "sealing a key",
        };
        let key =
            PublicEncryptingKey::from_der(&self.public_key).map_err(|_| PkiError::Unsupported {
                what: "the recipient's kind of key",
            })?;
        let key = Pkcs1PublicEncryptingKey::new(key).map_err(failed)?;
        let mut out = vec![0; key.ciphertext_size()];
        Ok(key.encrypt(content_key, &mut out).map_err(failed)?.to_vec())
    }
}

fn read_key_usage(extensions: &[u8]) -> Result<Option<u8>, PkiError> {
    let mut list = der::only(extensions, SEQUENCE, WHAT)?.inside(WHAT);
    while !list.is_at_end() {
        let mut extension = list.take(SEQUENCE)?.inside(WHAT);
        let is_usage = extension.object()? == KEY_USAGE;
        extension.take_if(BOOLEAN)?;
        let value = extension.take(OCTET_STRING)?.content;
        if is_usage {
            let bits = Reader::new(value, WHAT).take(BIT_STRING)?.content;
            return Ok(Some(bits.get(1).copied().unwrap_or(0)));
        }
    }
    Ok(None)
}
