//! What the hostile set costs the host, each figure with its limit: how late calls end, what a plugin in
//! order takes beside each case, what memory stays, and what becomes of bombs under the limits of a
//! server.
//!
//! `cargo bench -p mooring-plugin --bench hostile`; it takes some minutes, most of them for the bombs. The
//! test of the same set holds a small machine to bounds that never give a false alarm; this prints the
//! figures. Knows nothing of the cases. Invariant: latency is compared with that of the same plugin alone
//! right before.

#![allow(clippy::unwrap_used, reason = "a bench fails by panicking")]
#![allow(clippy::print_stdout, reason = "printing figures is all it does")]
#![allow(clippy::cast_precision_loss, reason = "figures for people")]

#[allow(dead_code, reason = "the test needs more of it")]
#[path = "../../tests/hostile/compiling.rs"]
mod compiling;
#[allow(dead_code, reason = "the test needs more of it")]
#[path = "../../tests/hostile/forge.rs"]
mod forge;
#[path = "../figures/line.rs"]
mod line;
#[allow(dead_code, reason = "the test needs more of it")]
#[path = "../../tests/hostile/measure.rs"]
mod measure;
#[path = "../../tests/hostile/running.rs"]
mod running;
#[path = "../../tests/hostile/speaking.rs"]
mod speaking;

use std::time::{Duration, Instant};

use mooring_plugin::{Class, CompileError, CompileLimits, LoadError, Plugin, Runtime};

use crate::line::figure;
use crate::measure::{
    GIVEN_BACK_KIB, OVERSHOOT, Sorted, alone, beside, child, in_order, is_right, late,
    resident_after, resident_kib, validate,
};
use crate::running::{Case, Ends};

/// Calls of the plugin in order without anything beside it.
const ALONE_CALLS: usize = 200;

/// How long each guest is called again and again, and how often at least.
const TURN: Duration = Duration::from_millis(400);
const CALLS_MIN: usize = 10;

/// How often each case has its turn: what else the machine does moves a single one by half and more.
const TRIALS: usize = 3;

/// How much longer a plugin in order may take beside a case.
const RATIO_MAX: f64 = 2.0;

fn main() {
    let runtime = child(CompileLimits::of(Class::Compiled));
    let bystander = in_order(&runtime);
    alone(&bystander, ALONE_CALLS);
    let before = resident_kib();
    guests(&runtime, &bystander);
    // Before the bombs: those are made in this process, and what their making leaves is not the host's.
    let after = before.and_then(|before| resident_after(before + GIVEN_BACK_KIB));
    match (before, after) {
        (Some(before), Some(after)) => figure(
            "memory that stays after 10 s",
            (after as f64 - before as f64) / 1024.0,
            "MiB",
            GIVEN_BACK_KIB as f64 / 1024.0,
        ),
        (_, _) => println!("MISSING: this system does not say how much memory a process has"),
    }
    bombs(&bystander);
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// What the half of the calls of the plugin in order take beside some work, to what they take alone: the
/// middle of all trials, and what each trial's work came to.
fn ratio<T>(bystander: &Plugin, mut work: impl FnMut() -> T) -> (Vec<T>, f64) {
    let trial = |_| {
        let calm = alone(bystander, ALONE_CALLS);
        let (done, beside) = beside(bystander, &mut work);
        (done, ms(beside.calls.at(50)) / ms(calm.calls.at(50)))
    };
    let (done, mut ratios): (Vec<T>, Vec<f64>) = (0..TRIALS).map(trial).unzip();
    ratios.sort_unstable_by(f64::total_cmp);
    (done, ratios[ratios.len() / 2])
}

/// Every guest that misbehaves when it is asked.
fn guests(runtime: &Runtime, bystander: &Plugin) {
    let (mut times, mut ratios) = (Vec::new(), Vec::new());
    let mut worst = Duration::ZERO;
    for Case { name, guest, ends } in running::cases() {
        let plugin = runtime.load(&guest.component()).unwrap();
        let (calls, ratio) = ratio(bystander, || {
            let until = Instant::now() + TURN;
            let mut late_by = Vec::new();
            while late_by.len() < CALLS_MIN || Instant::now() < until {
                let call = validate(&plugin);
                assert!(is_right(&call, ends), "{name}: {:?}", call.outcome);
                late_by.push(late(&call));
            }
            late_by
        });
        let calls = calls.concat();
        if matches!(ends, Ends::TimedOut) {
            times.extend(calls.iter().copied());
        }
        let calls = Sorted::new(calls);
        println!(
            "{name:<44} late by {:>6.2} ms, at most {:>6.2} ms; beside it {ratio:.2} x",
            ms(calls.at(50)),
            ms(calls.at(100))
        );
        worst = worst.max(calls.at(100));
        ratios.push(ratio);
    }
    let times = Sorted::new(times);
    ratios.sort_unstable_by(f64::total_cmp);
    let limit = ms(OVERSHOOT);
    figure(
        "overshoot of those that do not end, the half",
        ms(times.at(50)),
        "ms",
        limit,
    );
    figure(
        "overshoot of all guests, the worst call",
        ms(worst),
        "ms",
        limit,
    );
    figure(
        "another plugin, the middle case",
        ratios[ratios.len() / 2],
        "x",
        RATIO_MAX,
    );
    figure(
        "another plugin, the worst case",
        ratios[ratios.len() - 1],
        "x",
        RATIO_MAX,
    );
}

/// Every component that is too much for a compiler, under the limits of a server: how it ends, and what a
/// plugin in order takes in the process that would be the server's.
fn bombs(bystander: &Plugin) {
    let limits = CompileLimits::of(Class::Compiled);
    let runtime = child(limits);
    let (mut worst, mut longest) = (0.0_f64, Duration::ZERO);
    for case in compiling::cases() {
        let (trials, ratio) = ratio(bystander, || {
            let start = Instant::now();
            let loaded = runtime.load(&case.component).map(|_| ());
            (loaded, start.elapsed())
        });
        let elapsed = trials.iter().map(|(_, elapsed)| *elapsed).max();
        let elapsed = elapsed.unwrap_or_default();
        let ended = match trials
            .into_iter()
            .map(|(loaded, _)| loaded)
            .next_back()
            .unwrap()
        {
            Ok(()) => "compiled in time",
            Err(LoadError::Compile(CompileError::TimedOut { .. })) => "stopped for its time",
            Err(LoadError::Compile(CompileError::OutOfMemory { .. })) => "stopped for its memory",
            Err(LoadError::Compile(CompileError::CodeTooLarge { .. })) => "its code is too large",
            Err(LoadError::Compile(CompileError::Refused { .. })) => "refused",
            Err(error) => panic!("{}: {error:?}", case.name),
        };
        let seconds = elapsed.as_secs_f64();
        println!(
            "{:<44} {ended} after {seconds:.1} s; beside it {ratio:.2} x",
            case.name
        );
        worst = worst.max(ratio);
        longest = longest.max(elapsed);
    }
    // Sixty seconds of the processor; by the clock, twice that.
    let most = limits.time.as_secs_f64() * 2.0;
    figure(
        "bombs, the longest by the clock",
        longest.as_secs_f64(),
        "s",
        most,
    );
    figure(
        "another plugin beside a bomb, the worst",
        worst,
        "x",
        RATIO_MAX,
    );
}
