//! What every validator must withstand, and what its answers must be like.
//!
//! Knows nothing of what the plugin judges. Invariant: the same inputs go to every validator, with
//! the payload types that it names.

use std::path::Path;

use mooring_mdm::finding::Finding;
use mooring_plugin::{Context, Failure, Grade, Outcome};

use super::inputs::{self, Input};
use super::settings::ODD;
use super::{Check, Verdict, misbehaved, quoted, unlisted};
use crate::manifest::SelfTest;
use crate::sample::Sample;
use crate::workshop::Workshop;

const GROUP: &str = "validator";

/// What no text begins with: as a signed file does.
const SIGNED: &[u8] = &[0x30, 0x82, 0xff, 0xfe, 0x00, 0x80];

pub(super) fn run(workshop: &Workshop, tests: &[SelfTest]) -> Vec<Check> {
    let mut checks = Vec::new();
    let mut seen: Vec<Finding> = Vec::new();
    let mut unsteady = None;
    for input in inputs::all(&workshop.plugin().manifest().payload_types) {
        let verdict = withstand(workshop, &input, &mut seen, &mut unsteady);
        checks.push(Check::new(
            GROUP,
            format!("withstands {}", input.name),
            verdict,
        ));
    }
    for sample in samples(tests) {
        if let Outcome::Done(found) = judged(workshop, &sample, &Context::default()) {
            seen.extend(found);
        }
    }
    let same = Verdict::of(unsteady);
    checks.push(Check::new(GROUP, "answers alike when asked alike", same));
    checks.push(Check::new(
        GROUP,
        "lists its rules",
        listed(workshop, &seen),
    ));
    checks.push(Check::new(GROUP, "says what is wrong", worded(&seen)));
    let consistent = Verdict::of(inconsistent(workshop, tests));
    checks.push(Check::new(
        GROUP,
        "takes the settings that it accepted",
        consistent,
    ));
    checks
}

/// One input, twice in each grade.
fn withstand(
    workshop: &Workshop,
    input: &Input,
    seen: &mut Vec<Finding>,
    unsteady: &mut Option<String>,
) -> Verdict {
    let read = Sample::read(Path::new("x"), input.xml.as_bytes(), Grade::AppleStrict);
    let mut sample = match read {
        Ok(sample) => sample,
        Err(finding) => return Verdict::Skipped(format!("the host refuses it: {finding}")),
    };
    if input.is_signed {
        sample = sample.with_bytes(SIGNED.to_vec());
    }
    let plugin = workshop.plugin();
    for grade in [Grade::DeviceLenient, Grade::AppleStrict] {
        let context = Context {
            grade,
            ..Context::default()
        };
        let call = || plugin.validate(&sample.subject(), &context, workshop.limits());
        let (first, second) = (call(), call());
        let bad = misbehaved(&first, plugin.id()).or_else(|| misbehaved(&second, plugin.id()));
        if let Some(complaint) = bad {
            return Verdict::Failed(complaint);
        }
        if first.outcome != second.outcome {
            unsteady.get_or_insert_with(|| format!("two answers differ for {}", input.name));
        }
        if let Outcome::Done(found) = first.outcome {
            seen.extend(found);
        }
    }
    Verdict::Passed
}

/// The profiles that the self-tests bring.
fn samples(tests: &[SelfTest]) -> impl Iterator<Item = Sample> {
    tests.iter().filter_map(|test| {
        let text = test.profile_text.as_ref()?;
        Sample::read(Path::new("x"), text.as_bytes(), Grade::DeviceLenient).ok()
    })
}

fn judged(workshop: &Workshop, sample: &Sample, context: &Context) -> Outcome<Vec<Finding>> {
    let plugin = workshop.plugin();
    plugin
        .validate(&sample.subject(), context, workshop.limits())
        .outcome
}

fn listed(workshop: &Workshop, seen: &[Finding]) -> Verdict {
    if seen.is_empty() {
        return Verdict::Skipped("it found nothing in any of the profiles".to_owned());
    }
    let strange = unlisted(seen, workshop);
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
fn inconsistent(workshop: &Workshop, tests: &[SelfTest]) -> Option<String> {
    let plugin = workshop.plugin();
    let empty = || {
        let input = inputs::all(&[]).into_iter().next()?;
        Sample::read(Path::new("x"), input.xml.as_bytes(), Grade::AppleStrict).ok()
    };
    let sample = samples(tests).next().or_else(empty)?;
    ODD.iter().find_map(|(what, text)| {
        let checked = plugin.check_settings(text, workshop.limits());
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
        let call = plugin.validate(&sample.subject(), &context, workshop.limits());
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
