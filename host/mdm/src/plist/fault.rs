//! What the reader found wrong, by byte offset.
//!
//! Offsets become lines and columns only when a reading ends, so that a document without faults
//! never pays for a line index.

use std::borrow::Cow;

use crate::finding::{Finding, Severity};

use super::line::LineIndex;

/// One thing wrong with a document.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) severity: Severity,
    pub(super) rule: &'static str,
    pub(super) at: usize,
    pub(super) message: Cow<'static, str>,
    pub(super) hint: &'static str,
}

impl Fault {
    /// The document is refused.
    pub(super) fn error(
        rule: &'static str,
        at: usize,
        message: impl Into<Cow<'static, str>>,
        hint: &'static str,
    ) -> Self {
        Self {
            severity: Severity::Error,
            rule,
            at,
            message: message.into(),
            hint,
        }
    }

    /// The document is read, but others may stumble over it.
    pub(super) fn warning(
        rule: &'static str,
        at: usize,
        message: &'static str,
        hint: &'static str,
    ) -> Self {
        Self {
            severity: Severity::Warning,
            ..Self::error(rule, at, message, hint)
        }
    }

    /// The same with a line and a column.
    pub(super) fn into_finding(self, lines: &LineIndex<'_>) -> Finding {
        let place = lines.position(self.at);
        Finding::host(self.severity, self.rule, place, self.message.into_owned())
            .with_hint(self.hint)
    }
}
