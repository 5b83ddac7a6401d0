//! What a plugin says about a profile, and where.
//!
//! Knows nothing of lines and columns: the host maps a node to them. Invariant: none.

use crate::Node;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably not meant, but devices accept it.
    Warning,
    /// The profile is refused.
    Error,
}

/// One step from a value to one inside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Segment {
    /// Into a dictionary.
    Key(String),
    /// Into an array, counted from 0.
    Index(u32),
}

/// What a finding is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// The profile as a whole.
    Document,
    /// A node, by its preorder index.
    Node(u32),
    /// A way from the root; it may lead to a key that is not there, which is then shown at the
    /// nearest value that is.
    Path(Vec<Segment>),
}

/// One statement about a profile. The host shows at most 10,000 of one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule's id, as the manifest lists it, such as `T009`.
    pub rule: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What it is about.
    pub place: Place,
    /// What to do about it.
    pub hint: Option<String>,
    /// Keys that the contract's README documents, with values; usually empty.
    pub extra: Vec<(String, String)>,
}

impl Finding {
    /// An error at a node: the profile is refused.
    pub fn error(rule: &str, node: Node<'_>, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, rule, Place::Node(node.index()), message)
    }

    /// A warning at a node.
    pub fn warning(rule: &str, node: Node<'_>, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, rule, Place::Node(node.index()), message)
    }

    /// A remark at a node.
    pub fn info(rule: &str, node: Node<'_>, message: impl Into<String>) -> Self {
        Self::new(Severity::Info, rule, Place::Node(node.index()), message)
    }

    /// An error about the profile, or the settings, as a whole.
    pub fn error_document(rule: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, rule, Place::Document, message)
    }

    /// A warning about the profile, or the settings, as a whole.
    pub fn warning_document(rule: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, rule, Place::Document, message)
    }

    /// A remark about the profile, or the settings, as a whole.
    pub fn info_document(rule: &str, message: impl Into<String>) -> Self {
        Self::new(Severity::Info, rule, Place::Document, message)
    }

    /// A finding from its parts, without hint.
    pub fn new(severity: Severity, rule: &str, place: Place, message: impl Into<String>) -> Self {
        Self {
            severity,
            rule: rule.to_owned(),
            message: message.into(),
            place,
            hint: None,
            extra: Vec::new(),
        }
    }

    /// The same finding with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same finding about another place.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = place;
        self
    }
}
