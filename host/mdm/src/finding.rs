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
///
/// It is made with [`Finding::host`]; whoever else reports changes its `source`.
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
    /// The one safe answer, in the words of [`crate::fix`]: absent where a person has to decide.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fix: Option<String>,
    /// 1-based line in the file, 0 if the finding is about no place.
    pub line: u32,
    /// 1-based column in characters, 0 if the finding is about no place.
    pub column: u32,
    /// How many characters of that line it is about; 0 if that is not known.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub length: u32,
    /// Who says so: `host`, or a plugin's id.
    pub source: String,
    /// How bad the rule itself takes it to be, where somebody decided otherwise.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub was: Option<Severity>,
    /// Why it does not count: an administrator accepted it in this profile, for this reason.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub accepted: Option<String>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_zero(length: &u32) -> bool {
    *length == 0
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
            fix: None,
            line,
            column,
            length: 0,
            source: "host".to_owned(),
            was: None,
            accepted: None,
        }
    }

    /// The same finding with advice.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same finding with its one safe answer, in the words of [`crate::fix`].
    #[must_use]
    pub fn with_fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// The same finding with another weight; what the rule itself said is kept beside it.
    #[must_use]
    pub fn weighed(mut self, severity: Severity) -> Self {
        if self.severity != severity {
            self.was = self.was.or(Some(self.severity));
            self.severity = severity;
        }
        self
    }

    /// The same finding as one that somebody took for this profile: it refuses nothing any more.
    #[must_use]
    pub fn accepted(self, reason: &str) -> Self {
        Self {
            accepted: Some(reason.to_owned()),
            ..self.weighed(Severity::Info)
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever weighs a finding twice still sees what its rule said.
    #[test]
    fn weights() {
        let plain = Finding::host(Severity::Error, "A001", (2, 3), "text");
        assert_eq!(plain.clone().weighed(Severity::Error), plain);
        let accepted = plain.weighed(Severity::Warning).accepted("a test host");
        assert_eq!(accepted.severity, Severity::Info);
        assert_eq!(accepted.was, Some(Severity::Error));
        assert_eq!(accepted.accepted.as_deref(), Some("a test host"));
    }
}
