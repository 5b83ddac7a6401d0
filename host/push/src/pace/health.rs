//! Whether Apple takes our pushes at all: the halt that protects a fleet from our own mistakes.
//!
//! A wrong or expired certificate, or a fault at Apple's, looks like thousands of bad tokens. Knows
//! nothing of single devices and never judges one. Invariants: no host can raise an alarm or make
//! one last longer, however many tokens it invents for its users; while the alarm lasts, a few
//! pushes a pause leave to find out whether it is over; the first success ends it.

use std::collections::BTreeSet;

use crate::outcome::{Cause, PushOutcome};

/// How long answers are counted together.
const WINDOW_MS: u64 = 60 * 1000;
/// Hosts refused in a window that may be an alarm: below, it is a few devices' bad tokens.
const REFUSED_MIN: usize = 20;
/// And they are more than one in so many answers.
const REFUSED_ONE_IN: usize = 100;
/// The first pause, and the longest.
const PAUSE_FIRST_MS: u64 = 60 * 1000;
const PAUSE_MAX_MS: u64 = 60 * 60 * 1000;
/// Pushes after a pause until one succeeds, each to another host. Several, as a single device may
/// well have a bad token.
const PROBES: usize = 5;
/// Hosts among them whose refusals lengthen the pause.
const PROBES_REFUSED_MIN: usize = 2;
/// APNs' answer where our certificate, not the device's token, is refused.
const FORBIDDEN: u16 = 403;

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
    /// Hosts that refused since the last probes left.
    refused: BTreeSet<u64>,
    /// Whether this round's refusals have lengthened the pause.
    is_counted: bool,
}

/// Whether pushes may leave.
#[derive(Debug, Default)]
pub struct Health {
    window_ms: u64,
    answered: usize,
    /// Hosts whose token was refused. An alarm ends its growth, so it has few.
    refused: BTreeSet<u64>,
    /// Refusals of our certificate.
    forbidden: usize,
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
            Some(_) => PROBES,
        }
    }

    /// Counts pushes that leave. With the probes the pause begins again, so that outcomes which
    /// are never told cannot end all pushing.
    pub fn took(&mut self, count: usize, now_ms: u64) {
        let Some(halt) = self.halt.as_mut().filter(|_| count > 0) else {
            return;
        };
        halt.refused.clear();
        halt.is_counted = false;
        halt.until_ms = now_ms.saturating_add(halt.pause_ms);
    }

    /// Learns what came of a push to a channel of `host`. A 410 is about one device and a 429 about
    /// its pace: neither raises nor ends an alarm.
    pub fn note(&mut self, host: u64, outcome: &PushOutcome, now_ms: u64) {
        match outcome {
            PushOutcome::Accepted { .. } => {
                if self.halt.take().is_some() {
                    self.forget_refusals();
                }
                self.count(now_ms);
            }
            PushOutcome::Rejected { status, reason } => {
                self.refuse(host, Some(*status), reason, now_ms);
            }
            PushOutcome::Unavailable {
                cause: cause @ Cause::CertificateRefused,
                ..
            } => self.refuse(host, None, &cause.to_string(), now_ms),
            PushOutcome::Unregistered { .. } | PushOutcome::Throttled { .. } => {
                self.count(now_ms);
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

    fn count(&mut self, now_ms: u64) {
        if now_ms.saturating_sub(self.window_ms) >= WINDOW_MS {
            self.window_ms = now_ms;
            self.answered = 0;
            self.forget_refusals();
        }
        self.answered += 1;
    }

    fn forget_refusals(&mut self) {
        self.refused.clear();
        self.forbidden = 0;
    }

    /// `status` is `None` for a certificate refused in the handshake: that concerns every push, so
    /// it needs no second one to be sure.
    fn refuse(&mut self, host: u64, status: Option<u16>, reason: &str, now_ms: u64) {
        let is_ours = status.is_none_or(|status| status == FORBIDDEN);
        self.count(now_ms);
        if let Some(halt) = self.halt.as_mut() {
            halt.alarm.status = status;
            reason.clone_into(&mut halt.alarm.reason);
            if halt.is_counted {
                return;
            }
            halt.refused.insert(host);
            if is_ours || halt.refused.len() >= PROBES_REFUSED_MIN {
                halt.is_counted = true;
                halt.pause_ms = halt.pause_ms.saturating_mul(2).min(PAUSE_MAX_MS);
                halt.until_ms = now_ms.saturating_add(halt.pause_ms);
            }
            return;
        }
        if is_ours {
            self.forbidden += 1;
        } else {
            self.refused.insert(host);
        }
        let refused = self.refused.len() + self.forbidden;
        let is_many = refused >= REFUSED_MIN && refused * REFUSED_ONE_IN > self.answered;
        if status.is_none() || is_many {
            self.halt = Some(Halt {
                alarm: Alarm {
                    since_ms: now_ms,
                    reason: reason.to_owned(),
                    status,
                },
                pause_ms: PAUSE_FIRST_MS,
                until_ms: now_ms.saturating_add(PAUSE_FIRST_MS),
                refused: BTreeSet::new(),
                // Pushes that left before the alarm come back refused: they belong to it.
                is_counted: true,
            });
        }
    }
}
