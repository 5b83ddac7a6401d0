//! The authority as text, for keeping it in files.
//!
//! It must not know where the files are. **Invariant.** A private key is only ever in a [`Secret`],
//! and a part that is not exactly one entry of its kind is refused.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{AuthorityError, RsaKey};
use crate::{Certificate, Secret, certificates_from_pem};

const KEY_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const KEY_END: &str = "-----END PRIVATE KEY-----";
/// RFC 7468 section 2.
const LINE: usize = 64;
/// A PKCS#8 key of 8192 bits has 6.4 KiB as PEM.
const KEY_BYTES_MAX: usize = 16 * 1024;

/// An authority as PEM: certificates, and keys as PKCS#8.
#[derive(Debug, Clone)]
pub struct AuthorityPem {
    /// The CA's certificate.
    pub ca_certificate: String,
    /// The CA's key. Whoever has it can be any device.
    pub ca_key: Secret,
    /// The certificate of the SCEP recipient.
    pub recipient_certificate: String,
    /// The key of the SCEP recipient. Whoever has it can read challenges.
    pub recipient_key: Secret,
}

/// One of the four parts of an authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The CA's certificate.
    CaCertificate,
    /// The CA's key.
    CaKey,
    /// The recipient's certificate.
    RecipientCertificate,
    /// The recipient's key.
    RecipientKey,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CaCertificate => "the certificate of the CA",
            Self::CaKey => "the key of the CA",
            Self::RecipientCertificate => "the certificate of the SCEP recipient",
            Self::RecipientKey => "the key of the SCEP recipient",
        })
    }
}

impl AuthorityPem {
    fn text(&self, part: Part) -> &str {
        match part {
            Part::CaCertificate => &self.ca_certificate,
            Part::CaKey => self.ca_key.expose(),
            Part::RecipientCertificate => &self.recipient_certificate,
            Part::RecipientKey => self.recipient_key.expose(),
        }
    }

    pub(super) fn certificate(&self, part: Part) -> Result<Certificate, AuthorityError> {
        let found = certificates_from_pem(self.text(part).as_bytes());
        match found.as_deref() {
            Ok([certificate]) => Ok(certificate.clone()),
            Ok(_) | Err(_) => Err(AuthorityError::Pem { part }),
        }
    }

    /// A key that must be the one of a certificate.
    pub(super) fn private_key(
        &self,
        part: Part,
        certificate: &Certificate,
    ) -> Result<RsaKey, AuthorityError> {
        let key = read_key(self.text(part)).ok_or(AuthorityError::Pem { part })?;
        if key.public_key() != certificate.public_key() {
            return Err(AuthorityError::Mismatch { part });
        }
        Ok(key)
    }
}

/// A certificate as PEM.
pub(super) fn certificate(certificate: &Certificate) -> String {
    entry(
        "-----BEGIN CERTIFICATE-----",
        certificate.der(),
        "-----END CERTIFICATE-----",
    )
}

/// A key as PEM.
pub(super) fn key(pkcs8: &[u8]) -> Secret {
    Secret::new(entry(KEY_BEGIN, pkcs8, KEY_END))
}

fn entry(begin: &str, der: &[u8], end: &str) -> String {
    let mut text = format!("{begin}\n");
    let mut rest = STANDARD.encode(der);
    while rest.len() > LINE {
        let after = rest.split_off(LINE);
        text.push_str(&rest);
        text.push('\n');
        rest = after;
    }
    text.push_str(&rest);
    text.push('\n');
    text.push_str(end);
    text.push('\n');
    text
}

fn read_key(text: &str) -> Option<RsaKey> {
    if text.len() > KEY_BYTES_MAX {
        return None;
    }
    let inner = text.trim().strip_prefix(KEY_BEGIN)?.strip_suffix(KEY_END)?;
    let encoded: String = inner.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    RsaKey::from_pkcs8(&STANDARD.decode(encoded).ok()?).ok()
}
