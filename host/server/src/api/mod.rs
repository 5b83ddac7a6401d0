//! The admin API's documents: what the server answers and what its clients read.
//!
//! One definition for both sides, so that the command line cannot drift from the server. Knows
//! nothing of routes or storage. Invariant: moments are RFC 3339 texts in UTC; an absent member
//! means "not known" or "does not apply", never an empty text.

mod backup;
mod control;
mod enrollment;
mod hosts;
mod impact;
pub mod plain_json;
mod plugins;
mod policy;
mod profiles;
mod scope;
mod sets;
mod why;

use std::collections::BTreeMap;

pub use mooring_drift::state::Begun;
pub use mooring_drift::status::Status;
use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use serde::{Deserialize, Serialize};

pub use backup::*;
pub use control::*;
pub use enrollment::*;
pub use hosts::*;
pub use impact::*;
pub use plugins::*;
pub use policy::*;
pub use profiles::*;
pub use scope::*;
pub use sets::*;
pub use why::*;

/// How many hosts are in each status. Every counted host is in exactly one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Hosts on which everything is proven.
    pub applied: u64,
    /// Hosts on which work remains.
    pub pending: u64,
    /// Hosts on which something had an error.
    pub failed: u64,
    /// Hosts of which nothing is known.
    pub unknown: u64,
}

impl Counts {
    /// Counts one more.
    pub fn add(&mut self, status: Status) {
        match status {
            Status::Applied => self.applied += 1,
            Status::Pending => self.pending += 1,
            Status::Failed => self.failed += 1,
            Status::Unknown => self.unknown += 1,
        }
    }
}

/// `GET /api/v1/status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// Counted hosts: all but those that checked out.
    pub hosts: u64,
    /// How many of them are in each status.
    #[serde(flatten)]
    pub counts: Counts,
    /// Hosts that checked out, not counted above.
    pub checked_out: u64,
    /// Commands handed to devices since this server started.
    pub commands_sent: u64,
    /// How many identities of hosts expire soon.
    #[serde(default)]
    pub identities: ExpiringIdentities,
    /// Hosts for which a certificate is held until somebody accepts it.
    #[serde(default)]
    pub held: u64,
    /// Hosts for which two devices speak in turn: they get no changes until that is settled.
    #[serde(default)]
    pub duplicates: u64,
    /// How far hosts are sorted by changed labels, assignments or values; absent once all are.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub regrouping: Option<Regrouping>,
    /// Who stopped all sending, if anybody did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pause: Option<PauseDetail>,
    /// Built-ins whose newer output is held until somebody confirms it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub held_builtins: Vec<HeldBuiltIn>,
    /// Installed plugins that do not load, are in quarantine, or whose signer is not trusted any
    /// more.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub plugin_problems: Vec<PluginSummary>,
    /// What is wrong with the files of keys whose signatures of plugins count.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub plugin_trust_problems: Vec<String>,
    /// How waking devices goes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub push: Option<PushSummary>,
    /// Every profile that is wanted somewhere, or still to be removed somewhere.
    pub profiles: Vec<ProfileCounts>,
}

/// Hosts are being sorted by labels, assignments or values that were changed: those that are not
/// yet done count as before. What a device gets follows the change at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Regrouping {
    /// Hosts that are done.
    pub done: u64,
    /// All hosts that are looked at.
    pub total: u64,
}

/// One profile in a [`Summary`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProfileCounts {
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// Its latest version.
    pub version: u32,
    /// Whether it should be installed; if not, the counts are hosts that still have it.
    pub is_wanted: bool,
    /// Hosts in each status for this profile.
    #[serde(flatten)]
    pub counts: Counts,
}

/// `GET /version`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionInfo {
    /// This server's version.
    pub version: String,
}

/// An error, as `application/problem+json` (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemDocument {
    /// Which problem, as a URI reference.
    #[serde(rename = "type")]
    pub kind: String,
    /// The problem in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened here and what to do.
    pub detail: String,
    /// The request's id, for the log.
    pub instance: String,
    /// The places in the request that are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub errors: Vec<ProblemPlace>,
    /// Findings about an uploaded profile.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub findings: Vec<Finding>,
    /// Members of later versions.
    #[serde(flatten)]
    pub other: BTreeMap<String, serde_json::Value>,
}

/// One place in a request that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProblemPlace {
    /// A JSON pointer, or the name of a parameter.
    pub pointer: String,
    /// What is wrong there.
    pub detail: String,
}
