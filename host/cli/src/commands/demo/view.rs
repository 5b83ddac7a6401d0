//! What a demo shows while it runs: bars on a terminal, elsewhere a line when something changes.
//!
//! Invariant: all of it goes to standard error, and standard error that is no terminal gets only
//! plain lines.

use std::io::{self, IsTerminal as _};

use indicatif::{MultiProgress, ProgressBar};

use super::report::Report;
use crate::output;
use crate::progress::styled;

/// The view of one demo.
pub(super) struct View {
    bars: Option<Bars>,
    /// Whether lines are written where there is no terminal.
    is_telling: bool,
    last: Option<String>,
}

struct Bars {
    all: MultiProgress,
    applied: ProgressBar,
    pending: ProgressBar,
    failed: ProgressBar,
}

impl View {
    /// A view of so many hosts; `is_telling` wants lines where bars cannot be.
    pub(super) fn new(hosts: u32, is_telling: bool) -> Self {
        Self {
            bars: io::stderr().is_terminal().then(|| Bars::new(hosts)),
            is_telling,
            last: None,
        }
    }

    /// Shows how the hosts stand.
    pub(super) fn show(&mut self, report: &Report) {
        if let Some(bars) = &self.bars {
            bars.applied.set_position(report.applied);
            bars.pending.set_position(report.pending + report.unknown);
            bars.failed.set_position(report.failed);
            return;
        }
        let line = format!(
            "{} applied, {} pending, {} failed, {} unknown",
            report.applied, report.pending, report.failed, report.unknown
        );
        if self.is_telling && self.last.as_ref() != Some(&line) {
            output::note(&line);
            self.last = Some(line);
        }
    }

    /// Says something beside the bars.
    pub(super) fn say(&self, text: &str) {
        match &self.bars {
            Some(bars) => bars.all.suspend(|| output::note(text)),
            None => output::note(text),
        }
    }

    /// Takes the bars away.
    pub(super) fn clear(&self) {
        if let Some(bars) = &self.bars {
            // A terminal that cannot be written to keeps what it shows.
            let _ = bars.all.clear();
        }
    }
}

impl Drop for View {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Bars {
    fn new(hosts: u32) -> Self {
        let all = MultiProgress::new();
        let add = |what| styled(all.add(ProgressBar::new(u64::from(hosts))), what);
        Self {
            applied: add("applied"),
            pending: add("pending"),
            failed: add("failed"),
            all,
        }
    }
}
