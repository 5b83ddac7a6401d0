//! Bars for long work, on standard error and on terminals only.
//!
//! Knows nothing of the work. Invariant: where standard error is no terminal, nothing is drawn.

use indicatif::{ProgressBar, ProgressStyle};

/// Fewer steps than this are done before a bar would be read.
const STEPS_MIN: u64 = 8;

/// A bar of that many steps.
pub(crate) fn bar(steps: u64, what: &'static str) -> ProgressBar {
    if steps < STEPS_MIN {
        return ProgressBar::hidden();
    }
    styled(ProgressBar::new(steps), what)
}

/// The bar in the one look that all have; without colour, so that it reads the same everywhere.
pub(crate) fn styled(bar: ProgressBar, what: &'static str) -> ProgressBar {
    if let Ok(style) = ProgressStyle::with_template("{prefix:>10} [{bar:40}] {pos}/{len} {msg}") {
        bar.set_style(style.progress_chars("=> "));
    }
    bar.with_prefix(what)
}

/// A number of things as a number of steps.
pub(crate) fn steps(number: usize) -> u64 {
    u64::try_from(number).unwrap_or(u64::MAX)
}
