//! The profiles that one host would get, and what a plugin says about them together.
//!
//! Knows nothing of hosts or assignments. Invariant: a spot names a profile by its index in the set
//! that the call was about.

use crate::{Document, Node, Place, Severity};

/// One version of a profile.
#[derive(Debug, Clone)]
pub struct Edition {
    /// `PayloadIdentifier`.
    pub identifier: String,
    /// `PayloadUUID` as a device would list it.
    pub uuid: String,
    /// Counted 1, 2, 3, ... for an identifier; 0 for a file that no server has.
    pub version: u32,
    /// `device` or `user`: the channel of the delivery.
    pub channel: String,
    /// `uploaded`, `generated` (by an installed plugin), `built-in` or `file`.
    pub origin: String,
    /// The tree, parsed strictly by the host.
    pub document: Document,
    /// Keys that the contract's README documents, with values.
    pub extra: Vec<(String, String)>,
}

/// A profile that the host would get.
#[derive(Debug, Clone)]
pub struct Member {
    /// As it would be.
    pub now: Edition,
    /// The version that it takes the place of, where one is known.
    pub before: Option<Edition>,
}

/// What one host would get.
#[derive(Debug, Clone, Default)]
pub struct ProfileSet {
    /// In the order in which they would be installed.
    pub members: Vec<Member>,
    /// What the host would lose by the change that is looked at; usually nothing.
    pub gone: Vec<Edition>,
}

/// Whom a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SetSubject {
    /// The set as a whole.
    Set,
    /// A member's present version, by its index.
    Member(u32),
    /// One that is gone, by its index.
    Gone(u32),
}

/// A profile of the set, and a place in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    /// Which profile.
    pub subject: SetSubject,
    /// Where in it.
    pub place: Place,
}

impl Spot {
    /// A profile, or the set, as a whole.
    pub fn of(subject: SetSubject) -> Self {
        Self {
            subject,
            place: Place::Document,
        }
    }

    /// A value of a profile.
    pub fn at(subject: SetSubject, node: Node<'_>) -> Self {
        Self {
            subject,
            place: Place::Node(node.index()),
        }
    }
}

/// One statement about a set. The host shows at most 10,000 of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetFinding {
    /// How bad it is; even an error refuses nothing.
    pub severity: Severity,
    /// The rule's id, as the manifest lists it, such as `R005`.
    pub rule: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What it is about.
    pub about: Spot,
    /// The other of two profiles that do not go together.
    pub other: Option<Spot>,
    /// What to do about it.
    pub hint: Option<String>,
    /// Keys that the contract's README documents, with values; usually empty.
    pub extra: Vec<(String, String)>,
}

impl SetFinding {
    /// A finding about one profile, or the set, without hint.
    pub fn new(severity: Severity, rule: &str, about: Spot, message: impl Into<String>) -> Self {
        Self {
            severity,
            rule: rule.to_owned(),
            message: message.into(),
            about,
            other: None,
            hint: None,
            extra: Vec::new(),
        }
    }

    /// The same finding about two profiles.
    #[must_use]
    pub fn with_other(mut self, other: Spot) -> Self {
        self.other = Some(other);
        self
    }

    /// The same finding with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
