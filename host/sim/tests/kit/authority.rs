//! A certificate authority with a SCEP service, for tests: one key for everything.
//!
//! Written with other encoders than the device's own, so that neither hides the other's mistakes.
//! Invariant: keys are made once for a test binary.

use std::sync::OnceLock;

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{EnvelopedData, RecipientIdentifier, RecipientInfo};
use cms::signed_data::{SignerIdentifier, SignerInfo};
use der::asn1::{Any, ObjectIdentifier, OctetString, SetOfVec};
use der::{Decode, Encode};
use mooring_sim::PrivateKey;
use rcgen::{BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer};
use rcgen::{KeyPair, KeyUsagePurpose, PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm};
use x509_cert::Certificate;
use x509_cert::request::CertReq;

use super::cms::{
    AES, CHALLENGE, CONTENT_TYPE, DATA, DIGEST, RSA, SHA, algorithm, attribute, degenerate,
    name_of, octets, printable, seal, signed, signed_data, single, text, verified, verify,
};

/// A SCEP attribute (RFC 8894 section 3.2.1).
fn scep(last: u32) -> ObjectIdentifier {
    let base = ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9");
    base.push_arc(last).unwrap()
}

/// What a device asked for.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    /// `17` or `19`.
    pub(crate) kind: String,
    pub(crate) transaction: String,
    pub(crate) nonce: Vec<u8>,
    pub(crate) challenge: Option<String>,
    pub(crate) subject: String,
    /// The `SubjectPublicKeyInfo` as DER.
    pub(crate) public_key: Vec<u8>,
    pub(crate) signer: Certificate,
}

pub(crate) struct Authority {
    pkcs8: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
    certificate: Certificate,
}

impl Authority {
    /// The one of this test binary.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<Authority> = OnceLock::new();
        SHARED.get_or_init(|| Self::new(&key(0)))
    }

    /// One with a key of its own.
    pub(crate) fn new(key: &PrivateKey) -> Self {
        let pair = KeyPair::try_from(key.pkcs8()).unwrap();
        let mut params = params("Stub CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![
            KeyUsagePurpose::KeyCertSign,
            KeyUsagePurpose::DigitalSignature,
            KeyUsagePurpose::KeyEncipherment,
        ];
        let der = params.self_signed(&pair).unwrap();
        Self {
            pkcs8: key.pkcs8().to_vec(),
            certificate: Certificate::from_der(der.der()).unwrap(),
            issuer: Issuer::new(params, pair),
        }
    }

    /// As DER.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        self.certificate.to_der().unwrap()
    }

    /// A certificate for a `SubjectPublicKeyInfo`: a client's, or a server's for loopback.
    pub(crate) fn issue(&self, public_key: &[u8], name: &str, is_server: bool) -> Vec<u8> {
        let info = x509_cert::spki::SubjectPublicKeyInfoOwned::from_der(public_key).unwrap();
        let bits = RawKey(info.subject_public_key.raw_bytes().to_vec());
        let mut params = params(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        if is_server {
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            let address = std::net::Ipv4Addr::LOCALHOST.into();
            params.subject_alt_names = vec![rcgen::SanType::IpAddress(address)];
        }
        params
            .signed_by(&bits, &self.issuer)
            .unwrap()
            .der()
            .to_vec()
    }

    /// Opens a `PKIOperation` and checks both its signatures.
    pub(crate) fn read(&self, message: &[u8]) -> Asked {
        let data = signed_data(message);
        let (signer, info) = verified(&data, None);
        let sealed = data.encap_content_info.econtent.as_ref().unwrap();
        let request = CertReq::from_der(&self.open(sealed.value())).unwrap();
        let public_key = request.info.public_key.to_der().unwrap();
        let body = request.info.to_der().unwrap();
        verify(&public_key, &body, request.signature.raw_bytes());
        let challenge = request
            .info
            .attributes
            .iter()
            .find(|one| one.oid == CHALLENGE);
        let printed = |last| text(attribute(&info, scep(last)));
        Asked {
            kind: printed(2),
            transaction: printed(7),
            nonce: attribute(&info, scep(5)).value().to_vec(),
            challenge: challenge.map(|one| text(one.values.get(0).unwrap())),
            subject: request.info.subject.to_string(),
            public_key,
            signer,
        }
    }

    /// The reply with a certificate in it.
    pub(crate) fn grant(&self, asked: &Asked, issued: &[u8]) -> Vec<u8> {
        let issued = Certificate::from_der(issued).unwrap();
        let sealed = seal(&degenerate(vec![issued]), &asked.signer);
        self.reply(asked, "0", None, Some(&sealed))
    }

    /// The reply that refuses.
    pub(crate) fn refuse(&self, asked: &Asked, fail_info: &str) -> Vec<u8> {
        self.reply(asked, "2", Some(fail_info), None)
    }

    fn reply(
        &self,
        asked: &Asked,
        status: &str,
        fail_info: Option<&str>,
        content: Option<&[u8]>,
    ) -> Vec<u8> {
        let digest = digest(&SHA256, content.unwrap_or_default());
        let mut attributes = vec![
            single(CONTENT_TYPE, Any::from(DATA)),
            single(DIGEST, octets(digest.as_ref())),
            single(scep(2), printable("3")),
            single(scep(3), printable(status)),
            single(scep(5), octets(b"nonce of the CA.")),
            single(scep(6), octets(&asked.nonce)),
            single(scep(7), printable(&asked.transaction)),
        ];
        attributes.extend(fail_info.map(|code| single(scep(4), printable(code))));
        let attributes = SetOfVec::try_from(attributes).unwrap();
        let key = RsaKeyPair::from_pkcs8(&self.pkcs8).unwrap();
        let mut signature = vec![0; key.public_modulus_len()];
        let body = attributes.to_der().unwrap();
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            &body,
            &mut signature,
        )
        .unwrap();
        let info = SignerInfo {
            version: CmsVersion::V1,
            sid: SignerIdentifier::IssuerAndSerialNumber(name_of(&self.certificate)),
            digest_alg: algorithm(SHA),
            signed_attrs: Some(attributes),
            signature_algorithm: algorithm(RSA),
            signature: OctetString::new(signature).unwrap(),
            unsigned_attrs: None,
        };
        signed(content, Vec::new(), vec![info])
    }

    fn open(&self, sealed: &[u8]) -> Vec<u8> {
        let info = ContentInfo::from_der(sealed).unwrap();
        let data: EnvelopedData = info.content.decode_as().unwrap();
        let RecipientInfo::Ktri(recipient) = data.recip_infos.0.get(0).unwrap() else {
            panic!("sealed for no RSA key");
        };
        let name = RecipientIdentifier::IssuerAndSerialNumber(name_of(&self.certificate));
        assert_eq!(recipient.rid, name);
        let key = PrivateDecryptingKey::from_pkcs8(&self.pkcs8).unwrap();
        let key = Pkcs1PrivateDecryptingKey::new(key).unwrap();
        let mut content_key = vec![0; key.min_output_size()];
        let content_key = key
            .decrypt(recipient.enc_key.as_bytes(), &mut content_key)
            .unwrap();
        let cipher = &data.encrypted_content.content_enc_alg;
        assert_eq!(cipher.oid, AES);
        let iv: [u8; 16] = cipher
            .parameters
            .as_ref()
            .unwrap()
            .value()
            .try_into()
            .unwrap();
        let key = UnboundCipherKey::new(&AES_256, content_key).unwrap();
        let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).unwrap();
        let sealed = data.encrypted_content.encrypted_content.unwrap();
        let mut content = sealed.as_bytes().to_vec();
        let context = DecryptionContext::Iv128(FixedLength::from(iv));
        key.decrypt(&mut content, context).unwrap().to_vec()
    }
}

/// One of the few keys of this test binary.
pub(crate) fn key(number: usize) -> PrivateKey {
    static KEYS: [OnceLock<Vec<u8>>; 4] = [const { OnceLock::new() }; 4];
    let pkcs8 = KEYS[number].get_or_init(|| PrivateKey::generate(2048).unwrap().pkcs8().to_vec());
    PrivateKey::from_pkcs8(pkcs8).unwrap()
}

/// A key's `SubjectPublicKeyInfo`.
pub(crate) fn public_key(key: &PrivateKey) -> Vec<u8> {
    let pair = KeyPair::try_from(key.pkcs8()).unwrap();
    pair.subject_public_key_info()
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}

struct RawKey(Vec<u8>);

impl PublicKeyData for RawKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}
