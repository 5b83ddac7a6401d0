//! `mooring plugin bench`: how long a plugin's calls take.

use std::path::PathBuf;
use std::time::Duration;

use mooring_author::bench::{self, Figures, Rounds, Spread};
use mooring_author::workshop::Workshop;
use mooring_plugin::Context;
use serde::Serialize;

use super::{component, settings, workshop};
use crate::exit::{Exit, UsageError};
use crate::output;
use crate::paths;
use crate::text::{Table, pairs};

/// Longest that a profile is judged again and again.
const TIME_MAX: Duration = Duration::from_secs(20);

/// What `plugin bench` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// A component, or the folder of a plugin, which is built first
    #[arg(value_name = "FILE|DIR")]
    file: PathBuf,
    /// Profile to judge
    #[arg(long, value_name = "FILE")]
    profile: PathBuf,
    /// The binding's settings: JSON, or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    settings: Option<String>,
    /// Calls to measure
    #[arg(long, value_name = "N", default_value = "500", value_parser = clap::value_parser!(u32).range(3..=100_000))]
    calls: u32,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// The figures with what they are of, as JSON.
#[derive(Debug, Serialize)]
struct Report {
    plugin: String,
    digest: String,
    component_bytes: usize,
    profile_bytes: usize,
    #[serde(flatten)]
    figures: Figures,
}

/// Measures.
pub(super) fn run(args: &BenchArgs) -> anyhow::Result<Exit> {
    let context = Context {
        settings: settings(args.settings.as_deref())?,
        ..Context::default()
    };
    let profile = paths::read(&args.profile).map_err(|error| {
        UsageError::new(format!(
            "{} cannot be read: {error}",
            args.profile.display()
        ))
    })?;
    let (path, bytes) = component(&args.file)?;
    let workshop = workshop(&path, &bytes)?;
    let counting = Workshop::counting(&bytes)?;
    let rounds = Rounds {
        calls: usize::try_from(args.calls)?,
        time_max: TIME_MAX,
    };
    let figures = bench::measure(
        (&workshop, &counting),
        (&args.profile, &profile),
        &context,
        rounds,
    )?;
    let plugin = workshop.plugin();
    let report = Report {
        plugin: format!("{} {}", plugin.id(), plugin.manifest().version),
        digest: plugin.digest().to_string(),
        component_bytes: bytes.len(),
        profile_bytes: profile.len(),
        figures,
    };
    if args.json {
        output::json(&report)?;
    } else {
        output::data(&render(&report))?;
        if cfg!(debug_assertions) {
            output::note("this is a build for development: only a release build's figures count");
        }
    }
    Ok(Exit::Fine)
}

fn render(report: &Report) -> String {
    let figures = &report.figures;
    let mut table = Table::new(["", "MEDIAN", "FASTEST", "95 %"]);
    let mut row = |name: &str, spread: &Spread| {
        let times = [spread.median_us, spread.min_us, spread.p95_us];
        let times = times.map(|time| format!("{time:.1} us"));
        table.row([name.to_owned()].into_iter().chain(times));
    };
    row("the host reads the profile", &figures.parse);
    row("a call in a fresh instance", &figures.call);
    let pairs = pairs(&[
        (
            "ratio",
            format!("{:.2} to {}", figures.ratio, figures.reference),
        ),
        ("instructions", figures.instructions.to_string()),
        ("calls", figures.calls.to_string()),
        ("findings", figures.findings.to_string()),
        (
            "peak memory",
            format!("{} KiB", figures.peak_memory_bytes.div_ceil(1024)),
        ),
        ("component", format!("{} bytes", report.component_bytes)),
        ("profile", format!("{} bytes", report.profile_bytes)),
    ]);
    format!("{}\n{}{pairs}", report.plugin, table.render("  "))
}
