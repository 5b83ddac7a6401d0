//! Figures beside their limits.
//!
//! Knows nothing of what is measured.

use std::time::{Duration, Instant};

/// Times of one thing, in order of length.
#[derive(Debug, Clone)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Measures `times` times.
    pub(crate) fn of<T>(times: u32, mut of: impl FnMut(u32) -> T) -> Self {
        let mut all = Vec::new();
        for time in 0..times {
            let begin = Instant::now();
            std::hint::black_box(of(time));
            all.push(begin.elapsed());
        }
        Self::from(all)
    }

    pub(crate) fn median(&self) -> Duration {
        self.0[self.0.len() / 2]
    }

    /// The one that 99 of 100 do not exceed; of few, the longest.
    pub(crate) fn p99(&self) -> Duration {
        self.0[(self.0.len() * 99).div_ceil(100) - 1]
    }
}

impl From<Vec<Duration>> for Times {
    fn from(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        Self(all)
    }
}

/// What a figure must not exceed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Limit {
    None,
    Median(Duration),
    P99(Duration),
}

fn verdict(of: &str, time: Duration, limit: Duration) -> String {
    let word = if time <= limit { "PASS" } else { "MISS" };
    format!("{word} {of} <= {}", shown(limit).trim())
}

/// Prints one figure with what there is to compare it with.
#[expect(clippy::print_stdout, reason = "the figures are for people")]
pub(crate) fn figure(name: &str, times: &Times, remark: &str, limit: Limit) {
    let (median, p99) = (shown(times.median()), shown(times.p99()));
    let verdict = match limit {
        Limit::None => String::new(),
        Limit::Median(limit) => verdict("median", times.median(), limit),
        Limit::P99(limit) => verdict("p99", times.p99(), limit),
    };
    println!("  {name:44} {median}  p99 {p99}  {remark:28} {verdict}");
}

/// Prints one figure that is no time.
#[expect(clippy::print_stdout, reason = "the figures are for people")]
pub(crate) fn line(text: &str) {
    println!("{text}");
}

/// How many times as long `a` takes as `b`.
pub(crate) fn ratio(a: Duration, b: Duration) -> f64 {
    a.as_secs_f64() / b.as_secs_f64()
}

fn shown(time: Duration) -> String {
    let micros = time.as_secs_f64() * 1e6;
    if micros < 1_000.0 {
        format!("{micros:7.2} us")
    } else {
        format!("{:7.2} ms", micros / 1e3)
    }
}
