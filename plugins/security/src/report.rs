//! Where rules put what they find, and what they may know beside the profile.
//!
//! Knows no rule. Invariant: findings keep the order in which they were added, and of each rule and
//! severity at most [`SAME_MAX`] are kept: a file that breaks one rule a hundred thousand times must
//! not bury its other findings, nor outgrow what the host takes.

use mooring_sdk::{Context, Device, Finding, Grade, Node, Place, Severity};

/// How many findings of one rule and severity are kept.
pub(crate) const SAME_MAX: usize = 100;

/// The findings of one call, and its context.
pub(crate) struct Report<'a> {
    context: &'a Context,
    findings: Vec<Finding>,
    /// How often each rule spoke with each severity; a short list.
    counts: Vec<(&'static str, Severity, usize)>,
    /// Whether the finding added last is among those that are kept.
    is_last_kept: bool,
}

impl<'a> Report<'a> {
    pub(crate) fn new(context: &'a Context) -> Self {
        Self {
            context,
            findings: Vec::new(),
            counts: Vec::new(),
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

    pub(crate) fn error(
        &mut self,
        rule: &'static str,
        at: Node<'_>,
        message: impl Into<String>,
        hint: &str,
    ) {
        self.add(Severity::Error, rule, at, message.into(), hint);
    }

    pub(crate) fn warning(
        &mut self,
        rule: &'static str,
        at: Node<'_>,
        message: impl Into<String>,
        hint: &str,
    ) {
        self.add(Severity::Warning, rule, at, message.into(), hint);
    }

    pub(crate) fn info(
        &mut self,
        rule: &'static str,
        at: Node<'_>,
        message: impl Into<String>,
        hint: &str,
    ) {
        self.add(Severity::Info, rule, at, message.into(), hint);
    }

    /// A warning that `apple-strict` raises to an error.
    pub(crate) fn error_if_strict(
        &mut self,
        rule: &'static str,
        at: Node<'_>,
        message: impl Into<String>,
        hint: &str,
    ) {
        match self.context.grade {
            Grade::AppleStrict => self.error(rule, at, message, hint),
            Grade::DeviceLenient => self.warning(rule, at, message, hint),
        }
    }

    /// Says of the finding added last that taking the value out, with its key, is the safe answer.
    pub(crate) fn fix_by_removal(&mut self) {
        if let Some(finding) = self.findings.last_mut().filter(|_| self.is_last_kept) {
            finding.extra.push(("fix".to_owned(), "remove".to_owned()));
        }
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }

    fn add(
        &mut self,
        severity: Severity,
        rule: &'static str,
        at: Node<'_>,
        mut message: String,
        hint: &str,
    ) {
        let known = self
            .counts
            .iter()
            .position(|(name, how, _)| (*name, *how) == (rule, severity));
        let index = known.unwrap_or_else(|| {
            self.counts.push((rule, severity, 0));
            self.counts.len() - 1
        });
        let count = &mut self.counts[index].2;
        *count += 1;
        if *count == SAME_MAX {
            message.push_str(" (further ones like it are not listed)");
        }
        self.is_last_kept = *count <= SAME_MAX;
        if self.is_last_kept {
            let finding = Finding::new(severity, rule, Place::Node(at.index()), message);
            self.findings.push(finding.with_hint(hint));
        }
    }
}
