//! The CA of our own: it gives devices their identities.
//!
//! It has two RSA keys. The CA's signs certificates and does nothing else. The recipient's opens
//! what devices send to SCEP and signs the answers: whoever can make it decrypt at will could make
//! it sign as well, and must not get a certificate that way. It must not know whom it is issuing
//! for, nor why.
//!
//! **Invariants.** Of a requester only the public key gets into a certificate: subject, usage and
//! time are the caller's and ours. No certificate outlives the CA's. Keys leave only through
//! [`Authority::to_pem`].

mod keys;
mod make;
mod names;
mod pem;

use std::fmt;

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rsa::{KeySize, Pkcs1PrivateDecryptingKey};

pub(crate) use keys::DeviceKey;
pub use keys::KeyRefused;
pub use pem::{AuthorityPem, Part};

use crate::{Certificate, CertificateError};
use keys::{RsaKey, decrypting};
use make::{Kind, Validity};
use names::{AUTHORITY_MAX, COMMON_NAME_MAX, Names};

/// Days that a device's identity lives unless somebody says otherwise.
pub const LEAF_DAYS: u16 = 365;

const CA_DAYS: u16 = 3652;
const RECIPIENT_DAYS: u16 = 1826;
/// The recipient's certificate is renewed this long before it expires. Devices fetch it anew for
/// each request, so any time at all would do.
const RECIPIENT_LEFT_MS: u64 = 90 * DAY_MS;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Why the authority cannot do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// The name of the authority is empty, too long or has control characters.
    #[error("the name of a CA has 1 to {AUTHORITY_MAX} plain characters")]
    Name,
    /// The name for a certificate is empty, too long or has control characters.
    #[error("a common name has 1 to {COMMON_NAME_MAX} plain characters")]
    CommonName,
    /// A host name or address for a server certificate that cannot be one.
    #[error("{name:?} is neither a host name nor an address")]
    ServerName {
        /// What was given.
        name: String,
    },
    /// The public key of a request is not one to certify.
    #[error("the public key cannot be certified")]
    Key(#[from] KeyRefused),
    /// A time before 1970 or long after, or no days at all.
    #[error("the time or the days are out of range")]
    Time,
    /// The CA's own certificate has expired or is not valid yet.
    #[error("the certificate of the CA is not valid now")]
    Expired,
    /// The library could not make a key or a signature.
    #[error("a key or a signature could not be made")]
    Crypto(#[from] Unspecified),
    /// The library could not make a certificate.
    #[error("a certificate could not be made")]
    Make(#[from] rcgen::Error),
    /// A certificate that was just made cannot be read again.
    #[error("the certificate that was made cannot be read")]
    Unreadable(#[from] CertificateError),
    /// A file of the authority is not what it should be.
    #[error("{part} is not one PEM entry of that kind")]
    Pem {
        /// Which of the four.
        part: Part,
    },
    /// A key of the authority belongs to another certificate.
    #[error("{part} belongs to another certificate")]
    Mismatch {
        /// Which of the two keys.
        part: Part,
    },
    /// The certificate of the CA does not make it one, or has a name that cannot be repeated.
    #[error("the certificate of the CA is not one that this server can issue with")]
    NotACa,
    /// The certificate of the SCEP recipient was not issued by this CA, or shares its key.
    #[error("the certificate of the SCEP recipient is not this CA's, or has the same key")]
    ForeignRecipient,
}

/// What a leaf should say. Everything else about it is fixed.
#[derive(Debug, Clone, Copy)]
pub struct LeafRequest<'a> {
    /// The subject's common name, 1 to 64 characters.
    pub common_name: &'a str,
    /// Days of validity from now; cut where the CA's own certificate ends.
    pub days: u16,
}

/// A certificate for a server, with its key.
#[derive(Debug, Clone)]
pub struct ServerIdentity {
    /// The certificate as PEM, without the CA's.
    pub certificate: String,
    /// The P-256 key as PEM (PKCS#8).
    pub key: crate::Secret,
}

/// Our CA and the recipient of SCEP messages.
pub struct Authority {
    ca: Ca,
    recipient_certificate: Certificate,
    recipient_key: RsaKey,
    decrypting: Pkcs1PrivateDecryptingKey,
}

/// What issues.
#[derive(Clone)]
struct Ca {
    certificate: Certificate,
    key: RsaKey,
    names: Names,
}

impl Ca {
    fn from_pem(stored: &AuthorityPem) -> Result<Self, AuthorityError> {
        let certificate = stored.certificate(Part::CaCertificate)?;
        let key = stored.private_key(Part::CaKey, &certificate)?;
        let names = make::checked_ca(&certificate)?;
        Ok(Self {
            certificate,
            key,
            names,
        })
    }
}

impl Authority {
    /// Makes both keys (a second or so) and both certificates.
    ///
    /// # Errors
    /// When the name or the time cannot stand in a certificate, or the library fails.
    pub fn create(name: &str, now_ms: u64) -> Result<Self, AuthorityError> {
        let names = Names::of(name)?;
        let validity = Validity::from(now_ms, CA_DAYS, None)?;
        let key = RsaKey::generate(KeySize::Rsa3072)?;
        let certificate = make::ca(&names, &key, validity)?;
        Self::with_recipient(
            Ca {
                certificate,
                key,
                names,
            },
            now_ms,
        )
    }

    /// Makes a recipient for a CA.
    fn with_recipient(ca: Ca, now_ms: u64) -> Result<Self, AuthorityError> {
        let validity = Validity::from(now_ms, RECIPIENT_DAYS, Some(&ca.certificate))?;
        let subject = ca.names.leaf(&ca.names.recipient_name())?;
        let recipient_key = RsaKey::generate(KeySize::Rsa2048)?;
        let params = make::params(Kind::Recipient, subject, validity)?;
        Ok(Self {
            recipient_certificate: make::signed(&params, &recipient_key, &ca)?,
            decrypting: decrypting(&recipient_key)?,
            ca,
            recipient_key,
        })
    }

    /// The CA's own certificate: what devices trust, and what their identities are checked against.
    pub fn ca_certificate(&self) -> &Certificate {
        &self.ca.certificate
    }

    /// The certificate that SCEP messages are encrypted to and answers are signed with.
    pub fn recipient_certificate(&self) -> &Certificate {
        &self.recipient_certificate
    }

    /// Whether the recipient's certificate is about to expire, or has.
    pub fn recipient_due(&self, now_ms: u64) -> bool {
        let left = self
            .recipient_certificate
            .not_after_ms()
            .saturating_sub(now_ms);
        // What ends with the CA cannot be made to last longer.
        left < RECIPIENT_LEFT_MS
            && self.recipient_certificate.not_after_ms() < self.ca.certificate.not_after_ms()
    }

    /// The same CA with a new recipient under a new key. Requests to the old one can no longer be
    /// opened; devices that sent one try again.
    ///
    /// # Errors
    /// When the CA's certificate has expired, or the library fails.
    pub fn renew_recipient(&self, now_ms: u64) -> Result<Self, AuthorityError> {
        Self::with_recipient(self.ca.clone(), now_ms)
    }

    /// Issues the identity of a device: for client authentication, signatures and key encipherment,
    /// valid from an hour ago.
    ///
    /// # Errors
    /// When the key is not RSA of 2048 to 4096 bits with a usual exponent, the name cannot stand in
    /// a certificate, the CA's own has expired, or the library fails.
    pub fn issue(
        &self,
        public_key_info: &[u8],
        leaf: &LeafRequest<'_>,
        now_ms: u64,
    ) -> Result<Certificate, AuthorityError> {
        let key = DeviceKey::read(public_key_info)?;
        let validity = Validity::from(now_ms, leaf.days, Some(&self.ca.certificate))?;
        let params = make::params(
            Kind::Device,
            self.ca.names.leaf(leaf.common_name)?,
            validity,
        )?;
        make::signed(&params, &key, &self.ca)
    }

    /// Makes a key and a certificate for a server with these host names or addresses, for trials
    /// where nobody else's CA is at hand. Devices trust it as far as they trust this CA.
    ///
    /// # Errors
    /// When there is no name or one that cannot be one, the CA's own certificate has expired, or
    /// the library fails.
    pub fn issue_server(
        &self,
        names: &[String],
        days: u16,
        now_ms: u64,
    ) -> Result<ServerIdentity, AuthorityError> {
        let validity = Validity::from(now_ms, days, Some(&self.ca.certificate))?;
        let common_name = names.first().ok_or(AuthorityError::CommonName)?;
        let mut params = make::params(Kind::Server, self.ca.names.leaf(common_name)?, validity)?;
        params.subject_alt_names = names::server(names)?;
        let key = rcgen::KeyPair::generate()?;
        let certificate = make::signed(&params, &key, &self.ca)?;
        Ok(ServerIdentity {
            certificate: pem::certificate(&certificate),
            key: pem::key(&key.serialize_der()),
        })
    }

    /// Both keys and certificates, for storing where nobody else can read.
    pub fn to_pem(&self) -> AuthorityPem {
        AuthorityPem {
            ca_certificate: pem::certificate(&self.ca.certificate),
            ca_key: pem::key(self.ca.key.pkcs8()),
            recipient_certificate: pem::certificate(&self.recipient_certificate),
            recipient_key: pem::key(self.recipient_key.pkcs8()),
        }
    }

    /// An authority that was stored.
    ///
    /// # Errors
    /// When a part cannot be read, a key belongs to another certificate, or the recipient's
    /// certificate is not the CA's.
    pub fn from_pem(stored: &AuthorityPem) -> Result<Self, AuthorityError> {
        let ca = Ca::from_pem(stored)?;
        let recipient_certificate = stored.certificate(Part::RecipientCertificate)?;
        let recipient_key = stored.private_key(Part::RecipientKey, &recipient_certificate)?;
        let is_shared = ca.key.public_key() == recipient_key.public_key();
        if is_shared || !make::is_issued_by(&recipient_certificate, &ca.certificate) {
            return Err(AuthorityError::ForeignRecipient);
        }
        Ok(Self {
            decrypting: decrypting(&recipient_key)?,
            ca,
            recipient_certificate,
            recipient_key,
        })
    }

    /// The CA that was stored, with a new recipient whatever is stored of that: a recipient that
    /// was lost costs nothing but the requests that are on their way.
    ///
    /// # Errors
    /// When a part of the CA cannot be read, its key belongs to another certificate, that has
    /// expired, or the library fails.
    pub fn from_pem_of_ca(stored: &AuthorityPem, now_ms: u64) -> Result<Self, AuthorityError> {
        Self::with_recipient(Ca::from_pem(stored)?, now_ms)
    }

    /// Whether a certificate names this CA as its issuer and has its signature. It may have
    /// expired, and may be for something else than devices.
    pub(crate) fn has_issued(&self, certificate: &Certificate) -> bool {
        make::is_issued_by(certificate, &self.ca.certificate)
    }

    /// Signs an answer of SCEP: RSA PKCS#1 with SHA-256, by the recipient.
    pub(crate) fn sign_as_recipient(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        self.recipient_key.sign_sha256(message)
    }

    /// The key that opens what is encrypted to the recipient.
    pub(crate) fn decrypting_key(&self) -> &Pkcs1PrivateDecryptingKey {
        &self.decrypting
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Authority");
        shown.field("ca", &self.ca.certificate);
        shown
            .field("recipient", &self.recipient_certificate)
            .finish_non_exhaustive()
    }
}
