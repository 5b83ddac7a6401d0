//! A report for people: each finding with the lines that it is about, why, and what to do.
//!
//! Knows nothing of files. Invariant: the first line of a finding begins with `file:line:col` and
//! names severity and rule; without a terminal nothing is coloured.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode};
use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::fix::Fix;
use mooring_server::findings::Rule;

use super::excerpt::{Excerpt, Source};
use super::report::{Joint, Report, Spot};
use crate::findings;
use crate::text::clean;

/// Width of the text, in characters.
const WIDTH: usize = 100;

/// The whole report.
pub(crate) fn render(
    report: &Report,
    rules: &BTreeMap<String, Rule>,
    is_coloured: bool,
) -> Result<String, fmt::Error> {
    let theme = if is_coloured {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme);
    let handler = handler.with_width(WIDTH).with_context_lines(1);
    let mut out = String::new();
    // Why a rule is there is told once.
    let mut told: BTreeSet<String> = BTreeSet::new();
    let mut show = |shown: Shown, finding: &Finding| -> fmt::Result {
        if finding.severity == Severity::Info {
            out.push_str(&shown.line);
            out.push_str("\n\n");
            return Ok(());
        }
        let is_new = told.insert(finding.rule.clone());
        let rule = rules.get(&finding.rule).filter(|_| is_new);
        handler.render_report(&mut out, &shown.with_help(finding, rule))?;
        out.push('\n');
        Ok(())
    };
    for file in &report.files {
        let source = Source::of(&file.bytes);
        for finding in &file.findings {
            show(Shown::new(&file.file, source.as_ref(), finding), finding)?;
        }
    }
    for joint in report.joint() {
        show(Shown::of_two(joint, report), &joint.finding)?;
    }
    Ok(out)
}

/// One finding as it is shown.
#[derive(Debug)]
struct Shown {
    /// In one line.
    line: String,
    heading: String,
    message: String,
    help: Option<String>,
    severity: Severity,
    excerpt: Option<Excerpt>,
    /// The other place of two.
    other: Option<Box<Self>>,
}

impl Shown {
    fn new(file: &str, source: Option<&Source<'_>>, finding: &Finding) -> Self {
        let (line, column) = (finding.line, finding.column);
        let place = match file {
            "" => String::new(),
            file => format!("{}:{line}:{column} ", clean(file)),
        };
        let heading = format!(
            "{place}{} {}{}",
            finding.severity,
            clean(&finding.rule),
            findings::standing(finding)
        );
        let excerpt = source.and_then(|source| source.excerpt(line, column, finding.length));
        Self {
            line: findings::render(file, finding),
            heading,
            message: clean(&finding.message),
            help: None,
            severity: finding.severity,
            excerpt,
            other: None,
        }
    }

    /// One about files together, with the lines of both.
    fn of_two(joint: &Joint, report: &Report) -> Self {
        let source = |name: &str| {
            let file = report.files.iter().find(|file| file.file == name)?;
            Source::of(&file.bytes)
        };
        let file = joint.file.as_deref().unwrap_or_default();
        let mut shown = Self::new(file, source(file).as_ref(), &joint.finding);
        shown.line = joint.render();
        if let Some(other) = &joint.other {
            shown.other = Some(Box::new(Self::other(other, source(&other.file).as_ref())));
        }
        shown
    }

    fn other(spot: &Spot, source: Option<&Source<'_>>) -> Self {
        let excerpt = source.and_then(|source| source.excerpt(spot.line, spot.column, 0));
        Self {
            line: String::new(),
            heading: spot.to_string(),
            message: "the other of the two".to_owned(),
            help: None,
            severity: Severity::Info,
            excerpt,
            other: None,
        }
    }

    fn with_help(self, finding: &Finding, rule: Option<&Rule>) -> Self {
        Self {
            help: help(finding, rule),
            ..self
        }
    }
}

/// What to do, and why, each on lines of its own.
fn help(finding: &Finding, rule: Option<&Rule>) -> Option<String> {
    let fix = finding.fix.as_deref().and_then(Fix::parse);
    let instead = finding.hint.as_deref();
    let instead = instead.or_else(|| rule.and_then(|rule| rule.instead.as_deref()));
    let fix = fix.map(|fix| match finding.hint {
        Some(_) => "--fix writes it".to_owned(),
        None => format!("--fix does it: {}", clean(&fix.words())),
    });
    let lines = [
        instead.map(clean),
        fix,
        rule.and_then(|rule| rule.why.as_deref())
            .map(|why| format!("why: {}", clean(why))),
    ];
    let lines: Vec<String> = lines.into_iter().flatten().collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.heading))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        let excerpt = self.excerpt.as_ref()?;
        Some(excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let excerpt = self.excerpt.as_ref()?;
        let label = LabeledSpan::underline(excerpt.span());
        Some(Box::new(std::iter::once(label)))
    }

    fn related<'a>(&'a self) -> Option<Box<dyn Iterator<Item = &'a dyn Diagnostic> + 'a>> {
        let other: &dyn Diagnostic = self.other.as_deref()?;
        Some(Box::new(std::iter::once(other)))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::report::CheckedFile;
    use super::*;

    /// A finding is shown with its place, the lines around it, what to do and why; the next one of
    /// its rule without the reason, and one without a place without lines.
    #[test]
    fn looks() {
        let text = "<plist version=\"1.0\">\n<dict>\n\t<key>PayloadVersion</key>\n\t<string>1</string>\n\
                    </dict>\n</plist>\n";
        let at = |place| {
            let finding = Finding::host(Severity::Error, "T002", place, "it is a text");
            finding.with_fix("value <integer>1</integer>")
        };
        let mut marked = at((3, 2)).with_hint("write the number 1");
        marked.length = 25;
        let remark = Finding::host(Severity::Info, "T016", (2, 1), "no description");
        let found = vec![marked, at((0, 0)), remark];
        let mut report = Report::default();
        let file = CheckedFile::new(Path::new("a.mobileconfig"), text.into(), found);
        report.add(file);
        let rule = Rule {
            id: "T002".to_owned(),
            severity: Severity::Error,
            text: "The version is 1.".to_owned(),
            why: Some("Devices refuse others.".to_owned()),
            instead: Some("Write 1.".to_owned()),
            source: "structure".to_owned(),
            is_fixed: false,
        };
        let rules = [("T002".to_owned(), rule)].into();
        let shown = render(&report, &rules, false).unwrap();
        assert_eq!(
            shown,
            "a.mobileconfig:0:0 error T002\n\n  \u{d7} it is a text\n  help: Write 1.\n        \
             --fix does it: write <integer>1</integer>\n        why: Devices refuse others.\n\n\
             a.mobileconfig:2:1 info T016 no description\n\n\
             a.mobileconfig:3:2 error T002\n\n  \u{d7} it is a text\n   \u{256d}\u{2500}[3:2]\n \
             2 \u{2502} <dict>\n 3 \u{2502}     <key>PayloadVersion</key>\n   \u{b7}     \
             \u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\
             \u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\
             \u{2500}\u{2500}\u{2500}\u{2500}\u{2500}\n 4 \u{2502}     <string>1</string>\n   \
             \u{2570}\u{2500}\u{2500}\u{2500}\u{2500}\n  help: write the number 1\n        \
             --fix writes it\n\n"
        );
        assert!(render(&report, &rules, true).unwrap().contains('\u{1b}'));
    }
}
