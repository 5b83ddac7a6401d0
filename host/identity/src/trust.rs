//! Which certificates are believed: chains up to the administrator's CAs, and how long they hold.
//!
//! Paths are built and checked by `rustls-webpki` (RFC 5280 section 6, without revocation: an
//! identity is blocked in the server, by its pin). It must not know who the certificate belongs to.
//!
//! **Invariants.** A certificate counts only with a chain of signatures to an anchor, with client
//! authentication among its extended key usages, and while every certificate of that chain, the
//! anchor included, is within its validity at the moment of the call. What is remembered saves the
//! signatures, never the look at the clock.

mod belief;

use std::time::Duration;

use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::aws_lc_rs as algorithms;
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

pub use belief::{BeliefError, Shown};

use crate::certificate::{Certificate, Fingerprint};
use crate::remembered::Remembered;
use belief::Belief;

/// Most chains that are remembered: about 8 MiB. Beyond, some other one is forgotten and checked
/// anew.
const CHAINS_MAX: usize = 131_072;
/// Most things that somebody showed and that are remembered: about 16 MiB.
const BELIEVED_MAX: usize = 131_072;
/// Most certificates that a device may send to complete its chain. More would let a stranger make
/// the search for a path long.
const SENT_MAX: usize = 4;

/// Signatures that certificates may have. RSA keys of 2048 to 8192 bits.
pub(crate) static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P256_SHA512,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ECDSA_P384_SHA512,
];

/// A condition on a path that is otherwise good.
type PathCheck<'a> = &'a dyn Fn(&VerifiedPath<'_>) -> Result<(), webpki::Error>;

/// Why a certificate is not believed, or a set of CAs cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// It, or an issuer of it, is not valid yet; nothing else is wrong with its chain.
    #[error("the certificate, or one of its issuers, is not valid yet")]
    NotYetValid,
    /// It, or an issuer of it, has expired; nothing else is wrong with its chain.
    #[error("the certificate, or one of its issuers, has expired")]
    Expired,
    /// No chain of signatures leads to a CA that is trusted.
    #[error("the certificate does not chain to a trusted CA")]
    UnknownIssuer,
    /// Its extended key usage does not name client authentication, or is missing.
    #[error("the certificate is not for client authentication (extended key usage)")]
    WrongUsage,
    /// Something about it, or a chain it belongs to, cannot be used at all.
    #[error("the certificate cannot be used")]
    Unusable {
        /// What the path builder says.
        #[source]
        source: webpki::Error,
    },
    /// There is no CA to trust.
    #[error("no CA certificate is given")]
    NoAnchor,
    /// A CA's certificate cannot serve as one.
    #[error("the CA certificate {subject:?} cannot be used")]
    Anchor {
        /// The subject of the certificate.
        subject: String,
        /// What is wrong with it.
        #[source]
        source: webpki::Error,
    },
}

/// The CAs that are trusted, and the chains that have been checked so far.
///
/// Shared between threads; it blocks for the time of a few signature checks at most.
pub struct Trust {
    anchors: Vec<TrustAnchor<'static>>,
    /// The validity of each anchor, in the same order.
    anchor_spans: Vec<Span>,
    intermediates: Vec<CertificateDer<'static>>,
    chains: Remembered<Fingerprint, Span>,
    believed: Remembered<[u8; 16], Belief>,
}

/// From when until when a chain holds, in Unix milliseconds: what all of its certificates share.
#[derive(Clone, Copy, Debug)]
struct Span {
    not_before_ms: u64,
    not_after_ms: u64,
}

impl Trust {
    /// Trusts these CAs. Self-issued certificates are anchors and the others intermediates; if none
    /// is self-issued, all are anchors.
    ///
    /// # Errors
    /// When there is none, or when one of them cannot be an anchor.
    pub fn new(certificates: Vec<Certificate>) -> Result<Self, TrustError> {
        if certificates.is_empty() {
            return Err(TrustError::NoAnchor);
        }
        let (mut roots, mut others): (Vec<_>, Vec<_>) = certificates
            .into_iter()
            .partition(Certificate::is_self_issued);
        if roots.is_empty() {
            std::mem::swap(&mut roots, &mut others);
        }
        Ok(Self {
            anchors: roots.iter().map(anchor).collect::<Result<_, _>>()?,
            anchor_spans: roots.iter().map(Span::of).collect(),
            intermediates: others.iter().map(owned_der).collect(),
            chains: Remembered::new(CHAINS_MAX),
            believed: Remembered::new(BELIEVED_MAX),
        })
    }

    /// Whether the certificate is believed at this moment. `sent` are certificates that came with
    /// it and may complete its chain; the first four that are not self-issued count.
    ///
    /// # Errors
    /// See [`TrustError`]. A certificate that is expired and a stranger's is a stranger's.
    pub fn verify(
        &self,
        leaf: &Certificate,
        sent: &[Certificate],
        now_ms: u64,
    ) -> Result<(), TrustError> {
        self.chain(leaf, sent, now_ms).map(|_| ())
    }

    /// How long a chain holds that holds at this moment.
    fn chain(
        &self,
        leaf: &Certificate,
        sent: &[Certificate],
        now_ms: u64,
    ) -> Result<Span, TrustError> {
        let remembered = self.chains.find(&leaf.fingerprint());
        if let Some(span) = remembered.filter(|span| span.check(now_ms).is_ok()) {
            return Ok(span);
        }
        // A remembered chain that no longer holds may have a successor, as with a renewed CA.
        let span = self.build(leaf, sent, now_ms)?;
        self.chains.keep(leaf.fingerprint(), span);
        span.check(now_ms).map(|()| span)
    }

    /// Finds a chain and the time that it holds. A leaf outside of its own validity is looked at as
    /// of its nearest valid moment, so that an expired stranger is called a stranger.
    fn build(
        &self,
        leaf: &Certificate,
        sent: &[Certificate],
        now_ms: u64,
    ) -> Result<Span, TrustError> {
        let own = Span::of(leaf);
        let at_ms = now_ms.min(own.not_after_ms).max(own.not_before_ms);
        let at = UnixTime::since_unix_epoch(Duration::from_millis(at_ms));
        let der = CertificateDer::from(leaf.der());
        let end_entity =
            EndEntityCert::try_from(&der).map_err(|source| TrustError::Unusable { source })?;
        let mut intermediates = self.intermediates.clone();
        let useful = sent
            .iter()
            .filter(|certificate| !certificate.is_self_issued());
        intermediates.extend(useful.take(SENT_MAX).map(owned_der));

        let is_current = |path: &VerifiedPath<'_>| match self.span_of_anchor(path, at_ms) {
            span if span.check(at_ms).is_ok() => Ok(()),
            _ => Err(webpki::Error::CertExpired {
                time: at,
                not_after: at,
            }),
        };
        let search = |check: Option<PathCheck<'_>>| {
            let path = end_entity.verify_for_usage(
                ALGORITHMS,
                &self.anchors,
                &intermediates,
                at,
                KeyUsage::client_auth(),
                None,
                check,
            )?;
            Ok(self.span_of_path(&path, at_ms).within(own))
        };
        // An anchor that is valid now goes before one that is not.
        let found = search(Some(&is_current)).or_else(|_: webpki::Error| search(None));
        let span = found.map_err(refusal)?;
        // `webpki` asks every certificate of the chain or none for the usage. Issuers seldom state
        // one, so there it is a bound on those that do, and the leaf must state it.
        if leaf.is_for_client_authentication() {
            Ok(span)
        } else {
            Err(TrustError::WrongUsage)
        }
    }

    /// The validity of a path's anchor. Several certificates of one name and key, as a renewed CA
    /// has, are one anchor: the one that is valid at that moment counts, else the one that ends
    /// last.
    fn span_of_anchor(&self, path: &VerifiedPath<'_>, at_ms: u64) -> Span {
        let spans = self.anchors.iter().zip(&self.anchor_spans);
        let same = spans
            .filter(|(anchor, _)| *anchor == path.anchor())
            .map(|(_, span)| *span);
        let best = same.max_by_key(|span| (span.check(at_ms).is_ok(), span.not_after_ms));
        best.unwrap_or(Span::NEVER)
    }

    /// What anchor and intermediates of a path share.
    fn span_of_path(&self, path: &VerifiedPath<'_>, at_ms: u64) -> Span {
        let issuers = path.intermediate_certificates().map(|issuer| {
            // The path builder has read it, so this does as well; if not, the chain holds never.
            Certificate::from_der(&issuer.der()).map_or(Span::NEVER, |issuer| Span::of(&issuer))
        });
        issuers.fold(self.span_of_anchor(path, at_ms), Span::within)
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("Trust");
        shown.field("anchors", &self.anchors.len());
        shown
            .field("intermediates", &self.intermediates.len())
            .finish_non_exhaustive()
    }
}

impl Span {
    /// Holds at no moment.
    const NEVER: Self = Self {
        not_before_ms: u64::MAX,
        not_after_ms: 0,
    };

    fn of(certificate: &Certificate) -> Self {
        // The last second counts as a whole.
        let not_after_ms = certificate.not_after_ms().saturating_add(999);
        Self {
            not_before_ms: certificate.not_before_ms(),
            not_after_ms,
        }
    }

    fn within(self, other: Self) -> Self {
        Self {
            not_before_ms: self.not_before_ms.max(other.not_before_ms),
            not_after_ms: self.not_after_ms.min(other.not_after_ms),
        }
    }

    fn check(self, now_ms: u64) -> Result<(), TrustError> {
        if now_ms < self.not_before_ms {
            return Err(TrustError::NotYetValid);
        }
        if now_ms > self.not_after_ms {
            Err(TrustError::Expired)
        } else {
            Ok(())
        }
    }
}

fn owned_der(certificate: &Certificate) -> CertificateDer<'static> {
    CertificateDer::from(certificate.der().to_vec())
}

fn anchor(certificate: &Certificate) -> Result<TrustAnchor<'static>, TrustError> {
    let der = CertificateDer::from(certificate.der());
    let subject = || certificate.subject();
    let anchor = webpki::anchor_from_trusted_cert(&der).map_err(|source| TrustError::Anchor {
        subject: subject(),
        source,
    })?;
    Ok(anchor.to_owned())
}

/// The path builder's many words in ours. A signature that does not fit is a stranger's.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "their enum grows, and all the rest is one to us"
)]
fn refusal(source: webpki::Error) -> TrustError {
    use webpki::Error;
    match source {
        Error::CertNotValidYet { .. } => TrustError::NotYetValid,
        Error::CertExpired { .. } => TrustError::Expired,
        Error::UnknownIssuer | Error::InvalidSignatureForPublicKey => TrustError::UnknownIssuer,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => TrustError::WrongUsage,
        source => TrustError::Unusable { source },
    }
}

#[cfg(test)]
mod tests;
