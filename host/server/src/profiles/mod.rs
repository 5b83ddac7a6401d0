//! Profiles as administrators handle them: push, list, show, switch, delete, and built-ins.
//!
//! Knows nothing of HTTP. Invariants: a version, once stored, never changes; a refused file
//! changes nothing and does not stop the others; a deleted identifier stays known for good.

mod builtin;
pub(crate) mod candidate;
mod duplicates;
mod push;
mod refresh;
mod switch;
mod view;

use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::StoreError;

use crate::change::ChangeError;

pub use push::{Pushed, Upload};

pub(crate) use push::{Manner, accept, channel};

pub(crate) use refresh::HeldBuiltIns;

/// The prefix of built-in profiles; uploads under it are refused.
pub const RESERVED_PREFIX: &str = "com.mooring.builtin.";

/// The prefix of the identifiers given to files without one; a random uuid follows.
pub const GIVEN_PREFIX: &str = "com.mooring.";

/// Payload types that no pushed or generated profile may carry, each with the rule that says so:
/// they are the enrollment itself, and installing another would take the device away from this
/// server.
pub const FORBIDDEN_PAYLOAD_TYPES: [(&str, &str); 2] = [
    ("X001", "com.apple.mdm"),
    ("X002", "com.apple.declarations"),
];

/// Why a change of profiles did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// No profile has this identifier.
    #[error("no profile {0} is known; `profile list` shows those that are")]
    NotFound(PayloadIdentifier),
    /// The profile has no such version.
    #[error("{identifier} has no version {version}")]
    NoSuchVersion {
        /// The profile.
        identifier: PayloadIdentifier,
        /// The version asked for.
        version: u32,
    },
    /// The profile was deleted.
    #[error("{0} was deleted; push it again to bring it back")]
    Deleted(PayloadIdentifier),
    /// A built-in cannot be deleted.
    #[error("{0} is built in: it cannot be deleted, only disabled")]
    IsBuiltIn(PayloadIdentifier),
    /// A profile that a plugin makes cannot be deleted.
    #[error("{identifier} is made by the binding {binding}: remove that, or disable the profile")]
    IsMade {
        /// The profile.
        identifier: PayloadIdentifier,
        /// The binding.
        binding: String,
    },
    /// Settings were given for a profile that takes none.
    #[error("{0} is an uploaded profile and takes no settings; push other content instead")]
    TakesNoSettings(PayloadIdentifier),
    /// A built-in's settings, or what they generate, are wrong.
    #[error("{identifier} cannot be enabled with these settings")]
    Settings {
        /// The built-in.
        identifier: PayloadIdentifier,
        /// What is wrong.
        findings: Vec<Finding>,
    },
    /// The change was held, or could not be stored.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}
