//! `mooring plugin run`: one call of a plugin, as a server makes it.

mod set;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mooring_author::manifest;
use mooring_author::sample::Sample;
use mooring_author::workshop::Workshop;
use mooring_mdm::finding::{Finding, Severity};
use mooring_plugin::{Call, Context, GeneratedProfile, LogLevel, LogLine, Outcome, Role};
use mooring_server::clock;
use mooring_server::judge::{Judge, Target};
use serde::Serialize;

use super::{component, settings, workshop};
use crate::commands::check::Joint;
use crate::exit::{Exit, UsageError};
use crate::findings;
use crate::output;
use crate::paths;
use crate::text::{clean, count};

pub(super) use set::joint;

/// What a generator derives from if nothing is said.
pub(super) const SEED: &str = "mooring-plugin-run";

/// What `plugin run` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct RunArgs {
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
    /// What is known beside the profile: grade=apple-strict, today=2026-01-31, device.platform=iOS,
    /// device.os-version=18.2, device.supervised=true, device.labels=a,b
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    context: Vec<(String, String)>,
    /// What a generator derives uuids from
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["profile", "set"])]
    seed: Option<String>,
    /// Folder to write the profiles to that a generator makes
    #[arg(long, value_name = "DIR", conflicts_with_all = ["profile", "set"])]
    out: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

impl RunArgs {
    /// A run in passing.
    pub(super) fn new(file: PathBuf, profile: Option<PathBuf>, settings: Option<String>) -> Self {
        Self {
            file,
            profile,
            set: Vec::new(),
            settings,
            context: Vec::new(),
            seed: None,
            out: None,
            json: false,
        }
    }

    /// The same for profiles together.
    pub(super) fn of_set(file: PathBuf, set: Vec<PathBuf>, settings: Option<String>) -> Self {
        Self {
            set,
            ..Self::new(file, None, settings)
        }
    }
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("it has no `=`")?;
    Ok((key.to_owned(), value.to_owned()))
}

/// One call, as JSON.
#[derive(Debug, Serialize)]
struct Report {
    plugin: String,
    digest: String,
    /// `done`, or the rule under which a server reports how the call ended.
    outcome: String,
    findings: Vec<Finding>,
    /// What is wrong with profiles together.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    together: Vec<Joint>,
    profiles: Vec<Made>,
    log: Vec<Line>,
    log_lines_dropped: u64,
    duration_us: u128,
    peak_memory_bytes: usize,
}

/// One profile that was made.
#[derive(Debug, Serialize)]
struct Made {
    key: String,
    bytes: usize,
    /// Where it was written.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// Of the generator, of the host and of its validators.
    findings: Vec<Finding>,
}

/// One line of the log.
#[derive(Debug, Serialize)]
struct Line {
    level: &'static str,
    text: String,
}

/// Makes the call.
pub(super) fn run(args: &RunArgs) -> anyhow::Result<Exit> {
    let context = context(args)?;
    let (path, bytes) = component(&args.file)?;
    let workshop = workshop(&path, &bytes)?;
    let roles = &workshop.plugin().manifest().roles;
    match Asked::of(args.profile.as_deref(), &args.set, roles)? {
        Asked::Profile(profile) => validate(args, &workshop, profile, &context),
        Asked::Set(_) => set::validate(args, &workshop, &context),
        Asked::Nothing => generate(args, &workshop, &context),
    }
}

/// What a plugin is asked about, which is for one of its roles.
#[derive(Debug, Clone, Copy)]
pub(super) enum Asked<'a> {
    /// One profile: for a validator.
    Profile(&'a Path),
    /// Profiles together: for a set validator.
    Set(&'a [PathBuf]),
    /// None: for a generator.
    Nothing,
}

impl<'a> Asked<'a> {
    /// What was named, if the plugin has the role for it.
    pub(super) fn of(
        profile: Option<&'a Path>,
        set: &'a [PathBuf],
        roles: &[Role],
    ) -> Result<Self, UsageError> {
        let (asked, role, message) = match (profile, set) {
            (Some(profile), _) => (
                Self::Profile(profile),
                Role::Validator,
                "the plugin judges no profile on its own",
            ),
            (None, []) => (
                Self::Nothing,
                Role::Generator,
                "there is no profile to judge",
            ),
            (None, [_, ..]) => (
                Self::Set(set),
                Role::SetValidator,
                "the plugin judges no profiles together",
            ),
        };
        if roles.contains(&role) {
            return Ok(asked);
        }
        Err(refused(message, roles))
    }
}

/// What is wrong with the call, and what the plugin's roles take.
fn refused(message: &str, roles: &[Role]) -> UsageError {
    let hint = match roles.first() {
        Some(Role::SetValidator) => "give it profiles of one host: --set FILE|DIR...",
        Some(Role::Generator) => "it makes profiles: leave --profile and --set out",
        Some(Role::Validator) | None => "add --profile FILE",
    };
    UsageError::new(message).with_hint(hint)
}

fn context(args: &RunArgs) -> anyhow::Result<Context> {
    let mut pairs: BTreeMap<String, String> = args.context.iter().cloned().collect();
    // As a server does: a set is judged once for many days, and what is made has to stay the same.
    if args.profile.is_some() {
        pairs.entry("today".to_owned()).or_insert_with(clock::today);
    }
    let mut context = manifest::context(&pairs).map_err(UsageError::new)?;
    context.settings = settings(args.settings.as_deref())?;
    Ok(context)
}

fn validate(
    args: &RunArgs,
    workshop: &Workshop,
    profile: &Path,
    context: &Context,
) -> anyhow::Result<Exit> {
    let bytes = paths::read(profile).map_err(|error| {
        UsageError::new(format!("{} cannot be read: {error}", profile.display()))
    })?;
    let file = profile.display().to_string();
    let sample = match Sample::read(profile, &bytes, context.grade) {
        Ok(sample) => sample,
        Err(finding) => {
            output::data(&(findings::render(&file, &finding) + "\n"))?;
            output::note("the host itself refuses the profile; no plugin is asked about it");
            return Ok(Exit::Findings);
        }
    };
    let plugin = workshop.plugin();
    let call = plugin.validate(&sample.subject(), context, workshop.limits());
    let complaint = call.complaint(plugin.id());
    let mut report = report(workshop, &call, complaint.as_ref());
    report.findings = call.findings(plugin.id());
    findings::sort(&mut report.findings);
    let has_error = has_error(&report.findings);
    show(args, &report, &file)?;
    Ok(match (complaint, has_error) {
        (Some(_), _) => Exit::Failed,
        (None, true) => Exit::Findings,
        (None, false) => Exit::Fine,
    })
}

fn generate(args: &RunArgs, workshop: &Workshop, context: &Context) -> anyhow::Result<Exit> {
    let plugin = workshop.plugin();
    let checked = plugin.check_settings(&context.settings, workshop.limits());
    let complaint = checked.complaint(plugin.id());
    let mut report = report(workshop, &checked, complaint.as_ref());
    report.findings = checked.findings(plugin.id());
    if has_error(&report.findings) {
        show(args, &report, "")?;
        return Ok(if complaint.is_some() {
            Exit::Failed
        } else {
            Exit::Findings
        });
    }
    let seed = args.seed.as_deref().unwrap_or(SEED);
    let call = plugin.generate_twice(seed, context, workshop.limits());
    let complaint = call.complaint(plugin.id());
    let earlier = std::mem::take(&mut report.findings);
    report = self::report(workshop, &call, complaint.as_ref());
    report.findings = earlier;
    report.findings.extend(complaint.clone());
    let made = call.outcome.done().unwrap_or_default();
    report.profiles = judged(args, made)?;
    show(args, &report, "")?;
    let refused = report.profiles.iter().any(|made| has_error(&made.findings));
    Ok(match (complaint, refused) {
        (Some(_), _) => Exit::Failed,
        (None, true) => Exit::Findings,
        (None, false) => Exit::Fine,
    })
}

/// What was made, written where it is wanted, and judged as a server judges it.
fn judged(args: &RunArgs, made: Vec<GeneratedProfile>) -> anyhow::Result<Vec<Made>> {
    let judge = Judge::load().context("the built-in validators cannot be loaded")?;
    let mut all = Vec::new();
    for profile in made {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
        let name: String = profile.key.chars().map(plain).collect();
        let name = PathBuf::from(name + ".mobileconfig");
        let file = args.out.as_ref().map(|folder| folder.join(&name));
        if let Some(file) = &file {
            mooring_author::files::replace(file, &profile.profile)
                .with_context(|| format!("cannot write {}", file.display()))?;
        }
        let today = clock::today();
        let found = judge.check(&name, &profile.profile, &Target::default(), &today);
        all.push(Made {
            bytes: profile.profile.len(),
            key: profile.key,
            file: file.map(|file| file.display().to_string()),
            findings: profile.notes.into_iter().chain(found).collect(),
        });
    }
    Ok(all)
}

fn has_error(findings: &[Finding]) -> bool {
    findings.iter().any(|one| one.severity == Severity::Error)
}

fn report<T>(workshop: &Workshop, call: &Call<T>, complaint: Option<&Finding>) -> Report {
    let plugin = workshop.plugin();
    let line = |line: &LogLine| Line {
        level: match line.level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        },
        text: line.text.clone(),
    };
    debug_assert_eq!(
        complaint.is_none(),
        matches!(call.outcome, Outcome::Done(_))
    );
    Report {
        plugin: format!("{} {}", plugin.id(), plugin.manifest().version),
        digest: plugin.digest().to_string(),
        outcome: complaint.map_or("done", |finding| &finding.rule).to_owned(),
        findings: Vec::new(),
        together: Vec::new(),
        profiles: Vec::new(),
        log: call.log.iter().map(line).collect(),
        log_lines_dropped: call.log_lines_dropped,
        duration_us: call.duration.as_micros(),
        peak_memory_bytes: call.peak_memory_bytes,
    }
}

fn show(args: &RunArgs, report: &Report, file: &str) -> anyhow::Result<()> {
    if args.json {
        output::json(report)?;
        return Ok(());
    }
    for line in &report.log {
        output::note(&format!("log {}: {}", line.level, clean(&line.text)));
    }
    if report.log_lines_dropped > 0 {
        let dropped = count(report.log_lines_dropped, "line");
        output::note(&format!("log: {dropped} over the limit"));
    }
    let mut text = String::new();
    for finding in &report.findings {
        text += &(findings::render(file, finding) + "\n");
    }
    for joint in &report.together {
        text += &(joint.render() + "\n");
    }
    for made in &report.profiles {
        let place = made.file.as_deref().map(|file| format!(" in {file}"));
        let place = clean(&place.unwrap_or_default());
        text.extend([format!(
            "made {}: {} bytes{place}\n",
            clean(&made.key),
            made.bytes
        )]);
        for finding in &made.findings {
            text += &(findings::render(&made.key, finding) + "\n");
        }
    }
    output::data(&text)?;
    output::note(&summary(report));
    Ok(())
}

fn summary(report: &Report) -> String {
    let found = report.findings.iter();
    let found = found.chain(report.profiles.iter().flat_map(|made| &made.findings));
    let found = found.chain(report.together.iter().map(|joint| &joint.finding));
    let errors = found
        .clone()
        .filter(|one| one.severity == Severity::Error)
        .count();
    let warnings = found.filter(|one| one.severity == Severity::Warning);
    format!(
        "{}: {}, {}; {} us, {} KiB of memory",
        report.plugin,
        count(errors, "error"),
        count(warnings.count(), "warning"),
        report.duration_us,
        report.peak_memory_bytes.div_ceil(1024),
    )
}
