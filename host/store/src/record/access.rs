//! Who may speak for an enrollment.
//!
//! Knows nothing of certificates but their fingerprints, and of why one is trusted. Invariant:
//! `Debug` shows no secret.

use std::fmt;

use mooring_drift::policy::Timestamp;

use super::PushTarget;

/// Identities that one enrollment may speak with: the one in use, one or two that renewals
/// brought, and room for devices that ask for several in a row.
pub const PINS_MAX: usize = 8;

/// Who may speak for an enrollment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// The identities that may, newest first; at most [`PINS_MAX`].
    pub pins: Vec<Pin>,
    /// The last other identity that tried, while nobody decided about it.
    pub held: Option<Held>,
    /// Whether an administrator blocked the host.
    pub is_blocked: bool,
    /// Whether it was brought over from another server and has not enrolled here.
    pub is_migrated: bool,
    /// How it last proved who it is.
    pub via: Option<Via>,
}

/// An identity that may speak for an enrollment.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin {
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// Its validity begins.
    pub not_before: Timestamp,
    /// Its validity ends.
    pub not_after: Timestamp,
    /// When it was pinned.
    pub pinned_at: Timestamp,
    /// Whether its key is RSA, so that content can be encrypted to it.
    pub is_rsa: bool,
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pin")
            .field("fingerprint", &Hex(&self.fingerprint))
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .field("pinned_at", &self.pinned_at)
            .field("is_rsa", &self.is_rsa)
            .finish()
    }
}

/// An identity that wanted to speak for an enrollment and may not.
#[derive(Clone, PartialEq, Eq)]
pub struct Held {
    /// SHA-256 of the certificate.
    pub fingerprint: [u8; 32],
    /// Its validity begins.
    pub not_before: Timestamp,
    /// Its validity ends.
    pub not_after: Timestamp,
    /// Whether its key is RSA.
    pub is_rsa: bool,
    /// When it last tried.
    pub at: Timestamp,
    /// Why it may not, for a person.
    pub reason: String,
    /// Where it can be pushed to, should it be accepted. A secret.
    pub push: Option<PushTarget>,
    /// `UnlockToken`, handed over while it is held. A secret.
    pub unlock_token: Option<Vec<u8>>,
    /// `BootstrapToken`, handed over while it is held. A secret.
    pub bootstrap_token: Option<Vec<u8>>,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("fingerprint", &Hex(&self.fingerprint))
            .field("at", &self.at)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// How an enrollment proves who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Not at all.
    None,
    /// By the certificate of its TLS connection.
    Mtls,
    /// By a signature over each message.
    Signature,
    /// By a certificate that a proxy passes on.
    Header,
}

/// Bytes in the form in which people compare fingerprints.
struct Hex<'a>(&'a [u8]);

impl fmt::Debug for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
