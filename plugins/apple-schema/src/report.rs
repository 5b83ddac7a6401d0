//! Where rules put what they find, and what they may know beside the profile.
//!
//! Knows no rule. Invariant: findings keep the order in which they were added, and of each rule and
//! severity at most [`SAME_MAX`] are kept: a file that breaks one rule a hundred thousand times must
//! not bury its other findings, nor outgrow what the host takes.

use mooring_sdk::{Finding, Grade, Node, Place, Segment, Severity};

use crate::target::Target;

/// How many findings of one rule and severity are kept.
const SAME_MAX: usize = 100;

/// How often the nearest of all names is looked for in one call: it is the one thing here that takes
/// its time, and a file with ten thousand unknown names gains nothing by it.
const SEARCHES_MAX: usize = 200;

/// The name of the extra key that carries the one safe answer.
const FIX: &str = "fix";

/// The findings of one call, and what they depend on beside the profile.
pub(crate) struct Report {
    pub(crate) target: Target,
    /// What is added now rests on a manifest of users: it is advice, never a reason to refuse.
    pub(crate) is_advice: bool,
    /// What is added now is about preferences, which a device never refuses for their values.
    pub(crate) is_domain: bool,
    grade: Grade,
    findings: Vec<Finding>,
    /// How often each rule spoke, by severity. There are few, and a list is small code.
    counts: Vec<(&'static str, Severity, usize)>,
    /// How often a nearest name may still be looked for.
    searches: usize,
}

/// One thing to say.
pub(crate) struct Remark<'a> {
    pub(crate) rule: &'static str,
    pub(crate) severity: Severity,
    pub(crate) at: Node<'a>,
    pub(crate) message: String,
    pub(crate) hint: String,
    /// The one safe answer, in the form that the host applies.
    pub(crate) fix: Option<String>,
    /// A key of the dictionary `at` that the remark is about, though it is not there.
    pub(crate) absent: Option<String>,
}

impl<'a> Remark<'a> {
    pub(crate) fn new(
        rule: &'static str,
        severity: Severity,
        at: Node<'a>,
        message: String,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            rule,
            severity,
            at,
            message,
            hint: hint.into(),
            fix: None,
            absent: None,
        }
    }

    pub(crate) fn with_fix(mut self, fix: Option<String>) -> Self {
        self.fix = fix;
        self
    }

    fn into_finding(self) -> Finding {
        let place = match self.absent {
            None => Place::Node(self.at.index()),
            Some(key) => {
                let mut path = self.at.path();
                path.push(Segment::Key(key));
                Place::Path(path)
            }
        };
        let mut finding = Finding::new(self.severity, self.rule, place, self.message);
        finding.hint = Some(self.hint).filter(|hint| !hint.is_empty());
        let fix = self.fix.map(|fix| (FIX.to_owned(), fix));
        finding.extra.extend(fix);
        finding
    }
}

impl Report {
    pub(crate) fn new(grade: Grade, target: Target) -> Self {
        Self {
            target,
            is_advice: false,
            is_domain: false,
            grade,
            findings: Vec::new(),
            counts: Vec::new(),
            searches: SEARCHES_MAX,
        }
    }

    /// Whether what devices take is enough.
    pub(crate) fn is_lenient(&self) -> bool {
        self.grade == Grade::DeviceLenient
    }

    /// What a rule says that a device lets pass and Apple's data does not.
    pub(crate) fn by_grade(&self) -> Severity {
        match self.grade {
            Grade::AppleStrict => Severity::Error,
            Grade::DeviceLenient => Severity::Warning,
        }
    }

    /// What a value that Apple's data rules out is worth.
    pub(crate) fn for_value(&self) -> Severity {
        if self.is_domain {
            self.by_grade()
        } else {
            Severity::Error
        }
    }

    pub(crate) fn add(&mut self, mut remark: Remark<'_>) {
        if self.is_advice {
            remark.severity = remark.severity.min(Severity::Warning);
        }
        let count = self.count(remark.rule, remark.severity);
        if count > SAME_MAX {
            return;
        }
        let is_last = count == SAME_MAX;
        let mut finding = remark.into_finding();
        if is_last {
            let more = " (further ones like it are not listed)";
            finding.message.push_str(more);
        }
        self.findings.push(finding);
    }

    /// Whether there is time left to look for a nearest name; takes one turn.
    pub(crate) fn may_search(&mut self) -> bool {
        let before = self.searches;
        self.searches = before.saturating_sub(1);
        before > 0
    }

    /// Counts one more of a rule and severity, and tells how many that makes.
    fn count(&mut self, rule: &'static str, severity: Severity) -> usize {
        let mut known = self.counts.iter_mut();
        if let Some((_, _, count)) = known.find(|one| one.0 == rule && one.1 == severity) {
            *count += 1;
            return *count;
        }
        self.counts.push((rule, severity, 1));
        1
    }

    pub(crate) fn into_findings(self) -> Vec<Finding> {
        self.findings
    }
}

/// A value of the file inside a message, cut to 60 characters.
pub(crate) fn quoted(text: &str) -> String {
    const LENGTH_MAX: usize = 60;
    match text.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("\"{}...\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}
