//! Whether pushes with one certificate may leave now.
//!
//! Knows nothing of who is pushed. Invariants: no more are under way than may be; a service that
//! does not answer, or refuses us, halts all of the lane and is asked again ever more rarely; the
//! first good answer ends that.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Health;
use crate::outcome::{Cause, PushOutcome, RETRY_AFTER_MAX};

/// How long a device waits that APNs calls pushed too often, if APNs names no time.
const THROTTLED_MS: u64 = 5 * 60 * 1000;
/// How long a device waits whose push got no answer, while others may get theirs.
const UNAVAILABLE_MS: u64 = 10 * 1000;
/// How long all wait after the first push without an answer, and at most after many in a row.
const HOLD_FIRST_MS: u64 = 1000;
const HOLD_MAX_MS: u64 = 60 * 1000;

/// What an answer means for the one who was pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Effect {
    /// The push counts.
    None,
    /// It does not: the next one may leave then.
    Postpone(u64),
    /// As that, and none before, whatever there is new.
    Hold(u64),
}

/// One certificate's pushes.
#[derive(Debug, Default)]
pub(super) struct Gate {
    pub(super) health: Health,
    /// Nothing leaves before this time: APNs does not answer.
    hold_until_ms: u64,
    /// Holds in a row.
    holds: u32,
    under_way: usize,
}

/// How many may leave in one round.
#[derive(Debug, Default)]
pub(super) struct Share {
    left: usize,
    taken: usize,
    /// While there is an alarm: the hosts that are tried, each once.
    hosts: Option<BTreeSet<u64>>,
}

impl Gate {
    /// How many may leave now.
    pub(super) fn room(&self, now_ms: u64, under_way_max: usize) -> usize {
        if self.is_halted(now_ms) {
            return 0;
        }
        let room = under_way_max.saturating_sub(self.under_way);
        room.min(self.health.allowance(now_ms))
    }

    /// Whether the service is left alone for now.
    pub(super) fn is_halted(&self, now_ms: u64) -> bool {
        now_ms < self.hold_until_ms || self.health.allowance(now_ms) == 0
    }

    /// The same for a round.
    pub(super) fn share(&self, now_ms: u64, under_way_max: usize) -> Share {
        Share {
            left: self.room(now_ms, under_way_max),
            taken: 0,
            hosts: self.health.alarm().map(|_| BTreeSet::new()),
        }
    }

    /// A round is over.
    pub(super) fn took(&mut self, share: &Share, now_ms: u64) {
        self.under_way += share.taken;
        self.health.took(share.taken, now_ms);
    }

    /// A push is under way no more, whatever came of it.
    pub(super) fn landed(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }

    /// Learns what came of a push.
    pub(super) fn note(&mut self, host: u64, outcome: &PushOutcome, now_ms: u64) -> Effect {
        self.health.note(host, outcome, now_ms);
        match outcome {
            PushOutcome::Accepted { .. } | PushOutcome::Unregistered { .. } => {
                self.holds = 0;
                Effect::None
            }
            PushOutcome::Rejected { .. } => {
                self.holds = 0;
                // While all are refused it is not the device's doing.
                match self.health.alarm() {
                    Some(_) => Effect::Postpone(now_ms),
                    None => Effect::None,
                }
            }
            PushOutcome::Throttled { retry_after } => {
                self.holds = 0;
                let wait_ms = retry_after.map_or(THROTTLED_MS, bounded_ms);
                Effect::Hold(now_ms.saturating_add(wait_ms))
            }
            PushOutcome::Unavailable { cause, retry_after } => {
                self.hold(cause, *retry_after, now_ms);
                Effect::Postpone(now_ms.saturating_add(UNAVAILABLE_MS))
            }
        }
    }

    /// Many pushes may fail together; they are one failure.
    fn hold(&mut self, cause: &Cause, retry_after: Option<Duration>, now_ms: u64) {
        let named_ms = retry_after.map_or(0, bounded_ms);
        let mut wait_ms = named_ms;
        if now_ms >= self.hold_until_ms && *cause != Cause::BackingOff {
            let doubled = HOLD_FIRST_MS.saturating_mul(1 << self.holds.min(16));
            wait_ms = wait_ms.max(doubled.min(HOLD_MAX_MS));
            self.holds = self.holds.saturating_add(1);
        }
        self.hold_until_ms = self.hold_until_ms.max(now_ms.saturating_add(wait_ms));
    }
}

impl Share {
    /// Whether one more may leave.
    pub(super) fn is_open(&self) -> bool {
        self.left > 0
    }

    /// Takes one for a channel of `host`, if it may have one.
    pub(super) fn take(&mut self, host: u64) -> bool {
        if self.left == 0 || self.hosts.as_mut().is_some_and(|hosts| !hosts.insert(host)) {
            return false;
        }
        self.left -= 1;
        self.taken += 1;
        true
    }
}

fn bounded_ms(wait: Duration) -> u64 {
    u64::try_from(wait.min(RETRY_AFTER_MAX).as_millis()).unwrap_or(u64::MAX)
}
