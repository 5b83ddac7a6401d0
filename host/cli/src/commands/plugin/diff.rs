//! `mooring plugin diff`: what another version of a plugin says of profiles, or makes, that the
//! first did not, and the other way round. Needs no server.
//!
//! Invariants: both are asked in every role that they share; a call that did not end well is never
//! taken for an answer.

mod made;
mod together;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use mooring_author::sample::Sample;
use mooring_author::workshop::Workshop;
use mooring_mdm::finding::Finding;
use mooring_plugin::{Call, Context, Limits, Plugin, Role};
use mooring_server::clock;
use mooring_server::judge::Grade;
use mooring_server::plugins::difference;
use serde::Serialize;

use self::made::Made;
use self::together::Together;
use super::{component, plan, settings, workshop};
use crate::exit::{Exit, UsageError};
use crate::findings;
use crate::output;
use crate::paths;
use crate::text::{clean, count};

/// The roles, in the order in which they are compared.
const ROLES: [Role; 3] = [Role::Validator, Role::SetValidator, Role::Generator];

/// What `plugin diff` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct DiffArgs {
    /// The component that is in use
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The one that is to take its place
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// Profiles, or folders that are searched for *.mobileconfig: a validator judges each, a set
    /// validator all of them together, and a generator needs none
    #[arg(long, value_name = "FILE|DIR")]
    profiles: Vec<PathBuf>,
    /// The binding's settings: JSON, or @FILE
    #[arg(long, value_name = "JSON|@FILE")]
    settings: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// All differences, as JSON.
#[derive(Debug, Default, Serialize)]
struct Report {
    old: String,
    new: String,
    /// The roles in which both were asked.
    roles: Vec<String>,
    /// The roles that only one of them has: nothing is compared there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    only_one: Vec<String>,
    /// What they find in the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<Difference>,
    judged: usize,
    /// Profiles that the host itself refuses: no plugin is asked about them.
    skipped: usize,
    profiles: Vec<Difference>,
    #[serde(skip_serializing_if = "Option::is_none")]
    together: Option<Together>,
    #[serde(skip_serializing_if = "Option::is_none")]
    made: Option<Made>,
    /// Calls that did not end well: what they are about is not compared.
    failed: Vec<Failed>,
}

impl Report {
    /// Whether something was compared in every role, and every call ended well.
    fn is_whole(&self) -> bool {
        let is_judge = |role: &String| *role != Role::Generator.to_string();
        let judges_nothing = self.judged == 0 && self.roles.iter().any(is_judge);
        let makes_nothing = self.made.as_ref().is_some_and(Made::is_nothing);
        self.failed.is_empty() && !judges_nothing && !(makes_nothing && self.judged == 0)
    }
}

/// Findings that only one of the two has.
#[derive(Debug, Serialize)]
struct Difference {
    file: String,
    added: Vec<Finding>,
    removed: Vec<Finding>,
}

impl Difference {
    /// What differs, if anything does.
    fn of(file: &str, old: Vec<Finding>, new: Vec<Finding>) -> Option<Self> {
        let (added, removed) = difference(old, new);
        (!added.is_empty() || !removed.is_empty()).then(|| Self {
            file: file.to_owned(),
            added,
            removed,
        })
    }

    fn render(&self) -> String {
        plan::difference(&self.file, &self.added, &self.removed)
    }
}

/// One of the two.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Whose {
    Old,
    New,
}

/// A call that did not end well.
#[derive(Debug, Serialize)]
struct Failed {
    whose: Whose,
    about: String,
    finding: Finding,
}

/// Two versions of a plugin, and what both are told.
struct Pair {
    old: Workshop,
    new: Workshop,
    context: Context,
}

impl Pair {
    /// What the old one and the new one answer, if both do.
    fn ask<T>(
        &self,
        about: &str,
        failed: &mut Vec<Failed>,
        call: impl Fn(&Plugin, &Limits) -> Call<T>,
    ) -> Option<(T, T)> {
        let mut answer = |whose, workshop: &Workshop| {
            let plugin = workshop.plugin();
            let call = call(plugin, workshop.limits());
            let complaint = call.complaint(plugin.id());
            failed.extend(complaint.map(|finding| Failed {
                whose,
                about: about.to_owned(),
                finding,
            }));
            call.outcome.done()
        };
        let old = answer(Whose::Old, &self.old);
        let new = answer(Whose::New, &self.new);
        Some((old?, new?))
    }

    /// How many of the two have a role.
    fn having(&self, role: Role) -> usize {
        let both = [&self.old, &self.new].into_iter();
        both.filter(|one| one.plugin().manifest().roles.contains(&role))
            .count()
    }

    /// The roles that as many of them have.
    fn roles(&self, having: usize) -> Vec<Role> {
        let roles = ROLES.into_iter();
        roles.filter(|role| self.having(*role) == having).collect()
    }
}

/// Compares.
pub(super) fn run(args: &DiffArgs) -> anyhow::Result<Exit> {
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
    let pair = Pair { old, new, context };
    let roles = pair.roles(2);
    if roles.is_empty() {
        let error = UsageError::new("the two have no role in common");
        return Err(error.with_hint("compare two versions of one plugin").into());
    }
    let mut report = Report {
        old: named(&pair.old),
        new: named(&pair.new),
        roles: roles.iter().map(Role::to_string).collect(),
        only_one: pair.roles(1).iter().map(Role::to_string).collect(),
        ..Report::default()
    };
    let about = "the settings";
    let answers = pair.ask(about, &mut report.failed, |plugin, limits| {
        plugin.check_settings(&pair.context.settings, limits)
    });
    report.settings = answers.and_then(|(old, new)| Difference::of(about, old, new));
    if roles != [Role::Generator] {
        judge(args, &pair, &roles, &mut report)?;
    } else if !args.profiles.is_empty() {
        output::note("generators judge no profiles: those of --profiles are not looked at");
    }
    if roles.contains(&Role::Generator) {
        report.made = made::compare(&pair, &mut report.failed);
    }
    if args.json {
        output::json(&report)?;
    } else {
        output::data(&render(&report))?;
        output::note(&summary(&report));
    }
    Ok(if report.is_whole() {
        Exit::Fine
    } else {
        Exit::Failed
    })
}

/// Has both judge the profiles, each alone or all together.
fn judge(
    args: &DiffArgs,
    pair: &Pair,
    roles: &[Role],
    report: &mut Report,
) -> Result<(), UsageError> {
    if args.profiles.is_empty() {
        let error = UsageError::new("there is no profile to judge");
        return Err(error.with_hint("add --profiles FILE|DIR"));
    }
    let gathered = paths::gather(&args.profiles);
    if gathered.is_empty() {
        let error = UsageError::new("there is no *.mobileconfig in the folders given");
        return Err(error.with_hint("name the files themselves"));
    }
    report.skipped = gathered.unreadable.len();
    let (mut names, mut samples) = (Vec::new(), Vec::new());
    for path in &gathered.files {
        let sample = paths::read(path).ok();
        let sample = sample.map(|bytes| Sample::read(path, &bytes, Grade::DeviceLenient));
        if let Some(Ok(sample)) = sample {
            names.push(path.display().to_string());
            samples.push(sample);
        } else {
            report.skipped += 1;
        }
    }
    report.judged = samples.len();
    if roles.contains(&Role::Validator) {
        for (name, sample) in names.iter().zip(&samples) {
            let answers = pair.ask(name, &mut report.failed, |plugin, limits| {
                plugin.validate(&sample.subject(), &pair.context, limits)
            });
            let found = answers.and_then(|(old, new)| Difference::of(name, old, new));
            report.profiles.extend(found);
        }
    }
    if roles.contains(&Role::SetValidator) && !samples.is_empty() {
        report.together = together::compare(pair, (&names, &samples), &mut report.failed);
    }
    Ok(())
}

fn named(workshop: &Workshop) -> String {
    let plugin = workshop.plugin();
    format!("{} {}", plugin.id(), plugin.manifest().version)
}

fn render(report: &Report) -> String {
    let found = report.settings.iter().chain(&report.profiles);
    let mut text: String = found.map(Difference::render).collect();
    if let Some(together) = &report.together {
        text += &together.render();
    }
    if let Some(made) = &report.made {
        text += &made.render();
    }
    for failed in &report.failed {
        let whose = match failed.whose {
            Whose::Old => "old",
            Whose::New => "new",
        };
        let finding = findings::render("", &failed.finding);
        let _ = writeln!(text, "{}: the {whose} one: {finding}", clean(&failed.about));
    }
    text
}

fn summary(report: &Report) -> String {
    let mut parts = Vec::new();
    if report.roles.contains(&Role::Validator.to_string()) {
        let judged = count(report.judged, "profile");
        parts.push(format!(
            "{} of {judged} judged otherwise",
            report.profiles.len()
        ));
    }
    parts.extend(report.together.as_ref().map(Together::summary));
    parts.extend(report.made.as_ref().map(Made::summary));
    if report.settings.is_some() {
        parts.push("the settings are judged otherwise".to_owned());
    }
    if report.skipped > 0 {
        let skipped = count(report.skipped, "file");
        parts.push(format!("the host itself refuses {skipped}"));
    }
    if !report.failed.is_empty() {
        let failed = count(report.failed.len(), "call");
        parts.push(format!(
            "{failed} did not end well, and nothing is known of what would be said"
        ));
    }
    for role in &report.only_one {
        parts.push(format!("only one of them is a {role}"));
    }
    let parts = parts.join("; ");
    format!("{} to {}: {parts}", clean(&report.old), clean(&report.new))
}
