//! What every validator must withstand, and what its answers must be like.
//!
//! Knows nothing of what the plugin judges. Invariant: the same inputs go to every validator, with
//! the payload types that it names.

use std::path::Path;

use mooring_mdm::finding::Finding;
use mooring_plugin::{Context, Failure, Grade, Outcome, Plugin};

use super::inputs::{self, Input};
use super::settings::ODD;
use super::{Check, Trial, Verdict, misbehaved, quoted, unlisted};
use crate::manifest::SelfTest;
use crate::sample::Sample;

const GROUP: &str = "validator";

/// What no text begins with: as a signed file does.
const SIGNED: &[u8] = &[0x30, 0x82, 0xff, 0xfe, 0x00, 0x80];

/// What the plugin said so far, of all inputs together.
#[derive(Default)]
struct Seen {
    findings: Vec<Finding>,
    /// The first two answers that differ.
    unsteady: Option<String>,
    /// The first finding about a node that is not there.
    misplaced: Option<String>,
}

pub(super) fn run(trial: &Trial<'_>, tests: &[SelfTest], checks: &mut Vec<Check>) {
    let mut seen = Seen::default();
    for input in inputs::all(&trial.plugin.manifest().payload_types) {
        if trial.is_over(checks) {
            return;
        }
        let verdict = withstand(trial, &input, &mut seen);
        let name = format!("withstands {}", input.name);
        checks.push(Check::new(GROUP, name, verdict));
    }
    if trial.is_over(checks) {
        return;
    }
    for sample in samples(tests) {
        let context = Context::default();
        let call = trial
            .plugin
            .validate(&sample.subject(), &context, trial.limits);
        seen.findings
            .extend(call.outcome.done().unwrap_or_default());
        seen.look_for_misplaced(trial, &sample, "the profile of a self-test");
    }
    let consistent = Verdict::of(inconsistent(trial, tests));
    for (name, verdict) in [
        (
            "answers alike when asked alike",
            Verdict::of(seen.unsteady.take()),
        ),
        ("lists its rules", listed(trial.plugin, &seen.findings)),
        ("says what is wrong", worded(&seen.findings)),
        (
            "points at nodes that exist",
            Verdict::of(seen.misplaced.take()),
        ),
        ("takes the settings that it accepted", consistent),
    ] {
        checks.push(Check::new(GROUP, name, verdict));
    }
}

impl Seen {
    fn look_for_misplaced(&mut self, trial: &Trial<'_>, sample: &Sample, name: &str) {
        if self.misplaced.is_some() {
            return;
        }
        let context = Context::default();
        let call = trial
            .plugin
            .misplaced(&sample.subject(), &context, trial.limits);
        let lost = call.outcome.done().unwrap_or_default().into_iter().next();
        self.misplaced = lost.map(|finding| {
            let rule = finding.rule;
            format!("a finding of `{rule}` is about a node that {name} does not have")
        });
    }
}

/// One input, twice in each grade.
fn withstand(trial: &Trial<'_>, input: &Input, seen: &mut Seen) -> Verdict {
    let read = Sample::read(Path::new("x"), input.xml.as_bytes(), Grade::AppleStrict);
    let mut sample = match read {
        Ok(sample) => sample,
        Err(finding) => return Verdict::Skipped(format!("the host refuses it: {finding}")),
    };
    if input.is_signed {
        sample = sample.with_bytes(SIGNED.to_vec());
    }
    let plugin = trial.plugin;
    for grade in [Grade::DeviceLenient, Grade::AppleStrict] {
        let context = Context {
            grade,
            ..Context::default()
        };
        let call = || plugin.validate(&sample.subject(), &context, trial.limits);
        let first = call();
        if let Some(complaint) = misbehaved(&first, plugin.id()) {
            return Verdict::Failed(complaint);
        }
        let second = call();
        if let Some(complaint) = misbehaved(&second, plugin.id()) {
            return Verdict::Failed(complaint);
        }
        if first.outcome != second.outcome {
            let differ = || format!("two answers differ for {}", input.name);
            seen.unsteady.get_or_insert_with(differ);
        }
        if let Outcome::Done(found) = first.outcome {
            seen.findings.extend(found);
        }
    }
    seen.look_for_misplaced(trial, &sample, input.name);
    Verdict::Passed
}

/// The profiles that the self-tests bring.
fn samples(tests: &[SelfTest]) -> impl Iterator<Item = Sample> {
    tests.iter().filter_map(|test| {
        let text = test.profile_text.as_ref()?;
        Sample::read(Path::new("x"), text.as_bytes(), Grade::DeviceLenient).ok()
    })
}

fn listed(plugin: &Plugin, seen: &[Finding]) -> Verdict {
    if seen.is_empty() {
        return Verdict::Skipped("it found nothing in any of the profiles".to_owned());
    }
    let strange = unlisted(seen, plugin);
    if strange.is_empty() {
        return Verdict::Passed;
    }
    let strange = quoted(strange);
    Verdict::Failed(format!("the manifest does not list the rules {strange}"))
}

fn worded(seen: &[Finding]) -> Verdict {
    let silent = seen
        .iter()
        .find(|finding| finding.message.trim().is_empty());
    Verdict::of(silent.map(|finding| format!("a finding of `{}` has no text", finding.rule)))
}

/// Settings that were accepted when they were saved and then refused when they were needed.
fn inconsistent(trial: &Trial<'_>, tests: &[SelfTest]) -> Option<String> {
    let plugin = trial.plugin;
    let empty = || {
        let input = inputs::all(&[]).into_iter().next()?;
        Sample::read(Path::new("x"), input.xml.as_bytes(), Grade::AppleStrict).ok()
    };
    let sample = samples(tests).next().or_else(empty)?;
    ODD.iter().find_map(|(what, text)| {
        let checked = plugin.check_settings(text, trial.limits);
        let Outcome::Done(found) = checked.outcome else {
            return None;
        };
        if found.iter().any(super::is_error) {
            return None;
        }
        let context = Context {
            settings: (*text).to_owned(),
            ..Context::default()
        };
        let call = plugin.validate(&sample.subject(), &context, trial.limits);
        if let Some(complaint) = misbehaved(&call, plugin.id()) {
            return Some(format!("with settings that are {what}: {complaint}"));
        }
        let Outcome::Failed(Failure::BadSettings(why)) = call.outcome else {
            return None;
        };
        Some(format!(
            "`check_settings` accepts settings that are {what}, and `validate` does not: {why}"
        ))
    })
}
