//! What can be wrong with a rule, where, and what to do about it.
//!
//! Knows nothing of how rules are read. Invariant: every text here is short, whatever the rule.

use mooring_mdm::os::{OsVersionError, Platform, PlatformError};
use mooring_mdm::profile::placeholder::ValueNameError;

use super::names;
use super::{RULE_BYTES_MAX, RULE_DEPTH_MAX};

/// Why a rule is not accepted. Its text has the place, what is wrong, and a hint if there is one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {fault}{}", in_brackets(fault.hint()))]
pub struct RuleError {
    /// What is wrong.
    pub fault: RuleFault,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
}

impl RuleError {
    /// What is wrong, without the place.
    pub fn message(&self) -> String {
        self.fault.to_string()
    }

    /// What to do about it, if there is something to say.
    pub fn hint(&self) -> Option<String> {
        self.fault.hint()
    }

    /// The fault at byte `at` of `text`.
    pub(super) fn new(text: &str, at: usize, fault: RuleFault) -> Self {
        let before = text.get(..at).unwrap_or(text);
        let line = before.matches('\n').count();
        let column = before.rsplit('\n').next().unwrap_or("").chars().count();
        let from_one = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).saturating_add(1);
        Self {
            fault,
            line: from_one(line),
            column: from_one(column),
        }
    }
}

fn in_brackets(hint: Option<String>) -> String {
    hint.map_or_else(String::new, |hint| format!(" ({hint})"))
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleFault {
    /// There is nothing but blanks.
    #[error("the rule is empty")]
    Empty,
    /// The text is longer than [`RULE_BYTES_MAX`].
    #[error("the rule has {bytes} bytes; at most {RULE_BYTES_MAX} are accepted")]
    TooLong {
        /// Its length in bytes.
        bytes: usize,
    },
    /// Parentheses are nested deeper than [`RULE_DEPTH_MAX`].
    #[error("parentheses are nested deeper than {RULE_DEPTH_MAX}")]
    TooDeep,
    /// A character that no rule has outside of texts.
    #[error("{found:?} has no meaning in a rule")]
    Character {
        /// The character.
        found: char,
    },
    /// A text has no closing quote on its line.
    #[error("this text has no closing quote on the same line")]
    Unterminated,
    /// A backslash before something that it does not go with.
    #[error("a backslash cannot stand before {found:?}")]
    Escape {
        /// The character after it.
        found: char,
    },
    /// A number.
    #[error("a rule has no numbers, but there is {text}")]
    Number {
        /// The number, cut to a length that can be shown.
        text: String,
    },
    /// Something else was to come here.
    #[error("{found} cannot stand here; {wanted} is expected")]
    Unexpected {
        /// What stands there.
        found: String,
        /// What should.
        wanted: &'static str,
    },
    /// A name that means nothing.
    #[error("there is no {name}")]
    Name {
        /// The name, cut to a length that can be shown.
        name: String,
    },
    /// A method or function that means nothing.
    #[error("there is no {name}()")]
    Method {
        /// The name, cut to a length that can be shown.
        name: String,
    },
    /// Something after `attributes.` that cannot be the name of an attribute.
    #[error("no attribute can have this name: {0}")]
    AttributeName(ValueNameError),
    /// `has` is asked of something that is not a declared attribute.
    #[error("has() tells of declared attributes only")]
    Has,
    /// A value stands where a condition should.
    #[error("{what} is not a condition, which is either true or false")]
    NotCondition {
        /// What stands there.
        what: &'static str,
    },
    /// Two things that cannot be compared in this way.
    #[error("{left} cannot be compared with {right} by {operator}")]
    Mismatch {
        /// What stands on the left.
        left: &'static str,
        /// The operator.
        operator: &'static str,
        /// What stands on the right.
        right: &'static str,
    },
    /// Two fixed texts are compared, so the rule says nothing of a host here.
    #[error("this compares two fixed texts, so it is the same for every host")]
    Fixed,
    /// A method is asked of something that has none.
    #[error("{method}() cannot be asked of {what}")]
    NoMethod {
        /// The method.
        method: &'static str,
        /// What it is asked of.
        what: &'static str,
    },
    /// Something else than a text stands where a text should.
    #[error("{what} cannot stand here; a text is expected")]
    NotText {
        /// What stands there.
        what: &'static str,
    },
    /// A list without entries.
    #[error("the list is empty, so nothing is in it")]
    EmptyList,
    /// A text that is compared with the version of a system and is none.
    #[error("{0}")]
    Version(OsVersionError),
    /// A text that is compared with a platform and is none.
    #[error("{error}")]
    Platform {
        /// What is wrong with it.
        error: PlatformError,
        /// The platform that was probably meant.
        meant: Option<Platform>,
    },
}

impl RuleFault {
    /// Whether it is about what a text says, rather than about where it stands.
    pub(super) fn is_of_text(&self) -> bool {
        matches!(self, Self::Version(_) | Self::Platform { .. })
    }

    /// What to do about it, if there is something to say.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Character { found } => symbol_hint(*found).map(str::to_owned),
            Self::Number { text } => Some(format!(
                "versions are compared as texts: host.os_version >= \"{text}\""
            )),
            Self::Unexpected { found, .. } => word_hint(found).map(str::to_owned),
            Self::Name { name } => Some(names::hint(name)),
            Self::Method { .. } => Some(
                "there are has(attributes.NAME), and startsWith, endsWith and contains on texts"
                    .to_owned(),
            ),
            Self::Has => Some(
                "write has(attributes.NAME); what a device did not tell makes a comparison unknown"
                    .to_owned(),
            ),
            Self::NotCondition { .. } => {
                Some("compare it with ==, or with another operator".to_owned())
            }
            Self::Escape { .. } => Some("write \\\\ for one backslash".to_owned()),
            Self::Mismatch { .. } => Some(MISMATCH_HINT.to_owned()),
            Self::NoMethod { .. } => Some(
                "versions and platforms are compared whole: \
                 host.os_version >= \"15\" && host.os_version < \"16\""
                    .to_owned(),
            ),
            Self::Platform { meant, .. } => {
                meant.map(|platform| format!("did you mean {:?}?", platform.as_str()))
            }
            Self::Empty
            | Self::TooLong { .. }
            | Self::TooDeep
            | Self::Unterminated
            | Self::AttributeName(_)
            | Self::Fixed
            | Self::NotText { .. }
            | Self::EmptyList
            | Self::Version(_) => None,
        }
    }
}

/// Most people who compare two things that do not go together have one of these in mind.
const MISMATCH_HINT: &str = "host.os_version has an order; texts and platforms have ==, != and in; \
                             conditions are compared with true or false";

/// What was probably meant by a character without meaning.
fn symbol_hint(found: char) -> Option<&'static str> {
    Some(match found {
        '=' => "write == to compare",
        '&' => "write && for and",
        '|' => "write || for or",
        '+' | '-' | '*' | '/' | '%' => "a rule does not calculate, and names have no dashes",
        '?' | ':' => "a rule has no choice operator; use && and ||",
        '\u{201c}' | '\u{201d}' | '\u{2018}' | '\u{2019}' => "write straight quotes",
        _ => return None,
    })
}

/// What was probably meant by a token that stands in a wrong place.
fn word_hint(found: &str) -> Option<&'static str> {
    Some(match found {
        "the word and" => "write && for and",
        "the word or" => "write || for or",
        "the word not" => "write ! for not",
        "[" => "an attribute is named with a dot: attributes.NAME",
        _ => return None,
    })
}
