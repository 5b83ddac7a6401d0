//! Findings as lines of text.
//!
//! Knows nothing of who found what. Invariant: the first line of a finding is
//! `file:line:col severity rule text`, so that editors and `grep` can read it.

use std::io;

use mooring_mdm::finding::{Finding, Severity};

use crate::text::clean;

/// The rule under which a file that cannot be read is reported.
pub(crate) const UNREADABLE: &str = "unreadable";

/// One finding, its hint on an indented line of its own; no line break at the end.
pub(crate) fn render(file: &str, finding: &Finding) -> String {
    let place = match (file, finding.line) {
        // Not about a file at all, as with settings.
        ("", 0) => String::new(),
        ("", line) => format!("{line}:{} ", finding.column),
        (file, line) => format!("{}:{line}:{} ", clean(file), finding.column),
    };
    let mut text = format!(
        "{place}{} {} {}{}",
        finding.severity,
        clean(&finding.rule),
        clean(&finding.message),
        standing(finding)
    );
    if let Some(hint) = &finding.hint {
        text.push_str("\n    hint: ");
        text.push_str(&clean(hint));
    }
    text
}

/// What somebody decided about the finding, in brackets; empty if nobody did.
pub(crate) fn standing(finding: &Finding) -> String {
    match (&finding.accepted, finding.was) {
        (Some(reason), was) => {
            let was = was.unwrap_or(finding.severity);
            format!(" (accepted {was}: {})", clean(reason))
        }
        (None, Some(was)) => format!(" ({was} by itself)"),
        (None, None) => String::new(),
    }
}

/// Sorts by place; at one place the worst comes first.
pub(crate) fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| {
        let place = (a.line, a.column).cmp(&(b.line, b.column));
        let severity = b.severity.cmp(&a.severity);
        let rest = (&a.rule, &a.message).cmp(&(&b.rule, &b.message));
        place.then(severity).then(rest)
    });
}

/// A file or folder that cannot be read.
pub(crate) fn unreadable(error: &io::Error) -> Finding {
    let message = format!("cannot be read: {error}");
    Finding::host(Severity::Error, UNREADABLE, (0, 0), message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves the form of a line and the order of several.
    #[test]
    fn lines() {
        let at = |severity, rule, place| Finding::host(severity, rule, place, "text\u{1b}");
        let mut found = vec![
            at(Severity::Warning, "L005", (2, 1)),
            at(Severity::Error, "T001", (2, 1)).with_hint("do\nthis"),
            at(Severity::Info, "L006", (1, 9)),
        ];
        sort(&mut found);
        let lines: Vec<_> = found.iter().map(|one| render("a b", one)).collect();
        assert_eq!(
            lines.join("\n"),
            "a b:1:9 info L006 text\na b:2:1 error T001 text\n    hint: do this\n\
             a b:2:1 warning L005 text"
        );
        let lowered = at(Severity::Error, "T001", (1, 1)).weighed(Severity::Warning);
        assert_eq!(
            render("a", &lowered),
            "a:1:1 warning T001 text (error by itself)"
        );
        let accepted = lowered.accepted("a loan");
        assert_eq!(
            render("a", &accepted),
            "a:1:1 info T001 text (accepted error: a loan)"
        );
    }
}
