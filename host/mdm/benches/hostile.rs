//! How long it takes to read and identify the files that are made to be dear, and what the dearest
//! cost: none may take over 100 ms.
//!
//! Knows nothing of memory, which `tests/cost.rs` counts. Run with
//! `cargo bench -p mooring-mdm --bench hostile`.

#[path = "hostile/files.rs"]
mod files;
#[path = "hostile/reading.rs"]
mod reading;

use std::time::{Duration, Instant};

/// What one file may cost.
const MOST: Duration = Duration::from_millis(100);

#[expect(clippy::print_stdout, reason = "the figures are for people")]
fn main() {
    let mut times = Vec::new();
    for (name, file) in files::files() {
        // The best of three: what else the machine does is not the file's fault.
        let time = (0..3).map(|_| {
            let begin = Instant::now();
            let outcome = reading::read(&file);
            (begin.elapsed(), outcome)
        });
        let best = time.min_by_key(|(time, _)| *time);
        times.extend(best.map(|(time, outcome)| (time, file.len(), name, outcome)));
    }
    times.sort_by(|a, b| b.cmp(a));
    for (time, bytes, name, outcome) in &times {
        let mark = if *time > MOST { "OVER" } else { "    " };
        println!(
            "{mark} {:8.1} ms {bytes:8} bytes  {name}: {outcome}",
            time.as_secs_f64() * 1e3
        );
    }
    assert!(
        times.iter().all(|(time, ..)| *time <= MOST),
        "a file costs more than {MOST:?}"
    );
}
