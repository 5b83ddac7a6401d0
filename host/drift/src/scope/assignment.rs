//! Which hosts a profile is for.
//!
//! Knows nothing of what a label means or of what is known of a host. Invariant: an assignment
//! that was read from a document has at most [`LABELS_MAX`] labels a part, a range that some
//! version lies in, and at most 100 percent.

use std::collections::BTreeSet;

use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_mdm::os::{OsVersion, Platform};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::label::LabelName;

/// Most labels in one part of an assignment: more than a person can keep in mind, and few enough
/// that every explanation of an assignment can be shown whole.
pub const LABELS_MAX: usize = 32;

/// Which hosts a profile is for. All parts must hold; a part that is empty or absent does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Form")]
pub struct Assignment {
    /// Hosts that have all of these labels.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub include_all: BTreeSet<LabelName>,
    /// Hosts that have one of these labels.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub include_any: BTreeSet<LabelName>,
    /// Not the hosts that have one of these labels.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub exclude_any: BTreeSet<LabelName>,
    /// Hosts that run one of these systems.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub platforms: BTreeSet<Platform>,
    /// Hosts with this version of their system or a later one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_min: Option<OsVersion>,
    /// Hosts with this version of their system or an earlier one; `15` includes all of 15.x.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_max: Option<OsVersion>,
    /// This share of all hosts, 0 to 100; see [`place`] for which ones.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
}

/// Why an assignment is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssignmentError {
    /// A part names more labels than [`LABELS_MAX`].
    #[error("{part} names {count} labels; at most {LABELS_MAX} are accepted")]
    Labels {
        /// The part.
        part: &'static str,
        /// How many labels it names.
        count: usize,
    },
    /// A label is included and excluded.
    #[error("the label {} is included and excluded at once", label.as_str())]
    Contradiction {
        /// The label.
        label: LabelName,
    },
    /// No version lies in the range.
    #[error("os_min is {min}, which is later than os_max {max}: no host would match")]
    Range {
        /// The lower end.
        min: OsVersion,
        /// The upper end.
        max: OsVersion,
    },
    /// A share of more than everybody.
    #[error("percent is {percent}; it must be 0 to 100")]
    Percent {
        /// What was given.
        percent: u8,
    },
}

impl Assignment {
    /// Whether the assignment keeps to the bounds and some host could match it. Whoever reads one
    /// from a document has had this checked.
    ///
    /// # Errors
    /// [`AssignmentError`] names the first part that is wrong.
    pub fn check(&self) -> Result<(), AssignmentError> {
        for (part, labels) in self.parts() {
            if labels.len() > LABELS_MAX {
                let count = labels.len();
                return Err(AssignmentError::Labels { part, count });
            }
        }
        let mut included = self.include_all.union(&self.include_any);
        if let Some(label) = included.find(|label| self.exclude_any.contains(label)) {
            let label = label.clone();
            return Err(AssignmentError::Contradiction { label });
        }
        if let (Some(min), Some(max)) = (self.os_min, self.os_max)
            && min > max
            && !min.is_within(max)
        {
            return Err(AssignmentError::Range { min, max });
        }
        match self.percent {
            Some(percent) if percent > 100 => Err(AssignmentError::Percent { percent }),
            Some(_) | None => Ok(()),
        }
    }

    /// Every label that the assignment names; one that is undefined makes its part unknown.
    pub fn labels(&self) -> BTreeSet<&LabelName> {
        self.parts().into_iter().flat_map(|(_, set)| set).collect()
    }

    fn parts(&self) -> [(&'static str, &BTreeSet<LabelName>); 3] {
        [
            ("include_all", &self.include_all),
            ("include_any", &self.include_any),
            ("exclude_any", &self.exclude_any),
        ]
    }
}

/// The place of a host among 100 for one profile, 0 to 99: `percent` takes the places below it.
///
/// It is `floor(100 * n / 2^64)`, where `n` is the first eight bytes, most significant first, of
/// the SHA-256 of the profile's identifier, one zero byte and the host's id. So a place follows
/// from the two names alone and never changes, a larger share keeps everybody who was in, and
/// each profile begins with other hosts: nobody is the first for everything.
pub fn place(identifier: &PayloadIdentifier, host: &HostId) -> u8 {
    let mut hash = Sha256::new();
    hash.update(identifier.as_str());
    // Identifiers hold no control characters, so the zero byte keeps the two apart.
    hash.update([0]);
    hash.update(host.as_str());
    let digest: [u8; 32] = hash.finalize().into();
    let first = digest[..8]
        .iter()
        .fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    u8::try_from((first * 100) >> 64).unwrap_or(99)
}

/// The document of an assignment before it is checked.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
#[derive(Default)]
struct Form {
    include_all: BTreeSet<LabelName>,
    include_any: BTreeSet<LabelName>,
    exclude_any: BTreeSet<LabelName>,
    platforms: BTreeSet<Platform>,
    os_min: Option<OsVersion>,
    os_max: Option<OsVersion>,
    percent: Option<u8>,
}

impl TryFrom<Form> for Assignment {
    type Error = AssignmentError;

    fn try_from(form: Form) -> Result<Self, AssignmentError> {
        let assignment = Self {
            include_all: form.include_all,
            include_any: form.include_any,
            exclude_any: form.exclude_any,
            platforms: form.platforms,
            os_min: form.os_min,
            os_max: form.os_max,
            percent: form.percent,
        };
        assignment.check()?;
        Ok(assignment)
    }
}
