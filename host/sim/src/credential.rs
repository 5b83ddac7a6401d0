//! A device's identity: a certificate and its key, and what a device does with them.
//!
//! Knows nothing of where it came from. Invariant: certificate and key belong together, and the key
//! is never shown.

use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::pki::PkiError;
use crate::pki::certificate::Certificate;
use crate::pki::key::PrivateKey;
use crate::pki::signed::{Attribute, sign};
use crate::pki::time::time;
use crate::pki::{enveloped, oid};

/// A certificate with its RSA key; clones are cheap. `Debug` shows neither.
#[derive(Clone)]
pub struct Credential(Arc<Parts>);

struct Parts {
    certificate: Certificate,
    key: PrivateKey,
}

impl Credential {
    /// Puts a certificate (DER) and its key together.
    ///
    /// # Errors
    /// [`PkiError`] if the certificate is none, or is for another key.
    pub fn new(certificate: &[u8], key: PrivateKey) -> Result<Self, PkiError> {
        let certificate = Certificate::read(certificate)?;
        if certificate.public_key != key.public_key_info() {
            return Err(PkiError::Unverified {
                what: "the certificate's key",
            });
        }
        Ok(Self(Arc::new(Parts { certificate, key })))
    }

    /// The certificate as DER.
    pub fn certificate(&self) -> &[u8] {
        &self.0.certificate.der
    }

    /// The private key as PKCS#8 DER, a secret.
    pub fn pkcs8(&self) -> &[u8] {
        self.0.key.pkcs8()
    }

    /// The value of the `Mdm-Signature` header for a message: base64 of a detached CMS signature
    /// over exactly these bytes, with the signing time in Unix milliseconds.
    ///
    /// # Errors
    /// [`PkiError::Library`] if signing fails.
    pub fn sign_message(&self, body: &[u8], at_ms: u64) -> Result<String, PkiError> {
        let Parts { certificate, key } = self.0.as_ref();
        let when = Attribute {
            kind: oid::SIGNING_TIME,
            value: time(at_ms),
        };
        let message = sign(body, true, vec![when], certificate, key)?;
        Ok(STANDARD.encode(message))
    }

    /// Opens a CMS message that was sealed for this identity, such as `EncryptedPayloadContent`.
    ///
    /// # Errors
    /// [`PkiError`] if it is none, or sealed for somebody else.
    pub fn decrypt(&self, message: &[u8]) -> Result<Vec<u8>, PkiError> {
        enveloped::open(message, &self.0.certificate, &self.0.key)
    }

    pub(crate) fn key(&self) -> &PrivateKey {
        &self.0.key
    }

    pub(crate) fn parsed(&self) -> &Certificate {
        &self.0.certificate
    }
}

impl PartialEq for Credential {
    fn eq(&self, other: &Self) -> bool {
        self.certificate() == other.certificate()
    }
}

impl Eq for Credential {}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential")
    }
}
