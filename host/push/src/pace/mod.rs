//! Who is pushed when: rate, repetition, and a halt when Apple refuses us.
//!
//! Pure: time is an argument in ms of any one clock, and nothing is sent here. Invariants: never
//! more pushes than the rate; a key stays queued until [`Pacer::done`]; no answer ever takes a key
//! out of the queue, so nobody loses its pushes by a mistake on our or Apple's side.

mod bucket;
mod health;
mod queue;

use std::time::Duration;

use crate::outcome::{Cause, PushOutcome, RETRY_AFTER_MAX};

pub use bucket::TokenBucket;
pub use health::{Alarm, Health};
pub use queue::{COALESCE_MS, PushQueue, QueueFull, REPEATS_MS};

/// How long a device waits that APNs calls pushed too often, if APNs names no time.
const THROTTLED_MS: u64 = 5 * 60 * 1000;
/// How long a device waits whose push got no answer, while others may get theirs.
const UNAVAILABLE_MS: u64 = 10 * 1000;
/// How long all wait after the first push without an answer, and at most after many in a row.
const HOLD_FIRST_MS: u64 = 1000;
const HOLD_MAX_MS: u64 = 60 * 1000;

/// Bounds of a [`Pacer`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PacerOptions {
    /// Pushes a second in the long run; at least one. Each brings a device to our door.
    pub rate_per_s: u32,
    /// Pushes at once after a quiet time; at least one.
    pub burst: u32,
    /// Most keys queued at a time.
    pub entries_max: usize,
}

impl Default for PacerOptions {
    /// 200 a second: 100,000 hosts in less than ten minutes, and a load the server knows well.
    fn default() -> Self {
        Self {
            rate_per_s: 200,
            burst: 200,
            entries_max: 1_000_000,
        }
    }
}

/// The queue, the rate and the health of pushing in one.
///
/// The owner asks [`Self::take`] for keys, pushes each once, and tells what came of it by
/// [`Self::note`]; a push whose outcome is never told counts as sent.
///
/// ```
/// use mooring_push::{Pacer, PacerOptions, PushOutcome};
///
/// let mut pacer = Pacer::new(PacerOptions::default());
/// let now_ms = 1_790_000_000_000;
/// pacer.schedule("H1", now_ms)?;
/// for key in pacer.take(now_ms, 100) {
///     let outcome = PushOutcome::Accepted { apns_id: None }; // of `Apns::push`
///     pacer.note(&key, &outcome, now_ms);
/// }
/// // H1 does not come: in five to six minutes it is pushed again.
/// let minutes = (pacer.next_ms(now_ms).unwrap() - now_ms) / 60_000;
/// assert_eq!(minutes, 5);
/// pacer.done("H1");
/// # Ok::<(), mooring_push::QueueFull>(())
/// ```
#[derive(Debug)]
pub struct Pacer {
    queue: PushQueue,
    bucket: TokenBucket,
    health: Health,
    /// Nothing leaves before this time: APNs does not answer.
    hold_until_ms: u64,
    /// Holds in a row.
    holds: u32,
}

impl Pacer {
    /// An empty one with its burst in full.
    pub fn new(options: PacerOptions) -> Self {
        Self {
            queue: PushQueue::new(options.entries_max),
            bucket: TokenBucket::new(options.rate_per_s, options.burst),
            health: Health::new(),
            hold_until_ms: 0,
            holds: 0,
        }
    }

    /// There is something new for this device: push at once, unless a push is under way to it.
    ///
    /// # Errors
    ///
    /// The queue is full and the key is not in it.
    pub fn schedule(&mut self, key: &str, now_ms: u64) -> Result<(), QueueFull> {
        self.queue.schedule(key, now_ms)
    }

    /// The device came: its repetition begins anew, in case something remains to be done.
    pub fn contacted(&mut self, key: &str, now_ms: u64) {
        self.queue.contacted(key, now_ms);
    }

    /// Nothing is left to do for this device, or it must not be pushed.
    pub fn done(&mut self, key: &str) {
        self.queue.done(key);
    }

    /// At most `max` keys to push now.
    pub fn take(&mut self, now_ms: u64, max: usize) -> Vec<String> {
        if now_ms < self.hold_until_ms {
            return Vec::new();
        }
        let most = max
            .min(self.bucket.available(now_ms))
            .min(self.health.allowance(now_ms));
        let keys = if self.health.alarm().is_some() {
            self.queue.take_due_of_each_host(now_ms, most)
        } else {
            self.queue.take_due(now_ms, most)
        };
        self.bucket.spend(keys.len());
        self.health.took(keys.len(), now_ms);
        keys
    }

    /// Learns what came of a push. [`PushOutcome::Unregistered`] changes nothing here: the owner
    /// decides, by the age of the device's token, whether to call [`Self::done`].
    pub fn note(&mut self, key: &str, outcome: &PushOutcome, now_ms: u64) {
        self.health.note(key, outcome, now_ms);
        match outcome {
            PushOutcome::Accepted { .. } | PushOutcome::Unregistered { .. } => self.holds = 0,
            PushOutcome::Rejected { .. } => {
                self.holds = 0;
                // While all are refused it is not the device's doing.
                if self.health.alarm().is_some() {
                    self.queue.postpone(key, now_ms);
                }
            }
            PushOutcome::Throttled { retry_after } => {
                self.holds = 0;
                let wait_ms = retry_after.map_or(THROTTLED_MS, bounded_ms);
                self.queue.hold(key, now_ms.saturating_add(wait_ms));
            }
            PushOutcome::Unavailable { cause, retry_after } => {
                self.queue
                    .postpone(key, now_ms.saturating_add(UNAVAILABLE_MS));
                self.hold(cause, *retry_after, now_ms);
            }
        }
    }

    /// When [`Self::take`] may next give a key; `None` while the queue is empty. May be past.
    pub fn next_ms(&mut self, now_ms: u64) -> Option<u64> {
        let due_ms = self.queue.next_due_ms()?;
        Some(
            due_ms
                .max(self.hold_until_ms)
                .max(self.bucket.next_ms(now_ms))
                .max(self.health.resumes_ms()),
        )
    }

    /// Keys queued.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nobody is to be pushed.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Why pushes are halted, for people.
    pub fn alarm(&self) -> Option<&Alarm> {
        self.health.alarm()
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

fn bounded_ms(wait: Duration) -> u64 {
    u64::try_from(wait.min(RETRY_AFTER_MAX).as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
