//! One call of a set validator.
//!
//! Knows nothing of what the plugin looks for. Invariant: a profile that the host itself refuses ends
//! the run, since a server would never have it.

use std::path::Path;

use mooring_author::sample::Sample;
use mooring_author::together;
use mooring_author::workshop::Workshop;
use mooring_mdm::finding::Severity;
use mooring_plugin::{Context, SetFinding};

use super::{RunArgs, report, show};
use crate::commands::check::{Joint, Spot};
use crate::exit::{Exit, UsageError};
use crate::findings;
use crate::output;
use crate::paths;

/// Has it judge the profiles together.
pub(super) fn validate(
    args: &RunArgs,
    workshop: &Workshop,
    context: &Context,
) -> anyhow::Result<Exit> {
    let gathered = paths::gather(&args.set);
    if let Some((path, error)) = gathered.unreadable.first() {
        return Err(unreadable(path, error).into());
    }
    if gathered.files.is_empty() {
        let error = UsageError::new("there is no *.mobileconfig in the folders given");
        return Err(error.with_hint("name the files themselves").into());
    }
    let (mut names, mut samples) = (Vec::new(), Vec::new());
    for path in &gathered.files {
        let bytes = paths::read(path).map_err(|error| unreadable(path, &error))?;
        let name = path.display().to_string();
        match Sample::read(path, &bytes, context.grade) {
            Ok(sample) => samples.push(sample),
            Err(finding) => {
                output::data(&(findings::render(&name, &finding) + "\n"))?;
                output::note("the host itself refuses the profile; no plugin is asked about it");
                return Ok(Exit::Findings);
            }
        }
        names.push(name);
    }
    let plugin = workshop.plugin();
    let call = together::judge((plugin, workshop.limits()), &samples, context);
    let complaint = call.complaint(plugin.id());
    let mut report = report(workshop, &call, complaint.as_ref());
    report.findings.extend(complaint.clone());
    let found = call.outcome.done().unwrap_or_default().into_iter();
    report.together = found.map(|one| joint(&names, &samples, one)).collect();
    let mut joints = report.together.iter();
    let has_error = joints.any(|joint| joint.finding.severity == Severity::Error);
    show(args, &report, "")?;
    Ok(match (complaint, has_error) {
        (Some(_), _) => Exit::Failed,
        (None, true) => Exit::Findings,
        (None, false) => Exit::Fine,
    })
}

/// One statement with the names of its files.
pub(in crate::commands::plugin) fn joint(
    names: &[String],
    samples: &[Sample],
    found: SetFinding,
) -> Joint {
    let spot = |spot| {
        let (at, line, column) = together::place(samples, spot)?;
        let file = names.get(at)?.clone();
        Some(Spot { file, line, column })
    };
    Joint {
        file: spot(found.about).map(|spot| spot.file),
        other: found.other.and_then(spot),
        finding: found.finding,
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> UsageError {
    UsageError::new(format!("{} cannot be read: {error}", path.display()))
}
