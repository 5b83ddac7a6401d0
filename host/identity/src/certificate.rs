//! One X.509 certificate, read once and kept with its own bytes.
//!
//! It must not know whether the certificate is trusted: reading one proves nothing about it.
//!
//! **Invariant.** `der()` gives exactly the bytes that were read, and the fingerprint is theirs;
//! what was decoded is for looking things up and never encoded again in their place.

use std::fmt;
use std::sync::{Arc, OnceLock};

use der::asn1::UintRef;
use der::oid::ObjectIdentifier;
use der::oid::db::{rfc5280, rfc5912};
use der::{Decode, Encode, Reader, SliceReader};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, SubjectKeyIdentifier};
use x509_cert::spki::SubjectPublicKeyInfoOwned;

use crate::header;
use crate::tlv::{self, TlvError};

/// Most bytes of one certificate. Those of devices and CAs have 1 to 2 KiB.
pub const CERTIFICATE_BYTES_MAX: usize = 16 * 1024;

/// Why bytes are not a certificate that can be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// More than [`CERTIFICATE_BYTES_MAX`].
    #[error("a certificate may have {CERTIFICATE_BYTES_MAX} bytes at most")]
    TooLarge,
    /// The bytes are not DER, or more than one value, or nested too deeply.
    #[error("the certificate is not plain DER")]
    Encoding(#[from] TlvError),
    /// The bytes are DER but no X.509 certificate.
    #[error("the bytes are not an X.509 certificate")]
    NotACertificate(#[source] der::Error),
    /// A PEM file without a certificate.
    #[error("there is no certificate in the file")]
    NoCertificate,
    /// A PEM file with a private key, which has no business in a file of certificates.
    #[error(
        "entry {number} of the file is a private key: a file of certificates must not have one"
    )]
    PrivateKey {
        /// Which entry of the file, from 1.
        number: usize,
    },
    /// A PEM file with an entry that begins and never ends, or whose base64 is damaged.
    #[error("entry {number} of the file is damaged: it has no end, or is not base64")]
    Pem {
        /// Which entry of the file, from 1.
        number: usize,
    },
    /// One certificate of a PEM file cannot be used.
    #[error("certificate {number} of the file cannot be read")]
    Entry {
        /// Which certificate of the file, from 1.
        number: usize,
        /// What is wrong with it.
        #[source]
        source: Box<Self>,
    },
    /// More certificates, or a larger file, than anyone needs.
    #[error("the file has more than {certificates} certificates or {bytes} bytes")]
    FileTooLarge {
        /// Most certificates of one file.
        certificates: usize,
        /// Most bytes of one file.
        bytes: usize,
    },
}

/// The SHA-256 of a certificate's DER: its name everywhere. Shown as 64 lower hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// A fingerprint that was stored as its 32 bytes.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes, for storing.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What kind of key a certificate speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    /// RSA (`rsaEncryption`), with the length of its modulus.
    Rsa {
        /// Bits of the modulus, as in 2048.
        bits: u32,
    },
    /// ECDSA over NIST P-256, the point written uncompressed.
    P256,
    /// Everything else: other curves, Ed25519, RSA keys bound to PSS.
    Other,
}

/// One X.509 certificate. Cheap to clone; equal when the bytes are equal.
///
/// Nothing says that it is trusted: see [`Trust`](crate::Trust).
#[derive(Clone)]
pub struct Certificate(Arc<Inner>);

struct Inner {
    facts: Facts,
    content: Content,
}

/// What is asked of nearly every certificate.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    fingerprint: Fingerprint,
    key_kind: KeyKind,
    not_before_ms: u64,
    not_after_ms: u64,
}

enum Content {
    Read(Box<Read>),
    /// Bytes that were read before, and are read again only if somebody asks for more than facts.
    Recalled(Encoded, OnceLock<Certificate>),
}

struct Read {
    der: Vec<u8>,
    parsed: x509_cert::Certificate,
    public_key_info: Vec<u8>,
}

/// The bytes that a certificate came in, known to be one.
pub(crate) enum Encoded {
    Header(Box<[u8]>),
    Der(Box<[u8]>),
}

impl Certificate {
    /// Reads one certificate (RFC 5280 section 4.1).
    ///
    /// # Errors
    /// When there are more than [`CERTIFICATE_BYTES_MAX`] bytes, when they are anything but exactly
    /// one certificate in DER, or when they nest deeper than a certificate does.
    pub fn from_der(bytes: &[u8]) -> Result<Self, CertificateError> {
        if bytes.len() > CERTIFICATE_BYTES_MAX {
            return Err(CertificateError::TooLarge);
        }
        tlv::check_der(bytes)?;
        let parsed =
            x509_cert::Certificate::from_der(bytes).map_err(CertificateError::NotACertificate)?;
        let tbs = &parsed.tbs_certificate;
        let info = &tbs.subject_public_key_info;
        let public_key_info = info.to_der().map_err(CertificateError::NotACertificate)?;
        let facts = Facts {
            fingerprint: Fingerprint(sha256(bytes)),
            key_kind: key_kind(info),
            not_before_ms: unix_ms(tbs.validity.not_before),
            not_after_ms: unix_ms(tbs.validity.not_after),
        };
        let content = Content::Read(Box::new(Read {
            der: bytes.to_vec(),
            public_key_info,
            parsed,
        }));
        Ok(Self(Arc::new(Inner { facts, content })))
    }

    /// The certificate in bytes that were read before and had these facts.
    pub(crate) fn recalled(facts: Facts, encoded: Encoded) -> Self {
        let content = Content::Recalled(encoded, OnceLock::new());
        Self(Arc::new(Inner { facts, content }))
    }

    pub(crate) fn facts(&self) -> Facts {
        self.0.facts
    }

    fn read(&self) -> &Read {
        match &self.0.content {
            Content::Read(read) => read,
            Content::Recalled(encoded, again) => again.get_or_init(|| encoded.read()).read(),
        }
    }

    /// The bytes as they were read.
    pub fn der(&self) -> &[u8] {
        &self.read().der
    }

    /// The name of these very bytes.
    pub fn fingerprint(&self) -> Fingerprint {
        self.0.facts.fingerprint
    }

    /// The first moment at which it is valid, in Unix milliseconds.
    pub fn not_before_ms(&self) -> u64 {
        self.0.facts.not_before_ms
    }

    /// The last second in which it is valid, in Unix milliseconds.
    pub fn not_after_ms(&self) -> u64 {
        self.0.facts.not_after_ms
    }

    /// What kind of key it speaks for.
    pub fn key_kind(&self) -> KeyKind {
        self.0.facts.key_kind
    }

    /// The subject as text in the form of RFC 4514, as in `CN=Lab CA,O=Example`. Whoever made the
    /// certificate chose it; control characters are replaced.
    pub fn subject(&self) -> String {
        let text = self.parsed().tbs_certificate.subject.to_string();
        text.chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect()
    }

    /// The serial number in lower hex digits, without leading zeros of the encoding.
    pub fn serial_number(&self) -> String {
        use fmt::Write as _;
        let bytes = self.parsed().tbs_certificate.serial_number.as_bytes();
        bytes
            .iter()
            .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
                // Writing to a string cannot fail.
                let _ = write!(text, "{byte:02x}");
                text
            })
    }
    /// Whether it may issue others: nothing in it says that it is no CA's (RFC 5280 section 4.2.1.9).
    /// Old roots say nothing at all.
    pub fn may_issue(&self) -> bool {
        let tbs = &self.parsed().tbs_certificate;
        match tbs.get::<BasicConstraints>() {
            Ok(Some((_, constraints))) => constraints.ca,
            Ok(None) => self.is_self_issued(),
            Err(_) => false,
        }
    }

    /// Whether issuer and subject are the same name, as in the certificate of a root CA. It does
    /// not say that the certificate is signed with its own key.
    pub fn is_self_issued(&self) -> bool {
        self.parsed().tbs_certificate.issuer == self.parsed().tbs_certificate.subject
    }

    /// The public key as DER `SubjectPublicKeyInfo`.
    pub fn public_key_info(&self) -> &[u8] {
        &self.read().public_key_info
    }

    /// The public key itself: `RSAPublicKey` in DER, or the point of an elliptic curve.
    pub(crate) fn public_key(&self) -> &[u8] {
        self.parsed()
            .tbs_certificate
            .subject_public_key_info
            .subject_public_key
            .raw_bytes()
    }

    /// Whether it speaks for an ECDSA key over NIST P-384.
    pub(crate) fn is_p384(&self) -> bool {
        let algorithm = &self
            .parsed()
            .tbs_certificate
            .subject_public_key_info
            .algorithm;
        let curve = algorithm.parameters.as_ref();
        let curve = curve.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        algorithm.oid == rfc5912::ID_EC_PUBLIC_KEY && curve == Some(rfc5912::SECP_384_R_1)
    }

    /// What was decoded, for comparing names and serial numbers.
    pub(crate) fn parsed(&self) -> &x509_cert::Certificate {
        &self.read().parsed
    }

    /// The subject key identifier extension's octets, if there is one that can be read.
    pub(crate) fn subject_key_identifier(&self) -> Option<Vec<u8>> {
        let found = self.parsed().tbs_certificate.get::<SubjectKeyIdentifier>();
        found
            .ok()
            .flatten()
            .map(|(_, identifier)| identifier.0.as_bytes().to_vec())
    }

    /// Whether the extended key usage extension is there and names client authentication.
    pub(crate) fn is_for_client_authentication(&self) -> bool {
        let found = self.parsed().tbs_certificate.get::<ExtendedKeyUsage>();
        let usage = found.ok().flatten();
        usage.is_some_and(|(_, usage)| usage.0.contains(&rfc5280::ID_KP_CLIENT_AUTH))
    }
}

impl Encoded {
    /// Reads once more what was read before, which is what its digest said.
    #[expect(
        clippy::expect_used,
        reason = "the same bytes were a certificate before"
    )]
    fn read(&self) -> Certificate {
        match self {
            Self::Header(value) => header::certificate(value).expect("a header as before"),
            Self::Der(bytes) => Certificate::from_der(bytes).expect("a certificate as before"),
        }
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Certificate");
        shown.field("subject", &self.subject());
        shown
            .field("fingerprint", &self.fingerprint())
            .finish_non_exhaustive()
    }
}

/// SHA-256 of the bytes.
pub(crate) fn sha256(bytes: &[u8]) -> [u8; 32] {
    use sha2::{Digest, Sha256};
    Sha256::digest(bytes).into()
}

fn unix_ms(time: x509_cert::time::Time) -> u64 {
    u64::try_from(time.to_unix_duration().as_millis()).unwrap_or(u64::MAX)
}

/// The kind of key, by the algorithm that the certificate names and, for RSA, its modulus.
fn key_kind(info: &SubjectPublicKeyInfoOwned) -> KeyKind {
    if info.algorithm.oid == rfc5912::RSA_ENCRYPTION {
        return modulus_bits(info.subject_public_key.raw_bytes())
            .map_or(KeyKind::Other, |bits| KeyKind::Rsa { bits });
    }
    let curve = info.algorithm.parameters.as_ref();
    let curve = curve.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
    let is_p256 =
        info.algorithm.oid == rfc5912::ID_EC_PUBLIC_KEY && curve == Some(rfc5912::SECP_256_R_1);
    // Only the uncompressed form, which everyone writes: a key must not have several names.
    let is_uncompressed =
        matches!(info.subject_public_key.raw_bytes(), [0x04, point @ ..] if point.len() == 64);
    if is_p256 && is_uncompressed {
        KeyKind::P256
    } else {
        KeyKind::Other
    }
}

/// Bits of the modulus of an `RSAPublicKey` (RFC 8017 appendix A.1.1).
fn modulus_bits(key: &[u8]) -> Option<u32> {
    let mut reader = SliceReader::new(key).ok()?;
    let modulus = reader.sequence(|fields| {
        let modulus = UintRef::decode(fields)?;
        UintRef::decode(fields)?;
        Ok(modulus)
    });
    let modulus = modulus.ok()?;
    let bytes = modulus.as_bytes();
    let leading = bytes.first()?.leading_zeros();
    u32::try_from(bytes.len())
        .ok()?
        .checked_mul(8)?
        .checked_sub(leading)
}

#[cfg(test)]
mod tests;
