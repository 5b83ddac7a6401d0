//! The profiles that one host would get, and what plugins say about them together, in no contract's
//! terms.
//!
//! Knows nothing of wasm, hosts or assignments. Invariant: a finding names profiles that are in the
//! set that was asked about.

use std::fmt;

use mooring_mdm::finding::Finding;
use mooring_mdm::plist::{Document, NodeId};

/// One version of a profile.
#[derive(Clone, Copy)]
pub struct SetEdition<'a> {
    /// `PayloadIdentifier`.
    pub identifier: &'a str,
    /// `PayloadUUID` as a device would list it.
    pub uuid: &'a str,
    /// Counted 1, 2, 3, ... for an identifier; 0 for a file that no server has.
    pub version: u32,
    /// `device` or `user`.
    pub channel: &'a str,
    /// `uploaded`, `generated` (by an installed plugin), `built-in` or `file`.
    pub origin: &'a str,
    /// Its tree.
    pub document: &'a Document,
}

/// Shows no contents.
impl fmt::Debug for SetEdition<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} version {}", self.identifier, self.version)
    }
}

/// A profile that the host would get.
#[derive(Debug, Clone, Copy)]
pub struct SetMember<'a> {
    /// As it would be.
    pub now: SetEdition<'a>,
    /// The version that it takes the place of, where one is known.
    pub before: Option<SetEdition<'a>>,
}

/// What one host would get.
#[derive(Debug, Clone, Default)]
pub struct ProfileSet<'a> {
    /// In the order in which they would be installed.
    pub members: Vec<SetMember<'a>>,
    /// What the host would lose by the change that is looked at.
    pub gone: Vec<SetEdition<'a>>,
}

/// Whom a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetPart {
    /// The set as a whole.
    Whole,
    /// A member's present version, by its index.
    Member(usize),
    /// One that is gone, by its index.
    Gone(usize),
}

/// A profile of the set, and a value in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SetSpot {
    /// Which profile.
    pub part: SetPart,
    /// The value; `None` for the profile as a whole.
    pub node: Option<NodeId>,
}

/// One statement about a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFinding {
    /// What is wrong; at no place of a file.
    pub finding: Finding,
    /// What it is about.
    pub about: SetSpot,
    /// The other of two profiles that do not go together.
    pub other: Option<SetSpot>,
}

impl SetFinding {
    /// A finding about the set as a whole, or about a plugin that judges it.
    pub fn of_set(finding: Finding) -> Self {
        Self {
            finding,
            about: SetSpot {
                part: SetPart::Whole,
                node: None,
            },
            other: None,
        }
    }
}
