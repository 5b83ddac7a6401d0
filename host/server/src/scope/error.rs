//! Why something about labels, assignments or values was not done.
//!
//! Knows nothing of HTTP. Invariants: whatever is refused is named, all of it; no text has a value.

use std::fmt::Display;

use mooring_drift::scope::{LabelName, RuleError};
use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::profile::placeholder::{ValueError, ValueName};
use mooring_store::StoreError;

use super::ValueKind;
use crate::change::ChangeError;
use crate::hosts::HostError;

/// Why it was not done; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ScopeError {
    /// There is no such label.
    #[error("no label {0} is known; `label list` shows those that are")]
    NoLabel(LabelName),
    /// Assignments name the label.
    #[error(
        "the label {label} is used by the assignments of {}; change those first",
        joined(profiles)
    )]
    LabelInUse {
        /// The label.
        label: LabelName,
        /// The profiles that are assigned by it.
        profiles: Vec<PayloadIdentifier>,
    },
    /// The rule cannot be read.
    #[error("the rule cannot be read")]
    Rule(#[source] RuleError),
    /// A rule names attributes that are not declared.
    #[error(
        "the rule names {}, which no attribute is called; declare it first (`value set NAME \
         --attribute`)",
        joined(names)
    )]
    UndeclaredAttributes {
        /// What the rule calls them.
        names: Vec<ValueName>,
    },
    /// Members of a label that follows from a rule cannot be named.
    #[error("the hosts of the label {0} follow from its rule; change the rule instead")]
    FollowsRule(LabelName),
    /// Some of the hosts that were named are not known, or not by that name alone.
    #[error("{}", hosts_text(unknown, ambiguous))]
    Hosts {
        /// No host has these ids or serial numbers.
        unknown: Vec<String>,
        /// Several hosts have these serial numbers.
        ambiguous: Vec<String>,
    },
    /// The same host is to get the label and to lose it.
    #[error(
        "{} would get the label and lose it; name each host once",
        joined(hosts)
    )]
    AddedAndRemoved {
        /// As they were named.
        hosts: Vec<String>,
    },
    /// An assignment names labels that are not defined.
    #[error(
        "no label is called {}; define it first (`label set NAME`)",
        joined(labels)
    )]
    UndefinedLabels {
        /// What the assignment calls them.
        labels: Vec<LabelName>,
    },
    /// Validators judge the profile only under this assignment, and refuse it.
    #[error(
        "{identifier} does not pass the validators that would judge it under this assignment; push \
         a version that does, accept the rules in it, or assign it otherwise"
    )]
    Judged {
        /// The profile.
        identifier: PayloadIdentifier,
        /// What they say.
        findings: Vec<Finding>,
    },
    /// There is neither such a profile nor an assignment for one.
    #[error("no profile {0} is known; `profile list` shows those that are")]
    NoProfile(PayloadIdentifier),
    /// No value with that name is declared.
    #[error("no value {0} is declared; `value list` shows those that are")]
    NoValue(ValueName),
    /// Values of hosts that are not declared.
    #[error(
        "no value is declared as {}; declare it first (`value set NAME --attribute` or --secret)",
        joined(names)
    )]
    Undeclared {
        /// What they were called.
        names: Vec<ValueName>,
    },
    /// An attribute cannot become a secret, nor the other way round.
    #[error(
        "{name} is declared as {}; remove it and declare it anew, or take another name",
        kind.words()
    )]
    OtherKind {
        /// The value.
        name: ValueName,
        /// What it is.
        kind: ValueKind,
    },
    /// Profiles or rules use the value.
    #[error("{name} is used by {}; change those first", uses(profiles, labels))]
    ValueInUse {
        /// The value.
        name: ValueName,
        /// The profiles whose latest versions have a place for it.
        profiles: Vec<PayloadIdentifier>,
        /// The labels whose rules name it.
        labels: Vec<LabelName>,
    },
    /// A value that no profile can be filled with.
    #[error("the value of {name} cannot be used")]
    Unfit {
        /// Whose value.
        name: ValueName,
        /// What is wrong with it.
        source: ValueError,
    },
    /// A value is set and unset at once.
    #[error("{} would be set and unset; name each value once", joined(names))]
    SetAndUnset {
        /// The values.
        names: Vec<ValueName>,
    },
    /// A host would have more than a host may.
    #[error("{0}")]
    Bounds(StoreError),
    /// There is no such host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The change was held, or could not be stored.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl ValueKind {
    /// The kind with its article.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Attribute => "an attribute",
            Self::Secret => "a secret",
        }
    }
}

fn joined<T: Display>(all: &[T]) -> String {
    let all: Vec<String> = all.iter().map(ToString::to_string).collect();
    all.join(", ")
}

fn uses(profiles: &[PayloadIdentifier], labels: &[LabelName]) -> String {
    let mut uses = Vec::new();
    if !profiles.is_empty() {
        uses.push(format!("the profiles {}", joined(profiles)));
    }
    if !labels.is_empty() {
        uses.push(format!("the rules of the labels {}", joined(labels)));
    }
    uses.join(" and ")
}

fn hosts_text(unknown: &[String], ambiguous: &[String]) -> String {
    let mut texts = Vec::new();
    if !unknown.is_empty() {
        texts.push(format!("no host is known as {}", joined(unknown)));
    }
    if !ambiguous.is_empty() {
        let names = joined(ambiguous);
        texts.push(format!(
            "several hosts have the serial number {names}; name them by id"
        ));
    }
    texts.push("nothing was changed".to_owned());
    texts.join("; ")
}
