//! Labels: what groups hosts, by hand or by a rule.
//!
//! Knows nothing of assignments or of which hosts have a label. Invariant: a name came through
//! its `parse`, and a rule that is here is one that can be evaluated.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::rule::Rule;

/// Longest name of a label, in bytes; it bounds rows of the store and lines of lists.
pub const LABEL_BYTES_MAX: usize = 64;

/// Why a text is not the name of a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LabelNameError {
    /// The text is empty.
    #[error("the label's name is empty")]
    Empty,
    /// The text is longer than [`LABEL_BYTES_MAX`].
    #[error("the label's name has {bytes} bytes; at most {LABEL_BYTES_MAX} are accepted")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// The text begins with something else than a small letter or a digit.
    #[error("the label's name begins with {found:?}; it must begin with a to z or 0 to 9")]
    Start {
        /// The first character.
        found: char,
    },
    /// The text holds a character that names do not have.
    #[error("the label's name has the character {found:?}; it may have a to z, 0 to 9, ., _ and -")]
    Character {
        /// The first such character.
        found: char,
    },
}

/// The name of a label: a small letter or digit, then at most 63 of `a` to `z`, `0` to `9`, `.`,
/// `_` and `-`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct LabelName(String);

impl LabelName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`LabelNameError`] if it is empty, over [`LABEL_BYTES_MAX`] bytes, or has a character that
    /// names do not have.
    pub fn parse(text: &str) -> Result<Self, LabelNameError> {
        let Some(first) = text.chars().next() else {
            return Err(LabelNameError::Empty);
        };
        if text.len() > LABEL_BYTES_MAX {
            return Err(LabelNameError::TooLong { bytes: text.len() });
        }
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !is_plain(first) {
            return Err(LabelNameError::Start { found: first });
        }
        let is_of_names = |c: char| is_plain(c) || matches!(c, '.' | '_' | '-');
        match text.chars().find(|c| !is_of_names(*c)) {
            Some(found) => Err(LabelNameError::Character { found }),
            None => Ok(Self(text.to_owned())),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for LabelName {
    type Error = LabelNameError;

    fn try_from(text: String) -> Result<Self, LabelNameError> {
        Self::parse(&text)
    }
}

impl From<LabelName> for String {
    fn from(name: LabelName) -> Self {
        name.0
    }
}

impl fmt::Display for LabelName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How a host gets a label.
///
/// In documents `{"kind":"manual"}` or `{"kind":"rule","rule":"host.os_version >= \"15.0\""}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Form", into = "Form")]
pub enum Label {
    /// A person gives it and takes it.
    Manual,
    /// It follows from what is known of the host.
    Rule(Rule),
}

/// The document of a label. `Manual` has braces, so that unknown fields beside it are refused.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
enum Form {
    Manual {},
    Rule { rule: Rule },
}

impl From<Form> for Label {
    fn from(form: Form) -> Self {
        match form {
            Form::Manual {} => Self::Manual,
            Form::Rule { rule } => Self::Rule(rule),
        }
    }
}

impl From<Label> for Form {
    fn from(label: Label) -> Self {
        match label {
            Label::Manual => Self::Manual {},
            Label::Rule(rule) => Self::Rule { rule },
        }
    }
}
