//! The clock, and moments as texts. Nothing else in the workspace reads the time.
//!
//! Invariant: a text made here is RFC 3339 in UTC with milliseconds.

use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use mooring_drift::policy::Timestamp;
use time::OffsetDateTime;

/// Tells the time; tests pass one of their own.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Clock({})", rfc3339(self.now()))
    }
}

impl Clock {
    /// The operating system's clock.
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one reader of the system's clock"
    )]
    pub fn system() -> Self {
        Self(Arc::new(|| {
            let since = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .unwrap_or_default();
            Timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
        }))
    }

    /// A clock that says what `now` says.
    pub fn from_fn(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// This moment.
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

/// `at` as RFC 3339; moments beyond the year 9999 show as the last one that has a form.
pub fn rfc3339(at: Timestamp) -> String {
    let last = "9999-12-31T23:59:59.999Z";
    let seconds = i64::try_from(at.0 / 1000).unwrap_or(i64::MAX);
    let Ok(moment) = OffsetDateTime::from_unix_timestamp(seconds) else {
        return last.to_owned();
    };
    let (year, month, day) = moment.to_calendar_date();
    let (hour, minute, second) = moment.to_hms();
    let (month, ms) = (u8::from(month), at.0 % 1000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{ms:03}Z")
}

/// The day of `at` in UTC, as `YYYY-MM-DD`.
pub fn day(at: Timestamp) -> String {
    rfc3339(at).chars().take(10).collect()
}

/// Today in UTC by the operating system's clock, as `YYYY-MM-DD`.
pub fn today() -> String {
    day(Clock::system().now())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Moments become RFC 3339, the furthest one too.
    #[test]
    fn moments() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            rfc3339(Timestamp(1_700_000_000_123)),
            "2023-11-14T22:13:20.123Z"
        );
        assert_eq!(rfc3339(Timestamp(u64::MAX)), "9999-12-31T23:59:59.999Z");
        assert_eq!(day(Timestamp(1_700_000_000_123)), "2023-11-14");
    }
}
