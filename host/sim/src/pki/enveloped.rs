//! `EnvelopedData` (RFC 5652 section 6): content sealed for one RSA key with AES in CBC mode.
//!
//! Knows nothing of what is sealed. Invariant: whatever is wrong inside is one and the same error.

use aws_lc_rs::cipher::{
    AES_128, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey,
    PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand;

use super::PkiError;
use super::certificate::Certificate;
use super::der::{
    CONTEXT_0, CONTEXT_0_PRIMITIVE, INTEGER, OCTET_STRING, Reader, SEQUENCE, SET, element, integer,
    sequence,
};
use super::key::PrivateKey;
use super::oid::{self, AES_128_CBC, AES_256_CBC, DATA, ENVELOPED_DATA, RSA};
use super::signed::content_info;

const WHAT: &str = "the sealed message";
const IV_BYTES: usize = 16;
const KEY_BYTES: usize = 32;
/// `[0]`, constructed: content in pieces.
const PIECES: u8 = CONTEXT_0;

/// Seals content for a certificate.
pub(crate) fn seal(content: &[u8], recipient: &Certificate) -> Result<Vec<u8>, PkiError> {
    let failed = |_| PkiError::Library { what: "sealing" };
    let mut content_key = [0; KEY_BYTES];
    rand::fill(&mut content_key).map_err(failed)?;
    let mut iv = [0; IV_BYTES];
    rand::fill(&mut iv).map_err(failed)?;
    let key = UnboundCipherKey::new(&AES_256, &content_key).map_err(failed)?;
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).map_err(failed)?;
    let mut sealed = content.to_vec();
    key.less_safe_encrypt(&mut sealed, EncryptionContext::Iv128(FixedLength::from(iv)))
        .map_err(failed)?;
    let for_recipient = sequence(&[
        &integer(&[0]),
        &recipient.name(),
        &oid::algorithm(RSA),
        &element(OCTET_STRING, &[&recipient.seal(&content_key)?]),
    ]);
    let cipher = sequence(&[&oid::object(AES_256_CBC), &element(OCTET_STRING, &[&iv])]);
    let data = sequence(&[
        &integer(&[0]),
        &element(SET, &[&for_recipient]),
        &sequence(&[
            &oid::object(DATA),
            &cipher,
            &element(CONTEXT_0_PRIMITIVE, &[&sealed]),
        ]),
    ]);
    Ok(sequence(&[
        &oid::object(ENVELOPED_DATA),
        &element(CONTEXT_0, &[&data]),
    ]))
}

/// Opens what was sealed for a certificate, with its key.
pub(crate) fn open(
    message: &[u8],
    recipient: &Certificate,
    key: &PrivateKey,
) -> Result<Vec<u8>, PkiError> {
    let mut data = content_info(message, ENVELOPED_DATA)?;
    data.take(INTEGER)?;
    let mut recipients = data.take(SET)?.inside(WHAT);
    let mut sealed_key = None;
    while !recipients.is_at_end() {
        let mut one = recipients.take(SEQUENCE)?.inside(WHAT);
        one.take(INTEGER)?;
        let mut name = one.take(SEQUENCE)?.inside(WHAT);
        let (issuer, serial) = (name.take(SEQUENCE)?.whole, name.take(INTEGER)?.content);
        one.take(SEQUENCE)?;
        let sealed = one.take(OCTET_STRING)?.content;
        if recipient.is_called(issuer, serial) {
            sealed_key = Some(sealed);
        }
    }
    let content_key = key.open(sealed_key.ok_or(PkiError::Undecryptable)?)?;
    let mut content = data.take(SEQUENCE)?.inside(WHAT);
    content.object()?;
    let mut algorithm = content.take(SEQUENCE)?.inside(WHAT);
    let cipher = match algorithm.object()? {
        AES_256_CBC => &AES_256,
        AES_128_CBC => &AES_128,
        _ => return Err(PkiError::Unsupported { what: "the cipher" }),
    };
    let iv = algorithm.take(OCTET_STRING)?.content;
    let iv: [u8; IV_BYTES] = iv.try_into().map_err(|_| algorithm.malformed())?;
    let mut sealed = octets(&mut content)?;
    let closed = |_| PkiError::Undecryptable;
    let key = UnboundCipherKey::new(cipher, &content_key).map_err(closed)?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).map_err(closed)?;
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    Ok(key.decrypt(&mut sealed, context).map_err(closed)?.to_vec())
}

fn octets(content: &mut Reader<'_>) -> Result<Vec<u8>, PkiError> {
    if content.peek() == Some(PIECES) {
        let mut pieces = content.take(PIECES)?.inside(WHAT);
        let mut octets = Vec::new();
        while !pieces.is_at_end() {
            octets.extend_from_slice(pieces.take(OCTET_STRING)?.content);
        }
        return Ok(octets);
    }
    Ok(content.take(CONTEXT_0_PRIMITIVE)?.content.to_vec())
}
