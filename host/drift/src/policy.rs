//! The engine's intervals and bounds, in one place, and the time they are measured in.
//!
//! Knows nothing of where they are configured. Invariant: a schedule survives a clock that jumps,
//! in either direction: a moment that lies further in the future than it could have been set
//! counts as reached.

use mooring_mdm::ids::EnrollmentId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Milliseconds since 1970-01-01T00:00:00Z, as the shell's clock says. Used for intervals and
/// display only; order is kept by sequence numbers.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub u64);

impl Timestamp {
    /// The moment `ms` milliseconds later.
    #[must_use]
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
}

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;

/// The engine's intervals and bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Age at which a list is asked for again, before jitter, in ms.
    pub refresh_interval_ms: u64,
    /// Failed attempts for one content on one host before it is parked.
    pub attempts_max: u8,
    /// Lost outcomes in a row for one content on one host that count as a failure and park it.
    pub lost_max: u8,
    /// Wait before the second attempt, in ms; doubles for the third.
    pub retry_first_ms: u64,
    /// Longest wait between attempts, in ms.
    pub retry_max_ms: u64,
    /// Wait before the first push after a NotNow, in ms; doubles with each further one.
    pub not_now_first_ms: u64,
    /// Longest wait before a push after a NotNow, in ms.
    pub not_now_max_ms: u64,
    /// Wait after an identity renewal was acknowledged before it is asked for once more, in ms,
    /// should the device go on with its old identity.
    pub renewal_wait_ms: u64,
    /// Times that a command somebody else made is handed out without a report before it is given
    /// up and the next one gets its turn.
    pub raw_deliveries_max: u8,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            // A day: long enough that an idle fleet is quiet, short enough that a removed
            // profile is back tomorrow.
            refresh_interval_ms: 24 * HOUR_MS,
            attempts_max: 3,
            lost_max: 3,
            retry_first_ms: 10 * MINUTE_MS,
            retry_max_ms: 24 * HOUR_MS,
            not_now_first_ms: HOUR_MS,
            not_now_max_ms: 24 * HOUR_MS,
            renewal_wait_ms: 24 * HOUR_MS,
            raw_deliveries_max: 3,
        }
    }
}

impl Policy {
    /// Intervals after which a list no longer says anything: the host is `unknown`.
    pub const STALE_INTERVALS: u64 = 3;

    /// The wait before attempt `failed + 1`, jittered by up to a tenth for this enrollment.
    pub fn retry_wait_ms(&self, enrollment: &EnrollmentId, failed: u8) -> u64 {
        let wait = doubled(self.retry_first_ms, failed, self.retry_max_ms);
        wait + jitter(enrollment, u64::from(failed), wait / 10)
    }

    /// The wait before the push that follows the `tally`-th NotNow in a row.
    pub fn not_now_wait_ms(&self, tally: u8) -> u64 {
        doubled(self.not_now_first_ms, tally, self.not_now_max_ms)
    }

    /// Whether something stamped `at` is older than the refresh interval, which is stretched by
    /// up to a tenth so that hosts that enrolled together do not refresh together.
    pub fn is_refresh_due(&self, enrollment: &EnrollmentId, at: Timestamp, now: Timestamp) -> bool {
        is_older(at, self.refresh_span_ms(enrollment, at), now)
    }

    /// The stretched interval after which a list requested at `at` is asked for again, in ms.
    pub fn refresh_span_ms(&self, enrollment: &EnrollmentId, at: Timestamp) -> u64 {
        let stretch = jitter(enrollment, at.0, self.refresh_interval_ms / 10);
        self.refresh_interval_ms.saturating_add(stretch)
    }

    /// Whether a list requested at `at` is too old to say anything.
    pub fn is_stale(&self, at: Timestamp, now: Timestamp) -> bool {
        is_older(at, self.stale_span_ms(), now)
    }

    /// The age at which a list says nothing any more, in ms.
    pub fn stale_span_ms(&self) -> u64 {
        self.refresh_interval_ms
            .saturating_mul(Self::STALE_INTERVALS)
    }

    /// Whether an attribute told at `at` is too old to say anything: older than two intervals.
    pub fn is_attribute_old(&self, at: Timestamp, now: Timestamp) -> bool {
        is_older(at, self.attribute_span_ms(), now)
    }

    /// The age at which an attribute says nothing any more, in ms.
    pub fn attribute_span_ms(&self) -> u64 {
        self.refresh_interval_ms.saturating_mul(2)
    }

    /// Whether a wait until `until` is over; one longer than any that is ever set is.
    pub fn is_over(&self, until: Timestamp, now: Timestamp) -> bool {
        now >= until || until.0 - now.0 > self.wait_max_ms()
    }

    /// The longest wait that is believed, in ms: twice what is ever set.
    pub fn wait_max_ms(&self) -> u64 {
        let longest = self.retry_max_ms.max(self.not_now_max_ms);
        longest.saturating_mul(2)
    }
}

/// A stamp more than one span in the future comes from a clock that jumped: it counts as old.
fn is_older(at: Timestamp, span_ms: u64, now: Timestamp) -> bool {
    now.0.abs_diff(at.0) >= span_ms
}

fn doubled(first_ms: u64, times: u8, max_ms: u64) -> u64 {
    let factor = 1_u64
        .checked_shl(u32::from(times.saturating_sub(1)))
        .unwrap_or(u64::MAX);
    first_ms.saturating_mul(factor).min(max_ms)
}

/// A number below `bound_ms` (0 if that is 0) that depends on the enrollment and `salt` alone.
fn jitter(enrollment: &EnrollmentId, salt: u64, bound_ms: u64) -> u64 {
    let mut hash = Sha256::new();
    // Its string form, without making one: this is asked for every host at the start.
    hash.update(enrollment.host().as_str());
    if let Some(user) = enrollment.user_part() {
        hash.update(":");
        hash.update(user);
    }
    hash.update([0]);
    hash.update(salt.to_be_bytes());
    let digest = hash.finalize();
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    u64::from_be_bytes(first).checked_rem(bound_ms).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn enrollment(text: &str) -> EnrollmentId {
        EnrollmentId::parse(text).unwrap()
    }

    /// Waits double, stop at their maximum, and never overflow.
    #[test]
    fn waits_double_up_to_the_maximum() {
        let policy = Policy::default();
        let hours: Vec<u64> = (1..8)
            .map(|n| policy.not_now_wait_ms(n) / HOUR_MS)
            .collect();
        assert_eq!(hours, [1, 2, 4, 8, 16, 24, 24]);
        assert_eq!(policy.not_now_wait_ms(u8::MAX), 24 * HOUR_MS);
        let wait = policy.retry_wait_ms(&enrollment("A"), 1);
        assert!((10 * MINUTE_MS..=11 * MINUTE_MS).contains(&wait), "{wait}");
    }

    /// A clock that jumps by ten years, either way, makes a refresh due and a wait over.
    #[test]
    fn a_jumping_clock_never_blocks() {
        let policy = Policy::default();
        let (a, now) = (enrollment("A"), Timestamp(1_700_000_000_000));
        let years = 10 * 365 * 24 * HOUR_MS;
        for then in [Timestamp(now.0 - years), Timestamp(now.0 + years)] {
            assert!(policy.is_refresh_due(&a, then, now));
            assert!(policy.is_over(then, now));
        }
        assert!(!policy.is_refresh_due(&a, now, now));
        assert!(!policy.is_over(now.plus_ms(HOUR_MS), now));
    }
}
