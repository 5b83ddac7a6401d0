//! What was measured, beside what it should be.
//!
//! Knows nothing of how. Invariants: a row has a verdict only if a figure is set for it; a run of a
//! build without optimisation says so.

use std::fmt::Write as _;

use serde::{Serialize, Serializer};

use crate::figure::{Figure, Standing};

/// Whether a figure was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It was.
    Met,
    /// It was not.
    Missed,
}

impl Verdict {
    /// Its word in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Missed => "MISSED",
        }
    }
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
    /// The figure that it belongs to, if one is set.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub figure: Option<Figure>,
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
            figure: None,
            part,
            what: what.into(),
            value,
            unit,
            bound,
            verdict: verdict.map(|holds| if holds { Verdict::Met } else { Verdict::Missed }),
            note: String::new(),
        }
    }

    /// The same as a part of a figure.
    pub(crate) fn of(mut self, figure: Figure) -> Self {
        self.figure = Some(figure);
        self
    }

    /// The same with a remark.
    pub(crate) fn noted(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }
}

/// All that was measured in a run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// How the run was set up, in sentences.
    pub setting: Vec<String>,
    /// What was measured, in order.
    pub rows: Vec<Row>,
}

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Whole<'a> {
            setting: &'a [String],
            figures: Vec<Standing>,
            rows: &'a [Row],
        }
        let whole = Whole {
            setting: &self.setting,
            figures: self.standings(),
            rows: &self.rows,
        };
        whole.serialize(serializer)
    }
}

impl Report {
    /// Whether a figure was missed.
    pub fn has_misses(&self) -> bool {
        let mut rows = self.rows.iter();
        rows.any(|row| row.verdict == Some(Verdict::Missed))
    }

    /// What came of each figure.
    pub fn standings(&self) -> Vec<Standing> {
        let all = Figure::ALL.into_iter();
        all.map(|figure| figure.standing(&self.rows)).collect()
    }

    /// The report as text: the setting, a line for each row, and one for each figure.
    pub fn render(&self) -> String {
        let mut text = String::new();
        for line in &self.setting {
            text.push_str(line);
            text.push('\n');
        }
        self.render_rows(&mut text);
        text.push('\n');
        let standings = self.standings();
        let widest = |of: fn(&Standing) -> usize| standings.iter().map(of).max().unwrap_or(0);
        let (name, limit) = (widest(|one| one.name.len()), widest(|one| one.limit.len()));
        for one in &standings {
            let verdict = one.verdict.map_or("not measured", Verdict::as_str);
            let missed = one.missed.join("; ");
            let line = format!(
                "{:name$}  {:limit$}  {verdict:6}  {missed}",
                one.name, one.limit
            );
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text
    }

    /// Its rows as text: aligned columns, one line a row.
    pub(crate) fn render_rows(&self, text: &mut String) {
        let widest = |of: fn(&Row) -> usize| self.rows.iter().map(of).max().unwrap_or(0);
        let (part, what) = (widest(|row| row.part.len()), widest(|row| row.what.len()));
        for row in &self.rows {
            let value = format!("{} {}", shown(row.value), row.unit);
            let bound = match row.bound {
                Bound::AtMost(most) => format!("<= {}", shown(most)),
                Bound::AtLeast(least) => format!(">= {}", shown(least)),
                Bound::Shown => String::new(),
            };
            let verdict = row.verdict.map_or("", Verdict::as_str);
            let line = format!(
                "{:part$}  {:what$}  {value:>16}  {bound:>10}  {verdict:6}  {}",
                row.part, row.what, row.note
            );
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{}", line.trim_end());
        }
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
        assert_eq!(row(35.0, Bound::AtMost(35.0)).verdict, Some(Verdict::Met));
        assert_eq!(
            row(35.1, Bound::AtMost(35.0)).verdict,
            Some(Verdict::Missed)
        );
        assert_eq!(row(1.0, Bound::AtLeast(2.0)).verdict, Some(Verdict::Missed));
        assert_eq!(row(1.0, Bound::Shown).verdict, None);
        let missed = row(35.1, Bound::AtMost(35.0)).noted("close");
        let report = Report {
            setting: vec!["hello".to_owned()],
            rows: vec![missed.of(Figure::Idle)],
        };
        assert!(report.has_misses());
        let text = report.render();
        assert!(text.contains("35.1 us"), "{text}");
        assert!(text.contains("MISSED  close\n"), "{text}");
        let has = |name: &str, verdict: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.is_some_and(|line| line.contains(verdict))
        };
        assert!(has(Figure::Idle.name(), "MISSED  idle: time"), "{text}");
        assert!(has(Figure::Ack.name(), "not measured"), "{text}");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["figures"].as_array().unwrap().len(), Figure::ALL.len());
        assert_eq!(json["rows"][0]["figure"], "idle");
        assert_eq!(json["rows"][0]["verdict"], "missed");
    }
}
