//! Documents about profiles. Invariant: see the parent module.

use mooring_drift::scope::Assignment;
use mooring_mdm::finding::Finding;
use mooring_mdm::ids::{Channel, PayloadIdentifier, PayloadUuid};
use serde::{Deserialize, Serialize};

use super::{Counts, Impact, SetReport};

/// Where a profile comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ProfileOrigin {
    /// An administrator uploaded it.
    Uploaded,
    /// The plugin of a binding made its latest version.
    Generated {
        /// The binding's name.
        binding: String,
    },
    /// A plugin of this program generates it.
    BuiltIn {
        /// The plugin's id.
        plugin: String,
    },
}

/// Whether a profile should be on hosts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProfileSwitch {
    /// It should be installed.
    Enabled,
    /// It should be absent, and can be enabled again.
    Disabled,
    /// It was deleted: absent for good, until the identifier is pushed again.
    Deleted,
}

/// One profile in `GET /api/v1/profiles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileSummary {
    /// `PayloadIdentifier`.
    pub identifier: PayloadIdentifier,
    /// `PayloadDisplayName` of the latest version, or the built-in's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// The latest version; absent for a built-in that was never enabled.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<u32>,
    /// `PayloadUUID` of the latest version.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payload_uuid: Option<PayloadUuid>,
    /// Whether it should be on hosts.
    pub state: ProfileSwitch,
    /// The channel it is delivered on.
    pub channel: Channel,
    /// Where it comes from.
    pub origin: ProfileOrigin,
}

/// `GET /api/v1/profiles`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileListing {
    /// In order of identifier. Deleted ones are left out unless asked for.
    pub profiles: Vec<ProfileSummary>,
}

/// `GET /api/v1/profiles/{identifier}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileDetail {
    /// The profile.
    #[serde(flatten)]
    pub summary: ProfileSummary,
    /// Hosts in each status for this profile.
    pub hosts: Counts,
    /// Whom it is for; absent if it is for every host.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub assignment: Option<Assignment>,
    /// When it was deleted.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub deleted_at: Option<String>,
    /// A built-in's settings, as they were given.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub settings: Option<serde_json::Value>,
    /// Every version, newest first.
    pub versions: Vec<VersionDetail>,
    /// What is wrong with it together with other profiles that hosts would get.
    #[serde(default)]
    pub together: SetReport,
}

/// One version of a profile: `GET /api/v1/profiles/{identifier}/versions/{version}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionDetail {
    /// Counted 1, 2, 3, ... per identifier.
    pub version: u32,
    /// `PayloadUUID` as delivered.
    pub payload_uuid: PayloadUuid,
    /// `PayloadUUID` as uploaded, if there was one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uploaded_uuid: Option<String>,
    /// SHA-256 of the uploaded bytes, in hex.
    pub uploaded_sha256: String,
    /// Whether it is a CMS-signed file, delivered as it is.
    pub is_signed: bool,
    /// `PayloadDisplayName`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// `PayloadScope`, as written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub scope: Option<String>,
    /// `PayloadType` of each payload, in order.
    pub payload_types: Vec<String>,
    /// Size as delivered, in bytes.
    pub bytes: u32,
    /// The name of the file it came from.
    pub source_name: String,
    /// When it was uploaded or generated.
    pub uploaded_at: String,
    /// By whom.
    pub uploaded_by: String,
    /// What the validators said at that time.
    pub findings: Vec<Finding>,
}

/// `POST /api/v1/profiles` with several files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushRequest {
    /// The files. Each is judged apart: a bad one does not stop the others.
    pub files: Vec<PushFile>,
    /// Take an upload in which nothing but inner payload uuids changed, which is held otherwise.
    #[serde(default)]
    pub accept_uuid_changes: bool,
}

/// One file of a [`PushRequest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushFile {
    /// Its name, for messages.
    pub name: String,
    /// Its bytes, in base64.
    pub content: String,
}

/// The answer to a push.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushResponse {
    /// One result a file, in the order of the request; of a push that was only planned, what it
    /// would be.
    pub results: Vec<PushResult>,
    /// What would follow from a push that was only planned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub plan: Option<Impact>,
}

/// What became of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushResult {
    /// The file's name.
    pub name: String,
    /// What became of it.
    pub outcome: PushOutcome,
    /// The profile's identifier, if it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub identifier: Option<PayloadIdentifier>,
    /// The version that the content has now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<u32>,
    /// The uuid under which it is delivered.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub payload_uuid: Option<PayloadUuid>,
    /// Errors, warnings and remarks, errors first.
    pub findings: Vec<Finding>,
}

/// What became of a pushed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PushOutcome {
    /// A new identifier, or one that had been deleted.
    Created,
    /// New content under a known identifier.
    Updated,
    /// The content is the latest already: nothing changed.
    Unchanged,
    /// Only inner payload uuids changed: nothing changed until it is accepted.
    Held,
    /// It has an error: nothing changed.
    Refused,
}

/// `PATCH /api/v1/profiles/{identifier}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfilePatch {
    /// Whether it should be installed.
    pub enabled: bool,
    /// Settings, for a built-in only; absent keeps those it has.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub settings: Option<serde_json::Value>,
}
