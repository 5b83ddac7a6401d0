//! What this server knows of a device's certificate: what it was issued on, and whose it is.
//!
//! Knows nothing of X.509. Invariant: a certificate belongs to at most one host, for good.

use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::HostId;
use mooring_store::Space;
use serde::{Deserialize, Serialize};

use crate::documents::Document;

/// The issuance record; its key is the certificate's SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Leaf {
    /// Why it was issued.
    pub(crate) issued_on: IssuedOn,
    /// When it was issued, or first seen.
    pub(crate) issued_at: Timestamp,
    /// The host that it was pinned to.
    pub(crate) host: Option<HostId>,
    /// Whether an Authenticate came with it.
    pub(crate) has_authenticated: bool,
    /// SHA-256 of the certificate that was issued for its renewal.
    #[serde(default)]
    pub(crate) successor: Option<[u8; 32]>,
    /// The certificate itself in base64, if it was issued here: a device that lost the reply gets
    /// it again.
    pub(crate) certificate: Option<String>,
}

impl Document for Leaf {
    const SPACE: Space = Space::Leaf;
}

/// What a certificate was issued on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "on", rename_all = "snake_case")]
pub(crate) enum IssuedOn {
    /// A one-time enrollment link.
    Link {
        /// Names the link for people.
        id: String,
        /// The serial number that it is for.
        serial: Option<String>,
        /// The UDID that it is for.
        udid: Option<String>,
    },
    /// The renewal of this host's identity.
    Renewal {
        /// The host.
        host: HostId,
    },
    /// The challenge that all devices share.
    StaticChallenge,
    /// Nothing of this server: an outside authority issued it.
    Outside,
}
