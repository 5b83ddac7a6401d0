//! Time that tests move.
//!
//! Invariant: it stands still unless a test moves it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mooring_drift::policy::Timestamp;
use mooring_server::clock::Clock;

/// One minute in milliseconds.
pub const MINUTE_MS: u64 = 60_000;
/// One hour in milliseconds.
pub const HOUR_MS: u64 = 60 * MINUTE_MS;

/// A clock that stands still; copies show the same time.
#[derive(Debug, Clone)]
pub struct TestClock(Arc<AtomicU64>);

impl TestClock {
    /// A clock at some moment of November 2023.
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(1_700_000_000_000)))
    }

    /// Lets `ms` milliseconds pass.
    pub fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::Relaxed);
    }

    /// Sets the clock back by `ms` milliseconds.
    pub fn set_back(&self, ms: u64) {
        self.0.fetch_sub(ms, Ordering::Relaxed);
    }

    /// The clock as the server takes it.
    pub fn for_server(&self) -> Clock {
        let now = Arc::clone(&self.0);
        Clock::from_fn(move || Timestamp(now.load(Ordering::Relaxed)))
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}
