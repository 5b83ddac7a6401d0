//! Many worlds, on several threads: one world is one seed and one thread.
//!
//! Invariant: what comes of a seed does not depend on the number of threads, nor on which other
//! seeds run.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use crate::log::{Entry, Who};
use crate::outcome::{Found, Outcome, WorldOptions};
use crate::server::SoakError;
use crate::world;

/// Entries that are kept of the way to a violation.
const HISTORY_MAX: usize = 30;

/// Runs the world of one seed.
///
/// # Errors
/// [`SoakError`] if it cannot run at all; what goes wrong in it is in the outcome.
pub fn run(seed: u64, options: &WorldOptions) -> Result<Outcome, SoakError> {
    let began = Instant::now();
    let mut outcome = world::run(seed, options, None)?;
    outcome.took = began.elapsed();
    Ok(outcome)
}

/// Runs the world of one seed and shows every entry of its log.
///
/// # Errors
/// As [`run`].
pub fn run_traced(
    seed: u64,
    options: &WorldOptions,
    listener: &mut dyn FnMut(&Entry),
) -> Result<Outcome, SoakError> {
    let began = Instant::now();
    let mut outcome = world::run(seed, options, Some(listener))?;
    outcome.took = began.elapsed();
    Ok(outcome)
}

/// Runs a world again that went wrong, and adds the way to each violation.
///
/// # Errors
/// As [`run`].
pub fn explain(outcome: &mut Outcome, options: &WorldOptions) -> Result<(), SoakError> {
    let mut found = std::mem::take(&mut outcome.found);
    let mut histories: Vec<VecDeque<String>> = vec![VecDeque::new(); found.len()];
    let mut number = 0;
    let mut listener = |entry: &Entry| {
        number += 1;
        for (found, history) in found.iter().zip(&mut histories) {
            if number <= found.entry && concerns(entry, found) {
                history.push_back(format!("{number}: {entry:?}"));
                if history.len() > HISTORY_MAX {
                    history.pop_front();
                }
            }
        }
    };
    world::run(outcome.seed, options, Some(&mut listener))?;
    for (found, history) in found.iter_mut().zip(histories) {
        found.history = history.into();
    }
    outcome.found = found;
    Ok(())
}

fn concerns(entry: &Entry, found: &Found) -> bool {
    let is_of_host = |who: &Who| {
        found
            .violation
            .who
            .is_none_or(|about| about.host == who.host)
    };
    match entry {
        Entry::Heard { who, .. } | Entry::Answered { who, .. } => is_of_host(who),
        Entry::Admin { .. } | Entry::Server { .. } | Entry::Phase { .. } => true,
    }
}

/// Runs the worlds of `seeds` on `jobs` threads. `done` gets each outcome as it comes, which is
/// in no order; it says whether to go on.
pub fn run_many(
    seeds: std::ops::Range<u64>,
    jobs: usize,
    options: &WorldOptions,
    mut done: impl FnMut(Result<Outcome, SoakError>) -> bool,
) {
    let next = AtomicU64::new(seeds.start);
    let (sender, receiver) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..jobs.max(1) {
            let (sender, next, end) = (sender.clone(), &next, seeds.end);
            scope.spawn(move || {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end || sender.send(run(seed, options)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        while let Ok(outcome) = receiver.recv() {
            if !done(outcome) {
                next.store(seeds.end, Ordering::Relaxed);
            }
        }
    });
}
