//! What was found in every file, and what it comes to.
//!
//! Knows nothing of how it is shown. Invariant: files stand in order of path, findings in order of
//! place; those about files together come last, in order of rule.

use std::fmt::{self, Write as _};
use std::path::Path;

use mooring_mdm::finding::{Finding, Severity};
use serde::Serialize;

use crate::exit::Exit;
use crate::findings;
use crate::text::{clean, count};

/// What was found, as JSON.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// Every file, in order of path; those without findings too.
    pub(crate) files: Vec<CheckedFile>,
    /// What is wrong with the files together, if they were judged so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) together: Option<Vec<Joint>>,
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

/// A finding about files together.
#[derive(Debug, Serialize)]
pub(crate) struct Joint {
    /// Whose line and column those of the finding are; none if it is about no file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) file: Option<String>,
    #[serde(flatten)]
    pub(crate) finding: Finding,
    /// The place in the other of two files that do not go together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) other: Option<Spot>,
}

impl Joint {
    /// One line, one for the hint, and one for the other place of two; no line break at the end.
    pub(crate) fn render(&self) -> String {
        let file = self.file.as_deref().unwrap_or_default();
        let mut text = findings::render(file, &self.finding);
        if let Some(other) = &self.other {
            let _ = write!(text, "\n    other: {other}");
        }
        text
    }
}

/// A place in a file.
#[derive(Debug, Serialize)]
pub(crate) struct Spot {
    pub(crate) file: String,
    /// 1-based, or both 0 for the file as a whole.
    pub(crate) line: u32,
    pub(crate) column: u32,
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", clean(&self.file), self.line, self.column)
    }
}

/// A finding as it stands in the report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// Empty if it is about no file.
    pub(crate) file: &'a str,
    pub(crate) finding: &'a Finding,
    pub(crate) other: Option<&'a Spot>,
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
        for finding in &file.findings {
            self.count(finding);
        }
        let at = self.files.partition_point(|one| one.file <= file.file);
        self.files.insert(at, file);
    }

    /// Adds what is wrong with the files together.
    pub(crate) fn add_together(&mut self, together: Vec<Joint>) {
        for joint in &together {
            self.count(&joint.finding);
        }
        self.together = Some(together);
    }

    fn count(&mut self, finding: &Finding) {
        match finding.severity {
            Severity::Error => self.errors += 1,
            Severity::Warning => self.warnings += 1,
            Severity::Info => {}
        }
    }

    /// Leaves out what is only worth knowing, so that what is wrong or was accepted stands out.
    pub(crate) fn hide_info(&mut self) {
        let is_shown = |one: &Finding| one.severity > Severity::Info || one.accepted.is_some();
        for file in &mut self.files {
            let all = file.findings.len();
            file.findings.retain(is_shown);
            self.hidden += all - file.findings.len();
        }
        if let Some(together) = &mut self.together {
            let all = together.len();
            together.retain(|one| is_shown(&one.finding));
            self.hidden += all - together.len();
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        if self.errors > 0 {
            Exit::Findings
        } else {
            Exit::Fine
        }
    }

    /// Every finding: those of each file, then those of the files together.
    pub(crate) fn all(&self) -> impl Iterator<Item = Entry<'_>> {
        let alone = self.files.iter().flat_map(|file| {
            file.findings.iter().map(|finding| Entry {
                file: &file.file,
                finding,
                other: None,
            })
        });
        alone.chain(self.joint().iter().map(|joint| Entry {
            file: joint.file.as_deref().unwrap_or_default(),
            finding: &joint.finding,
            other: joint.other.as_ref(),
        }))
    }

    /// What is wrong with the files together; nothing if they were not judged so.
    pub(crate) fn joint(&self) -> &[Joint] {
        self.together.as_deref().unwrap_or_default()
    }

    /// One line a finding, one for its hint, and one for the other place of two.
    pub(crate) fn short(&self) -> String {
        let alone = self.files.iter().flat_map(|file| {
            let findings = file.findings.iter();
            findings.map(|finding| findings::render(&file.file, finding))
        });
        let together = self.joint().iter().map(Joint::render);
        alone.chain(together).map(|text| text + "\n").collect()
    }

    /// What it comes to, and what can be done about it.
    pub(crate) fn summary(&self) -> String {
        let files = count(self.files.len(), "file");
        let (errors, warnings) = (count(self.errors, "error"), count(self.warnings, "warning"));
        let how = if self.together.is_some() {
            " alone and together"
        } else {
            ""
        };
        let mut text = format!("checked {files}{how}: {errors}, {warnings}");
        if self.hidden > 0 {
            let _ = write!(
                text,
                ", {} not shown (--info)",
                count(self.hidden, "remark")
            );
        }
        let all = self.all();
        let fixable = all.filter(|one| one.finding.fix.is_some()).count();
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
        let other = Spot {
            file: "a".to_owned(),
            line: 2,
            column: 3,
        };
        report.add_together(vec![Joint {
            file: Some("b".to_owned()),
            finding: at(Severity::Error, (7, 1)),
            other: Some(other),
        }]);
        let short = report.short();
        assert!(short.ends_with("\nb:7:1 error X001 text\n    other: a:2:3\n"));
        let first = "checked 2 files alone and together: 2 errors, 1 warning, 1 remark not shown (--info)\n";
        assert!(report.summary().starts_with(first), "{}", report.summary());
    }
}
