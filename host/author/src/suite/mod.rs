//! What a plugin has to pass: its own self-tests, and what every plugin must withstand.
//!
//! Knows nothing of where a plugin came from. Invariant: a check fails only for what the contract or
//! a server would hold against the plugin, and says what it did.

mod generator;
mod inputs;
mod set;
mod settings;
mod validator;
mod vectors;

use std::collections::BTreeSet;
use std::fmt;
use std::time::Instant;

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

/// A plugin on trial, and on what terms.
#[derive(Debug, Clone, Copy)]
pub struct Trial<'a> {
    /// Who is tried.
    pub plugin: &'a Plugin,
    /// What each call may cost.
    pub limits: &'a Limits,
    /// The host's own validator, which what a generator makes has to pass. Without it that is not
    /// checked, and said.
    pub structure: Option<&'a Plugin>,
    /// When it ends: a plugin that is not through by then has failed. None for one who waits.
    pub until: Option<Instant>,
}

impl Trial<'_> {
    /// Whether there is no point in going on: somebody who waits wants to know everything, somebody
    /// who does not has enough with the first failure.
    fn is_over(&self, checks: &[Check]) -> bool {
        self.until
            .is_some_and(|until| Instant::now() >= until || checks.iter().any(Check::is_failed))
    }
}

/// Runs everything that fits the plugin's roles.
///
/// # Errors
/// [`OpenError`] if the host's own validator, which generated profiles have to pass, does not load.
pub fn run(workshop: &Workshop, tests: &[SelfTest]) -> Result<Vec<Check>, OpenError> {
    let structure = Workshop::of_program(mooring_builtin::STRUCTURE.component)?;
    let trial = Trial {
        plugin: workshop.plugin(),
        limits: workshop.limits(),
        structure: Some(structure.plugin()),
        until: None,
    };
    Ok(try_out(&trial, tests))
}

/// The same on these terms, as a server does before it installs a plugin.
pub fn try_out(trial: &Trial<'_>, tests: &[SelfTest]) -> Vec<Check> {
    let roles = &trial.plugin.manifest().roles;
    let mut checks = Vec::new();
    vectors::run(trial, tests, &mut checks);
    settings::run(trial, &mut checks);
    if roles.contains(&Role::Validator) {
        validator::run(trial, tests, &mut checks);
    }
    if roles.contains(&Role::Generator) {
        generator::run(trial, tests, &mut checks);
    }
    if roles.contains(&Role::SetValidator) {
        set::run(trial, &mut checks);
    }
    let is_late = trial.until.is_some_and(|until| Instant::now() >= until);
    if is_late && !checks.iter().any(Check::is_failed) {
        let why = "the checks take longer than a server waits".to_owned();
        checks.push(Check::new("time", "ends", Verdict::Failed(why)));
    }
    checks
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
fn unlisted(findings: &[Finding], plugin: &Plugin) -> BTreeSet<String> {
    let manifest = plugin.manifest();
    let is_listed = |rule: &str| manifest.rules.iter().any(|entry| entry.id == rule);
    let rules = findings.iter().map(|finding| finding.rule.clone());
    rules.filter(|rule| !is_listed(rule)).collect()
}

/// Names in quotes, for a complaint.
fn quoted<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| format!("`{name}`")).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anatomy;
    use crate::manifest;

    /// Every plugin that is shipped brings self-tests in the one form that there is, and passes them.
    #[test]
    fn shipped_plugins_pass_their_own_tests() {
        for shipped in mooring_builtin::ALL {
            let workshop = Workshop::of_program(shipped.component).unwrap();
            let json = anatomy::read(shipped.component).manifest.unwrap();
            let tests = manifest::self_tests(&json);
            let tests = tests.unwrap_or_else(|error| panic!("{}: {error:?}", shipped.name));
            assert!(!tests.is_empty(), "{} has no self-tests", shipped.name);
            let trial = Trial {
                plugin: workshop.plugin(),
                limits: workshop.limits(),
                structure: None,
                until: None,
            };
            let mut checks = Vec::new();
            vectors::run(&trial, &tests, &mut checks);
            for check in checks {
                assert_eq!(
                    check.verdict,
                    Verdict::Passed,
                    "{}: {}",
                    shipped.name,
                    check.name
                );
            }
        }
    }

    /// Where somebody does not wait, the first failure is the last check, and time that is up is one.
    #[test]
    fn the_first_failure_is_enough() {
        let workshop = Workshop::of_program(mooring_builtin::BASELINE.component).unwrap();
        let wrong = r#"{"id":"x","version":"1","contract":"0.1.0","roles":["generator"],
            "self_tests":[{"name":"a","settings":{"x":1}},{"name":"b","settings":{"y":1}}]}"#;
        let tests = manifest::self_tests(wrong.as_bytes()).unwrap();
        let trial = |until| Trial {
            plugin: workshop.plugin(),
            limits: workshop.limits(),
            structure: None,
            until,
        };
        let failed = |checks: &[Check]| checks.iter().filter(|check| check.is_failed()).count();
        assert_eq!(failed(&try_out(&trial(None), &tests)), 2);
        let later = Instant::now() + std::time::Duration::from_mins(10);
        let checks = try_out(&trial(Some(later)), &tests);
        assert_eq!((checks.len(), failed(&checks)), (1, 1));
        let checks = try_out(&trial(Some(Instant::now())), &tests);
        assert_eq!((checks.len(), failed(&checks)), (1, 1));
        assert_eq!(checks[0].group, "time");
    }
}
