//! Encrypting and decrypting, against messages of `openssl cms`.

use aws_lc_rs::rsa::PrivateDecryptingKey;

use super::*;
use crate::testdata::{bytes, certificate, cms};

fn key() -> Pkcs1PrivateDecryptingKey {
    let key = PrivateDecryptingKey::from_pkcs8(&bytes("certificates/rsa-key.der")).unwrap();
    Pkcs1PrivateDecryptingKey::new(key).unwrap()
}

fn open(message: &[u8]) -> Result<Vec<u8>, DecryptError> {
    decrypt(message, &certificate("rsa"), &key())
}

/// Proves that messages of openssl are read: three key lengths, by key identifier, as the second of
/// two recipients, and in the BER of a streaming encoder.
#[test]
fn reads_what_openssl_encrypts() {
    for name in [
        "enc-aes128",
        "enc-aes192",
        "enc-aes256",
        "enc-keyid",
        "enc-two",
        "enc-ber",
    ] {
        assert_eq!(open(&cms(name)), Ok(bytes("cms/secret")), "{name}");
    }
}

/// Proves that what is encrypted here can be read with the key, is never the same twice, and does
/// not show its content.
#[test]
fn reads_what_it_encrypts() {
    let to = certificate("rsa");
    for content in [&b""[..], b"16 bytes exactly", &vec![7; 20_000]] {
        let message = encrypt(content, &to).unwrap();
        assert_eq!(open(&message).as_deref(), Ok(content));
        assert_ne!(message, encrypt(content, &to).unwrap());
    }
    let message = encrypt(b"a secret of sixteen or more bytes", &to).unwrap();
    assert!(!message.windows(8).any(|window| window == b"a secret"));
}

/// Proves that a recipient without an RSA key of a sane length is refused with the reason.
#[test]
fn encrypts_for_rsa_only() {
    for name in ["p256", "p384", "rsa1024"] {
        let error = encrypt(b"content", &certificate(name)).unwrap_err();
        assert!(matches!(error, EncryptError::NotRsa(_)), "{name}: {error}");
    }
    let large = vec![0; CONTENT_BYTES_MAX + 1];
    assert!(matches!(
        encrypt(&large, &certificate("rsa")),
        Err(EncryptError::TooLarge)
    ));
}

/// Proves that messages for someone else, in other ciphers, of other kinds and of any damage end in
/// the one error, without a panic.
#[test]
fn every_failure_is_the_same() {
    for name in [
        "enc-p256",
        "enc-des3",
        "enc-oaep",
        "rsa-sha256",
        "certs-only",
    ] {
        assert_eq!(open(&cms(name)), Err(DecryptError), "{name}");
    }
    let message = cms("enc-aes256");
    assert_eq!(
        decrypt(&message, &certificate("below"), &key()),
        Err(DecryptError)
    );
    assert_eq!(open(&vec![0x30; MESSAGE_BYTES_MAX + 1]), Err(DecryptError));
    assert_eq!(open(&[0x30, 0x80].repeat(5_000)), Err(DecryptError));
    for end in 0..message.len() {
        assert_eq!(open(&message[..end]), Err(DecryptError), "cut at {end}");
    }
    let longer = [message.as_slice(), &[0]].concat();
    assert_eq!(open(&longer), Err(DecryptError));
}

/// Proves that an altered encrypted key gives no sign of its own: the content key is replaced, so
/// what comes out is the one error or, by chance, bytes that are not the content.
#[test]
fn a_bad_key_is_not_told_from_bad_content() {
    let message = cms("enc-aes256");
    let secret = bytes("cms/secret");
    let place = message.len() - 120;
    for bit in 0..64 {
        let mut altered = message.clone();
        altered[place - bit] ^= 1 << (bit % 8);
        assert!(open(&altered).map_or(true, |content| content != secret));
    }
}
