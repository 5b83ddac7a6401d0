//! Which profiles a host should have: labels, assignments, and why.
//!
//! Knows nothing of what is installed, of commands or of where facts come from. Invariant: what
//! is not known stays unknown. A label that is undefined, a fact that the host never told or told
//! too long ago, a device that nobody knows the system of: none of them ever counts as "no", so
//! nothing is installed or removed because of ignorance.
//!
//! Read in this order: [`Truth`], [`Label`], [`Rule`], [`Assignment`], [`Scope`].

mod assignment;
mod judge;
mod label;
mod rule;
mod truth;

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_mdm::profile::placeholder::ValueName;
use serde::{Deserialize, Serialize};

pub use assignment::{Assignment, AssignmentError, LABELS_MAX, place};
pub use label::{LABEL_BYTES_MAX, Label, LabelName, LabelNameError};
pub use rule::{RULE_BYTES_MAX, RULE_DEPTH_MAX, Rule, RuleError, RuleFault};
pub use truth::Truth;

use judge::Judge;

/// What is known of one host when its scope is judged.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The host.
    pub host: &'a HostId,
    /// What the device told of itself; `None` if it never did, or too long ago.
    pub attributes: Option<&'a Attributes>,
    /// The manual labels that a person gave the host.
    pub labels: &'a BTreeSet<LabelName>,
    /// The declared attributes that are set for the host. Never secrets: they are shown.
    pub values: &'a BTreeMap<ValueName, String>,
}

/// The labels and assignments of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The labels that are defined. One that is stored and cannot be read must be left out: it is
    /// then undefined, which is unknown.
    pub labels: BTreeMap<LabelName, Label>,
    /// At most one assignment a profile. A profile without one is for every host.
    pub assignments: BTreeMap<PayloadIdentifier, Assignment>,
}

/// What one part of an assignment says of one host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The part: `include_all`, `include_any`, `exclude_any`, `platforms`, `os`, `percent`, or
    /// `everyone` where there is no part.
    pub rule: String,
    /// Whether the part lets the host in. For `exclude_any`: whether it does not keep it out.
    pub truth: Truth,
    /// What decided, for a person to read.
    pub words: String,
}

impl Scope {
    /// Whether the profiles that have an assignment are for this host. Every label is judged at
    /// most once.
    pub fn memberships(&self, subject: &Subject<'_>) -> BTreeMap<PayloadIdentifier, Truth> {
        let mut judge = Judge::new(self, subject);
        let assignments = self.assignments.iter();
        assignments
            .map(|(identifier, assignment)| {
                (identifier.clone(), judge.membership(identifier, assignment))
            })
            .collect()
    }

    /// Why the profile is for this host, or is not, or why nobody knows: one reason for each part
    /// that is set. The profile's membership is the least of their truths.
    pub fn why(&self, identifier: &PayloadIdentifier, subject: &Subject<'_>) -> Vec<Reason> {
        match self.assignments.get(identifier) {
            Some(assignment) => Judge::new(self, subject).reasons(identifier, assignment),
            None => vec![judge::everyone(
                "the profile has no assignment, so it is for every host",
            )],
        }
    }

    /// Whether the host has the label; unknown if there is no such label.
    pub fn has_label(&self, label: &LabelName, subject: &Subject<'_>) -> Truth {
        Judge::new(self, subject).label(label)
    }
}
