//! The signature that a device sends with a message: the `Mdm-Signature` header.
//!
//! With `SignMessage` in the MDM payload a device signs every body: the header is the base64 of a
//! detached CMS signature over exactly those bytes (Apple, MDM protocol reference; RFC 5652). It
//! must not know which certificates are trusted, what the body says, or what time it is.
//!
//! **Invariant.** A [`Signed`] only exists for a body whose every byte the signer's key has signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use der::oid::db::rfc5911;

use crate::certificate::{Certificate, CertificateError};
use crate::signed_data::SignedData;
use crate::tlv::TlvError;

/// Most bytes of the header's value. Devices send 2 to 6 KiB.
pub const HEADER_BYTES_MAX: usize = 16 * 1024;
/// Most bytes of the signature that the header holds: what fits in it as base64.
pub const SIGNATURE_BYTES_MAX: usize = HEADER_BYTES_MAX / 4 * 3;

/// Why a signature does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// The header or the signature is longer than anything a device sends.
    #[error("the signature may have {HEADER_BYTES_MAX} bytes of base64 at most")]
    TooLarge,
    /// The header is not base64.
    #[error("the signature is not base64")]
    NotBase64,
    /// The bytes are not exactly one value in BER or DER, or nested too deeply.
    #[error("the signature is not one well-formed value")]
    Encoding(#[from] TlvError),
    /// The bytes are not CMS `SignedData`.
    #[error("the bytes are not CMS SignedData")]
    NotSignedData,
    /// It begins as `SignedData`, and some part of it cannot be read.
    #[error("the signature cannot be read")]
    Malformed(#[from] der::Error),
    /// The message carries content of its own: it must be detached.
    #[error("the signature carries content of its own instead of being detached")]
    Attached,
    /// What is signed is said to be something other than plain data.
    #[error("the signature is not over plain data")]
    ContentType,
    /// No signer, or more than one.
    #[error("there must be exactly one signer")]
    SignerCount,
    /// One of the certificates in the message cannot be read.
    #[error("a certificate in the message cannot be read")]
    Certificate(#[from] CertificateError),
    /// More certificates than any chain has.
    #[error("the message has too many certificates")]
    TooManyCertificates,
    /// The signer's certificate is not in the message.
    #[error("the signer's certificate is not in the message")]
    NoSignerCertificate,
    /// Two different certificates fit the name that the signer gives.
    #[error("more than one certificate in the message fits the signer's name")]
    AmbiguousSigner,
    /// SHA-1, MD5 or a digest that nobody uses.
    #[error("the digest is not SHA-256, SHA-384 or SHA-512")]
    UnsupportedDigest,
    /// Not RSA PKCS #1 v1.5 with 2048 bits or more, nor ECDSA over P-256; or algorithm, digest and
    /// key do not fit each other.
    #[error("the signature algorithm and the key are not RSA (2048 bits or more) or ECDSA P-256")]
    UnsupportedAlgorithm,
    /// A signed attribute that must be there is missing, or one is there twice.
    #[error("the signed attributes are not complete, or repeat themselves")]
    Attributes,
    /// The signed digest is another body's.
    #[error("the signature is over a different body")]
    Digest,
    /// The signature is not of the signer's key.
    #[error("the signature does not fit the body and the signer's key")]
    Invalid,
}

/// A body's signature that has been checked. It says who holds the key, not whether to believe
/// them: that is for [`Trust::verify`](crate::Trust::verify) and for pins.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Signed {
    /// The certificate whose key signed the body.
    pub signer: Certificate,
    /// The other certificates that came along, in their order: perhaps the signer's issuers.
    pub others: Vec<Certificate>,
    /// Names this very signature, however it is encoded, so that a message sent again is
    /// recognised.
    ///
    /// It is a SHA-256 over the signer's key, what is signed (signing time included, if the device
    /// states one) and the part of the signature that only the key's holder can vary.
    pub digest: [u8; 32],
    /// When the signer says that it signed, in Unix milliseconds. Without that, signatures of equal
    /// bodies are equal, and `digest` does not tell a message that is sent again from the next one
    /// like it.
    pub signed_at_ms: Option<u64>,
}

/// The bytes in an `Mdm-Signature` header: standard base64 with padding.
///
/// # Errors
/// When the value is longer than [`HEADER_BYTES_MAX`] or not base64.
pub fn decode_header(value: &str) -> Result<Vec<u8>, SignatureError> {
    if value.len() > HEADER_BYTES_MAX {
        return Err(SignatureError::TooLarge);
    }
    STANDARD
        .decode(value.trim_ascii())
        .map_err(|_| SignatureError::NotBase64)
}

/// Checks a detached CMS signature over exactly `body`.
///
/// Accepted are one signer, named by issuer and serial number or by key identifier, whose
/// certificate is in the message; RSA PKCS #1 v1.5 with 2048 bits or more, or ECDSA over P-256;
/// SHA-256, SHA-384 or SHA-512; with signed attributes or without. DER and the BER that Apple's
/// encoder writes. The validity of the certificate and a stated signing time are not looked at.
///
/// # Errors
/// A [`SignatureError`] for everything else; it never contains bytes of the message.
pub fn verify_detached(cms: &[u8], body: &[u8]) -> Result<Signed, SignatureError> {
    if cms.len() > SIGNATURE_BYTES_MAX {
        return Err(SignatureError::TooLarge);
    }
    let message = SignedData::parse(cms)?;
    if message.content.is_some() {
        return Err(SignatureError::Attached);
    }
    if message.content_type != rfc5911::ID_DATA {
        return Err(SignatureError::ContentType);
    }
    let signer = message.signer_certificate()?.clone();
    let digest = message.verify(body, &signer)?;
    let signed_at_ms = message.signing_time_ms();
    let others = message
        .certificates
        .into_iter()
        .filter(|other| *other != signer)
        .collect();
    Ok(Signed {
        signer,
        others,
        digest,
        signed_at_ms,
    })
}

#[cfg(test)]
mod tests;
