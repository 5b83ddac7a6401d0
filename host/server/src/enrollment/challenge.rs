//! Challenges: who knows one may ask for one certificate.
//!
//! Knows nothing of SCEP. Invariants: a challenge is stored as its SHA-256 alone; it is good once
//! and until it expires; of two who redeem it at the same time one succeeds.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac};
use mooring_drift::policy::Timestamp;
use mooring_identity::Secret;
use mooring_mdm::ids::{CommandUuid, HostId};
use mooring_store::{Identity, Space};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::documents::Document;

/// How long a challenge is good, in ms: an hour, enough for a person to install a profile.
pub(crate) const CHALLENGE_MS: u64 = 3_600_000;

/// How long a challenge for a renewal is good, in ms: a device may be busy for a day before it
/// installs the profile that it has.
pub(crate) const RENEWAL_CHALLENGE_MS: u64 = 24 * 3_600_000;

/// A challenge that was given out; its key is [`key`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Challenge {
    /// What a certificate on it is for.
    pub(crate) purpose: Purpose,
    /// Until when it is good.
    pub(crate) expires_at: Timestamp,
    /// SHA-256 of the certificate that it was redeemed for.
    pub(crate) redeemed_for: Option<[u8; 32]>,
}

impl Document for Challenge {
    const SPACE: Space = Space::Challenge;
}

/// What a certificate is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub(crate) enum Purpose {
    /// An enrollment by this link.
    Link {
        /// The key of the link's record.
        key: [u8; 32],
    },
    /// A host that has an identity and needs a new one.
    Renewal {
        /// The host.
        host: HostId,
    },
}

/// The key under which a secret is known to the store.
pub(crate) fn key(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// A new challenge.
pub(crate) fn random() -> Secret {
    Secret::new(URL_SAFE_NO_PAD.encode(crate::random::secret()))
}

/// The challenge that belongs to a command: the same for the same command, so that a command that
/// is handed out again is the same too, and nothing of it needs to be stored.
pub(crate) fn of_command(identity: &Identity, uuid: &CommandUuid) -> Secret {
    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length")]
    let mut keyed = Hmac::<Sha256>::new_from_slice(&identity.command_key).expect("any key length");
    keyed.update(b"mooring renewal challenge 1");
    keyed.update(&identity.incarnation);
    keyed.update(uuid.as_str().as_bytes());
    Secret::new(URL_SAFE_NO_PAD.encode(keyed.finalize().into_bytes()))
}
