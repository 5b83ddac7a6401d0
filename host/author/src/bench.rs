//! How long a call of a plugin takes, beside something of the host's own on the same profile.
//!
//! Knows nothing of what is judged. Invariant: both are measured in turn, so that what else the
//! machine does hits both alike.

use std::path::Path;
use std::time::{Duration, Instant};

use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_plugin::{Context, Outcome};
use serde::Serialize;

use crate::sample::Sample;
use crate::workshop::Workshop;

/// Rounds that are not counted.
const WARM_UP: usize = 20;

/// What is measured, and for how long at most.
#[derive(Debug, Clone, Copy)]
pub struct Rounds {
    /// Calls that are counted.
    pub calls: usize,
    /// Time for all of them; a slow plugin has fewer calls, and at least three.
    pub time_max: Duration,
}

/// Times of many rounds, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Spread {
    /// Half are shorter.
    pub median_us: f64,
    /// The shortest.
    pub min_us: f64,
    /// One in twenty is longer.
    pub p95_us: f64,
}

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Figures {
    /// Calls that were counted.
    pub calls: usize,
    /// The host's strict reading of the same profile: the reference.
    pub parse: Spread,
    /// A call in an instance of its own, from handing over the profile to the findings.
    pub call: Spread,
    /// Median of the calls by median of the reference.
    pub ratio: f64,
    /// What the calls are measured against.
    pub reference: &'static str,
    /// Instructions of one call, in wasmtime's units, about one for each: the same on every machine
    /// and in every run. It is counted in a call of its own, which is not measured.
    pub instructions: u64,
    /// The most linear memory in use in any call, in bytes.
    pub peak_memory_bytes: usize,
    /// Findings of one call.
    pub findings: usize,
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum BenchError {
    /// The host refuses the profile.
    #[error("the host itself refuses the profile: {text}")]
    Profile {
        /// The finding.
        text: String,
    },
    /// A call did not end well.
    #[error("{text}")]
    Call {
        /// What the plugin did.
        text: String,
    },
}

/// What every plugin can be measured against: nobody knows another one's code natively.
const REFERENCE: &str = "the host's strict reading of the profile";

/// Judges a profile again and again, and once with `counting`, the same plugin on a runtime that
/// counts.
///
/// # Errors
/// [`BenchError`] if the profile cannot be read or a call does not end well.
pub fn measure(
    (workshop, counting): (&Workshop, &Workshop),
    (name, bytes): (&Path, &[u8]),
    context: &Context,
    rounds: Rounds,
) -> Result<Figures, BenchError> {
    let sample =
        Sample::read(name, bytes, context.grade).map_err(|finding| BenchError::Profile {
            text: finding.to_string(),
        })?;
    let counted = counting
        .plugin()
        .validate(&sample.subject(), context, counting.limits());
    let plugin = workshop.plugin();
    let (mut parses, mut calls) = (Vec::new(), Vec::new());
    let (mut peak_memory_bytes, mut findings) = (0, 0);
    let began = Instant::now();
    for round in 0..rounds.calls + WARM_UP {
        let start = Instant::now();
        let parsed = Profile::parse(std::hint::black_box(bytes), &ProfileLimits::default());
        let parse = start.elapsed();
        drop(std::hint::black_box(parsed));
        let start = Instant::now();
        let call = plugin.validate(&sample.subject(), context, workshop.limits());
        let elapsed = start.elapsed();
        if let Some(complaint) = call.complaint(plugin.id()) {
            let text = complaint.message;
            return Err(BenchError::Call { text });
        }
        peak_memory_bytes = peak_memory_bytes.max(call.peak_memory_bytes);
        if let Outcome::Done(found) = call.outcome {
            findings = found.len();
        }
        let is_late = began.elapsed() > rounds.time_max;
        if round >= WARM_UP || is_late {
            parses.push(parse);
            calls.push(elapsed);
        }
        if is_late && calls.len() >= 3 {
            break;
        }
    }
    let (parse, call) = (spread(&mut parses), spread(&mut calls));
    Ok(Figures {
        calls: calls.len(),
        parse,
        call,
        ratio: call.median_us / parse.median_us.max(0.001),
        reference: REFERENCE,
        instructions: counted.instructions.unwrap_or_default(),
        peak_memory_bytes,
        findings,
    })
}

fn spread(times: &mut [Duration]) -> Spread {
    times.sort_unstable();
    let at = |share: usize| {
        let index = (times.len() * share / 100).min(times.len().saturating_sub(1));
        times
            .get(index)
            .map_or(0.0, |time| time.as_secs_f64() * 1e6)
    };
    Spread {
        median_us: at(50),
        min_us: at(0),
        p95_us: at(95),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The spread is that of the sorted times; of no times it is nothing.
    #[test]
    fn spreads() {
        let mut times: Vec<_> = (1..=100).rev().map(Duration::from_micros).collect();
        let spread = spread(&mut times);
        assert!((spread.min_us - 1.0).abs() < 0.01);
        assert!((spread.median_us - 51.0).abs() < 0.01);
        assert!((spread.p95_us - 96.0).abs() < 0.01);
        assert!(super::spread(&mut []).median_us.abs() < 0.01);
    }
}
