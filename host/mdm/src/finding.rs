//! What is wrong with a profile, and where: one shape for the host's reader and for every plugin.
//!
//! Knows nothing of who produced a finding or how it is shown. Invariant: `line` and `column` are
//! 1-based, or both 0 where a finding is about no place in the file.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad a finding is; only an error refuses an upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// Probably not meant, but devices accept it.
    Warning,
    /// The profile is refused.
    Error,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// One statement about a profile, at a place in the file that a person wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The rule's id, such as `P009`.
    pub rule: String,
    /// What is wrong, in one sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hint: Option<String>,
    /// 1-based line in the file, 0 if the finding is about no place.
    pub line: u32,
    /// 1-based column in characters, 0 if the finding is about no place.
    pub column: u32,
    /// Who says so: `host`, or a plugin's id.
    pub source: String,
}

impl Finding {
    /// A finding of the host itself at a place.
    pub fn host(
        severity: Severity,
        rule: &str,
        (line, column): (u32, u32),
        message: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            rule: rule.to_owned(),
            message: message.into(),
            hint: None,
            line,
            column,
            source: "host".to_owned(),
        }
    }

    /// The same finding with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{} {} {} {}",
            self.line, self.column, self.severity, self.rule, self.message
        )?;
        match &self.hint {
            Some(hint) => write!(f, " ({hint})"),
            None => Ok(()),
        }
    }
}
