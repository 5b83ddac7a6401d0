//! What was measured, beside what it should be.
//!
//! Knows nothing of how. Invariants: a row has a verdict only if a figure is set for it; a run of a
//! build without optimisation says so.

use std::fmt::Write as _;

use serde::Serialize;

/// Whether a figure was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// It was.
    Pass,
    /// It was not.
    Miss,
}

/// What a figure is held to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// It may be so much.
    AtMost(f64),
    /// It must be so much.
    AtLeast(f64),
    /// It is shown, and nothing more.
    Shown,
}

/// One figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Row {
    /// The part of the run.
    pub part: &'static str,
    /// What was measured.
    pub what: String,
    /// The median.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it is held to.
    pub bound: Bound,
    /// Whether it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// What else helps to read it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Row {
    /// A figure that is held to `bound`.
    pub(crate) fn new(
        part: &'static str,
        what: impl Into<String>,
        (value, unit): (f64, &'static str),
        bound: Bound,
    ) -> Self {
        let verdict = match bound {
            Bound::AtMost(most) => Some(value <= most),
            Bound::AtLeast(least) => Some(value >= least),
            Bound::Shown => None,
        };
        Self {
            part,
            what: what.into(),
            value,
            unit,
            bound,
            verdict: verdict.map(|holds| if holds { Verdict::Pass } else { Verdict::Miss }),
            note: String::new(),
        }
    }

    /// The same with a remark.
    pub(crate) fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// All figures of a run.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Report {
    /// How the run was set up, in sentences.
    pub setting: Vec<String>,
    /// The figures in order.
    pub rows: Vec<Row>,
}

impl Report {
    /// Whether a figure was missed.
    pub fn has_misses(&self) -> bool {
        self.rows
            .iter()
            .any(|row| row.verdict == Some(Verdict::Miss))
    }

    /// The report as text: aligned columns, one row a figure.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for line in &self.setting {
            text.push_str(line);
            text.push('\n');
        }
        let widest = |of: fn(&Row) -> usize| self.rows.iter().map(of).max().unwrap_or(0);
        let (part, what) = (widest(|row| row.part.len()), widest(|row| row.what.len()));
        for row in &self.rows {
            let value = format!("{} {}", shown(row.value), row.unit);
            let bound = match row.bound {
                Bound::AtMost(most) => format!("<= {}", shown(most)),
                Bound::AtLeast(least) => format!(">= {}", shown(least)),
                Bound::Shown => String::new(),
            };
            let verdict = match row.verdict {
                Some(Verdict::Pass) => "PASS",
                Some(Verdict::Miss) => "MISS",
                None => "",
            };
            let line = format!(
                "{:part$}  {:what$}  {value:>16}  {bound:>10}  {verdict:4}  {}",
                row.part, row.what, row.note
            );
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }
}

/// A number with as many digits as mean something.
fn shown(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        size if size >= 0.1 => format!("{value:.2}"),
        _ => format!("{value:.4}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that figures are held to their bounds and shown with them.
    #[test]
    fn verdicts() {
        let row = |value, bound| Row::new("idle", "time", (value, "us"), bound);
        assert_eq!(row(35.0, Bound::AtMost(35.0)).verdict, Some(Verdict::Pass));
        assert_eq!(row(35.1, Bound::AtMost(35.0)).verdict, Some(Verdict::Miss));
        assert_eq!(row(1.0, Bound::AtLeast(2.0)).verdict, Some(Verdict::Miss));
        assert_eq!(row(1.0, Bound::Shown).verdict, None);
        let report = Report {
            setting: vec!["hello".to_owned()],
            rows: vec![row(35.1, Bound::AtMost(35.0)).noted("close")],
        };
        assert!(report.has_misses());
        let text = report.render();
        assert!(
            text.contains("35.1 us") && text.ends_with("MISS  close\n"),
            "{text}"
        );
    }
}
