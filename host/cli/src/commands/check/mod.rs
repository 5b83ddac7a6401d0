//! `mooring check`: validation without a server.
//!
//! Gathers, judges and writes; how a report looks and what a fix does is below. Invariant: nothing
//! is written but a report, unless fixes were asked for.

mod accept;
mod excerpt;
mod explain;
mod fixing;
mod human;
mod machine;
mod mask;
mod report;
mod set;
mod target;

use std::collections::BTreeMap;
use std::io::{self, IsTerminal as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_server::clock;
use mooring_server::findings::settle;
use mooring_server::judge::{Judge, Target};

use self::accept::{Acceptance, Accepted};
use self::report::{CheckedFile, Entry, Report};
pub(crate) use self::report::{Joint, Spot};
use self::target::TargetArgs;
use crate::exit::{Exit, UsageError};
use crate::findings;
use crate::output;
use crate::paths;
use crate::progress;
use crate::text::clean;

/// What `check` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Profiles, or folders that are searched for *.mobileconfig
    #[arg(required_unless_present = "explain", value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Judge a file as it is: a missing identifier or uuid, which an upload is given, is an error
    #[arg(long)]
    strict: bool,
    /// How the report looks: for people, a line for each finding, or for programs
    #[arg(long, value_enum, default_value = "human")]
    format: Format,
    /// Show what is only worth knowing as well; json and sarif always have it
    #[arg(long)]
    info: bool,
    /// Print one JSON object; the same as --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Take a rule in these profiles all the same; .mooring-accept says it for single profiles
    #[arg(long, value_name = "RULE=REASON", value_parser = accept::acceptance)]
    accept: Vec<Acceptance>,
    /// Explain a rule, or list them all
    #[arg(
        long,
        value_name = "RULE",
        num_args = 0..=1,
        default_missing_value = "",
        conflicts_with_all = ["paths", "fix", "set"]
    )]
    explain: Option<String>,
    #[command(flatten)]
    together: SetArgs,
    #[command(flatten)]
    fixing: FixArgs,
    #[command(flatten)]
    target: TargetArgs,
}

/// Whether the files are judged together.
#[derive(Debug, clap::Args)]
struct SetArgs {
    /// Judge the files together as well, as the profiles of one host
    #[arg(long, conflicts_with = "fix")]
    set: bool,
    /// With --set: profiles, or folders with them, that the files take the place of on that host
    #[arg(long, value_name = "FILE|DIR", requires = "set")]
    before: Vec<PathBuf>,
}

/// Whether and where fixes are written.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct FixArgs {
    /// Write what has one safe answer, to NAME.fixed.mobileconfig beside each file
    #[arg(long)]
    fix: bool,
    /// With --fix: write the one fixed file there
    #[arg(long, value_name = "FILE", requires = "fix")]
    output: Option<PathBuf>,
    /// With --fix: write each fixed file in place of what was there
    #[arg(long, requires = "fix", conflicts_with = "output")]
    in_place: bool,
}

/// How a report looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Human,
    Short,
    Json,
    Sarif,
    Github,
}

/// Everything by which files are judged.
struct Bench {
    judge: Judge,
    target: Target,
    today: String,
    accepted: Accepted,
    /// Whether a fixed file could not be written.
    is_failed: bool,
}

/// Checks every file.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let load = || Judge::load().context("the built-in validators cannot be loaded");
    if let Some(rule) = &args.explain {
        let is_json = args.json || args.format == Format::Json;
        return explain::run(&load()?.rules(), rule, is_json);
    }
    let gathered = paths::gather(&args.paths);
    gathered.tell_passed_over();
    if gathered.is_empty() {
        let error = UsageError::new("there is no *.mobileconfig in the folders given");
        let hint = "name the files themselves if theirs end otherwise";
        return Err(error.with_hint(hint).into());
    }
    if args.fixing.output.is_some() && gathered.files.len() > 1 {
        let error = UsageError::new("several files cannot be written to one");
        return Err(error.with_hint("leave --output out").into());
    }
    let target = args.target.load(args.strict)?;
    let mut bench = Bench {
        judge: load()?,
        target,
        // The host tells plugins the day, for certificates that have run out.
        today: clock::today(),
        accepted: Accepted::new(&args.accept),
        is_failed: false,
    };
    let mut report = Report::default();
    for (path, error) in &gathered.unreadable {
        let found = vec![findings::unreadable(error)];
        report.add(CheckedFile::new(path, Vec::new(), found));
    }
    let bar = progress::bar(progress::steps(gathered.files.len()), "checked");
    for path in &gathered.files {
        report.add(match paths::read(path) {
            Ok(bytes) => bench.checked(path, bytes, &args.fixing)?,
            Err(error) => CheckedFile::new(path, Vec::new(), vec![findings::unreadable(&error)]),
        });
        bar.inc(1);
    }
    bar.finish_and_clear();
    if args.together.set {
        let found = set::judge(&mut bench, &report, &args.together.before)?;
        report.add_together(found);
    }
    let format = if args.json { Format::Json } else { args.format };
    let has_all = matches!(format, Format::Json | Format::Sarif);
    if !args.info && !has_all {
        report.hide_info();
    }
    show(&report, format, &bench.judge)?;
    Ok(if bench.is_failed {
        Exit::Failed
    } else {
        report.exit()
    })
}

impl Bench {
    /// Judges one file, and fixes it if that was asked for.
    fn checked(
        &mut self,
        path: &Path,
        bytes: Vec<u8>,
        fixing: &FixArgs,
    ) -> anyhow::Result<CheckedFile> {
        let profile = Profile::parse(&bytes, &ProfileLimits::default()).ok();
        let identifier = profile.and_then(|profile| profile.identifier());
        let identifier = identifier
            .as_ref()
            .map(mooring_mdm::ids::PayloadIdentifier::as_str);
        let accepted = self.accepted.of(path, identifier)?;
        let judge = |bytes: &[u8]| -> Vec<Finding> {
            let found = self.judge.check(path, bytes, &self.target, &self.today);
            settle(found, &BTreeMap::new(), &accepted)
        };
        if !fixing.fix {
            let found = judge(&bytes);
            return Ok(CheckedFile::new(path, bytes, found));
        }
        let name = clean(&path.display().to_string());
        if let Some(obstacle) = fixing::obstacle(&bytes) {
            output::note(&format!("{name} was not fixed: {obstacle}"));
            let found = judge(&bytes);
            return Ok(CheckedFile::new(path, bytes, found));
        }
        let mended = fixing::mend(&bytes, judge);
        let mut checked = CheckedFile::new(path, mended.text, mended.left);
        if mended.fixed.is_empty() {
            output::note(&format!("{name} has nothing with one safe answer"));
            return Ok(checked);
        }
        let destination = fixing::destination(path, fixing);
        let shown = destination.display().to_string();
        if let Err(error) = fixing::write(&destination, &checked.bytes, fixing.in_place) {
            output::note(&format!("{} was not written: {error}", clean(&shown)));
            self.is_failed = true;
            let found = self.judge.check(path, &bytes, &self.target, &self.today);
            let found = settle(found, &BTreeMap::new(), &accepted);
            return Ok(CheckedFile::new(path, bytes, found));
        }
        let fixed = mended.fixed.iter();
        let fixed = fixed.map(|finding| format!("fixed {}", findings::render(&name, finding)));
        output::note(&fixed.collect::<Vec<_>>().join("\n"));
        output::note(&format!("wrote {}", clean(&shown)));
        checked.fixed = mended.fixed;
        checked.file.clone_from(&shown);
        checked.output = Some(shown);
        Ok(checked)
    }
}

fn show(report: &Report, format: Format, judge: &Judge) -> anyhow::Result<()> {
    match format {
        Format::Human => {
            let is_coloured = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
            let text = human::render(report, &judge.rules(), is_coloured)
                .context("the report cannot be written")?;
            output::data(&text)?;
            output::note(&report.summary());
            let is_worse = |one: Entry<'_>| one.finding.severity > Severity::Info;
            if report.all().any(is_worse) {
                output::note("`mooring check --explain RULE` tells more of a rule");
            }
        }
        Format::Short => {
            output::data(&report.short())?;
            output::note(&report.summary());
        }
        Format::Json => output::json(report)?,
        Format::Sarif => output::json(&machine::sarif(report, &judge.rules()))?,
        Format::Github => output::data(&machine::github(report))?,
    }
    Ok(())
}
