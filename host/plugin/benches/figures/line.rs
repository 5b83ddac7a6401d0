//! How a figure is printed.

/// One line: what was measured, and what it may be.
pub(crate) fn figure(name: &str, value: f64, unit: &str, most: f64) {
    let verdict = if value <= most { "fine" } else { "OVER" };
    println!("{name:<58} {value:>10.3} {unit:<5} at most {most:>7} {unit:<5} {verdict}");
}
