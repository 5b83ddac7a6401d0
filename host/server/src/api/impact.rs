//! What a change would do, as a document.

use mooring_drift::drift::InstallReason;
use mooring_mdm::finding::Finding;
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use serde::{Deserialize, Serialize};

use super::SetFindingDetail;

/// What a change would do to hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Impact {
    /// Hosts to which it would do something.
    pub hosts: u64,
    /// All hosts that were looked at: every enrolled one, or those whose labels or values change.
    pub hosts_of: u64,
    /// Profiles that would be installed where there was none, counted once a channel.
    pub installs: u64,
    /// Profiles that would be installed over another version.
    pub replaces: u64,
    /// Profiles that would be removed.
    pub removes: u64,
    /// Work that is pending now and would no longer be done.
    pub cancels: u64,
    /// Hosts that would lose at least one profile.
    pub hosts_losing: u64,
    /// Hosts on which something that is there would be removed or replaced.
    pub hosts_changed: u64,
    /// Hosts that it concerns and of which no list is known: what they need is found out when they
    /// connect. What they took from this server and should no longer have counts as removed.
    pub hosts_unknown: u64,
    /// Commands that would be sent for it: the changes, and a list for each channel to prove them.
    pub commands: u64,
    /// Whether the change is held until it is confirmed.
    pub is_held: bool,
    /// The number that confirms it: what would be removed, and where a plugin's output changed
    /// by itself also what would be replaced.
    pub confirm: u64,
    /// The same by profile.
    pub profiles: Vec<ProfileImpact>,
    /// Of an assignment that is only planned: what validators say of the profile that would judge it
    /// only under that. An error refuses the change itself.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub findings: Vec<Finding>,
    /// What would be wrong with profiles together that hosts would get by it, and is not now; of a
    /// change that is only planned.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub together: Vec<SetFindingDetail>,
    /// Whether there was not enough time or room to look at all of that.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_together_cut: bool,
    /// The hosts, in order of id, as many as were asked for.
    pub affected: Vec<HostImpact>,
    /// Where the next page of them begins.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<HostId>,
}

/// What a change would do with one profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileImpact {
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// Installed where there was none.
    pub installs: u64,
    /// Installed over another version.
    pub replaces: u64,
    /// Removed.
    pub removes: u64,
}

/// What a change would do to one channel of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostImpact {
    /// The host.
    pub host: HostId,
    /// The channel.
    pub enrollment: EnrollmentId,
    /// What would be done, in the order in which it would be sent.
    pub changes: Vec<ImpactChange>,
}

/// One change that would be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
pub enum ImpactChange {
    /// A profile would be installed.
    Install {
        /// The profile.
        identifier: PayloadIdentifier,
        /// Its version.
        version: u32,
        /// Why.
        reason: InstallReason,
    },
    /// A profile would be removed.
    Remove {
        /// The profile.
        identifier: PayloadIdentifier,
    },
}
