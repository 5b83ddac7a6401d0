//! How long a call of a plugin takes, beside something of the host's own on the same profiles.
//!
//! Knows nothing of what is judged or made. Invariant: both are measured in turn, so that what else the
//! machine does hits both alike.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_plugin::{Call, Context, GeneratedProfile, Outcome, Plugin};
use serde::Serialize;

use crate::sample::Sample;
use crate::together;
use crate::workshop::Workshop;

/// Rounds that are not counted.
const WARM_UP: usize = 20;

/// What a plugin is measured on.
#[derive(Debug, Clone, Copy)]
pub enum Load<'a> {
    /// Judging one profile, by its name and bytes.
    Profile(&'a (PathBuf, Vec<u8>)),
    /// Judging these profiles together.
    Set(&'a [(PathBuf, Vec<u8>)]),
    /// Making profiles, of this seed.
    Make(&'a str),
}

impl<'a> Load<'a> {
    fn files(self) -> &'a [(PathBuf, Vec<u8>)] {
        match self {
            Self::Profile(file) => std::slice::from_ref(file),
            Self::Set(files) => files,
            Self::Make(_) => &[],
        }
    }

    /// What its calls are measured against: nobody knows another one's code natively.
    fn reference(self) -> &'static str {
        match self {
            Self::Profile(_) | Self::Set(_) => "the host's strict reading of the same input",
            Self::Make(_) => "the host's strict reading of what is made",
        }
    }
}

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
    /// The host's strict reading of the profiles that are judged or made: the reference.
    pub parse: Spread,
    /// A call in an instance of its own, from handing over its arguments to the answer.
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
    /// Findings of one call, about what it judges.
    pub findings: usize,
    /// Profiles that one call of a generator makes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub made: Option<usize>,
    /// Size of the profiles that are judged or made.
    pub profile_bytes: usize,
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

/// Judges or makes profiles again and again, and once with `counting`, the same plugin on a runtime
/// that counts.
///
/// # Errors
/// [`BenchError`] if a profile cannot be read or a call does not end well.
pub fn measure(
    (workshop, counting): (&Workshop, &Workshop),
    load: Load<'_>,
    context: &Context,
    rounds: Rounds,
) -> Result<Figures, BenchError> {
    let read = |(name, bytes): &(PathBuf, Vec<u8>)| {
        Sample::read(name, bytes, context.grade).map_err(|finding| BenchError::Profile {
            text: finding.to_string(),
        })
    };
    let samples: Vec<Sample> = load.files().iter().map(read).collect::<Result<_, _>>()?;
    // Counting takes time, so this call may run into its limit where the others do not.
    let counted = called(counting, load, &samples, context);
    let made = made(workshop, load, context)?;
    let files = load.files().iter().map(|(_, bytes)| bytes);
    let texts: Vec<&Vec<u8>> = files.chain(made.iter().map(|made| &made.profile)).collect();
    let (mut parses, mut calls) = (Vec::new(), Vec::new());
    let (mut peak_memory_bytes, mut answers) = (0, 0);
    let began = Instant::now();
    for round in 0..rounds.calls + WARM_UP {
        let parse = parsing(&texts);
        let start = Instant::now();
        let call = called(workshop, load, &samples, context)?;
        let elapsed = start.elapsed();
        peak_memory_bytes = peak_memory_bytes.max(call.peak_memory_bytes);
        answers = call.answers;
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
    let (findings, made) = match load {
        Load::Profile(_) | Load::Set(_) => (answers, None),
        Load::Make(_) => (0, Some(answers)),
    };
    Ok(Figures {
        calls: calls.len(),
        parse,
        call,
        ratio: call.median_us / parse.median_us.max(0.001),
        reference: load.reference(),
        instructions: counted.map_or(0, |cost| cost.instructions),
        peak_memory_bytes,
        findings,
        made,
        profile_bytes: texts.iter().map(|text| text.len()).sum(),
    })
}

/// How long the host reads profiles.
fn parsing(texts: &[&Vec<u8>]) -> Duration {
    let mut whole = Duration::ZERO;
    for text in texts {
        let start = Instant::now();
        let parsed = Profile::parse(std::hint::black_box(text), &ProfileLimits::default());
        whole += start.elapsed();
        drop(std::hint::black_box(parsed));
    }
    whole
}

/// What a generator makes: the host reads it while it is measured. Of others nothing.
fn made(
    workshop: &Workshop,
    load: Load<'_>,
    context: &Context,
) -> Result<Vec<GeneratedProfile>, BenchError> {
    let Load::Make(seed) = load else {
        return Ok(Vec::new());
    };
    let plugin = workshop.plugin();
    let call = plugin.generate_twice(seed, context, workshop.limits());
    cost(&call, plugin)?;
    Ok(call.outcome.done().unwrap_or_default())
}

/// What one call cost, and how much it found or made.
#[derive(Debug, Clone, Copy)]
struct Cost {
    instructions: u64,
    peak_memory_bytes: usize,
    answers: usize,
}

fn called(
    workshop: &Workshop,
    load: Load<'_>,
    samples: &[Sample],
    context: &Context,
) -> Result<Cost, BenchError> {
    let (plugin, limits) = (workshop.plugin(), workshop.limits());
    match (load, samples) {
        (Load::Profile(_), [sample]) => {
            let call = plugin.validate(&sample.subject(), context, limits);
            cost(&call, plugin)
        }
        (Load::Make(seed), _) => {
            let call = plugin.generate(seed, context, limits);
            cost(&call, plugin)
        }
        (Load::Profile(_) | Load::Set(_), samples) => {
            let call = together::judge((plugin, limits), samples, context);
            cost(&call, plugin)
        }
    }
}

fn cost<T>(call: &Call<Vec<T>>, plugin: &Plugin) -> Result<Cost, BenchError> {
    if let Some(complaint) = call.complaint(plugin.id()) {
        let text = complaint.message;
        return Err(BenchError::Call { text });
    }
    let answers = if let Outcome::Done(found) = &call.outcome {
        found.len()
    } else {
        0
    };
    Ok(Cost {
        instructions: call.instructions.unwrap_or_default(),
        peak_memory_bytes: call.peak_memory_bytes,
        answers,
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
