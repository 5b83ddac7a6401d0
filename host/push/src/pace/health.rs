//! Whether Apple takes our pushes at all: the halt that protects a fleet from our own mistakes.
//!
//! A wrong or expired certificate, or a fault at Apple's, looks like thousands of bad tokens. Knows
//! nothing of single devices and never judges one. Invariants: while the alarm lasts, a few pushes
//! a pause leave to find out whether it is over; the first success ends it.

use crate::outcome::{Cause, PushOutcome};

/// How long answers are counted together.
const WINDOW_MS: u64 = 60 * 1000;
/// Refusals in a window that may be an alarm: below, it is a few devices' bad tokens.
const REFUSED_MIN: u64 = 20;
/// And they are more than one in so many answers.
const REFUSED_ONE_IN: u64 = 100;
/// The first pause, and the longest.
const PAUSE_FIRST_MS: u64 = 60 * 1000;
const PAUSE_MAX_MS: u64 = 60 * 60 * 1000;
/// Pushes after a pause until one succeeds. Several, as a single device may well have a bad token.
const PROBES: usize = 5;

/// Why pushes are halted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alarm {
    /// Since when, in ms of the caller's clock.
    pub since_ms: u64,
    /// Apple's word in the last refusal, or our own; bounded, for people; may be empty.
    pub reason: String,
    /// The last refusal's HTTP status; `None` if our certificate was refused in the handshake.
    pub status: Option<u16>,
}

#[derive(Debug)]
struct Halt {
    alarm: Alarm,
    pause_ms: u64,
    until_ms: u64,
    probes_left: usize,
    /// Whether this round's refusal has lengthened the pause.
    is_counted: bool,
}

/// Whether pushes may leave.
#[derive(Debug, Default)]
pub struct Health {
    window_ms: u64,
    answered: u64,
    refused: u64,
    halt: Option<Halt>,
}

impl Health {
    /// In good health.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many pushes may leave now: none in a pause, a few after it, else any number.
    pub fn allowance(&self, now_ms: u64) -> usize {
        match &self.halt {
            None => usize::MAX,
            Some(halt) if now_ms < halt.until_ms => 0,
            Some(halt) if halt.probes_left == 0 => PROBES,
            Some(halt) => halt.probes_left,
        }
    }

    /// Counts pushes that leave. When the last probe is gone the pause begins again, so that
    /// outcomes which are never told cannot end all pushing.
    pub fn took(&mut self, count: usize, now_ms: u64) {
        let Some(halt) = self.halt.as_mut().filter(|_| count > 0) else {
            return;
        };
        if halt.probes_left == 0 {
            halt.probes_left = PROBES;
            halt.is_counted = false;
        }
        halt.probes_left = halt.probes_left.saturating_sub(count);
        if halt.probes_left == 0 {
            halt.until_ms = now_ms.saturating_add(halt.pause_ms);
        }
    }

    /// Learns what came of a push. A 410 is about one device and a 429 about its pace: neither
    /// raises nor ends an alarm.
    pub fn note(&mut self, outcome: &PushOutcome, now_ms: u64) {
        match outcome {
            PushOutcome::Accepted { .. } => {
                if self.halt.take().is_some() {
                    self.refused = 0;
                }
                self.count(now_ms, false);
            }
            PushOutcome::Rejected { status, reason } => self.refuse(Some(*status), reason, now_ms),
            PushOutcome::Unavailable {
                cause: cause @ Cause::CertificateRefused,
                ..
            } => self.refuse(None, &cause.to_string(), now_ms),
            PushOutcome::Unregistered { .. } | PushOutcome::Throttled { .. } => {
                self.count(now_ms, false);
            }
            PushOutcome::Unavailable { .. } => {}
        }
    }

    /// Why pushes are halted, for people.
    pub fn alarm(&self) -> Option<&Alarm> {
        self.halt.as_ref().map(|halt| &halt.alarm)
    }

    /// Until when nothing leaves; zero in good health.
    pub fn resumes_ms(&self) -> u64 {
        self.halt.as_ref().map_or(0, |halt| halt.until_ms)
    }

    fn count(&mut self, now_ms: u64, is_refused: bool) {
        if now_ms.saturating_sub(self.window_ms) >= WINDOW_MS {
            self.window_ms = now_ms;
            self.answered = 0;
            self.refused = 0;
        }
        self.answered += 1;
        self.refused += u64::from(is_refused);
    }

    /// `status` is `None` for a refused certificate: that concerns every push, so it needs no
    /// second one to be sure.
    fn refuse(&mut self, status: Option<u16>, reason: &str, now_ms: u64) {
        self.count(now_ms, true);
        if let Some(halt) = self.halt.as_mut() {
            halt.alarm.status = status;
            reason.clone_into(&mut halt.alarm.reason);
            if !halt.is_counted {
                halt.is_counted = true;
                halt.pause_ms = halt.pause_ms.saturating_mul(2).min(PAUSE_MAX_MS);
                halt.until_ms = now_ms.saturating_add(halt.pause_ms);
                halt.probes_left = 0;
            }
            return;
        }
        let is_many = self.refused >= REFUSED_MIN && self.refused * REFUSED_ONE_IN > self.answered;
        if status.is_none() || is_many {
            self.halt = Some(Halt {
                alarm: Alarm {
                    since_ms: now_ms,
                    reason: reason.to_owned(),
                    status,
                },
                pause_ms: PAUSE_FIRST_MS,
                until_ms: now_ms.saturating_add(PAUSE_FIRST_MS),
                probes_left: 0,
                // Pushes that left before the alarm come back refused: they belong to it.
                is_counted: true,
            });
        }
    }
}
