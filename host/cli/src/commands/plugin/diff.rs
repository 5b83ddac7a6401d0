//! `mooring plugin diff`: what another version of a validator says of profiles that the first did not,
//! and the other way round. Needs no server.

use std::path::{Path, PathBuf};

use mooring_author::sample::Sample;
use mooring_author::workshop::Workshop;
use mooring_mdm::finding::Finding;
use mooring_plugin::Context;
use mooring_server::clock;
use mooring_server::judge::Grade;
use mooring_server::plugins::difference;
use serde::Serialize;

use super::{component, plan, settings, workshop};
use crate::exit::{Exit, UsageError};
use crate::output;
use crate::paths;
use crate::text::{clean, count};

/// What `plugin diff` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct DiffArgs {
    /// The component that is in use
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The one that is to take its place
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Profiles, or folders that are searched for *.mobileconfig
    #[arg(long, required = true, value_name = "FILE|DIR")]
    profiles: Vec<PathBuf>,
    /// The binding's settings: JSON, or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    settings: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// All differences, as JSON.
#[derive(Debug, Serialize)]
struct Report {
    old: String,
    new: String,
    judged: usize,
    /// Profiles that the host itself refuses: no plugin is asked about them.
    skipped: usize,
    profiles: Vec<Difference>,
}

#[derive(Debug, Serialize)]
struct Difference {
    file: String,
    added: Vec<Finding>,
    removed: Vec<Finding>,
}

/// Compares.
pub(super) fn run(args: &DiffArgs) -> anyhow::Result<Exit> {
    let gathered = paths::gather(&args.profiles);
    if gathered.is_empty() {
        let error = UsageError::new("there is no *.mobileconfig in the folders given");
        return Err(error.with_hint("name the files themselves").into());
    }
    let open = |path: &Path| {
        let (path, bytes) = component(path)?;
        workshop(&path, &bytes)
    };
    let (old, new) = (open(&args.old)?, open(&args.new)?);
    let context = Context {
        settings: settings(args.settings.as_deref())?,
        ..Context::default()
    }
    .on(&clock::today());
    let mut report = Report {
        old: named(&old),
        new: named(&new),
        judged: 0,
        skipped: gathered.unreadable.len(),
        profiles: Vec::new(),
    };
    for path in &gathered.files {
        let sample = paths::read(path).ok();
        let sample = sample.map(|bytes| Sample::read(path, &bytes, Grade::DeviceLenient));
        let Some(Ok(sample)) = sample else {
            report.skipped += 1;
            continue;
        };
        report.judged += 1;
        let says = |workshop: &Workshop| {
            let plugin = workshop.plugin();
            let call = plugin.validate(&sample.subject(), &context, workshop.limits());
            call.findings(plugin.id())
        };
        let (added, removed) = difference(says(&old), says(&new));
        if !added.is_empty() || !removed.is_empty() {
            report.profiles.push(Difference {
                file: path.display().to_string(),
                added,
                removed,
            });
        }
    }
    if args.json {
        output::json(&report)?;
    } else {
        output::data(&render(&report))?;
        output::note(&summary(&report));
    }
    Ok(Exit::Fine)
}

fn named(workshop: &Workshop) -> String {
    let plugin = workshop.plugin();
    format!("{} {}", plugin.id(), plugin.manifest().version)
}

fn render(report: &Report) -> String {
    let profiles = report.profiles.iter();
    let parts = profiles.map(|it| plan::difference(&it.file, &it.added, &it.removed));
    parts.collect()
}

fn summary(report: &Report) -> String {
    let skipped = match report.skipped {
        0 => String::new(),
        skipped => format!("; the host itself refuses {}", count(skipped, "file")),
    };
    format!(
        "{} to {}: {} of {} judged otherwise{skipped}",
        clean(&report.old),
        clean(&report.new),
        report.profiles.len(),
        count(report.judged, "profile")
    )
}
