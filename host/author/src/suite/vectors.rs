//! The self-tests that a plugin brings.
//!
//! Knows nothing of what they prove. Invariant: a self-test passes only if everything that it expects
//! happens, and nothing else.

use std::path::Path;

use mooring_mdm::finding::Finding;
use mooring_plugin::{Call, Limits, Outcome, Plugin};

use super::{Check, Trial, Verdict, quoted};
use crate::manifest::{ExpectedFailure, SelfTest};
use crate::sample::Sample;
use crate::together;

const GROUP: &str = "self-test";

pub(super) fn run(trial: &Trial<'_>, tests: &[SelfTest], checks: &mut Vec<Check>) {
    if tests.is_empty() {
        let why = "the manifest has no `self_tests`".to_owned();
        checks.push(Check::new(GROUP, "none", Verdict::Skipped(why)));
    }
    for test in tests {
        if trial.is_over(checks) {
            return;
        }
        let verdict = Verdict::of(one(trial.plugin, trial.limits, test).err());
        checks.push(Check::new(GROUP, &*test.name, verdict));
    }
}

fn one(plugin: &Plugin, limits: &Limits, test: &SelfTest) -> Result<(), String> {
    let context = test.context()?;
    if let Some(text) = &test.profile_text {
        let name = Path::new("self-test");
        let sample = Sample::read(name, text.as_bytes(), context.grade)
            .map_err(|finding| format!("the host refuses its profile: {finding}"))?;
        let call = plugin.validate(&sample.subject(), &context, limits);
        return ended(plugin, test, call).and_then(|found| expected(test, &found));
    }
    if !test.profile_texts.is_empty() {
        let name = Path::new("self-test");
        let read = |text: &String| {
            Sample::read(name, text.as_bytes(), context.grade)
                .map_err(|finding| format!("the host refuses a profile of it: {finding}"))
        };
        let samples: Result<Vec<_>, _> = test.profile_texts.iter().map(read).collect();
        let call = together::judge((plugin, limits), &samples?, &context);
        let found = ended(plugin, test, call)?.into_iter();
        return expected(test, &found.map(|one| one.finding).collect::<Vec<_>>());
    }
    if let Some(seed) = &test.seed {
        let call = plugin.generate_twice(seed, &context, limits);
        let made = ended(plugin, test, call)?;
        let keys: Vec<&str> = made.iter().map(|profile| profile.key.as_str()).collect();
        if let Some(wanted) = test.makes.as_ref().filter(|wanted| *wanted != &keys) {
            let (keys, wanted) = (quoted(keys), quoted(wanted));
            return Err(format!("it makes [{keys}] and not [{wanted}]"));
        }
        let notes: Vec<Finding> = made.into_iter().flat_map(|profile| profile.notes).collect();
        return expected(test, &notes);
    }
    if test.profile.is_some() || !test.profiles.is_empty() {
        return Err(
            "its profile is not in the component: build it with `mooring plugin build`".to_owned(),
        );
    }
    let call = plugin.check_settings(&context.settings, limits);
    ended(plugin, test, call).and_then(|found| expected(test, &found))
}

/// The answer of a call that ended as expected; nothing if it was expected to fail and did.
fn ended<T: Default>(plugin: &Plugin, test: &SelfTest, call: Call<T>) -> Result<T, String> {
    let complaint = call.complaint(plugin.id());
    match (call.outcome, test.fails, complaint) {
        (Outcome::Done(answer), None, _) => Ok(answer),
        (Outcome::Failed(failure), Some(wanted), _) if ExpectedFailure::of(&failure) == wanted => {
            Ok(T::default())
        }
        (_, _, Some(complaint)) => Err(complaint.message),
        (_, Some(wanted), None) => Err(format!("it does not fail, and {wanted:?} is expected")),
        (_, None, None) => Err("it ended in an unknown way".to_owned()),
    }
}

/// Whether the findings are those expected, each once, in any order.
fn expected(test: &SelfTest, found: &[Finding]) -> Result<(), String> {
    let mut left: Vec<&Finding> = found.iter().collect();
    for wanted in &test.expect {
        let (rule, line) = wanted.parts();
        let fits = |finding: &&Finding| {
            finding.rule == rule && line.is_none_or(|line| line == finding.line)
        };
        let Some(at) = left.iter().position(fits) else {
            let place = line.map(|line| format!(" at line {line}"));
            let found = quoted(found.iter().map(|one| format!("{}:{}", one.rule, one.line)));
            return Err(format!(
                "`{rule}`{} is expected; it reports [{found}]",
                place.unwrap_or_default()
            ));
        };
        left.swap_remove(at);
    }
    match left.first() {
        Some(finding) => Err(format!("it also reports {finding}")),
        None => Ok(()),
    }
}
