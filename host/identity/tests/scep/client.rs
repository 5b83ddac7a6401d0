//! A requester: makes certification requests and wraps them as SCEP messages.
//!
//! Every part can be made wrong on its own.

use aws_lc_rs::cipher::{AES_128, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use aws_lc_rs::signature::{KeyPair, RSA_PKCS1_SHA256, RsaKeyPair};

use crate::der::{
    self, INTEGER, OCTETS, PRINTABLE, SEQUENCE, UTF8, algorithm, bits, common_name, oid, sequence,
    set, value,
};

pub(crate) const SHA256_WITH_RSA: &str = "1.2.840.113549.1.1.11";
pub(crate) const SHA256_OID: &str = "2.16.840.1.101.3.4.2.1";
pub(crate) const SHA1_OID: &str = "1.3.14.3.2.26";
const RSA: &str = "1.2.840.113549.1.1.1";
const DATA: &str = "1.2.840.113549.1.7.1";
const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const ENVELOPED_DATA: &str = "1.2.840.113549.1.7.3";
const AES_128_CBC: &str = "2.16.840.1.101.3.4.1.2";
const CHALLENGE_PASSWORD: &str = "1.2.840.113549.1.9.7";
pub(crate) const SCEP: &str = "2.16.840.1.113733.1.9";

pub(crate) const TRANSACTION: &str = "5F3A-transaction";
pub(crate) const NONCE: [u8; 16] = [0xA5; 16];

pub(crate) fn sign(key: &RsaKeyPair, message: &[u8]) -> Vec<u8> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        message,
        &mut signature,
    )
    .unwrap();
    signature
}

pub(crate) fn public_key_info(key: &RsaKeyPair) -> Vec<u8> {
    sequence(&[&algorithm(RSA), &bits(key.public_key().as_ref())])
}

/// The certificate that a requester makes for itself, of version 3 or 1.
pub(crate) fn self_signed(key: &RsaKeyPair, name: &str, is_version_3: bool) -> Vec<u8> {
    self_signed_as(key, &common_name(name), is_version_3)
}

/// The same with a name that is DER already.
pub(crate) fn self_signed_as(key: &RsaKeyPair, name: &[u8], is_version_3: bool) -> Vec<u8> {
    let version = value(0xA0, &value(INTEGER, &[2]));
    let validity = sequence(&[
        &value(0x17, b"260101000000Z"),
        &value(0x17, b"270101000000Z"),
    ]);
    let signing = algorithm(SHA256_WITH_RSA);
    let info = public_key_info(key);
    let mut parts: Vec<&[u8]> = Vec::new();
    if is_version_3 {
        parts.push(&version);
    }
    let serial = value(INTEGER, &[1]);
    parts.extend([&serial[..], &signing, name, &validity, name, &info]);
    let tbs = sequence(&parts);
    sequence(&[&tbs, &signing, &bits(&sign(key, &tbs))])
}

/// A certification request that asks for more than it should get.
pub(crate) struct Csr<'a> {
    pub(crate) key: &'a RsaKeyPair,
    pub(crate) signed_by: &'a RsaKeyPair,
    pub(crate) common_name: &'a str,
    /// Tag and content of each challenge.
    pub(crate) challenges: Vec<(u8, Vec<u8>)>,
}

impl<'a> Csr<'a> {
    pub(crate) fn of(key: &'a RsaKeyPair) -> Self {
        let challenges = vec![(PRINTABLE, b"open-sesame".to_vec())];
        Self {
            key,
            signed_by: key,
            common_name: "root of all",
            challenges,
        }
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let extension = |kind: &str, content: &[u8]| {
            sequence(&[&oid(kind), &[1, 1, 0xFF], &value(OCTETS, content)])
        };
        let is_ca = extension("2.5.29.19", &sequence(&[&[1, 1, 0xFF]]));
        let names = extension("2.5.29.17", &sequence(&[&value(0x82, b"mdm.example.com")]));
        let usage = extension("2.5.29.37", &sequence(&[&oid("1.3.6.1.5.5.7.3.1")]));
        let wanted = sequence(&[&is_ca, &names, &usage]);
        let mut attributes = vec![sequence(&[&oid("1.2.840.113549.1.9.14"), &set(&[&wanted])])];
        for (tag, text) in &self.challenges {
            let values = set(&[&value(*tag, text)]);
            attributes.insert(0, sequence(&[&oid(CHALLENGE_PASSWORD), &values]));
        }
        let info = sequence(&[
            &value(INTEGER, &[0]),
            &common_name(self.common_name),
            &public_key_info(self.key),
            &value(0xA0, &attributes.concat()),
        ]);
        let signature = bits(&sign(self.signed_by, &info));
        sequence(&[&info, &algorithm(SHA256_WITH_RSA), &signature])
    }
}

/// The parts of an envelope, before they are put together.
#[derive(Clone)]
pub(crate) struct Envelope {
    pub(crate) issuer_and_serial: Vec<u8>,
    pub(crate) key: Vec<u8>,
    pub(crate) iv: Vec<u8>,
    pub(crate) content: Vec<u8>,
}

impl Envelope {
    /// Encrypts to the holder of a certificate.
    pub(crate) fn seal(plain: &[u8], recipient: &[u8]) -> Self {
        let fields = der::certificate(recipient);
        let public = PublicEncryptingKey::from_der(fields.public_key_info.whole).unwrap();
        let public = Pkcs1PublicEncryptingKey::new(public).unwrap();
        let mut secret = [0; 16];
        aws_lc_rs::rand::fill(&mut secret).unwrap();
        let mut key = vec![0; public.ciphertext_size()];
        public.encrypt(&secret, &mut key).unwrap();
        let cipher = UnboundCipherKey::new(&AES_128, &secret).unwrap();
        let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(cipher).unwrap();
        let mut content = plain.to_vec();
        let context = cipher.encrypt(&mut content).unwrap();
        let iv: &[u8] = (&context).try_into().unwrap();
        Self {
            issuer_and_serial: sequence(&[fields.issuer.whole, fields.serial.whole]),
            key,
            iv: iv.to_vec(),
            content,
        }
    }

    pub(crate) fn build(&self, is_streamed: bool) -> Vec<u8> {
        let parts: [&[u8]; 4] = [
            &value(INTEGER, &[0]),
            &self.issuer_and_serial,
            &algorithm(RSA),
            &value(OCTETS, &self.key),
        ];
        let recipients = set(&[&sequence(&parts)]);
        let cipher = sequence(&[&oid(AES_128_CBC), &value(OCTETS, &self.iv)]);
        let wrap = |tag, parts: &[&[u8]]| der::either(is_streamed, tag, &parts.concat());
        let content = if is_streamed {
            der::pieces(0xA0, &self.content)
        } else {
            value(0x80, &self.content)
        };
        let encrypted = wrap(SEQUENCE, &[&oid(DATA), &cipher, &content]);
        let enveloped = wrap(SEQUENCE, &[&value(INTEGER, &[0]), &recipients, &encrypted]);
        wrap(
            SEQUENCE,
            &[&oid(ENVELOPED_DATA), &wrap(0xA0, &[&enveloped])],
        )
    }
}

/// The outer message.
pub(crate) struct Message<'a> {
    pub(crate) key: &'a RsaKeyPair,
    pub(crate) certificate: Vec<u8>,
    pub(crate) content: Vec<u8>,
    pub(crate) kind: Option<&'a str>,
    pub(crate) transaction: Option<&'a str>,
    pub(crate) nonce: Option<&'a [u8]>,
    pub(crate) digest: &'a str,
    pub(crate) is_streamed: bool,
}

impl<'a> Message<'a> {
    /// A `PKCSReq` in order, around an envelope.
    pub(crate) fn around(content: Vec<u8>, key: &'a RsaKeyPair) -> Self {
        Self {
            key,
            certificate: self_signed(key, "requester", true),
            content,
            kind: Some("19"),
            transaction: Some(TRANSACTION),
            nonce: Some(&NONCE),
            digest: SHA256_OID,
            is_streamed: false,
        }
    }

    /// The attributes as they are signed, without their tag.
    fn attributes(&self) -> Vec<u8> {
        let attribute = |kind: &str, content: Vec<u8>| sequence(&[&oid(kind), &set(&[&content])]);
        let hash = digest(&SHA256, &self.content);
        let mut all = vec![
            attribute("1.2.840.113549.1.9.3", oid(DATA)),
            attribute("1.2.840.113549.1.9.4", value(OCTETS, hash.as_ref())),
        ];
        if let Some(kind) = self.kind {
            all.push(attribute(
                &format!("{SCEP}.2"),
                value(PRINTABLE, kind.as_bytes()),
            ));
        }
        if let Some(nonce) = self.nonce {
            all.push(attribute(&format!("{SCEP}.5"), value(OCTETS, nonce)));
        }
        if let Some(id) = self.transaction {
            all.push(attribute(
                &format!("{SCEP}.7"),
                value(PRINTABLE, id.as_bytes()),
            ));
        }
        all.sort_unstable();
        all.concat()
    }

    pub(crate) fn build(&self) -> Vec<u8> {
        let attributes = self.attributes();
        let signature = sign(self.key, &value(der::SET, &attributes));
        let fields = der::certificate(&self.certificate);
        let signer = sequence(&[
            &value(INTEGER, &[1]),
            &sequence(&[fields.issuer.whole, fields.serial.whole]),
            &algorithm(self.digest),
            &value(0xA0, &attributes),
            &algorithm(RSA),
            &value(OCTETS, &signature),
        ]);
        let wrap = |tag, parts: &[&[u8]]| der::either(self.is_streamed, tag, &parts.concat());
        let content = if self.is_streamed {
            der::pieces(0x24, &self.content)
        } else {
            value(OCTETS, &self.content)
        };
        let inner = wrap(SEQUENCE, &[&oid(DATA), &wrap(0xA0, &[&content])]);
        let data = wrap(
            SEQUENCE,
            &[
                &value(INTEGER, &[1]),
                &set(&[&algorithm(self.digest)]),
                &inner,
                &value(0xA0, &self.certificate),
                &set(&[&signer]),
            ],
        );
        wrap(SEQUENCE, &[&oid(SIGNED_DATA), &wrap(0xA0, &[&data])])
    }
}

/// A whole `PKCSReq` for a certification request, encrypted to `recipient` (a certificate in DER).
pub(crate) fn pkcs_req(csr: &Csr<'_>, recipient: &[u8]) -> Vec<u8> {
    let envelope = Envelope::seal(&csr.build(), recipient).build(false);
    Message::around(envelope, csr.key).build()
}

/// A text as a challenge.
pub(crate) fn utf8(text: &str) -> (u8, Vec<u8>) {
    (UTF8, text.as_bytes().to_vec())
}
