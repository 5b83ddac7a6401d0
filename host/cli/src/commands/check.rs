//! `mooring check`: validation without a server.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use mooring_mdm::finding::{Finding, Severity};
use mooring_server::clock;
use mooring_server::judge::{Grade, Judge};
use serde::Serialize;

use crate::exit::{Exit, UsageError};
use crate::findings;
use crate::output;
use crate::paths;
use crate::progress;
use crate::text::count;

/// What `check` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct CheckArgs {
    /// Profiles, or folders that are searched for *.mobileconfig
    #[arg(required = true, value_name = "FILE|DIR")]
    paths: Vec<PathBuf>,
    /// Judge a file as it is: a missing identifier or uuid, which an upload is given, is an error
    #[arg(long)]
    strict: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// What was found, as JSON.
#[derive(Debug, Default, Serialize)]
struct Report {
    /// Every file, in order of path; those without findings too.
    files: Vec<CheckedFile>,
    errors: usize,
    warnings: usize,
}

/// One file.
#[derive(Debug, Serialize)]
struct CheckedFile {
    file: String,
    /// By place.
    findings: Vec<Finding>,
}

impl Report {
    fn add(&mut self, path: &Path, mut found: Vec<Finding>) {
        findings::sort(&mut found);
        let number = |severity| found.iter().filter(|one| one.severity == severity).count();
        self.errors += number(Severity::Error);
        self.warnings += number(Severity::Warning);
        self.files.push(CheckedFile {
            file: path.display().to_string(),
            findings: found,
        });
    }

    fn exit(&self) -> Exit {
        if self.errors > 0 {
            Exit::Findings
        } else {
            Exit::Fine
        }
    }

    fn render(&self) -> String {
        let lines = self.files.iter().flat_map(|checked| {
            let lines = checked.findings.iter();
            lines.map(|finding| findings::render(&checked.file, finding) + "\n")
        });
        lines.collect()
    }

    fn summary(&self) -> String {
        let files = count(self.files.len(), "file");
        let (errors, warnings) = (count(self.errors, "error"), count(self.warnings, "warning"));
        format!("checked {files}: {errors}, {warnings}")
    }
}

/// Checks every file.
pub(crate) fn run(args: &CheckArgs) -> anyhow::Result<Exit> {
    let gathered = paths::gather(&args.paths);
    if gathered.is_empty() {
        let error = UsageError::new("there is no *.mobileconfig in the folders given");
        let hint = "name the files themselves if theirs end otherwise";
        return Err(error.with_hint(hint).into());
    }
    let judge = Judge::load().context("the built-in validators cannot be loaded")?;
    let grade = if args.strict {
        Grade::AppleStrict
    } else {
        Grade::DeviceLenient
    };
    // The host tells plugins the day, for certificates that have run out.
    let today = clock::today();
    let mut report = Report::default();
    for (path, error) in &gathered.unreadable {
        report.add(path, vec![findings::unreadable(error)]);
    }
    let bar = progress::bar(progress::steps(gathered.files.len()), "checked");
    for path in &gathered.files {
        let found = match paths::read(path) {
            Ok(bytes) => judge.check(path, &bytes, grade, &today),
            Err(error) => vec![findings::unreadable(&error)],
        };
        report.add(path, found);
        bar.inc(1);
    }
    bar.finish_and_clear();
    report.files.sort_by(|a, b| a.file.cmp(&b.file));
    if args.json {
        output::json(&report)?;
    } else {
        output::data(&report.render())?;
        output::note(&report.summary());
    }
    Ok(report.exit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves the order of lines, the counts, and that warnings alone are fine.
    #[test]
    fn reports() {
        let at = |severity, place| Finding::host(severity, "X001", place, "text");
        let mut report = Report::default();
        report.add(
            Path::new("a"),
            vec![at(Severity::Warning, (5, 1)), at(Severity::Info, (1, 1))],
        );
        assert_eq!(report.exit(), Exit::Fine);
        assert_eq!(report.summary(), "checked 1 file: 0 errors, 1 warning");
        report.add(Path::new("b"), vec![at(Severity::Error, (0, 0))]);
        assert_eq!(report.exit(), Exit::Findings);
        assert_eq!(
            report.render(),
            "a:1:1 info X001 text\na:5:1 warning X001 text\nb:0:0 error X001 text\n"
        );
    }
}
