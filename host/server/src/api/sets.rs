//! What is wrong with profiles together, as a document. Invariant: see the parent module.

use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use serde::{Deserialize, Serialize};

/// One statement about profiles that hosts would get together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetFindingDetail {
    /// What is wrong; line and column are those of `about`.
    #[serde(flatten)]
    pub finding: Finding,
    /// The profile that it is about; absent for a set as a whole, or a plugin.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub about: Option<SetPlace>,
    /// The other of two profiles that do not go together.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub other: Option<SetPlace>,
    /// Hosts that would get them together; 0 where it is about one host.
    #[serde(skip_serializing_if = "is_none", default)]
    pub hosts: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_none(hosts: &u64) -> bool {
    *hosts == 0
}

impl SetFindingDetail {
    /// Whether it is about a profile, alone or with another one.
    pub fn names(&self, identifier: &PayloadIdentifier) -> bool {
        let mut places = self.about.iter().chain(&self.other);
        places.any(|place| place.identifier == *identifier)
    }
}

/// A place in a profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetPlace {
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// Its version.
    pub version: u32,
    /// 1-based line in the profile as it is delivered, 0 if it is about no place.
    pub line: u32,
    /// 1-based column, 0 if it is about no place.
    pub column: u32,
}

/// What is wrong with a profile together with others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetReport {
    /// When it was begun to look who gets what; absent until that was done once.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub as_of: Option<String>,
    /// Whether everything was looked at that hosts get together.
    pub is_complete: bool,
    /// Errors first.
    pub findings: Vec<SetFindingDetail>,
}
