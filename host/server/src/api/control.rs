//! Documents about what stops and starts the work: pauses, sending again, built-ins that are held.
//! Invariant: see the parent module.

use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use serde::{Deserialize, Serialize};

/// `PUT /api/v1/pause`; an empty body says nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PauseWish {
    /// Why, for whoever sees that it is paused.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// `GET /api/v1/pause`, and the answer to a change of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseState {
    /// Whether all sending is stopped.
    pub is_paused: bool,
    /// The pause, if there is one.
    #[serde(flatten)]
    pub pause: Option<PauseDetail>,
}

/// Who stopped all sending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PauseDetail {
    /// When.
    pub at: String,
    /// Who.
    pub by: String,
    /// Why, if it was said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
}

/// `POST /api/v1/hosts/{host}/profiles/{identifier}/resend`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resent {
    /// The host.
    pub host: HostId,
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// Channels on which it is sent once more, or tried once more.
    pub resent: Vec<EnrollmentId>,
    /// Channels on which it is pending already: nothing was changed there.
    pub pending: Vec<EnrollmentId>,
}

/// `POST /api/v1/profiles/{identifier}/resend`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailedResent {
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// Hosts on which it had failed and is tried once more.
    pub hosts: u64,
}

/// A built-in whose newer output is held until somebody confirms it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldBuiltIn {
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// The plugin that generates it.
    pub plugin: String,
    /// Its version, of which the output is held.
    pub plugin_version: String,
    /// Hosts on which the profile would be replaced or removed.
    pub hosts: u64,
    /// The number that confirms it.
    pub confirm: u64,
}

/// Two devices that speak for one host in turn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Duplicate {
    /// The serial numbers that were told, the last one first.
    pub serial_numbers: Vec<String>,
}
