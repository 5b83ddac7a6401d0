//! The certification request within a message (PKCS #10, RFC 2986).
//!
//! It must not know how it came here. **Invariants.** The signature is checked over the bytes that
//! were sent, and whatever the request wants in its certificate ends here: only the key, the
//! challenge and a name for the log get out.

use aws_lc_rs::signature::{self as algorithms, UnparsedPublicKey, VerificationAlgorithm};
use der::asn1::{
    BitStringRef, ContextSpecific, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef,
};
use der::oid::db::{rfc4519, rfc5912};
use der::{Any, Decode, Encode, Reader, SliceReader, TagNumber};
use x509_cert::attr::{Attribute, Attributes};
use x509_cert::name::Name;
use x509_cert::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::Secret;
use crate::authority::{DeviceKey, KeyRefused};
use crate::tlv::{self, TlvError};

/// Bytes of a challenge. Ours have 43.
const CHALLENGE_MAX: usize = 256;
/// Characters of the requested name that are kept.
const NAME_MAX: usize = 64;
const CHALLENGE_PASSWORD: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.7");

/// Why a certification request is not accepted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// Not one well-formed value.
    #[error("it is not one well-formed value")]
    Encoding(#[from] TlvError),
    /// Well-formed, but no certification request.
    #[error("it cannot be read")]
    Malformed(#[from] der::Error),
    /// A version other than 1.
    #[error("its version is not 1")]
    Version,
    /// The key is not one to certify.
    #[error("its key is not accepted")]
    Key(#[from] KeyRefused),
    /// The message was signed with another key than the one in the request.
    #[error("its key is not the one that signed the message")]
    OtherKey,
    /// Not RSA PKCS #1 v1.5 with SHA-2.
    #[error("its signature algorithm is not accepted")]
    Algorithm,
    /// Signed with another key than its own.
    #[error("its signature does not fit its key")]
    Signature,
    /// A challenge twice, empty, too long or no text.
    #[error("its challenge is not one text of 1 to {CHALLENGE_MAX} bytes")]
    Challenge,
}

/// What is taken from a request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) public_key_info: Vec<u8>,
    pub(super) challenge: Option<Secret>,
    pub(super) name: String,
}

/// Reads a request whose key, if one is given, must be that one.
pub(super) fn read(bytes: &[u8], proven_key: Option<&[u8]>) -> Result<Asked, RequestError> {
    let der = tlv::to_der(bytes)?;
    let mut reader = SliceReader::new(&der)?;
    let (info, algorithm, signature) = reader.sequence(|parts| {
        let info = parts.tlv_bytes()?;
        let algorithm = AlgorithmIdentifierRef::decode(parts)?;
        Ok((info, algorithm, BitStringRef::decode(parts)?))
    })?;
    let fields = Fields::read(info)?;
    let public_key_info = fields.key.to_der()?;
    DeviceKey::read(&public_key_info)?;
    if proven_key.is_some_and(|proven| proven != public_key_info) {
        return Err(RequestError::OtherKey);
    }
    let verification = verification(algorithm.oid, proven_key.is_some())?;
    let key = fields.key.subject_public_key.as_bytes().unwrap_or_default();
    UnparsedPublicKey::new(verification, key)
        .verify(info, signature.as_bytes().unwrap_or_default())
        .map_err(|_| RequestError::Signature)?;
    Ok(Asked {
        challenge: challenge(&fields.attributes)?,
        name: common_name(&fields.subject),
        public_key_info,
    })
}

/// `CertificationRequestInfo`.
struct Fields<'a> {
    subject: Name,
    key: SubjectPublicKeyInfoRef<'a>,
    attributes: Attributes,
}

impl<'a> Fields<'a> {
    fn read(info: &'a [u8]) -> Result<Self, RequestError> {
        let mut reader = SliceReader::new(info)?;
        let (version, fields) = reader.sequence(|parts| {
            let version = u8::decode(parts)?;
            let subject = Name::decode(parts)?;
            let key = SubjectPublicKeyInfoRef::decode(parts)?;
            let attributes = ContextSpecific::decode_implicit(parts, TagNumber::N0)?;
            let attributes = attributes.map_or_else(SetOfVec::new, |tagged| tagged.value);
            Ok((
                version,
                Self {
                    subject,
                    key,
                    attributes,
                },
            ))
        })?;
        reader.finish(())?;
        if version == 0 {
            Ok(fields)
        } else {
            Err(RequestError::Version)
        }
    }
}

/// How to check the signature of a request.
///
/// Older devices sign it with SHA-1. That is let through only where the same key has just signed
/// the whole message with SHA-2: then this signature proves nothing that is not proven already.
fn verification(
    algorithm: ObjectIdentifier,
    is_key_proven: bool,
) -> Result<&'static dyn VerificationAlgorithm, RequestError> {
    match algorithm {
        rfc5912::SHA_256_WITH_RSA_ENCRYPTION => Ok(&algorithms::RSA_PKCS1_2048_8192_SHA256),
        rfc5912::SHA_384_WITH_RSA_ENCRYPTION => Ok(&algorithms::RSA_PKCS1_2048_8192_SHA384),
        rfc5912::SHA_512_WITH_RSA_ENCRYPTION => Ok(&algorithms::RSA_PKCS1_2048_8192_SHA512),
        rfc5912::SHA_1_WITH_RSA_ENCRYPTION if is_key_proven => {
            Ok(&algorithms::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY)
        }
        _ => Err(RequestError::Algorithm),
    }
}

fn challenge(attributes: &Attributes) -> Result<Option<Secret>, RequestError> {
    let is_challenge = |attribute: &&Attribute| attribute.oid == CHALLENGE_PASSWORD;
    let mut found = attributes.iter().filter(is_challenge);
    let Some(attribute) = found.next() else {
        return Ok(None);
    };
    let ([value], None) = (attribute.values.as_slice(), found.next()) else {
        return Err(RequestError::Challenge);
    };
    let text = challenge_text(value).ok_or(RequestError::Challenge)?;
    if !(1..=CHALLENGE_MAX).contains(&text.len()) {
        return Err(RequestError::Challenge);
    }
    Ok(Some(Secret::new(text)))
}

fn challenge_text(value: &Any) -> Option<&str> {
    if let Ok(text) = value.decode_as::<Utf8StringRef<'_>>() {
        return Some(text.as_str());
    }
    let text = value.decode_as::<PrintableStringRef<'_>>().ok()?;
    Some(text.as_str())
}

/// The first common name, whatever its encoding, fit to be shown.
fn common_name(subject: &Name) -> String {
    let mut attributes = subject.0.iter().flat_map(|relative| relative.0.iter());
    let found = attributes.find(|attribute| attribute.oid == rfc4519::COMMON_NAME);
    let text = found.map(|attribute| String::from_utf8_lossy(attribute.value.value()));
    let text = text.unwrap_or_default();
    text.chars()
        .filter(|c| !c.is_control())
        .take(NAME_MAX)
        .collect()
}
