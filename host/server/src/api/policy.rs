//! Documents about how much rules weigh, and about what is accepted. Invariant: see the parent
//! module.

use std::fmt;

use mooring_mdm::finding::Severity;
use mooring_mdm::ids::PayloadIdentifier;
use serde::{Deserialize, Serialize};

/// How much the findings of a rule weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// They refuse the profile.
    Error,
    /// They are shown.
    Warning,
    /// They are shown to whoever asks.
    Info,
    /// They are not there at all.
    Off,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Off => "off",
        })
    }
}

/// `GET /api/v1/policy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyListing {
    /// The rules whose level was changed, in order; all others have their own.
    pub rules: Vec<PolicyRule>,
}

/// One rule of the policy, and the answer to a change of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRule {
    /// Its id.
    pub rule: String,
    /// How much it weighs here.
    pub level: Level,
    /// How much it weighs by itself; absent if nothing here reports it any more.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub own: Option<Severity>,
    /// What it demands.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub text: Option<String>,
    /// When that was said.
    pub at: String,
    /// By whom.
    pub by: String,
}

/// `PUT /api/v1/policy/{rule}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyWish {
    /// How much it is to weigh.
    pub level: Level,
}

/// `GET /api/v1/profiles/{identifier}/accepted`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedListing {
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// What is accepted in it, in order of rule.
    pub accepted: Vec<AcceptedRule>,
}

/// One rule that is accepted, and the answer to accepting it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptedRule {
    /// Its id.
    pub rule: String,
    /// Why.
    pub reason: String,
    /// When that was said.
    pub at: String,
    /// By whom.
    pub by: String,
}

/// `PUT /api/v1/profiles/{identifier}/accepted/{rule}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptWish {
    /// Why.
    pub reason: String,
}
