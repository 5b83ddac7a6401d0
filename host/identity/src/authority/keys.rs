//! Keys: the authority's own, and the public ones it is asked to certify.
//!
//! It must not know what a key is for. **Invariant.** A private key never shows in Debug output or
//! in errors, and a public key that is too short to be worth certifying is refused by value, not by
//! the word of whoever sends it.

use std::fmt;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::error::{KeyRejected, Unspecified};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    KeyPair, KeySize, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use der::asn1::UintRef;
use der::oid::db::rfc5912::RSA_ENCRYPTION;
use der::{Decode, Reader, SliceReader, Tag, Tagged};
use rcgen::{PKCS_RSA_SHA256, PublicKeyData, SignatureAlgorithm, SigningKey};
use x509_cert::spki::SubjectPublicKeyInfoRef;

/// Bits of an RSA modulus that is certified. Longer keys cost this server and prove nothing more.
const BITS_MIN: usize = 2048;
const BITS_MAX: usize = 4096;
/// Exponents below are the ground of most attacks on careless padding (NIST SP 800-56B).
const EXPONENT_MIN: u32 = 65_537;
/// A `SubjectPublicKeyInfo` of 4096 bits has 550 bytes.
const INFO_BYTES_MAX: usize = 1024;

/// Why a public key is not certified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyRefused {
    /// Not an RSA key in its usual encoding.
    #[error("it is not an RSA key")]
    NotRsa,
    /// Too short or too long.
    #[error("an RSA key has {BITS_MIN} to {BITS_MAX} bits, this one {bits}")]
    Bits {
        /// Bits of its modulus.
        bits: usize,
    },
    /// An exponent that is even, below 65537 or longer than 32 bits.
    #[error("its public exponent is even, too small or too large")]
    Exponent,
}

/// An RSA key pair of the authority.
#[derive(Clone)]
pub(crate) struct RsaKey {
    pair: KeyPair,
    pkcs8: Vec<u8>,
}

impl RsaKey {
    /// Makes a new one.
    pub(super) fn generate(size: KeySize) -> Result<Self, Unspecified> {
        let pair = KeyPair::generate(size)?;
        let pkcs8 = pair.as_der()?.as_ref().to_vec();
        Ok(Self { pair, pkcs8 })
    }

    /// Reads one from PKCS#8.
    pub(super) fn from_pkcs8(pkcs8: &[u8]) -> Result<Self, KeyRejected> {
        let pair = KeyPair::from_pkcs8(pkcs8)?;
        Ok(Self {
            pair,
            pkcs8: pkcs8.to_vec(),
        })
    }

    pub(super) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// The public half: `RSAPublicKey` in DER.
    pub(super) fn public_key(&self) -> &[u8] {
        self.pair.public_key().as_ref()
    }

    /// Signs with PKCS#1 v1.5 and SHA-256.
    pub(super) fn sign_sha256(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        )?;
        Ok(signature)
    }
}

impl fmt::Debug for RsaKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RsaKey").finish_non_exhaustive()
    }
}

impl PublicKeyData for RsaKey {
    fn der_bytes(&self) -> &[u8] {
        self.public_key()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

impl SigningKey for RsaKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.sign_sha256(message)
            .map_err(|Unspecified| rcgen::Error::RingUnspecified)
    }
}

/// The key that decrypts for a key pair.
pub(super) fn decrypting(key: &RsaKey) -> Result<Pkcs1PrivateDecryptingKey, Unspecified> {
    let key = PrivateDecryptingKey::from_pkcs8(key.pkcs8()).map_err(|_| Unspecified)?;
    Pkcs1PrivateDecryptingKey::new(key)
}

/// The public key of a device, fit to be certified.
#[derive(Debug)]
pub(crate) struct DeviceKey {
    rsa_public_key: Vec<u8>,
}

impl DeviceKey {
    /// Reads a DER `SubjectPublicKeyInfo` (RFC 8017 appendix A.1).
    ///
    /// # Errors
    /// When it is no RSA key, or one that should not be in use.
    pub(crate) fn read(info: &[u8]) -> Result<Self, KeyRefused> {
        if info.len() > INFO_BYTES_MAX {
            return Err(KeyRefused::NotRsa);
        }
        let parsed = SubjectPublicKeyInfoRef::from_der(info).map_err(|_| KeyRefused::NotRsa)?;
        let parameters = parsed.algorithm.parameters.map(|value| value.tag());
        if parsed.algorithm.oid != RSA_ENCRYPTION || parameters != Some(Tag::Null) {
            return Err(KeyRefused::NotRsa);
        }
        let key = parsed
            .subject_public_key
            .as_bytes()
            .ok_or(KeyRefused::NotRsa)?;
        let (modulus, exponent) = components(key).map_err(|_| KeyRefused::NotRsa)?;
        check(modulus.as_bytes(), exponent.as_bytes())?;
        // The library has the last word on whether the numbers make a key.
        PublicEncryptingKey::from_der(info).map_err(|_| KeyRefused::NotRsa)?;
        Ok(Self {
            rsa_public_key: key.to_vec(),
        })
    }
}

impl PublicKeyData for DeviceKey {
    fn der_bytes(&self) -> &[u8] {
        &self.rsa_public_key
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

fn components(key: &[u8]) -> der::Result<(UintRef<'_>, UintRef<'_>)> {
    let mut reader = SliceReader::new(key)?;
    let found = reader.sequence(|fields| Ok((UintRef::decode(fields)?, UintRef::decode(fields)?)));
    reader.finish(found?)
}

fn check(modulus: &[u8], exponent: &[u8]) -> Result<(), KeyRefused> {
    let leading = modulus
        .first()
        .map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = (modulus.len() * 8).saturating_sub(leading);
    if !(BITS_MIN..=BITS_MAX).contains(&bits) {
        return Err(KeyRefused::Bits { bits });
    }
    let exponent = match exponent.len() {
        0..=4 => exponent
            .iter()
            .fold(0, |sum, byte| sum << 8 | u32::from(*byte)),
        5.. => return Err(KeyRefused::Exponent),
    };
    if exponent < EXPONENT_MIN || exponent.is_multiple_of(2) {
        return Err(KeyRefused::Exponent);
    }
    Ok(())
}
