//! A breaker at work, for callers on many threads.
//!
//! Knows nothing of what is called. Invariants: the lock is not held during a call; a call that was
//! let through is settled, also if it panics.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::{Admission, Breaker, BreakerPolicy, BreakerState, Pass, Verdict, millis};
use crate::{Call, Limits, Outcome, ResultCache};

/// The breaker of one binding.
#[derive(Debug)]
pub struct Guard(Mutex<Breaker>);

impl Default for Guard {
    fn default() -> Self {
        Self::new(Breaker::new(BreakerPolicy::default()))
    }
}

/// On what terms a plugin is asked.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// What a call may cost.
    pub limits: &'a Limits,
    /// Where answers are kept.
    pub results: &'a ResultCache,
    /// Whether it may be asked at all.
    pub guard: &'a Guard,
    /// The time, in ms.
    pub now_ms: u64,
}

impl Guard {
    /// A guard in this state.
    pub fn new(breaker: Breaker) -> Self {
        Self(Mutex::new(breaker))
    }

    /// What people are shown.
    pub fn state(&self) -> BreakerState {
        self.breaker().state()
    }

    /// Lets calls through again, because a person says so.
    pub fn lift(&self) {
        self.breaker().lift();
    }

    /// Makes a call, unless it may not be made; how it ends counts.
    pub fn call<T>(&self, now_ms: u64, call: impl FnOnce() -> Call<T>) -> Call<T> {
        let pass = match self.breaker().admit(now_ms) {
            Admission::Go(pass) => pass,
            Admission::BackOff { until_ms } => {
                return Call::not_made(Outcome::BackOff { until_ms });
            }
            Admission::Quarantined { since_ms } => {
                return Call::not_made(Outcome::Quarantined { since_ms });
            }
        };
        let mut settling = Settling {
            guard: self,
            pass,
            verdict: Verdict::Neither,
            now_ms,
            start: Instant::now(),
        };
        let call = call();
        settling.verdict = call.outcome.verdict();
        call
    }

    /// A breaker is whole between any two of its steps.
    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Settles a call when it is dropped.
struct Settling<'a> {
    guard: &'a Guard,
    pass: Pass,
    verdict: Verdict,
    now_ms: u64,
    start: Instant,
}

impl Drop for Settling<'_> {
    fn drop(&mut self) {
        let now_ms = self.now_ms.saturating_add(millis(self.start.elapsed()));
        let mut breaker = self.guard.breaker();
        breaker.settle(self.pass, self.verdict, now_ms);
    }
}
