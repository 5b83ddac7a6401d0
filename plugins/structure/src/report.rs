//! Where rules put what they find, and what they may know beside the profile.
//!
//! Knows no rule. Invariant: findings keep the order in which they were added.

use mooring_sdk::{Context, Device, Finding, Grade, Node};

/// The findings of one call, and its context.
pub(crate) struct Report<'a> {
    context: &'a Context,
    findings: Vec<Finding>,
}

impl<'a> Report<'a> {
    pub(crate) fn new(context: &'a Context) -> Self {
        Self {
            context,
            findings: Vec::new(),
        }
    }

    /// Today as `YYYY-MM-DD`, if the host said.
    pub(crate) fn today(&self) -> Option<&'a str> {
        self.context.today()
    }

    /// The host that the profile is meant for, if the call is about one.
    pub(crate) fn device(&self) -> Option<&'a Device> {
        self.context.device.as_ref()
    }

    pub(crate) fn error(&mut self, rule: &str, at: Node<'_>, message: String, hint: &str) {
        let finding = Finding::error(rule, at, message);
        self.findings.push(finding.with_hint(hint));
    }

    pub(crate) fn warning(&mut self, rule: &str, at: Node<'_>, message: String, hint: &str) {
        let finding = Finding::warning(rule, at, message);
        self.findings.push(finding.with_hint(hint));
    }

    pub(crate) fn info(&mut self, rule: &str, at: Node<'_>, message: String, hint: &str) {
        let finding = Finding::info(rule, at, message);
        self.findings.push(finding.with_hint(hint));
    }

    /// A warning that `apple-strict` raises to an error.
    pub(crate) fn error_if_strict(
        &mut self,
        rule: &str,
        at: Node<'_>,
        message: String,
        hint: &str,
    ) {
        match self.context.grade {
            Grade::AppleStrict => self.error(rule, at, message, hint),
            Grade::DeviceLenient => self.warning(rule, at, message, hint),
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}
