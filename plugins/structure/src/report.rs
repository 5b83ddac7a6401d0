//! Where rules put what they find, and what they may know beside the profile.
//!
//! Knows no rule. Invariant: findings keep the order in which they were added, and of each rule and
//! severity at most [`SAME_MAX`] are kept: a file that breaks one rule a hundred thousand times must
//! not bury its other findings, nor outgrow what the host takes.

use std::collections::BTreeMap;

use mooring_sdk::{Context, Device, Finding, Grade, Node, Severity};

/// How many findings of one rule and severity are kept.
const SAME_MAX: usize = 100;

/// The findings of one call, and its context.
pub(crate) struct Report<'a> {
    context: &'a Context,
    findings: Vec<Finding>,
    counts: BTreeMap<(&'static str, Severity), usize>,
    /// Whether the finding added last is among those that are kept.
    is_last_kept: bool,
}

impl<'a> Report<'a> {
    pub(crate) fn new(context: &'a Context) -> Self {
        Self {
            context,
            findings: Vec::new(),
            counts: BTreeMap::new(),
            is_last_kept: false,
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

    /// Whether a person installs the profile by hand. Mooring delivers by MDM, so this holds only
    /// where the context says so.
    pub(crate) fn is_manual(&self) -> bool {
        self.context.extra("enrollment") == Some("local")
    }

    /// Says of the finding added last what its one safe answer is, in the words of the contract.
    pub(crate) fn fix(&mut self, fix: String) {
        if let Some(finding) = self.findings.last_mut().filter(|_| self.is_last_kept) {
            finding.extra.push(("fix".to_owned(), fix));
        }
    }

    pub(crate) fn error(&mut self, rule: &'static str, at: Node<'_>, message: String, hint: &str) {
        self.add(
            Severity::Error,
            rule,
            Finding::error(rule, at, message),
            hint,
        );
    }

    pub(crate) fn warning(
        &mut self,
        rule: &'static str,
        at: Node<'_>,
        message: String,
        hint: &str,
    ) {
        self.add(
            Severity::Warning,
            rule,
            Finding::warning(rule, at, message),
            hint,
        );
    }

    pub(crate) fn info(&mut self, rule: &'static str, at: Node<'_>, message: String, hint: &str) {
        self.add(Severity::Info, rule, Finding::info(rule, at, message), hint);
    }

    /// A warning that `apple-strict` raises to an error.
    pub(crate) fn error_if_strict(
        &mut self,
        rule: &'static str,
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

    fn add(&mut self, severity: Severity, rule: &'static str, mut finding: Finding, hint: &str) {
        let count = self.counts.entry((rule, severity)).or_default();
        *count += 1;
        if *count == SAME_MAX {
            finding
                .message
                .push_str(" (further ones like it are not listed)");
        }
        self.is_last_kept = *count <= SAME_MAX;
        if self.is_last_kept {
            self.findings.push(finding.with_hint(hint));
        }
    }
}
