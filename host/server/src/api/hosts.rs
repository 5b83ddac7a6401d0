//! Documents about hosts. Invariant: see the parent module.

use mooring_drift::drift::InstallReason;
use mooring_drift::state::{Begun, FailureReason};
use mooring_drift::status::{ProfileStatus, Remark, Status};
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{Channel, EnrollmentId, HostId, PayloadIdentifier, PayloadUuid};
use serde::{Deserialize, Serialize};

use super::{Duplicate, HeldIdentity, PinnedIdentity, SetFindingDetail};

/// One host in `GET /api/v1/hosts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostSummary {
    /// The id of its device channel.
    pub id: HostId,
    /// What it told of itself; what may have changed since is left out once it is too old.
    #[serde(flatten)]
    pub attributes: Attributes,
    /// The worst of its profiles; absent once it checked out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<Status>,
    /// The status of the profile that the list was asked for, the worst of its channels.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub profile_status: Option<Status>,
    /// When any of its channels was last heard of.
    pub last_seen_at: String,
    /// A certificate that tried to speak for it and is held until somebody accepts it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub held: Option<HeldIdentity>,
    /// The devices that speak for it in turn, if it is not one alone: it gets no changes until that
    /// is settled.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub duplicate: Option<Duplicate>,
    /// Whether it is blocked, so that it is told to unenroll.
    #[serde(skip_serializing_if = "is_false", default)]
    pub is_blocked: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(flag: &bool) -> bool {
    !flag
}

/// `GET /api/v1/hosts?after=&limit=&profile=&status=`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostListing {
    /// One page, in order of id.
    pub hosts: Vec<HostSummary>,
    /// Pass it as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<HostId>,
}

/// `GET /api/v1/hosts/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostDetail {
    /// The host.
    #[serde(flatten)]
    pub summary: HostSummary,
    /// When it first enrolled.
    pub enrolled_at: String,
    /// When it last told its attributes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub attributes_at: Option<String>,
    /// Whether they are too old to say anything: then those that may have changed are left out.
    #[serde(skip_serializing_if = "is_false", default)]
    pub are_attributes_old: bool,
    /// How it last showed who it is: `mtls`, `signature`, `header` or `none`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub authenticated_by: Option<String>,
    /// The certificates that may speak for it, newest first.
    pub identities: Vec<PinnedIdentity>,
    /// Its channels, the device channel first.
    pub enrollments: Vec<EnrollmentDetail>,
    /// The last commands of each channel, newest first.
    pub commands: Vec<CommandDetail>,
    /// What is wrong with the profiles that it would get together.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub together: Vec<SetFindingDetail>,
}

/// One channel of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrollmentDetail {
    /// Its id, `DEVICE` or `DEVICE:USER`.
    pub id: EnrollmentId,
    /// Which channel.
    pub channel: Channel,
    /// `authenticated`, `enrolled` or `checked_out`.
    pub phase: String,
    /// Changes with each enrollment.
    pub epoch: u32,
    /// How this epoch began; `observed` means that this server lost track of the host, and does
    /// nothing to it before it has listed its profiles.
    #[serde(default)]
    pub begun: Begun,
    /// The worst of its profiles.
    pub status: Status,
    /// When its last complete list came.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub listed_at: Option<String>,
    /// Whether a refresh was asked for and is not done yet.
    pub is_refresh_asked: bool,
    /// When it would be pushed because it was busy.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub push_at: Option<String>,
    /// What would be done, in order; nothing is done by showing it.
    pub plan: Vec<PlannedChange>,
}

/// One change of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum PlannedChange {
    /// Install a profile.
    Install {
        /// The profile.
        identifier: PayloadIdentifier,
        /// The version.
        version: u32,
        /// Why.
        reason: InstallReason,
    },
    /// Remove a profile.
    Remove {
        /// The profile.
        identifier: PayloadIdentifier,
    },
}

/// One command in a host's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommandDetail {
    /// The channel.
    pub enrollment: EnrollmentId,
    /// `CommandUUID`.
    pub uuid: String,
    /// Apple's name of it.
    pub request_type: String,
    /// The profile it changes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub identifier: Option<PayloadIdentifier>,
    /// The version it installs.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<u32>,
    /// When it was handed out.
    pub sent_at: String,
    /// When it ended.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub closed_at: Option<String>,
    /// `sent`, `acknowledged`, `not_now`, `lost` or `failed`.
    pub outcome: String,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub error: Option<FailureReason>,
}

/// `GET /api/v1/hosts/{id}/profiles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostProfiles {
    /// The host.
    pub id: HostId,
    /// Its status.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<Status>,
    /// Profiles of this server that are wanted or still to be removed.
    pub profiles: Vec<HostProfile>,
    /// Profiles of others that the host listed.
    pub unmanaged: Vec<UnmanagedProfile>,
}

/// One profile of ours on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostProfile {
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// The channel; absent while a user-channel profile waits for a user to enroll.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub enrollment: Option<EnrollmentId>,
    /// The version that is wanted; absent if it should be removed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wanted_version: Option<u32>,
    /// The uuid that is wanted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wanted_uuid: Option<PayloadUuid>,
    /// The uuid that the host last listed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub listed_uuid: Option<PayloadUuid>,
    /// Its status, with the reason or the error.
    #[serde(flatten)]
    pub status: ProfileStatus,
    /// What a person should know beside the status.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// The same for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remark: Option<Remark>,
}

/// A profile that is on a host but not ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnmanagedProfile {
    /// Its identifier.
    pub identifier: PayloadIdentifier,
    /// Its uuid.
    pub payload_uuid: PayloadUuid,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// The channel that listed it.
    pub enrollment: EnrollmentId,
}
