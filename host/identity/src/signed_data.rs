//! CMS `SignedData` (RFC 5652 section 5): taken apart, and its one signature checked.
//!
//! It must not know what is signed, nor whether anyone trusts the signer: a valid signature only
//! says that the holder of the certificate's key made it.
//!
//! **Invariants.** A [`SignedData`] has exactly one signer; the signer's certificate is the one that the signature
//! names, never the first. Certificates keep their bytes. What was refused by the outer form
//! ([`crate::tlv`]) is never decoded.

use aws_lc_rs::digest::{self, SHA256, SHA384, SHA512};
use aws_lc_rs::signature as algorithms;
use cms::signed_data::{EncapsulatedContentInfo, SignerIdentifier, SignerInfo};
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, SetOfVec};
use der::oid::db::{rfc5911, rfc5912};
use der::{Any, Decode, Encode, Reader, SliceReader, Tag, TagNumber, Tagged};
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

use crate::certificate::{Certificate, KeyKind, sha256};
use crate::signature::SignatureError;
use crate::tlv;

/// Most certificates of one message: a chain of four and some that nobody asked for.
const CERTIFICATES_MAX: usize = 16;
/// Shortest RSA key whose signatures count, in bits.
const RSA_BITS_MIN: u32 = 2048;
/// `ecPublicKey` where a signature algorithm belongs: encoders of Apple's have written it so.
const EC_PUBLIC_KEY: ObjectIdentifier = rfc5912::ID_EC_PUBLIC_KEY;

/// The parts of a `SignedData`. Nothing of them has been checked.
#[derive(Debug)]
pub(crate) struct Parts {
    /// What kind of content it is about.
    pub(crate) content_type: ObjectIdentifier,
    /// The content, unless it is detached.
    pub(crate) content: Option<Vec<u8>>,
    /// All certificates, in the order in which they were sent.
    pub(crate) certificates: Vec<Certificate>,
    /// The set of signers: see [`signers`].
    pub(crate) signers: Any,
}

impl Parts {
    /// Reads a `ContentInfo` with `SignedData`, in DER or BER. The caller has bounded its size.
    ///
    /// # Errors
    /// When the bytes are anything else.
    pub(crate) fn parse(message: &[u8]) -> Result<Self, SignatureError> {
        let bytes = tlv::to_der(message)?;
        let info = cms::content_info::ContentInfo::from_der(&bytes)?;
        if info.content_type != rfc5911::ID_SIGNED_DATA {
            return Err(SignatureError::NotSignedData);
        }
        if info.content.tag() != Tag::Sequence {
            return Err(SignatureError::NotSignedData);
        }
        let mut reader = SliceReader::new(info.content.value())?;
        u8::decode(&mut reader)?;
        SetOfVec::<AlgorithmIdentifierOwned>::decode(&mut reader)?;
        let inner = EncapsulatedContentInfo::decode(&mut reader)?;
        let certificates = match context(&mut reader, TagNumber::N0)? {
            Some(set) => certificates(set)?,
            None => Vec::new(),
        };
        // Revocation lists say nothing here: identities are pinned, and blocked by the server.
        context(&mut reader, TagNumber::N1)?;
        let signers = Any::decode(&mut reader)?;
        reader.finish(())?;
        Ok(Self {
            content_type: inner.econtent_type,
            content: inner.econtent.map(|any| octets(&any)).transpose()?,
            certificates,
            signers,
        })
    }
}

/// A `SignedData` of one signer that has been taken apart. Nothing of it has been checked.
#[derive(Debug)]
pub(crate) struct SignedData {
    /// What kind of content it is about.
    pub(crate) content_type: ObjectIdentifier,
    /// The content, unless it is detached.
    pub(crate) content: Option<Vec<u8>>,
    /// All certificates, in the order in which they were sent.
    pub(crate) certificates: Vec<Certificate>,
    /// The one signer.
    pub(crate) signer: SignerInfo,
}

impl SignedData {
    /// Reads a `ContentInfo` with `SignedData`, in DER or BER. The caller has bounded its size.
    ///
    /// # Errors
    /// When the bytes are anything else, or have not exactly one signer.
    pub(crate) fn parse(message: &[u8]) -> Result<Self, SignatureError> {
        let parts = Parts::parse(message)?;
        let signer = signers(&parts.signers, 1)?;
        let signer = signer.into_iter().next();
        Ok(Self {
            content_type: parts.content_type,
            content: parts.content,
            certificates: parts.certificates,
            signer: signer.ok_or(SignatureError::SignerCount)?,
        })
    }

    /// The certificate that the signer names, by issuer and serial number or by key identifier.
    ///
    /// # Errors
    /// When it was not sent along.
    pub(crate) fn signer_certificate(&self) -> Result<&Certificate, SignatureError> {
        named(&self.certificates, &self.signer.sid)
    }

    /// The one value of a signed attribute, if the attribute is there.
    ///
    /// # Errors
    /// When it is there twice, or without exactly one value.
    pub(crate) fn signed_attribute(
        &self,
        wanted: ObjectIdentifier,
    ) -> Result<Option<&Any>, SignatureError> {
        let Some(attributes) = &self.signer.signed_attrs else {
            return Ok(None);
        };
        let mut found = attributes
            .iter()
            .filter(|attribute| attribute.oid == wanted);
        let Some(attribute) = found.next() else {
            return Ok(None);
        };
        if found.next().is_some() || attribute.values.len() != 1 {
            return Err(SignatureError::Attributes);
        }
        Ok(attribute.values.get(0))
    }

    /// When the signer says that it signed, in Unix milliseconds (RFC 5652 section 11.3).
    pub(crate) fn signing_time_ms(&self) -> Option<u64> {
        let stated = self.signed_attribute(rfc5911::ID_SIGNING_TIME).ok()??;
        let time = Time::from_der(&stated.to_der().ok()?).ok()?;
        u64::try_from(time.to_unix_duration().as_millis()).ok()
    }

    /// Checks the signature over `content` with the key of `certificate`.
    ///
    /// Returns a digest that names this very signature: of the public key, what is signed, and the
    /// part of the signature that nobody without the key can change. Every encoding of the same
    /// signature has the same one, so that a message sent again is recognised in any disguise.
    ///
    /// # Errors
    /// When algorithm, key, attributes or the signature itself are not as they must be.
    pub(crate) fn verify(
        &self,
        content: &[u8],
        certificate: &Certificate,
    ) -> Result<[u8; 32], SignatureError> {
        let hash = Hash::of(&self.signer.digest_alg)?;
        let signed = match &self.signer.signed_attrs {
            None if self.content_type != rfc5911::ID_DATA => {
                return Err(SignatureError::Attributes);
            }
            None => content.to_vec(),
            Some(attributes) => {
                self.check_attributes(content, hash)?;
                attributes.to_der()?
            }
        };
        let signature = self.signer.signature.as_bytes();
        let algorithm = algorithm(
            &self.signer.signature_algorithm,
            hash,
            certificate.key_kind(),
        )?;
        let key = algorithms::UnparsedPublicKey::new(algorithm, certificate.public_key());
        key.verify(&signed, signature)
            .map_err(|_| SignatureError::Invalid)?;

        let mut named = sha256(certificate.public_key()).to_vec();
        named.extend_from_slice(&sha256(&signed));
        named.extend_from_slice(unchangeable(signature, certificate.key_kind())?);
        Ok(sha256(&named))
    }

    /// RFC 5652 section 5.4: with signed attributes, the content is covered through its digest, and
    /// its type through the attribute that repeats it.
    fn check_attributes(&self, content: &[u8], hash: Hash) -> Result<(), SignatureError> {
        let attributes = self.signer.signed_attrs.as_ref();
        let is_repeated = attributes.is_some_and(|all| {
            let mut kinds: Vec<_> = all.iter().map(|attribute| attribute.oid).collect();
            kinds.sort_unstable();
            kinds.windows(2).any(|pair| pair[0] == pair[1])
        });
        if is_repeated {
            return Err(SignatureError::Attributes);
        }
        let kind = self.signed_attribute(rfc5911::ID_CONTENT_TYPE)?;
        let kind = kind.and_then(|any| any.decode_as::<ObjectIdentifier>().ok());
        if kind.ok_or(SignatureError::Attributes)? != self.content_type {
            return Err(SignatureError::Attributes);
        }
        let stated = self.signed_attribute(rfc5911::ID_MESSAGE_DIGEST)?;
        let stated = stated.and_then(|any| any.decode_as::<OctetStringRef<'_>>().ok());
        let stated = stated.ok_or(SignatureError::Attributes)?;
        let actual = digest::digest(hash.algorithm(), content);
        if stated.as_bytes() == actual.as_ref() {
            Ok(())
        } else {
            Err(SignatureError::Digest)
        }
    }
}

/// A digest that signatures may be made with. SHA-1 is not one.
#[derive(Clone, Copy)]
enum Hash {
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    fn of(identifier: &AlgorithmIdentifierOwned) -> Result<Self, SignatureError> {
        match identifier.oid {
            rfc5912::ID_SHA_256 => Ok(Self::Sha256),
            rfc5912::ID_SHA_384 => Ok(Self::Sha384),
            rfc5912::ID_SHA_512 => Ok(Self::Sha512),
            _ => Err(SignatureError::UnsupportedDigest),
        }
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &SHA256,
            Self::Sha384 => &SHA384,
            Self::Sha512 => &SHA512,
        }
    }

    /// The signature algorithms that say both: RSA with this digest, ECDSA with this digest.
    fn combined(self) -> [ObjectIdentifier; 2] {
        match self {
            Self::Sha256 => [
                rfc5912::SHA_256_WITH_RSA_ENCRYPTION,
                rfc5912::ECDSA_WITH_SHA_256,
            ],
            Self::Sha384 => [
                rfc5912::SHA_384_WITH_RSA_ENCRYPTION,
                rfc5912::ECDSA_WITH_SHA_384,
            ],
            Self::Sha512 => [
                rfc5912::SHA_512_WITH_RSA_ENCRYPTION,
                rfc5912::ECDSA_WITH_SHA_512,
            ],
        }
    }
}

/// How to check a signature: the key must be of the kind that the algorithm says, and the digest of
/// the algorithm, where it names one, must be the signer's.
fn algorithm(
    identifier: &AlgorithmIdentifierOwned,
    hash: Hash,
    key: KeyKind,
) -> Result<&'static dyn algorithms::VerificationAlgorithm, SignatureError> {
    let [with_rsa, with_ecdsa] = hash.combined();
    let is_rsa = [rfc5912::RSA_ENCRYPTION, with_rsa].contains(&identifier.oid);
    let is_ecdsa = [EC_PUBLIC_KEY, with_ecdsa].contains(&identifier.oid);
    match key {
        KeyKind::Rsa { bits } if is_rsa && bits >= RSA_BITS_MIN => Ok(match hash {
            Hash::Sha256 => &algorithms::RSA_PKCS1_2048_8192_SHA256,
            Hash::Sha384 => &algorithms::RSA_PKCS1_2048_8192_SHA384,
            Hash::Sha512 => &algorithms::RSA_PKCS1_2048_8192_SHA512,
        }),
        KeyKind::P256 if is_ecdsa => Ok(match hash {
            Hash::Sha256 => &algorithms::ECDSA_P256_SHA256_ASN1,
            Hash::Sha384 => &algorithms::ECDSA_P256_SHA384_ASN1,
            Hash::Sha512 => &algorithms::ECDSA_P256_SHA512_ASN1,
        }),
        KeyKind::Rsa { .. } | KeyKind::P256 | KeyKind::Other => {
            Err(SignatureError::UnsupportedAlgorithm)
        }
    }
}

/// The part of a valid signature that has one form only. For ECDSA that is `r`: anyone can turn a
/// valid `s` into another one.
fn unchangeable(signature: &[u8], key: KeyKind) -> Result<&[u8], SignatureError> {
    match key {
        KeyKind::Rsa { .. } | KeyKind::Other => Ok(signature),
        KeyKind::P256 => {
            let pair = AnyRef::from_der(signature)?;
            let mut reader = SliceReader::new(pair.value())?;
            Ok(AnyRef::decode(&mut reader)?.value())
        }
    }
}

/// The value with this context tag, if it comes next.
fn context<'a>(
    reader: &mut SliceReader<'a>,
    number: TagNumber,
) -> Result<Option<&'a [u8]>, der::Error> {
    if reader.is_finished() {
        return Ok(None);
    }
    let tag = Tag::ContextSpecific {
        constructed: true,
        number,
    };
    if reader.peek_tag()? != tag {
        return Ok(None);
    }
    AnyRef::decode(reader).map(|any| Some(any.value()))
}

/// The certificates of a `CertificateSet`; other kinds of choices (attribute certificates, formats
/// that nobody uses) are refused.
fn certificates(set: &[u8]) -> Result<Vec<Certificate>, SignatureError> {
    let mut reader = SliceReader::new(set)?;
    let mut all = Vec::new();
    while !reader.is_finished() {
        if all.len() == CERTIFICATES_MAX {
            return Err(SignatureError::TooManyCertificates);
        }
        all.push(Certificate::from_der(reader.tlv_bytes()?)?);
    }
    Ok(all)
}

/// The one certificate that a signer names.
///
/// # Errors
/// When it was not sent along, or when two different ones fit the name.
pub(crate) fn named<'a>(
    certificates: &'a [Certificate],
    signer: &SignerIdentifier,
) -> Result<&'a Certificate, SignatureError> {
    let names_it = |certificate: &&Certificate| match signer {
        SignerIdentifier::IssuerAndSerialNumber(name) => {
            let tbs = &certificate.parsed().tbs_certificate;
            tbs.issuer == name.issuer && tbs.serial_number == name.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(key) => certificate
            .subject_key_identifier()
            .is_some_and(|identifier| identifier == key.0.as_bytes()),
    };
    let mut fitting = certificates.iter().filter(names_it);
    let first = fitting.next().ok_or(SignatureError::NoSignerCertificate)?;
    // The same certificate twice is harmless. Two of one name would let the sender choose.
    if fitting.any(|other| other != first) {
        return Err(SignatureError::AmbiguousSigner);
    }
    Ok(first)
}

/// The members of a set of signers.
///
/// # Errors
/// When there is none, or more than `most`.
pub(crate) fn signers(set: &Any, most: usize) -> Result<Vec<SignerInfo>, SignatureError> {
    if set.tag() != Tag::Set || set.value().is_empty() {
        return Err(SignatureError::SignerCount);
    }
    let mut reader = SliceReader::new(set.value())?;
    let mut all = Vec::new();
    while !reader.is_finished() {
        if all.len() == most {
            return Err(SignatureError::SignerCount);
        }
        all.push(SignerInfo::decode(&mut reader)?);
    }
    Ok(all)
}

/// The octets of an attached content. An `OCTET STRING` in any case: PKCS #7 allowed others.
fn octets(content: &Any) -> Result<Vec<u8>, der::Error> {
    content
        .decode_as::<OctetStringRef<'_>>()
        .map(|octets| octets.as_bytes().to_vec())
}
