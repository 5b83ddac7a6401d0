//! A token bucket: how many pushes may leave now.
//!
//! Knows nothing of pushes. Invariant: between any two moments no more are spent than the burst and
//! what the rate gives in that time, whatever the clock does.

/// One push, in the thousandths that the bucket counts.
const ONE: u64 = 1000;

/// How many pushes may leave now.
#[derive(Debug, Clone)]
pub struct TokenBucket {
    rate_per_s: u32,
    burst: u32,
    /// In thousandths, so that a rate a second is a whole number a millisecond.
    level: u64,
    filled_ms: Option<u64>,
}

impl TokenBucket {
    /// A full bucket. Zeros are taken for ones, since a bucket that never fills would be a halt.
    pub fn new(rate_per_s: u32, burst: u32) -> Self {
        let burst = burst.max(1);
        Self {
            rate_per_s: rate_per_s.max(1),
            burst,
            level: u64::from(burst) * ONE,
            filled_ms: None,
        }
    }

    /// How many may leave now.
    pub fn available(&mut self, now_ms: u64) -> usize {
        self.fill(now_ms);
        usize::try_from(self.level / ONE).unwrap_or(usize::MAX)
    }

    /// Counts pushes that leave; at most as many as [`Self::available`] said.
    pub fn spend(&mut self, count: usize) {
        let spent = u64::try_from(count).unwrap_or(u64::MAX).saturating_mul(ONE);
        self.level = self.level.saturating_sub(spent);
    }

    /// When the next may leave; `now_ms` or before if one may leave now.
    pub fn next_ms(&mut self, now_ms: u64) -> u64 {
        self.fill(now_ms);
        let missing = ONE.saturating_sub(self.level);
        let filled_ms = self.filled_ms.unwrap_or(now_ms);
        filled_ms.saturating_add(missing.div_ceil(u64::from(self.rate_per_s)))
    }

    /// A clock that goes back gives nothing until it has caught up.
    fn fill(&mut self, now_ms: u64) {
        let filled_ms = self.filled_ms.unwrap_or(now_ms);
        let passed_ms = now_ms.saturating_sub(filled_ms);
        let gained = passed_ms.saturating_mul(u64::from(self.rate_per_s));
        let full = u64::from(self.burst) * ONE;
        self.level = self.level.saturating_add(gained).min(full);
        self.filled_ms = Some(filled_ms.max(now_ms));
    }
}
