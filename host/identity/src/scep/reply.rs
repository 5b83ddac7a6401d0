//! Answers to requesters: certificates of the CA, `CertRep` with a certificate or a refusal.
//!
//! It must not know why. **Invariants.** Certificates go out with the bytes they have. Only the
//! recipient's key signs, never the CA's. Two refusals of one kind in one transaction differ in our
//! nonce and the signature alone.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::signed_data::{EncapsulatedContentInfo, SignerIdentifier, SignerInfo, SignerInfos};
use der::asn1::{Null, OctetString, SetOfVec};
use der::oid::db::{rfc5911, rfc5912};
use der::{Any, Decode, Encode, Sequence};
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

use super::attributes::{self, FAIL_INFO, NONCE_LENGTH, PKI_STATUS};
use super::{CA_CERTIFICATES_TYPE, FailInfo, Request, Transaction};
use crate::certificate::sha256;
use crate::enveloped::{self, EncryptError};
use crate::{Authority, Certificate};

const SUCCESS: &str = "0";
const FAILURE: &str = "2";

/// Why an answer cannot be made. None of these is the requester's doing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// Some part cannot be encoded.
    #[error("the answer cannot be encoded")]
    Encode(#[from] der::Error),
    /// No randomness, or no signature.
    #[error("the answer cannot be signed")]
    Sign(#[from] Unspecified),
    /// The certificate cannot be encrypted to the requester.
    #[error("the certificate cannot be encrypted to the requester")]
    Encrypt(#[from] EncryptError),
}

/// The answer to `GetCACert` (RFC 8894 section 4.2.1.2): its type and bytes. The recipient's
/// certificate and the CA's; requesters tell them apart by their key usage.
///
/// # Errors
/// When the certificates cannot be encoded.
pub fn ca_certificates(authority: &Authority) -> Result<(&'static str, Vec<u8>), ReplyError> {
    let both = [
        authority.recipient_certificate(),
        authority.ca_certificate(),
    ];
    Ok((CA_CERTIFICATES_TYPE, certificates_only(&both)?))
}

/// Answers a request with its certificate, encrypted to the requester (RFC 8894 section 3.3.2.1).
///
/// The certificate is the only one within: Apple's client takes the first it finds, and a set in
/// DER is not in the order of whoever made it. The CA's it has from [`ca_certificates`].
///
/// # Errors
/// When the answer cannot be encoded, encrypted or signed.
pub fn grant(
    authority: &Authority,
    request: &Request,
    issued: &Certificate,
) -> Result<Vec<u8>, ReplyError> {
    let envelope = enveloped::encrypt(&certificates_only(&[issued])?, &request.signer)?;
    let status = [(PKI_STATUS, SUCCESS)];
    signed(authority, &request.transaction(), Some(&envelope), &status)
}

/// Refuses a request that could be opened (RFC 8894 section 3.3.2.2).
///
/// # Errors
/// When the answer cannot be encoded or signed.
pub fn refuse(
    authority: &Authority,
    request: &Request,
    fail_info: FailInfo,
) -> Result<Vec<u8>, ReplyError> {
    failure(authority, &request.transaction(), fail_info)
}

/// The refusal of anything that names its transaction. It has no content at all.
pub(super) fn failure(
    authority: &Authority,
    transaction: &Transaction,
    fail_info: FailInfo,
) -> Result<Vec<u8>, ReplyError> {
    let status = [(PKI_STATUS, FAILURE), (FAIL_INFO, fail_info.digit())];
    signed(authority, transaction, None, &status)
}

/// `SignedData` whose certificates are bytes that stay as they are (RFC 5652 section 5.1).
#[derive(Sequence)]
struct Bundle {
    version: CmsVersion,
    digest_algorithms: SetOfVec<AlgorithmIdentifierOwned>,
    content: EncapsulatedContentInfo,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT")]
    certificates: SetOfVec<Any>,
    signer_infos: SignerInfos,
}

impl Bundle {
    fn into_message(self) -> der::Result<Vec<u8>> {
        let content_type = rfc5911::ID_SIGNED_DATA;
        ContentInfo {
            content_type,
            content: Any::encode_from(&self)?,
        }
        .to_der()
    }
}

/// A message that consists of certificates ("degenerate": nobody signs it).
fn certificates_only(certificates: &[&Certificate]) -> der::Result<Vec<u8>> {
    let bundle = Bundle {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::new(),
        content: EncapsulatedContentInfo {
            econtent_type: rfc5911::ID_DATA,
            econtent: None,
        },
        certificates: set(certificates)?,
        signer_infos: SignerInfos(SetOfVec::new()),
    };
    bundle.into_message()
}

fn set(certificates: &[&Certificate]) -> der::Result<SetOfVec<Any>> {
    let all = certificates
        .iter()
        .map(|certificate| Any::from_der(certificate.der()));
    SetOfVec::try_from(all.collect::<der::Result<Vec<_>>>()?)
}

/// A `CertRep`, signed by the recipient.
fn signed(
    authority: &Authority,
    transaction: &Transaction,
    content: Option<&[u8]>,
    status: &[(der::asn1::ObjectIdentifier, &str)],
) -> Result<Vec<u8>, ReplyError> {
    let mut nonce = [0; NONCE_LENGTH];
    rand::fill(&mut nonce)?;
    let mut all = attributes::answer(transaction, nonce, status)?;
    all.extend(of_any_signature(content.unwrap_or_default())?);
    let content = content.map(|content| Any::encode_from(&OctetString::new(content)?));
    let digest = AlgorithmIdentifierOwned {
        oid: rfc5912::ID_SHA_256,
        parameters: None,
    };
    let signer = signer_info(authority, attributes::ordered(all)?, digest.clone())?;
    let bundle = Bundle {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from([digest])?,
        content: EncapsulatedContentInfo {
            econtent_type: rfc5911::ID_DATA,
            econtent: content.transpose()?,
        },
        certificates: set(&[authority.recipient_certificate()])?,
        signer_infos: SignerInfos(SetOfVec::try_from([signer])?),
    };
    Ok(bundle.into_message()?)
}

/// The two attributes that every signature has (RFC 5652 section 11). Nobody needs the time of
/// ours.
fn of_any_signature(content: &[u8]) -> der::Result<[Attribute; 2]> {
    Ok([
        attributes::attribute(rfc5911::ID_CONTENT_TYPE, &rfc5911::ID_DATA)?,
        attributes::octets(rfc5911::ID_MESSAGE_DIGEST, &sha256(content))?,
    ])
}

fn signer_info(
    authority: &Authority,
    attributes: cms::signed_data::SignedAttributes,
    digest_alg: AlgorithmIdentifierOwned,
) -> Result<SignerInfo, ReplyError> {
    let signature = authority.sign_as_recipient(&attributes.to_der()?)?;
    let tbs = &authority.recipient_certificate().parsed().tbs_certificate;
    let sid = SignerIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
        issuer: tbs.issuer.clone(),
        serial_number: tbs.serial_number.clone(),
    });
    Ok(SignerInfo {
        version: CmsVersion::V1,
        sid,
        digest_alg,
        signed_attrs: Some(attributes),
        signature_algorithm: AlgorithmIdentifierOwned {
            oid: rfc5912::RSA_ENCRYPTION,
            parameters: Some(Any::from(Null)),
        },
        signature: OctetString::new(signature)?,
        unsigned_attrs: None,
    })
}
