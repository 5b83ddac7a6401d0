//! A CMS signature with its content in it, as signed files have: who signed, and how well.
//!
//! Unlike the signature of a message ([`crate::signature`]), which counts or does not, this one is
//! looked at for people: old digests and short keys are checked too, and said to be weak. It must
//! not know what the content is, what time it is, or what follows from a finding.
//!
//! **Invariant.** A [`Signer`] has no fault only if its key signed every byte of the content.

use std::time::Duration;

use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512};
use aws_lc_rs::signature as algorithms;
use cms::signed_data::SignerInfo;
use der::Encode;
use der::asn1::{ObjectIdentifier, OctetStringRef};
use der::oid::db::{rfc5911, rfc5912};
use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use webpki::{EndEntityCert, ExtendedKeyUsageValidator, KeyPurposeIdIter};

use crate::certificate::{Certificate, KeyKind};
use crate::signature::SignatureError;
use crate::signed_data::{self, Parts};
use crate::trust::ALGORITHMS;

/// Most signers of one file that are looked at; more than two are unheard of.
const SIGNERS_MAX: usize = 4;
/// Below this an RSA key is short, in bits.
const RSA_BITS_MIN: u32 = 2048;
/// The one that the table of identifiers lacks (RFC 3279 section 2.2.3).
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");
/// Certificates of one file that may complete a chain.
const SENT_MAX: usize = 6;

/// Who signed a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Attached {
    /// The signers, in their order; at least one.
    pub signers: Vec<Signer>,
    /// All certificates that came along.
    pub certificates: Vec<Certificate>,
}

/// One signer of a file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Signer {
    /// The certificate that the signer names, if it came along and is the only one of that name.
    pub certificate: Option<Certificate>,
    /// What is wrong with the signature, if anything is.
    pub fault: Option<Fault>,
    /// What makes it weak, in the words for people: `SHA-1`, `an RSA key of 1024 bits`.
    pub weaknesses: Vec<String>,
}

/// What is wrong with a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It is of another content, or the content was changed.
    OtherContent,
    /// It is not of the key of the signer's certificate, or of no certificate in the file.
    OtherKey,
    /// The attributes that are signed along are incomplete.
    Attributes,
    /// It is of a kind that cannot be checked here.
    Unsupported,
}

/// Reads a `SignedData` with its content, and checks each signature over it.
///
/// Checked are RSA PKCS #1 v1.5 with 1024 bits or more, and ECDSA over P-256 and P-384, with SHA-1 to
/// SHA-512. The validity of certificates is not looked at. The caller has bounded the size.
///
/// # Errors
/// When the bytes are not `SignedData` with content and at least one signer.
pub fn read(cms: &[u8]) -> Result<Attached, SignatureError> {
    let parts = Parts::parse(cms)?;
    let content = parts.content.as_deref().ok_or(SignatureError::Attached)?;
    let infos = signed_data::signers(&parts.signers, SIGNERS_MAX)?;
    let signer = |info: &SignerInfo| {
        let certificate = signed_data::named(&parts.certificates, &info.sid).ok();
        let fault = match certificate {
            Some(certificate) => check(info, parts.content_type, content, certificate).err(),
            None => Some(Fault::OtherKey),
        };
        Signer {
            fault,
            weaknesses: weaknesses(info, certificate),
            certificate: certificate.cloned(),
        }
    };
    Ok(Attached {
        signers: infos.iter().map(signer).collect(),
        certificates: parts.certificates,
    })
}

fn check(
    info: &SignerInfo,
    content_type: ObjectIdentifier,
    content: &[u8],
    certificate: &Certificate,
) -> Result<(), Fault> {
    let hash = Hash::of(info.digest_alg.oid).ok_or(Fault::Unsupported)?;
    let attributes = info.signed_attrs.as_ref();
    let encoded = attributes.map(Encode::to_der).transpose();
    let encoded = encoded.map_err(|_| Fault::Attributes)?;
    if let Some(attributes) = attributes {
        let value = |wanted: ObjectIdentifier| {
            let mut found = attributes.iter().filter(|one| one.oid == wanted);
            let only = found.next().filter(|one| one.values.len() == 1);
            only.filter(|_| found.next().is_none())
                .and_then(|one| one.values.get(0))
                .ok_or(Fault::Attributes)
        };
        let kind = value(rfc5911::ID_CONTENT_TYPE)?.decode_as::<ObjectIdentifier>();
        if kind.ok() != Some(content_type) {
            return Err(Fault::Attributes);
        }
        let stated = value(rfc5911::ID_MESSAGE_DIGEST)?.decode_as::<OctetStringRef<'_>>();
        let stated = stated.map_err(|_| Fault::Attributes)?;
        if stated.as_bytes() != digest::digest(hash.digest(), content).as_ref() {
            return Err(Fault::OtherContent);
        }
    }
    let algorithm = algorithm(info.signature_algorithm.oid, hash, certificate);
    let algorithm = algorithm.ok_or(Fault::Unsupported)?;
    let key = algorithms::UnparsedPublicKey::new(algorithm, certificate.public_key());
    let signed = encoded.as_deref().unwrap_or(content);
    let checked = key.verify(signed, info.signature.as_bytes());
    // Without attributes nothing tells whether content or key is another one.
    checked.map_err(|_| match attributes {
        Some(_) => Fault::OtherKey,
        None => Fault::OtherContent,
    })
}

fn weaknesses(info: &SignerInfo, certificate: Option<&Certificate>) -> Vec<String> {
    let mut found = Vec::new();
    match info.digest_alg.oid {
        rfc5912::ID_SHA_1 => found.push("SHA-1".to_owned()),
        rfc5912::ID_MD_5 => found.push("MD5".to_owned()),
        _ => {}
    }
    match certificate.map(Certificate::key_kind) {
        Some(KeyKind::Rsa { bits }) if bits < RSA_BITS_MIN => {
            found.push(format!("an RSA key of {bits} bits"));
        }
        Some(KeyKind::Rsa { .. } | KeyKind::P256 | KeyKind::Other) | None => {}
    }
    found
}

/// A digest that can be checked.
#[derive(Clone, Copy)]
enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn of(algorithm: ObjectIdentifier) -> Option<Self> {
        match algorithm {
            rfc5912::ID_SHA_1 => Some(Self::Sha1),
            rfc5912::ID_SHA_256 => Some(Self::Sha256),
            rfc5912::ID_SHA_384 => Some(Self::Sha384),
            rfc5912::ID_SHA_512 => Some(Self::Sha512),
            _ => None,
        }
    }

    fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        }
    }

    /// The signature algorithms that name this digest, and those that name none.
    fn algorithms(self) -> [ObjectIdentifier; 4] {
        let (rsa, ecdsa) = match self {
            Self::Sha1 => (rfc5912::SHA_1_WITH_RSA_ENCRYPTION, ECDSA_WITH_SHA_1),
            Self::Sha256 => (
                rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
                rfc5912::ECDSA_WITH_SHA_256,
            ),
            Self::Sha384 => (
                rfc5912::SHA_384_WITH_RSA_ENCRYPTION,
                rfc5912::ECDSA_WITH_SHA_384,
            ),
            Self::Sha512 => (
                rfc5912::SHA_512_WITH_RSA_ENCRYPTION,
                rfc5912::ECDSA_WITH_SHA_512,
            ),
        };
        [
            rfc5912::RSA_ENCRYPTION,
            rfc5912::ID_EC_PUBLIC_KEY,
            rsa,
            ecdsa,
        ]
    }
}

/// How to check a signature with the key of this certificate, if it can be.
fn algorithm(
    named: ObjectIdentifier,
    hash: Hash,
    certificate: &Certificate,
) -> Option<&'static dyn algorithms::VerificationAlgorithm> {
    let [rsa, ec, with_rsa, with_ec] = hash.algorithms();
    let (is_rsa, is_ec) = (
        [rsa, with_rsa].contains(&named),
        [ec, with_ec].contains(&named),
    );
    match certificate.key_kind() {
        KeyKind::Rsa { bits } if is_rsa && bits >= RSA_BITS_MIN => Some(match hash {
            Hash::Sha1 => &algorithms::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => &algorithms::RSA_PKCS1_2048_8192_SHA256,
            Hash::Sha384 => &algorithms::RSA_PKCS1_2048_8192_SHA384,
            Hash::Sha512 => &algorithms::RSA_PKCS1_2048_8192_SHA512,
        }),
        KeyKind::Rsa { .. } if is_rsa => match hash {
            Hash::Sha1 => Some(&algorithms::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
            Hash::Sha256 => Some(&algorithms::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
            Hash::Sha384 => None,
            Hash::Sha512 => Some(&algorithms::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
        },
        KeyKind::P256 if is_ec => Some(match hash {
            Hash::Sha1 => &algorithms::ECDSA_P256_SHA1_ASN1,
            Hash::Sha256 => &algorithms::ECDSA_P256_SHA256_ASN1,
            Hash::Sha384 => &algorithms::ECDSA_P256_SHA384_ASN1,
            Hash::Sha512 => &algorithms::ECDSA_P256_SHA512_ASN1,
        }),
        KeyKind::Other if is_ec && certificate.is_p384() => match hash {
            Hash::Sha1 => None,
            Hash::Sha256 => Some(&algorithms::ECDSA_P384_SHA256_ASN1),
            Hash::Sha384 => Some(&algorithms::ECDSA_P384_SHA384_ASN1),
            Hash::Sha512 => Some(&algorithms::ECDSA_P384_SHA512_ASN1),
        },
        KeyKind::Rsa { .. } | KeyKind::P256 | KeyKind::Other => None,
    }
}

/// The signers that an administrator trusts: their own certificates, or CAs that issued them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signers {
    certificates: Vec<Certificate>,
}

impl Signers {
    /// Trusts these, as signers and as issuers of signers.
    pub fn new(certificates: Vec<Certificate>) -> Self {
        Self { certificates }
    }

    /// Whether a signer is one of them, or has a chain of signatures to one of them. The chain is
    /// looked at as of a moment when the signer's own certificate was valid, and for no certain
    /// usage: certificates of every sort are used to sign files.
    pub fn includes(&self, signer: &Certificate, sent: &[Certificate], now_ms: u64) -> bool {
        if self.certificates.contains(signer) {
            return true;
        }
        let at_ms = now_ms
            .min(signer.not_after_ms())
            .max(signer.not_before_ms());
        let at = UnixTime::since_unix_epoch(Duration::from_millis(at_ms));
        let own: Vec<_> = self.certificates.iter().map(der).collect();
        let anchors: Vec<TrustAnchor<'_>> = own
            .iter()
            .filter_map(|der| webpki::anchor_from_trusted_cert(der).ok())
            .collect();
        let sent: Vec<_> = sent.iter().take(SENT_MAX).map(der).collect();
        let der = der(signer);
        let Ok(end_entity) = EndEntityCert::try_from(&der) else {
            return false;
        };
        let found =
            end_entity.verify_for_usage(ALGORITHMS, &anchors, &sent, at, AnyUsage, None, None);
        found.is_ok()
    }
}

fn der(certificate: &Certificate) -> CertificateDer<'_> {
    CertificateDer::from(certificate.der())
}

/// No condition on what a certificate says it is for.
struct AnyUsage;

impl ExtendedKeyUsageValidator for AnyUsage {
    fn validate(&self, _: KeyPurposeIdIter<'_, '_>) -> Result<(), webpki::Error> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
