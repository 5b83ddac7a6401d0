//! Reads answers as a requester does: signature, attributes, and the certificates within.

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use mooring_identity::Authority;

use crate::client::{NONCE, SCEP, TRANSACTION};
use crate::der::{self, OCTETS, PRINTABLE, SET, Value, oid, read, value};

/// A `CertRep` whose signature holds.
#[derive(Debug)]
pub(crate) struct CertRep {
    pub(crate) status: String,
    pub(crate) fail_info: Option<String>,
    pub(crate) sender_nonce: Vec<u8>,
    pub(crate) content: Option<Vec<u8>>,
}

/// Reads an answer of this authority to the one transaction of these tests.
pub(crate) fn open(authority: &Authority, reply: &[u8]) -> CertRep {
    let parts = signed_data(reply);
    let [_, _, inner, certificates, signers] = parts.as_slice() else {
        panic!("{parts:?}")
    };
    let recipient = authority.recipient_certificate().der();
    assert_eq!(certificates.content, recipient, "the signer comes along");
    let content = inner
        .children()
        .get(1)
        .map(|tagged| tagged.children()[0].content);
    let signer = signers.children()[0].children();
    let attributes = signer[3];
    assert_eq!(attributes.tag, 0xA0);
    verify(
        recipient,
        &value(SET, attributes.content),
        signer[5].content,
    );
    let hash = digest(&SHA256, content.unwrap_or_default());
    assert_eq!(
        find(attributes, "1.2.840.113549.1.9.4", OCTETS),
        Some(hash.as_ref())
    );
    let scep = |number, tag| find(attributes, &format!("{SCEP}.{number}"), tag);
    assert_eq!(scep(2, PRINTABLE), Some(&b"3"[..]));
    assert_eq!(scep(6, OCTETS), Some(&NONCE[..]), "the requester's nonce");
    assert_eq!(scep(7, PRINTABLE), Some(TRANSACTION.as_bytes()));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    CertRep {
        status: text(scep(3, PRINTABLE).unwrap()),
        fail_info: scep(4, PRINTABLE).map(text),
        sender_nonce: scep(5, OCTETS).unwrap().to_vec(),
        content: content.map(<[u8]>::to_vec),
    }
}

/// The parts of `SignedData`.
fn signed_data(message: &[u8]) -> Vec<Value<'_>> {
    let info = read(message).children();
    assert_eq!(info[0].whole, oid("1.2.840.113549.1.7.2"));
    info[1].children()[0].children()
}

fn verify(certificate: &[u8], signed: &[u8], signature: &[u8]) {
    let info = der::certificate(certificate).public_key_info.children();
    let key = &info[1].content[1..];
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
    key.verify(signed, signature)
        .expect("the recipient's signature");
}

fn find<'a>(attributes: Value<'a>, kind: &str, tag: u8) -> Option<&'a [u8]> {
    let parts = attributes.children().into_iter().map(Value::children);
    let found = parts
        .into_iter()
        .find(|parts| parts[0].whole == oid(kind))?;
    let values = found[1].children();
    assert_eq!((values.len(), values[0].tag), (1, tag));
    Some(values[0].content)
}

/// The certificates in a message that is nothing else, in its order.
pub(crate) fn certificates(message: &[u8]) -> Vec<Vec<u8>> {
    let parts = signed_data(message);
    let [_, _, _, certificates, signers] = parts.as_slice() else {
        panic!("{parts:?}")
    };
    assert!(signers.content.is_empty(), "nobody signs it");
    certificates
        .children()
        .iter()
        .map(|value| value.whole.to_vec())
        .collect()
}

/// Decrypts the content of an answer.
pub(crate) fn decrypt(envelope: &[u8], key: &RsaKeyPair) -> Vec<u8> {
    let data = read(envelope).children()[1].children()[0].children();
    let recipient = data[1].children()[0].children();
    let encrypted = data[2].children();
    assert_eq!(
        encrypted[1].children()[0].whole,
        oid("2.16.840.1.101.3.4.1.42"),
        "AES-256-CBC"
    );
    let private = PrivateDecryptingKey::from_pkcs8(key.as_der().unwrap().as_ref()).unwrap();
    let private = Pkcs1PrivateDecryptingKey::new(private).unwrap();
    let mut secret = vec![0; private.min_output_size()];
    let secret = private.decrypt(recipient[3].content, &mut secret).unwrap();
    let cipher = UnboundCipherKey::new(&AES_256, secret).unwrap();
    let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(cipher).unwrap();
    let iv: [u8; 16] = encrypted[1].children()[1].content.try_into().unwrap();
    let mut content = encrypted[2].content.to_vec();
    cipher
        .decrypt(
            &mut content,
            DecryptionContext::Iv128(FixedLength::from(iv)),
        )
        .unwrap()
        .to_vec()
}

/// What of a refusal may not depend on what was wrong: all but our nonce and the signature, in an
/// answer of the same length.
pub(crate) fn invariable(authority: &Authority, reply: &[u8]) -> Vec<u8> {
    let opened = open(authority, reply);
    let signature = signed_data(reply)[4].children()[0].children()[5]
        .content
        .len();
    let mut bytes = reply.to_vec();
    let from = bytes.len() - signature;
    bytes[from..].fill(0);
    let length = opened.sender_nonce.len();
    let at = bytes
        .windows(length)
        .position(|part| part == opened.sender_nonce)
        .unwrap();
    bytes[at..at + length].fill(0);
    bytes
}
