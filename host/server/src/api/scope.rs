//! Documents about labels, assignments and values. Invariants: see the parent module; no document
//! that the server answers holds a secret, and none that it reads shows one by `Debug`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

pub use mooring_drift::scope::{Assignment, AssignmentError, LabelName, LabelNameError};
use mooring_mdm::finding::Finding;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_mdm::profile::placeholder::ValueName;
use serde::{Deserialize, Serialize};

use super::Impact;
use crate::scope::ValueKind;

/// The answer to a change with `?plan=true`, of which nothing was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// What would follow from it.
    pub plan: Impact,
}

/// How hosts get a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelKind {
    /// A person gives it and takes it.
    Manual,
    /// It follows from what is known of the host.
    Rule,
}

/// `PUT /api/v1/labels/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelWish {
    /// How hosts get it.
    pub kind: LabelKind,
    /// The rule, for that kind only.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
}

/// One label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelSummary {
    /// Its name.
    pub name: LabelName,
    /// How hosts get it.
    pub kind: LabelKind,
    /// The rule, as it was written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub rule: Option<String>,
    /// Hosts that have it; absent where a later page of them was asked for, and in the answer to a
    /// definition in a fleet of more than 10,000 hosts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hosts: Option<u64>,
    /// Hosts of which nobody knows whether they have it; absent as `hosts` is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hosts_unknown: Option<u64>,
    /// The profiles whose assignments name it.
    pub used_by: Vec<PayloadIdentifier>,
}

/// `GET /api/v1/labels`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelListing {
    /// In order of name.
    pub labels: Vec<LabelSummary>,
}

/// `GET /api/v1/labels/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelDetail {
    /// The label.
    #[serde(flatten)]
    pub summary: LabelSummary,
    /// One page of the hosts that have it, in order of id.
    pub members: Vec<LabelMember>,
    /// Pass it as `after` for the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub next: Option<HostId>,
}

/// A host that has a label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LabelMember {
    /// The host.
    pub id: HostId,
    /// Its serial number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub serial_number: Option<String>,
    /// The name that its user gave it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub device_name: Option<String>,
}

/// `POST /api/v1/labels/{name}/hosts`: hosts by id or serial number.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MembersWish {
    /// Hosts that get the label.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub add: Vec<String>,
    /// Hosts from which it is taken.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub remove: Vec<String>,
}

/// What a change of a label's hosts came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MembersChange {
    /// The label.
    pub label: LabelName,
    /// Hosts that have it now and had it not before.
    pub added: u64,
    /// Hosts that had it before and have it no more.
    pub removed: u64,
}

/// Whom one profile is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentDetail {
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// Whether there is such a profile. An assignment may be made before it is pushed.
    pub is_profile_known: bool,
    /// The assignment; without one the profile is for every host.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub assignment: Option<Assignment>,
    /// What validators said that judge the profile only since it was assigned so; there in the answer
    /// to that alone.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub findings: Vec<Finding>,
}

/// `GET /api/v1/assignments`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AssignmentListing {
    /// In order of identifier.
    pub assignments: Vec<AssignmentDetail>,
}

/// A declared value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueSummary {
    /// Its name.
    pub name: ValueName,
    /// What kind of value it is.
    pub kind: ValueKind,
    /// Whether there is a value for hosts that have none of their own.
    pub has_default: bool,
    /// That value; never that of a secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub default: Option<String>,
    /// Hosts that have a value of their own.
    pub hosts: u64,
    /// The profiles whose latest versions have a place for it.
    pub profiles: Vec<PayloadIdentifier>,
    /// The labels whose rules name it.
    pub labels: Vec<LabelName>,
}

/// `GET /api/v1/values`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueListing {
    /// In order of name.
    pub values: Vec<ValueSummary>,
}

/// `PUT /api/v1/hosts/{host}/values`. `Debug` shows names only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostValuesWish {
    /// Values that the host gets. Which are secrets follows from their declarations.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub set: BTreeMap<ValueName, String>,
    /// Values that it has no more.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub unset: BTreeSet<ValueName>,
}

impl fmt::Debug for HostValuesWish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set: Vec<_> = self.set.keys().map(ValueName::as_str).collect();
        f.debug_struct("HostValuesWish")
            .field("set", &set)
            .field("unset", &self.unset)
            .finish()
    }
}

/// What administrators said of a host: `GET /api/v1/hosts/{host}/values`, and the answer to a
/// change of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostValues {
    /// The host.
    pub id: HostId,
    /// The manual labels that it has.
    pub labels: BTreeSet<LabelName>,
    /// Every declared value, in order of name.
    pub values: Vec<HostValue>,
}

/// One declared value on one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostValue {
    /// Its name.
    pub name: ValueName,
    /// What kind of value it is.
    pub kind: ValueKind,
    /// Whether the host has one, of its own or the default.
    pub is_set: bool,
    /// Whether that is the default.
    pub is_default: bool,
    /// The value; never that of a secret.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<String>,
}
