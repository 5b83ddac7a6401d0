//! Where rules put what they find, and what they may know beside the set.
//!
//! Knows no rule. Invariant: findings keep the order in which they were added, and of each rule at
//! most [`SAME_MAX`] are kept.

use std::collections::BTreeMap;

use mooring_sdk::{Context, SetFinding, Severity, Spot};

/// How many findings of one rule are kept.
const SAME_MAX: usize = 100;

/// The findings of one call, and its context.
pub(crate) struct Report<'a> {
    context: &'a Context,
    findings: Vec<SetFinding>,
    counts: BTreeMap<&'static str, usize>,
}

/// What a rule says, where.
pub(crate) struct Says {
    pub(crate) about: Spot,
    pub(crate) other: Option<Spot>,
    pub(crate) message: String,
    pub(crate) hint: &'static str,
}

impl<'a> Report<'a> {
    pub(crate) fn new(context: &'a Context) -> Self {
        Self {
            context,
            findings: Vec::new(),
            counts: BTreeMap::new(),
        }
    }

    /// The platform that the set is for, if the call is about one.
    pub(crate) fn platform(&self) -> Option<&'a str> {
        let device = self.context.device.as_ref();
        device.map(|device| device.platform.as_str())
    }

    pub(crate) fn error(&mut self, rule: &'static str, says: Says) {
        self.add(Severity::Error, rule, says);
    }

    pub(crate) fn warning(&mut self, rule: &'static str, says: Says) {
        self.add(Severity::Warning, rule, says);
    }

    pub(crate) fn into_findings(self) -> Vec<SetFinding> {
        self.findings
    }

    fn add(&mut self, severity: Severity, rule: &'static str, says: Says) {
        let Says {
            about,
            other,
            mut message,
            hint,
        } = says;
        let count = self.counts.entry(rule).or_default();
        *count += 1;
        if *count == SAME_MAX {
            message.push_str(" (further ones like it are not listed)");
        }
        if *count <= SAME_MAX {
            let mut finding = SetFinding::new(severity, rule, about, message).with_hint(hint);
            finding.other = other;
            self.findings.push(finding);
        }
    }
}
