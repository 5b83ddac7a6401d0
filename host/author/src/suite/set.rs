//! What every set validator must withstand.
//!
//! Knows nothing of what the plugin looks for. Invariant: each set is judged twice.

use std::path::Path;

use mooring_mdm::finding::Finding;
use mooring_plugin::{Context, Grade};

use super::{Check, Trial, Verdict, inputs, misbehaved, quoted, unlisted};
use crate::sample::Sample;
use crate::together;

const GROUP: &str = "set-validator";

pub(super) fn run(trial: &Trial<'_>, checks: &mut Vec<Check>) {
    let types = &trial.plugin.manifest().payload_types;
    let read = |input: inputs::Input| {
        Sample::read(Path::new("x"), input.xml.as_bytes(), Grade::AppleStrict).ok()
    };
    let odd: Vec<Sample> = inputs::all(types).into_iter().filter_map(read).collect();
    let mut seen: Vec<Finding> = Vec::new();
    let mut unsteady = None;
    for (name, samples) in [
        ("withstands no profiles", &odd[..0]),
        ("withstands an empty profile", &odd[..1]),
        ("withstands every odd profile at once", &odd[..]),
    ] {
        if trial.is_over(checks) {
            return;
        }
        let call = || together::judge((trial.plugin, trial.limits), samples, &Context::default());
        let (first, second) = (call(), call());
        if first.outcome != second.outcome {
            unsteady.get_or_insert_with(|| format!("two answers differ for a check ({name})"));
        }
        checks.push(Check::new(
            GROUP,
            name,
            Verdict::of(misbehaved(&first, trial.plugin.id())),
        ));
        let found = first.outcome.done().unwrap_or_default();
        seen.extend(found.into_iter().map(|one| one.finding));
    }
    let strange = unlisted(&seen, trial.plugin);
    let strange = (!strange.is_empty())
        .then(|| format!("the manifest does not list the rules {}", quoted(strange)));
    for (name, complaint) in [
        ("answers alike when asked alike", unsteady),
        ("lists its rules", strange),
    ] {
        checks.push(Check::new(GROUP, name, Verdict::of(complaint)));
    }
}
