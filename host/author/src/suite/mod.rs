//! What a plugin has to pass: its own self-tests, and what every plugin must withstand.
//!
//! Knows nothing of where a plugin came from. Invariant: a check fails only for what the contract or
//! a server would hold against the plugin, and says what it did.

mod generator;
mod inputs;
mod settings;
mod validator;
mod vectors;

use std::collections::BTreeSet;
use std::fmt;

use mooring_mdm::finding::{Finding, Severity};
use mooring_plugin::{Call, Limits, Outcome, Plugin, PluginId, Role};
use serde::Serialize;

use crate::manifest::SelfTest;
use crate::workshop::{OpenError, Workshop};

/// How a check ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "verdict", content = "why")]
pub enum Verdict {
    /// As it should.
    Passed,
    /// With this against the plugin.
    Failed(String),
    /// There was nothing to check.
    Skipped(String),
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What part of the suite it is of.
    pub group: &'static str,
    /// What it proves.
    pub name: String,
    /// How it ended.
    #[serde(flatten)]
    pub verdict: Verdict,
}

impl Check {
    fn new(group: &'static str, name: impl Into<String>, verdict: Verdict) -> Self {
        Self {
            group,
            name: name.into(),
            verdict,
        }
    }

    /// Whether it counts against the plugin.
    pub fn is_failed(&self) -> bool {
        match self.verdict {
            Verdict::Failed(_) => true,
            Verdict::Passed | Verdict::Skipped(_) => false,
        }
    }
}

impl Verdict {
    /// Failed for the first of the complaints, or passed.
    fn of(complaints: impl IntoIterator<Item = String>) -> Self {
        match complaints.into_iter().next() {
            Some(complaint) => Self::Failed(complaint),
            None => Self::Passed,
        }
    }
}

/// Runs everything that fits the plugin's roles.
///
/// # Errors
/// [`OpenError`] if the host's own validator, which generated profiles have to pass, does not load.
pub fn run(workshop: &Workshop, tests: &[SelfTest]) -> Result<Vec<Check>, OpenError> {
    let mut checks = self_tests(workshop.plugin(), workshop.limits(), tests);
    checks.extend(settings::run(workshop));
    let roles = &workshop.plugin().manifest().roles;
    if roles.contains(&Role::Validator) {
        checks.extend(validator::run(workshop, tests));
    }
    if roles.contains(&Role::Generator) {
        checks.extend(generator::run(workshop, tests)?);
    }
    Ok(checks)
}

/// Runs the plugin's own self-tests, as a server does before it installs the plugin.
pub fn self_tests(plugin: &Plugin, limits: &Limits, tests: &[SelfTest]) -> Vec<Check> {
    vectors::run(plugin, limits, tests)
}

/// What is to be said about a call that did not end well: a plugin may say that it cannot, and
/// nothing else.
fn misbehaved<T>(call: &Call<T>, plugin: &PluginId) -> Option<String> {
    if matches!(call.outcome, Outcome::Done(_) | Outcome::Failed(_)) {
        return None;
    }
    call.complaint(plugin).map(|finding| finding.message)
}

fn is_error(finding: &Finding) -> bool {
    finding.severity == Severity::Error
}

/// The rules of the findings that the manifest does not list.
fn unlisted(findings: &[Finding], workshop: &Workshop) -> BTreeSet<String> {
    let manifest = workshop.plugin().manifest();
    let is_listed = |rule: &str| manifest.rules.iter().any(|entry| entry.id == rule);
    let rules = findings.iter().map(|finding| finding.rule.clone());
    rules.filter(|rule| !is_listed(rule)).collect()
}

/// Names in quotes, for a complaint.
fn quoted<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}
