//! From what somebody shows to a certificate that is believed: in full the first time, by its
//! digest from then on.
//!
//! It must not know who shows it, nor whether the shower holds the key. **Invariants.** Only what
//! was believed is remembered, with how long its whole chain holds, and the clock is looked at
//! every time. Other bytes are never taken for remembered ones: the name is 128 bits of a SHA-256,
//! of which nobody finds a second message. (Two messages of one's own choice with one name would
//! be twice the same certificate.)

use sha2::{Digest as _, Sha256};

use super::{Span, Trust, TrustError};
use crate::certificate::{Certificate, CertificateError, Encoded, Facts};
use crate::header::{self, HeaderError};

/// Most certificates after the leaf that are read.
const SENT_READ_MAX: usize = 8;

/// How somebody shows a certificate.
#[derive(Clone, Copy, Debug)]
pub enum Shown<'a> {
    /// As the value of a proxy's header.
    Header(&'a [u8]),
    /// As the client's certificate of a TLS connection, in DER.
    Connection {
        /// The client's own.
        leaf: &'a [u8],
        /// What it sent to complete the chain. What cannot be read counts as not sent.
        sent: &'a [Vec<u8>],
    },
}

/// Why what is shown is not believed.
#[derive(Debug, thiserror::Error)]
pub enum BeliefError {
    /// The header's value is not a certificate.
    #[error("the certificate header cannot be read")]
    Header(#[from] HeaderError),
    /// The bytes are not a certificate.
    #[error("the certificate cannot be read")]
    Certificate(#[from] CertificateError),
    /// The certificate is not trusted.
    #[error("the certificate {} is refused", certificate.fingerprint())]
    Untrusted {
        /// The certificate.
        certificate: Certificate,
        /// Why.
        source: TrustError,
    },
}

/// What is remembered of something that was shown.
#[derive(Clone, Copy, Debug)]
pub(super) struct Belief {
    facts: Facts,
    span: Span,
}

impl Trust {
    /// The certificate that is shown, if it is believed at this moment. One that was believed
    /// before and still holds costs a digest of what is shown, and is read only when more is asked
    /// of it than its fingerprint, validity and kind of key.
    ///
    /// # Errors
    /// When it cannot be read, or is not trusted now: see [`Trust::verify`].
    pub fn believe(&self, shown: Shown<'_>, now_ms: u64) -> Result<Certificate, BeliefError> {
        let name = shown.name();
        let known = self.believed.find(&name);
        if let Some(belief) = known.filter(|belief| belief.span.check(now_ms).is_ok()) {
            return Ok(Certificate::recalled(belief.facts, shown.into()));
        }
        let (certificate, sent) = shown.read()?;
        match self.chain(&certificate, &sent, now_ms) {
            Ok(span) => {
                let facts = certificate.facts();
                self.believed.keep(name, Belief { facts, span });
                Ok(certificate)
            }
            Err(source) => Err(BeliefError::Untrusted {
                certificate,
                source,
            }),
        }
    }
}

impl Shown<'_> {
    /// What these very bytes are remembered by.
    fn name(self) -> [u8; 16] {
        let digest = match self {
            Self::Header(value) => Sha256::new_with_prefix(b"header").chain_update(value),
            Self::Connection { leaf, .. } => Sha256::new_with_prefix(b"leaf").chain_update(leaf),
        };
        let mut name = [0; 16];
        name.copy_from_slice(&digest.finalize()[..16]);
        name
    }

    fn read(self) -> Result<(Certificate, Vec<Certificate>), BeliefError> {
        Ok(match self {
            Self::Header(value) => (header::certificate(value)?, Vec::new()),
            Self::Connection { leaf, sent } => {
                let sent = sent.iter().take(SENT_READ_MAX);
                let sent = sent.filter_map(|der| Certificate::from_der(der).ok());
                (Certificate::from_der(leaf)?, sent.collect())
            }
        })
    }
}

impl From<Shown<'_>> for Encoded {
    fn from(shown: Shown<'_>) -> Self {
        match shown {
            Shown::Header(value) => Self::Header(value.into()),
            Shown::Connection { leaf, .. } => Self::Der(leaf.into()),
        }
    }
}

#[cfg(test)]
mod tests;
