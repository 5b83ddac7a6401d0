//! Messages that one reader can read: CMS `EnvelopedData` (RFC 5652 section 6).
//!
//! A random AES key encrypts the content, and the reader's RSA key encrypts the AES key (RSAES PKCS
//! #1 v1.5, the one kind that Apple's and SCEP clients all read). It must not know what the content
//! is, nor whether it is genuine: encryption alone says nothing about the sender.
//!
//! **Invariant.** Decryption fails in one way. Whoever sends altered messages learns neither from
//! the error nor from the work done whether the padding of the key, of the content or something
//! else was wrong (RFC 3218). So the caller must answer all failures alike, those of reading the
//! content included.

use aws_lc_rs::cipher::{
    AES_128, AES_128_KEY_LEN, AES_192, AES_192_KEY_LEN, AES_256, AES_256_KEY_LEN, Algorithm,
    DecryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey, UnboundCipherKey,
};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, Pkcs1PublicEncryptingKey, PublicEncryptingKey};
use cms::cert::IssuerAndSerialNumber;
use cms::content_info::{CmsVersion, ContentInfo};
use cms::enveloped_data::{
    EncryptedContentInfo, EnvelopedData, KeyTransRecipientInfo, RecipientIdentifier, RecipientInfo,
    RecipientInfos,
};
use der::asn1::{AnyRef, Null, OctetString, OctetStringRef, SetOfVec};
use der::oid::db::{rfc5911, rfc5912};
use der::{Any, Decode, Encode, Reader, SliceReader, Tag, TagNumber, Tagged};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::certificate::{Certificate, KeyKind};
use crate::tlv;

/// Most bytes of content that are encrypted at once: more than the largest profile.
pub const CONTENT_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most bytes of a message that is decrypted. A request for a certificate has 2 to 4 KiB.
pub(crate) const MESSAGE_BYTES_MAX: usize = 64 * 1024;

const IV_BYTES: usize = 16;
const RSA_BITS: std::ops::RangeInclusive<u32> = 2048..=8192;

/// Why content cannot be encrypted for someone.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EncryptError {
    /// The certificate's key is not RSA, or of a length that nobody should use.
    #[error("content can be encrypted only for RSA keys of 2048 to 8192 bits, not for {0:?}")]
    NotRsa(KeyKind),
    /// More than [`CONTENT_BYTES_MAX`].
    #[error("content to encrypt may have {CONTENT_BYTES_MAX} bytes at most")]
    TooLarge,
    /// The key in the certificate is damaged, or there is no randomness.
    #[error("the content could not be encrypted with the certificate's key")]
    Cipher,
    /// The message could not be put together.
    #[error("the encrypted message could not be encoded")]
    Encoding(#[from] der::Error),
}

/// The message cannot be decrypted. On purpose it does not say why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be decrypted")]
pub(crate) struct DecryptError;

/// Encrypts content (AES-256-CBC) so that only the holder of the certificate's RSA key can read it.
/// Gives a DER `ContentInfo`, as in a configuration profile's `EncryptedPayloadContent`.
///
/// # Errors
/// When the key is not RSA with 2048 to 8192 bits, or the content larger than
/// [`CONTENT_BYTES_MAX`].
pub fn encrypt(content: &[u8], to: &Certificate) -> Result<Vec<u8>, EncryptError> {
    match to.key_kind() {
        KeyKind::Rsa { bits } if RSA_BITS.contains(&bits) => {}
        other @ (KeyKind::Rsa { .. } | KeyKind::P256 | KeyKind::Other) => {
            return Err(EncryptError::NotRsa(other));
        }
    }
    if content.len() > CONTENT_BYTES_MAX {
        return Err(EncryptError::TooLarge);
    }
    let sealed = seal(content, to).map_err(|Unspecified| EncryptError::Cipher)?;
    let tbs = &to.parsed().tbs_certificate;
    let reader = RecipientIdentifier::IssuerAndSerialNumber(IssuerAndSerialNumber {
        issuer: tbs.issuer.clone(),
        serial_number: tbs.serial_number.clone(),
    });
    let key_for_reader = RecipientInfo::Ktri(KeyTransRecipientInfo {
        version: CmsVersion::V0,
        rid: reader,
        key_enc_alg: AlgorithmIdentifierOwned {
            oid: rfc5912::RSA_ENCRYPTION,
            parameters: Some(Any::encode_from(&Null)?),
        },
        enc_key: OctetString::new(sealed.key)?,
    });
    let data = EnvelopedData {
        version: CmsVersion::V0,
        originator_info: None,
        recip_infos: RecipientInfos(SetOfVec::try_from(vec![key_for_reader])?),
        encrypted_content: EncryptedContentInfo {
            content_type: rfc5911::ID_DATA,
            content_enc_alg: AlgorithmIdentifierOwned {
                oid: rfc5911::ID_AES_256_CBC,
                parameters: Some(Any::encode_from(&OctetString::new(sealed.iv)?)?),
            },
            encrypted_content: Some(OctetString::new(sealed.content)?),
        },
        unprotected_attrs: None,
    };
    let content_type = rfc5911::ID_ENVELOPED_DATA;
    Ok(ContentInfo {
        content_type,
        content: Any::encode_from(&data)?,
    }
    .to_der()?)
}

/// Content under a fresh key, and that key under the reader's.
struct Sealed {
    key: Vec<u8>,
    iv: Vec<u8>,
    content: Vec<u8>,
}

fn seal(content: &[u8], to: &Certificate) -> Result<Sealed, Unspecified> {
    let mut key = [0; AES_256_KEY_LEN];
    rand::fill(&mut key)?;
    let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(UnboundCipherKey::new(&AES_256, &key)?)?;
    let mut sealed = content.to_vec();
    let context = cipher.encrypt(&mut sealed)?;
    let iv: &[u8] = (&context).try_into()?;
    let public = PublicEncryptingKey::from_der(to.public_key_info()).map_err(|_| Unspecified)?;
    let public = Pkcs1PublicEncryptingKey::new(public)?;
    let mut encrypted_key = vec![0; public.ciphertext_size()];
    let length = public.encrypt(&key, &mut encrypted_key)?.len();
    encrypted_key.truncate(length);
    Ok(Sealed {
        key: encrypted_key,
        iv: iv.to_vec(),
        content: sealed,
    })
}

/// Decrypts a message for the holder of `certificate`, with AES-128, AES-192 or AES-256 in CBC
/// mode. DER and the BER that Apple's encoder writes.
///
/// A key that does not decrypt is replaced by a random one, so that a message with a bad key fails
/// in the same way and at the same place as one with bad content. In 1 of 256 cases that "succeeds"
/// with random bytes: what comes out is for a strict decoder, whose failure must be answered alike.
///
/// # Errors
/// [`DecryptError`], always the same.
pub(crate) fn decrypt(
    message: &[u8],
    certificate: &Certificate,
    key: &Pkcs1PrivateDecryptingKey,
) -> Result<Vec<u8>, DecryptError> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(DecryptError);
    }
    let message = tlv::to_der(message).map_err(|_| DecryptError)?;
    let envelope = Envelope::parse(&message, certificate).map_err(|_| DecryptError)?;
    envelope.open(key).map_err(|Unspecified| DecryptError)
}

/// What decryption needs of an `EnvelopedData`.
struct Envelope {
    key: Vec<u8>,
    cipher: &'static Algorithm,
    key_bytes: usize,
    iv: [u8; IV_BYTES],
    content: Vec<u8>,
}

impl Envelope {
    fn parse(message: &[u8], certificate: &Certificate) -> Result<Self, der::Error> {
        let info = ContentInfo::from_der(message)?;
        if info.content_type != rfc5911::ID_ENVELOPED_DATA || info.content.tag() != Tag::Sequence {
            return Err(Tag::Sequence.value_error());
        }
        let mut reader = SliceReader::new(info.content.value())?;
        CmsVersion::decode(&mut reader)?;
        if matches!(
            reader.peek_tag()?,
            Tag::ContextSpecific {
                number: TagNumber::N0,
                ..
            }
        ) {
            AnyRef::decode(&mut reader)?;
        }
        let recipients = RecipientInfos::decode(&mut reader)?;
        let key = recipients
            .0
            .iter()
            .find_map(|recipient| key_for(recipient, certificate));
        let key = key.ok_or_else(|| Tag::Set.value_error())?;
        let encrypted = AnyRef::decode(&mut reader)?;
        if encrypted.tag() != Tag::Sequence {
            return Err(Tag::Sequence.value_error());
        }
        let (algorithm, content) = encrypted_content(encrypted.value())?;
        let (cipher, key_bytes) = match algorithm.oid {
            rfc5911::ID_AES_128_CBC => (&AES_128, AES_128_KEY_LEN),
            rfc5911::ID_AES_192_CBC => (&AES_192, AES_192_KEY_LEN),
            rfc5911::ID_AES_256_CBC => (&AES_256, AES_256_KEY_LEN),
            _ => return Err(Tag::ObjectIdentifier.value_error()),
        };
        let iv = algorithm
            .parameters
            .ok_or_else(|| Tag::OctetString.value_error())?;
        let iv = iv.decode_as::<OctetStringRef<'_>>()?.as_bytes().try_into();
        let iv = iv.map_err(|_| Tag::OctetString.value_error())?;
        Ok(Self {
            key,
            cipher,
            key_bytes,
            iv,
            content,
        })
    }

    fn open(mut self, private: &Pkcs1PrivateDecryptingKey) -> Result<Vec<u8>, Unspecified> {
        let mut key = vec![0; self.key_bytes];
        rand::fill(&mut key)?;
        let mut opened = vec![0; private.min_output_size()];
        if let Ok(found) = private.decrypt(&self.key, &mut opened)
            && found.len() == key.len()
        {
            key.copy_from_slice(found);
        }
        let cipher =
            PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(self.cipher, &key)?)?;
        let iv = DecryptionContext::Iv128(FixedLength::from(self.iv));
        Ok(cipher.decrypt(&mut self.content, iv)?.to_vec())
    }
}

/// The encrypted key, if this recipient is the holder of the certificate.
fn key_for(recipient: &RecipientInfo, certificate: &Certificate) -> Option<Vec<u8>> {
    let RecipientInfo::Ktri(transport) = recipient else {
        return None;
    };
    let tbs = &certificate.parsed().tbs_certificate;
    let is_ours = match &transport.rid {
        RecipientIdentifier::IssuerAndSerialNumber(name) => {
            name.issuer == tbs.issuer && name.serial_number == tbs.serial_number
        }
        RecipientIdentifier::SubjectKeyIdentifier(key) => certificate
            .subject_key_identifier()
            .is_some_and(|identifier| identifier == key.0.as_bytes()),
    };
    let is_pkcs1 = transport.key_enc_alg.oid == rfc5912::RSA_ENCRYPTION;
    (is_ours && is_pkcs1).then(|| transport.enc_key.as_bytes().to_vec())
}

/// Algorithm and bytes of an `EncryptedContentInfo`. The bytes may be one string or, as BER,
/// several: the tag is implicit there, so the pass that makes DER cannot tell that it is a string.
fn encrypted_content(value: &[u8]) -> Result<(AlgorithmIdentifierOwned, Vec<u8>), der::Error> {
    let mut reader = SliceReader::new(value)?;
    der::oid::ObjectIdentifier::decode(&mut reader)?;
    let algorithm = AlgorithmIdentifierOwned::decode(&mut reader)?;
    let content = AnyRef::decode(&mut reader)?;
    let content = reader.finish(content)?;
    let tag = content.tag();
    let number = TagNumber::N0;
    if tag
        == (Tag::ContextSpecific {
            constructed: false,
            number,
        })
    {
        return Ok((algorithm, content.value().to_vec()));
    }
    if tag
        != (Tag::ContextSpecific {
            constructed: true,
            number,
        })
    {
        return Err(tag.value_error());
    }
    let mut pieces = SliceReader::new(content.value())?;
    let mut joined = Vec::new();
    while !pieces.is_finished() {
        joined.extend_from_slice(OctetStringRef::decode(&mut pieces)?.as_bytes());
    }
    Ok((algorithm, joined))
}

#[cfg(test)]
mod tests;
