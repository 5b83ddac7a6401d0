//! Stops asking a plugin that keeps failing: for a while, then for longer, then until a person has
//! looked.
//!
//! Knows nothing of plugins and has no clock: times are arguments, in milliseconds of whatever clock
//! the caller shows people. Invariants: only failures that are the plugin's fault count; while it is
//! open at most one call goes through at a time, to see whether it is over; a clock that is set back
//! makes no wait longer than twice as long.

mod guard;

use std::collections::VecDeque;
use std::time::Duration;

pub use self::guard::{Guard, Terms};
use crate::Outcome;

/// When a breaker acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures in a row that open it. Default 5.
    pub failures: u32,
    /// How long it stays open the first time; each further time within the window is twice as long.
    /// Default 1 s.
    pub first_wait: Duration,
    /// The longest that it stays open. Default 5 min.
    pub wait_max: Duration,
    /// Openings within the window after which only a person closes it. Default 6.
    pub openings: usize,
    /// Default 1 h.
    pub window: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            failures: 5,
            first_wait: Duration::from_secs(1),
            wait_max: Duration::from_mins(5),
            openings: 6,
            window: Duration::from_hours(1),
        }
    }
}

/// What a call says about the plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Fine,
    /// It does not, and that is its own fault.
    AtFault,
    /// Nothing.
    Neither,
}

impl<T> Outcome<T> {
    /// What this outcome says about the plugin.
    pub fn verdict(&self) -> Verdict {
        match self {
            Self::Done(_) | Self::Failed(_) => Verdict::Fine,
            Self::Panicked { .. }
            | Self::TimedOut { .. }
            | Self::OutOfMemory { .. }
            | Self::Trapped { .. }
            | Self::OutputTooLarge { .. }
            | Self::Unsteady
            | Self::Incompatible { .. } => Verdict::AtFault,
            Self::InputTooLarge { .. }
            | Self::BackOff { .. }
            | Self::Quarantined { .. }
            | Self::Unavailable { .. } => Verdict::Neither,
        }
    }
}

/// What people are shown of a breaker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// None goes through until then, and then one.
    Open {
        /// In ms.
        until_ms: u64,
    },
    /// None goes through until a person lifts it.
    Quarantined {
        /// In ms.
        since_ms: u64,
    },
}

/// Whether a call may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// It may; how it ends has to be told.
    Go(Pass),
    /// It may not.
    BackOff {
        /// When the next may, in ms.
        until_ms: u64,
    },
    /// It may not, and none may until a person lifts the quarantine.
    Quarantined {
        /// In ms.
        since_ms: u64,
    },
}

/// Leave to make one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pass(u64);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed {
        failures: u32,
    },
    Open {
        since_ms: u64,
    },
    /// Open, and one call sees whether it is over.
    Trial {
        since_ms: u64,
        pass: Pass,
    },
    Quarantined {
        since_ms: u64,
    },
}

/// The state of one binding of a plugin.
#[derive(Debug, Clone)]
pub struct Breaker {
    policy: BreakerPolicy,
    state: State,
    /// When it opened, within the window; the latest last.
    opened_ms: VecDeque<u64>,
    next_pass: u64,
}

impl Breaker {
    /// A closed one.
    pub fn new(policy: BreakerPolicy) -> Self {
        Self {
            policy,
            state: State::Closed { failures: 0 },
            opened_ms: VecDeque::new(),
            next_pass: 0,
        }
    }

    /// One in quarantine, as it was before a restart.
    pub fn quarantined(policy: BreakerPolicy, since_ms: u64) -> Self {
        Self {
            state: State::Quarantined { since_ms },
            ..Self::new(policy)
        }
    }

    /// What people are shown.
    pub fn state(&self) -> BreakerState {
        match self.state {
            State::Closed { .. } => BreakerState::Closed,
            State::Open { since_ms } | State::Trial { since_ms, .. } => BreakerState::Open {
                until_ms: since_ms.saturating_add(self.wait_ms()),
            },
            State::Quarantined { since_ms } => BreakerState::Quarantined { since_ms },
        }
    }

    /// Asks for leave to make a call now.
    pub fn admit(&mut self, now_ms: u64) -> Admission {
        match self.state {
            State::Closed { .. } => Admission::Go(self.pass()),
            State::Quarantined { since_ms } => Admission::Quarantined { since_ms },
            // A trial of which nothing was heard for so long is not waited for.
            State::Open { since_ms } | State::Trial { since_ms, .. } => {
                let until_ms = since_ms.saturating_add(self.wait_ms());
                // Another thread may have looked at the clock a little before it opened.
                let from_ms = since_ms.saturating_sub(self.wait_ms());
                if (from_ms..until_ms).contains(&now_ms) {
                    return Admission::BackOff { until_ms };
                }
                let pass = self.pass();
                let since_ms = now_ms;
                self.state = State::Trial { since_ms, pass };
                Admission::Go(pass)
            }
        }
    }

    /// Tells how the call ended that this leave was for.
    pub fn settle(&mut self, pass: Pass, verdict: Verdict, now_ms: u64) {
        match (self.state, verdict) {
            (State::Closed { .. }, Verdict::Fine) => self.state = State::Closed { failures: 0 },
            (State::Closed { failures }, Verdict::AtFault) => {
                let failures = failures.saturating_add(1);
                self.state = State::Closed { failures };
                if failures >= self.policy.failures {
                    self.open(now_ms);
                }
            }
            (State::Trial { pass: trial, .. }, verdict) if trial == pass => match verdict {
                Verdict::Fine => self.state = State::Closed { failures: 0 },
                Verdict::AtFault => self.open(now_ms),
                // The next one may try at once: its wait was over.
                Verdict::Neither => {
                    let since_ms = now_ms.saturating_sub(self.wait_ms());
                    self.state = State::Open { since_ms };
                }
            },
            // Calls that began before it opened tell nothing new.
            (State::Closed { .. }, Verdict::Neither)
            | (State::Open { .. } | State::Trial { .. } | State::Quarantined { .. }, _) => {}
        }
    }

    /// Closes it, because a person says so; what was before is forgotten.
    pub fn lift(&mut self) {
        self.state = State::Closed { failures: 0 };
        self.opened_ms.clear();
    }

    fn pass(&mut self) -> Pass {
        self.next_pass += 1;
        Pass(self.next_pass)
    }

    fn open(&mut self, now_ms: u64) {
        let window = millis(self.policy.window);
        let is_recent = |at: &u64| (now_ms.saturating_sub(window)..=now_ms).contains(at);
        self.opened_ms.retain(is_recent);
        self.opened_ms.push_back(now_ms);
        self.state = if self.opened_ms.len() >= self.policy.openings {
            State::Quarantined { since_ms: now_ms }
        } else {
            State::Open { since_ms: now_ms }
        };
    }

    /// How long it stays open now, in ms: doubled with each opening that is remembered.
    fn wait_ms(&self) -> u64 {
        let doublings = self.opened_ms.len().saturating_sub(1);
        let factor = u32::try_from(doublings)
            .ok()
            .and_then(|doublings| 1_u64.checked_shl(doublings))
            .unwrap_or(u64::MAX);
        let wait = millis(self.policy.first_wait).saturating_mul(factor);
        wait.min(millis(self.policy.wait_max))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
