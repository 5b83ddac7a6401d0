//! An RSA key: signs, opens what is sealed for it, and is written as PKCS#8.
//!
//! Knows nothing of certificates. Invariant: no private number is ever shown.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeySize, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};

use super::PkiError;
use super::der::{bit_string, sequence};
use super::oid::{RSA, algorithm};

/// An RSA private key. Its `Debug` shows its size alone.
pub struct PrivateKey {
    pair: RsaKeyPair,
    pkcs8: Vec<u8>,
}

impl PrivateKey {
    /// A new key of 2048, 3072 or 4096 bits, from the system's randomness. Takes up to a second:
    /// not for an async task.
    ///
    /// # Errors
    /// [`PkiError::Unsupported`] for another size.
    pub fn generate(bits: u32) -> Result<Self, PkiError> {
        let size = match bits {
            2048 => KeySize::Rsa2048,
            3072 => KeySize::Rsa3072,
            4096 => KeySize::Rsa4096,
            _ => {
                return Err(PkiError::Unsupported {
                    what: "the key size",
                });
            }
        };
        let failed = |_| PkiError::Library {
            what: "making a key",
        };
        let pair = RsaKeyPair::generate(size).map_err(failed)?;
        let pkcs8 = pair.as_der().map_err(failed)?.as_ref().to_vec();
        Ok(Self { pair, pkcs8 })
    }

    /// A key that was written by [`PrivateKey::pkcs8`].
    ///
    /// # Errors
    /// [`PkiError::Malformed`] if the bytes are none.
    pub fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, PkiError> {
        let malformed = |_| PkiError::Malformed {
            what: "the private key",
        };
        Ok(Self {
            pair: RsaKeyPair::from_pkcs8(pkcs8).map_err(malformed)?,
            pkcs8: pkcs8.to_vec(),
        })
    }

    /// The key as DER (RFC 5208), a secret.
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Its `SubjectPublicKeyInfo` (RFC 5280 section 4.1.2.7).
    pub(crate) fn public_key_info(&self) -> Vec<u8> {
        sequence(&[
            &algorithm(RSA),
            &bit_string(self.pair.public_key().as_ref()),
        ])
    }

    /// The PKCS#1 v1.5 signature over the SHA-256 of a message.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, PkiError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let random = SystemRandom::new();
        self.pair
            .sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
            .map_err(|_| PkiError::Library { what: "signing" })?;
        Ok(signature)
    }

    /// Opens a content key sealed with PKCS#1 v1.5.
    pub(crate) fn open(&self, sealed: &[u8]) -> Result<Vec<u8>, PkiError> {
        let closed = |_| PkiError::Undecryptable;
        let key = PrivateDecryptingKey::from_pkcs8(&self.pkcs8).map_err(|_| PkiError::Library {
            what: "reading a key",
        })?;
        let key = Pkcs1PrivateDecryptingKey::new(key).map_err(closed)?;
        let mut out = vec![0; key.min_output_size()];
        Ok(key.decrypt(sealed, &mut out).map_err(closed)?.to_vec())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({} bits)", self.pair.public_modulus_len() * 8)
    }
}
