//! Who sent a message, as far as the connection and the message prove it.
//!
//! Knows nothing of enrollments. Invariant: a certificate in a [`Speaker`] was checked (chain,
//! validity, purpose), and whoever sent the message holds its key, or a listed proxy vouches.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::str::FromStr;
use std::sync::LazyLock;

use mooring_drift::policy::Timestamp;
use mooring_identity::Certificate;
use mooring_store::Via;
use serde::{Deserialize, Serialize};

/// How devices show who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceAuth {
    /// A client certificate on this server's own TLS.
    Mtls,
    /// The `Mdm-Signature` header over the body.
    Signature,
    /// A header that a listed proxy sets.
    Header,
    /// Not at all; on loopback only.
    None,
}

impl DeviceAuth {
    /// The word on the command line and in documents.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mtls => "mtls",
            Self::Signature => "signature",
            Self::Header => "header",
            Self::None => "none",
        }
    }
}

impl fmt::Display for DeviceAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no way to authenticate devices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is none of mtls, signature, header, none")]
pub struct UnknownDeviceAuth(String);

impl FromStr for DeviceAuth {
    type Err = UnknownDeviceAuth;

    fn from_str(text: &str) -> Result<Self, UnknownDeviceAuth> {
        let all = [Self::Mtls, Self::Signature, Self::Header, Self::None];
        let found = all.into_iter().find(|one| one.as_str() == text);
        found.ok_or_else(|| UnknownDeviceAuth(text.to_owned()))
    }
}

/// What names a signed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// The first half of a SHA-256 over the signature.
    pub digest: [u8; 16],
    /// When the device says that it signed.
    pub signed_at: Timestamp,
}

/// Who sent a message.
#[derive(Debug, Clone)]
pub enum Speaker {
    /// Devices are not authenticated here: whoever the message says it is.
    Anyone,
    /// The holder of this certificate, who authenticated on the connection.
    Connection(Certificate),
    /// The holder of this certificate, for whom a listed proxy vouches.
    Proxy(Certificate),
    /// The holder of this certificate, who signed the message.
    Signature {
        /// The signer.
        certificate: Certificate,
        /// Names this very message; `None` if its signature states no time, so that the next
        /// message with the same body looks the same.
        stamp: Option<Stamp>,
    },
}

impl Speaker {
    /// The certificate, if devices are authenticated.
    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        match self {
            Self::Anyone => None,
            Self::Connection(certificate)
            | Self::Proxy(certificate)
            | Self::Signature { certificate, .. } => Some(certificate),
        }
    }

    /// What names a message that anyone who saw it could send again.
    pub(crate) fn stamp(&self) -> Option<Stamp> {
        match self {
            Self::Signature { stamp, .. } => *stamp,
            Self::Anyone | Self::Connection(_) | Self::Proxy(_) => None,
        }
    }

    /// How the message came.
    pub(crate) fn via(&self) -> Via {
        match self {
            Self::Anyone => Via::None,
            Self::Connection(_) => Via::Mtls,
            Self::Proxy(_) => Via::Header,
            Self::Signature { .. } => Via::Signature,
        }
    }
}

/// Names an identity and the way in which it was shown, for the index of the fleet. The key is of
/// this process, so nobody can look for two identities with one name.
pub(super) fn routine_of(speaker: &Speaker) -> u64 {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    let fingerprint = speaker.certificate().map(|c| *c.fingerprint().as_bytes());
    let named = KEY.hash_one((speaker.via() as u8, fingerprint));
    // Zero stands for no identity at all.
    named.max(1)
}
