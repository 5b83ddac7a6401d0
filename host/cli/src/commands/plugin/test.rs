//! `mooring plugin test`: a plugin's self-tests, and what every plugin must withstand.

use std::path::PathBuf;

use mooring_author::anatomy;
use mooring_author::manifest;
use mooring_author::suite::{self, Check, Verdict};
use serde::Serialize;

use super::{component, workshop};
use crate::exit::Exit;
use crate::output;
use crate::text::{Table, clean, count};

/// What `plugin test` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct TestArgs {
    /// A component, or the folder of a plugin, which is built first
    #[arg(value_name = "FILE|DIR", default_value = ".")]
    file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// All checks, as JSON.
#[derive(Debug, Serialize)]
struct Report<'a> {
    plugin: String,
    digest: String,
    failed: usize,
    checks: &'a [Check],
}

/// Runs the checks.
pub(super) fn run(args: &TestArgs) -> anyhow::Result<Exit> {
    let (path, bytes) = component(&args.file)?;
    let workshop = workshop(&path, &bytes)?;
    let manifest = anatomy::read(&bytes).manifest.unwrap_or_default();
    let tests = manifest::self_tests(&manifest)?;
    let checks = suite::run(&workshop, &tests)?;
    let failed = checks.iter().filter(|check| check.is_failed()).count();
    let plugin = workshop.plugin();
    if args.json {
        output::json(&Report {
            plugin: format!("{} {}", plugin.id(), plugin.manifest().version),
            digest: plugin.digest().to_string(),
            failed,
            checks: &checks,
        })?;
    } else {
        output::data(&render(&checks))?;
        let all = count(checks.len(), "check");
        output::note(&match failed {
            0 => format!("{}: all of {all} are fine", plugin.id()),
            failed => format!("{}: {failed} of {all} failed", plugin.id()),
        });
    }
    Ok(if failed == 0 {
        Exit::Fine
    } else {
        Exit::Failed
    })
}

fn render(checks: &[Check]) -> String {
    let mut table = Table::new(["RESULT", "PART", "CHECK"]);
    for check in checks {
        let (word, why) = match &check.verdict {
            Verdict::Passed => ("ok", None),
            Verdict::Failed(why) => ("FAILED", Some(why)),
            Verdict::Skipped(why) => ("skipped", Some(why)),
        };
        let what = match why {
            None => check.name.clone(),
            Some(why) => format!("{}: {}", check.name, clean(why)),
        };
        table.row([word.to_owned(), check.group.to_owned(), what]);
    }
    table.render("")
}
