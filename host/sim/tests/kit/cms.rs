//! CMS messages for the stub authority: signed, sealed, and read again.
//!
//! Knows nothing of SCEP. Panics on whatever is not as it should be, since tests are its callers.

use aws_lc_rs::cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use cms::cert::{CertificateChoices, IssuerAndSerialNumber};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{
    EncryptedContentInfo, EnvelopedData, KeyTransRecipientInfo, RecipientIdentifier, RecipientInfo,
    RecipientInfos,
};
use cms::signed_data::{
    CertificateSet, EncapsulatedContentInfo, SignedData, SignerIdentifier, SignerInfo, SignerInfos,
};
use der::asn1::{Any, ObjectIdentifier, OctetString, OctetStringRef, PrintableStringRef, SetOfVec};
use der::{Decode, Encode, Tag};
use x509_cert::Certificate;
use x509_cert::attr::Attribute;
use x509_cert::spki::AlgorithmIdentifierOwned;

pub(super) const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
pub(super) const SIGNED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(super) const ENVELOPED: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
pub(super) const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
pub(super) const SHA: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(super) const AES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
pub(super) const CHALLENGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.7");
pub(super) const CONTENT_TYPE: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
pub(super) const DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");

/// Seals content for a certificate.
pub(crate) fn seal(content: &[u8], to: &Certificate) -> Vec<u8> {
    let (content_key, iv) = ([7; 32], [9; 16]);
    let info = &to.tbs_certificate.subject_public_key_info;
    let key = PublicEncryptingKey::from_der(&info.to_der().unwrap()).unwrap();
    let key = Pkcs1PublicEncryptingKey::new(key).unwrap();
    let mut sealed_key = vec![0; key.ciphertext_size()];
    let sealed_key = key.encrypt(&content_key, &mut sealed_key).unwrap();
    let recipient = KeyTransRecipientInfo {
        version: CmsVersion::V0,
        rid: RecipientIdentifier::IssuerAndSerialNumber(name_of(to)),
        key_enc_alg: algorithm(RSA),
        enc_key: OctetString::new(&*sealed_key).unwrap(),
    };
    let key = UnboundCipherKey::new(&AES_256, &content_key).unwrap();
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).unwrap();
    let mut sealed = content.to_vec();
    key.less_safe_encrypt(&mut sealed, EncryptionContext::Iv128(FixedLength::from(iv)))
        .unwrap();
    let data = EnvelopedData {
        version: CmsVersion::V0,
        originator_info: None,
        recip_infos: RecipientInfos(
            SetOfVec::try_from(vec![RecipientInfo::Ktri(recipient)]).unwrap(),
        ),
        encrypted_content: EncryptedContentInfo {
            content_type: DATA,
            content_enc_alg: AlgorithmIdentifierOwned {
                oid: AES,
                parameters: Some(octets(&iv)),
            },
            encrypted_content: Some(OctetString::new(sealed).unwrap()),
        },
        unprotected_attrs: None,
    };
    content_info(ENVELOPED, &data)
}

/// A message that nobody signed, with certificates.
pub(crate) fn degenerate(certificates: Vec<Certificate>) -> Vec<u8> {
    signed(None, certificates, Vec::new())
}

/// The signer of a detached message over these bytes, whose signature holds.
pub(crate) fn detached_signer(message: &[u8], body: &[u8]) -> (Certificate, SignerInfo) {
    let data = signed_data(message);
    assert!(data.encap_content_info.econtent.is_none());
    verified(&data, Some(body))
}

pub(super) fn verified(data: &SignedData, detached: Option<&[u8]>) -> (Certificate, SignerInfo) {
    assert_eq!(data.signer_infos.0.len(), 1);
    let info = data.signer_infos.0.get(0).unwrap().clone();
    let set = data.certificates.as_ref().unwrap();
    let CertificateChoices::Certificate(signer) = set.0.get(0).unwrap().clone() else {
        panic!("no certificate");
    };
    let SignerIdentifier::IssuerAndSerialNumber(name) = &info.sid else {
        panic!("named by its key");
    };
    assert_eq!(*name, name_of(&signer));
    let carried = data.encap_content_info.econtent.as_ref();
    let content = detached.unwrap_or_else(|| carried.unwrap().value());
    assert_eq!(
        attribute(&info, DIGEST).value(),
        digest(&SHA256, content).as_ref()
    );
    let public_key = signer
        .tbs_certificate
        .subject_public_key_info
        .to_der()
        .unwrap();
    let body = info.signed_attrs.as_ref().unwrap().to_der().unwrap();
    verify(&public_key, &body, info.signature.as_bytes());
    (signer, info)
}

pub(super) fn verify(public_key: &[u8], body: &[u8], signature: &[u8]) {
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public_key)
        .verify(body, signature)
        .unwrap();
}

pub(super) fn signed_data(message: &[u8]) -> SignedData {
    let info = ContentInfo::from_der(message).unwrap();
    assert_eq!(info.content_type, SIGNED);
    info.content.decode_as().unwrap()
}

pub(super) fn signed(
    content: Option<&[u8]>,
    certificates: Vec<Certificate>,
    infos: Vec<SignerInfo>,
) -> Vec<u8> {
    let choices: Vec<_> = certificates
        .into_iter()
        .map(CertificateChoices::Certificate)
        .collect();
    let data = SignedData {
        version: CmsVersion::V1,
        digest_algorithms: SetOfVec::try_from(vec![algorithm(SHA)]).unwrap(),
        encap_content_info: EncapsulatedContentInfo {
            econtent_type: DATA,
            econtent: content.map(octets),
        },
        certificates: Some(CertificateSet(SetOfVec::try_from(choices).unwrap())),
        crls: None,
        signer_infos: SignerInfos(SetOfVec::try_from(infos).unwrap()),
    };
    content_info(SIGNED, &data)
}

pub(super) fn content_info(content_type: ObjectIdentifier, content: &impl Encode) -> Vec<u8> {
    let content = Any::from_der(&content.to_der().unwrap()).unwrap();
    let info = ContentInfo {
        content_type,
        content,
    };
    info.to_der().unwrap()
}

pub(super) fn attribute(info: &SignerInfo, kind: ObjectIdentifier) -> &Any {
    let mut attributes = info.signed_attrs.as_ref().unwrap().iter();
    let found = attributes.find(|one| one.oid == kind).unwrap();
    found.values.get(0).unwrap()
}

pub(super) fn single(oid: ObjectIdentifier, value: Any) -> Attribute {
    let values = SetOfVec::try_from(vec![value]).unwrap();
    Attribute { oid, values }
}

pub(super) fn octets(bytes: &[u8]) -> Any {
    Any::encode_from(&OctetStringRef::new(bytes).unwrap()).unwrap()
}

pub(super) fn printable(text: &str) -> Any {
    Any::encode_from(&PrintableStringRef::new(text).unwrap()).unwrap()
}

pub(super) fn text(value: &Any) -> String {
    assert!([Tag::PrintableString, Tag::Utf8String].contains(&der::Tagged::tag(value)));
    String::from_utf8(value.value().to_vec()).unwrap()
}

pub(super) fn algorithm(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    let parameters = Some(Any::null());
    AlgorithmIdentifierOwned { oid, parameters }
}

pub(super) fn name_of(certificate: &Certificate) -> IssuerAndSerialNumber {
    IssuerAndSerialNumber {
        issuer: certificate.tbs_certificate.issuer.clone(),
        serial_number: certificate.tbs_certificate.serial_number.clone(),
    }
}
