//! What was found in every file, and what it comes to.
//!
//! Knows nothing of how it is shown. Invariant: files stand in order of path, findings in order of
//! place.

use std::fmt::Write as _;
use std::path::Path;

use mooring_mdm::finding::{Finding, Severity};
use serde::Serialize;

use crate::exit::Exit;
use crate::findings;
use crate::text::count;

/// What was found, as JSON.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Every file, in order of path; those without findings too.
    pub(crate) files: Vec<CheckedFile>,
    pub(crate) errors: usize,
    pub(crate) warnings: usize,
    /// Findings of severity info that a report for people leaves out.
    #[serde(skip)]
    hidden: usize,
}

/// One file.
#[derive(Debug, Serialize)]
pub(crate) struct CheckedFile {
    pub(crate) file: String,
    /// Where the fixed file is, and the findings that it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) fixed: Vec<Finding>,
    /// By place; of a file that was fixed, what is left in the fixed one.
    pub(crate) findings: Vec<Finding>,
    /// What the findings are about, to show lines of it.
    #[serde(skip)]
    pub(crate) bytes: Vec<u8>,
}

impl CheckedFile {
    pub(crate) fn new(path: &Path, bytes: Vec<u8>, findings: Vec<Finding>) -> Self {
        Self {
            file: path.display().to_string(),
            output: None,
            fixed: Vec::new(),
            findings,
            bytes,
        }
    }
}

impl Report {
    pub(crate) fn add(&mut self, mut file: CheckedFile) {
        findings::sort(&mut file.findings);
        let number = |severity| {
            let found = file.findings.iter();
            found.filter(|one| one.severity == severity).count()
        };
        self.errors += number(Severity::Error);
        self.warnings += number(Severity::Warning);
        let at = self.files.partition_point(|one| one.file <= file.file);
        self.files.insert(at, file);
    }

    /// Leaves out what is only worth knowing, so that what is wrong or was accepted stands out.
    pub(crate) fn hide_info(&mut self) {
        for file in &mut self.files {
            let all = file.findings.len();
            let is_shown = |one: &Finding| one.severity > Severity::Info || one.accepted.is_some();
            file.findings.retain(is_shown);
            self.hidden += all - file.findings.len();
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        if self.errors > 0 {
            Exit::Findings
        } else {
            Exit::Fine
        }
    }

    /// Every finding with the name of its file.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Finding)> {
        let files = self.files.iter();
        files.flat_map(|file| file.findings.iter().map(|one| (file.file.as_str(), one)))
    }

    /// One line a finding, and one for its hint.
    pub(crate) fn short(&self) -> String {
        let lines = self.all();
        lines
            .map(|(file, finding)| findings::render(file, finding) + "\n")
            .collect()
    }

    /// What it comes to, and what can be done about it.
    pub(crate) fn summary(&self) -> String {
        let files = count(self.files.len(), "file");
        let (errors, warnings) = (count(self.errors, "error"), count(self.warnings, "warning"));
        let mut text = format!("checked {files}: {errors}, {warnings}");
        if self.hidden > 0 {
            let _ = write!(
                text,
                ", {} not shown (--info)",
                count(self.hidden, "remark")
            );
        }
        let fixable = self.all().filter(|(_, one)| one.fix.is_some()).count();
        if fixable > 0 {
            let fixable = count(fixable, "finding");
            let _ = write!(text, "\n{fixable} with one safe answer: --fix writes it");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves the order of lines, the counts, and that warnings alone are fine.
    #[test]
    fn reports() {
        let at = |severity, place| Finding::host(severity, "X001", place, "text");
        let file = |name, found| CheckedFile::new(Path::new(name), Vec::new(), found);
        let mut report = Report::default();
        let found = vec![at(Severity::Warning, (5, 1)), at(Severity::Info, (1, 1))];
        report.add(file("b", found));
        assert_eq!(report.exit(), Exit::Fine);
        assert_eq!(report.summary(), "checked 1 file: 0 errors, 1 warning");
        let found = vec![at(Severity::Error, (0, 0)).with_fix("remove")];
        report.add(file("a", found));
        assert_eq!(report.exit(), Exit::Findings);
        let summary = report.summary();
        assert!(summary.ends_with("\n1 finding with one safe answer: --fix writes it"));
        assert_eq!(
            report.short(),
            "a:0:0 error X001 text\nb:1:1 info X001 text\nb:5:1 warning X001 text\n"
        );
        report.hide_info();
        assert_eq!(
            report.short(),
            "a:0:0 error X001 text\nb:5:1 warning X001 text\n"
        );
        let first = "checked 2 files: 1 error, 1 warning, 1 remark not shown (--info)\n";
        assert!(report.summary().starts_with(first), "{}", report.summary());
    }
}
