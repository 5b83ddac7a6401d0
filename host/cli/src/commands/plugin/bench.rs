//! `mooring plugin bench`: how long a plugin's calls take.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use mooring_author::bench::{self, Figures, Load, Rounds, Spread};
use mooring_author::workshop::Workshop;
use mooring_plugin::Context;
use serde::Serialize;

use super::run::{Asked, SEED};
use super::{component, settings, workshop};
use crate::exit::{Exit, UsageError};
use crate::output;
use crate::paths;
use crate::text::{Table, pairs};

/// Longest that profiles are judged or made again and again.
const TIME_MAX: Duration = Duration::from_secs(20);

/// What `plugin bench` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// A component, or the folder of a plugin, which is built first
    #[arg(value_name = "FILE|DIR")]
    file: PathBuf,
    /// Profile to judge; without one a generator makes profiles
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Profiles that a set validator judges together, or folders that are searched for them
    #[arg(long, value_name = "FILE|DIR", num_args = 1.., conflicts_with = "profile")]
    set: Vec<PathBuf>,
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
    #[serde(flatten)]
    figures: Figures,
}

/// Measures.
pub(super) fn run(args: &BenchArgs) -> anyhow::Result<Exit> {
    let context = Context {
        settings: settings(args.settings.as_deref())?,
        ..Context::default()
    };
    let (path, bytes) = component(&args.file)?;
    let workshop = workshop(&path, &bytes)?;
    let roles = &workshop.plugin().manifest().roles;
    let asked = Asked::of(args.profile.as_deref(), &args.set, roles)?;
    let files = profiles(asked)?;
    let counting = Workshop::counting(&bytes)?;
    let rounds = Rounds {
        calls: usize::try_from(args.calls)?,
        time_max: TIME_MAX,
    };
    let load = match (asked, files.as_slice()) {
        (Asked::Nothing, _) => Load::Make(SEED),
        (Asked::Profile(_), [file]) => Load::Profile(file),
        (Asked::Profile(_) | Asked::Set(_), files) => Load::Set(files),
    };
    let figures = bench::measure((&workshop, &counting), load, &context, rounds)?;
    let plugin = workshop.plugin();
    let report = Report {
        plugin: format!("{} {}", plugin.id(), plugin.manifest().version),
        digest: plugin.digest().to_string(),
        component_bytes: bytes.len(),
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

/// The profiles to judge: one, or those of a set; a generator judges none.
fn profiles(asked: Asked<'_>) -> Result<Vec<(PathBuf, Vec<u8>)>, UsageError> {
    let unreadable = |path: &Path, error: &io::Error| {
        UsageError::new(format!("{} cannot be read: {error}", path.display()))
    };
    let named = match asked {
        Asked::Nothing => return Ok(Vec::new()),
        Asked::Profile(profile) => BTreeSet::from([profile.to_owned()]),
        Asked::Set(named) => {
            let gathered = paths::gather(named);
            if let Some((path, error)) = gathered.unreadable.first() {
                return Err(unreadable(path, error));
            }
            gathered.files
        }
    };
    let read = named.iter().map(|path| match paths::read(path) {
        Ok(bytes) => Ok((path.clone(), bytes)),
        Err(error) => Err(unreadable(path, &error)),
    });
    let files: Vec<_> = read.collect::<Result<_, _>>()?;
    if files.is_empty() {
        return Err(UsageError::new(
            "there is no *.mobileconfig in the folders given",
        ));
    }
    Ok(files)
}

fn render(report: &Report) -> String {
    let figures = &report.figures;
    let mut table = Table::new(["", "MEDIAN", "FASTEST", "95 %"]);
    let mut row = |name: &str, spread: &Spread| {
        let times = [spread.median_us, spread.min_us, spread.p95_us];
        let times = times.map(|time| format!("{time:.1} us"));
        table.row([name.to_owned()].into_iter().chain(times));
    };
    let read = match figures.made {
        Some(_) => "the host reads what is made",
        None => "the host reads the same input",
    };
    row(read, &figures.parse);
    row("a call in a fresh instance", &figures.call);
    let pairs = pairs(&[
        (
            "ratio",
            format!("{:.2} to {}", figures.ratio, figures.reference),
        ),
        ("instructions", figures.instructions.to_string()),
        ("calls", figures.calls.to_string()),
        match figures.made {
            Some(made) => ("profiles made", made.to_string()),
            None => ("findings", figures.findings.to_string()),
        },
        (
            "peak memory",
            format!("{} KiB", figures.peak_memory_bytes.div_ceil(1024)),
        ),
        ("component", format!("{} bytes", report.component_bytes)),
        ("profiles", format!("{} bytes", figures.profile_bytes)),
    ]);
    format!("{}\n{}{pairs}", report.plugin, table.render("  "))
}
