//! The clock that running plugins are measured against.
//!
//! Knows nothing of deadlines: it only moves the engine's epoch. Invariant: it is a thread of its
//! own, so that a busy host cannot starve it, and it ends by itself after the engine does.

use std::time::Duration;

use wasmtime::Engine;

use crate::RuntimeError;

/// How often a running plugin looks at the clock, and so how late a time limit can act.
pub const TICK: Duration = Duration::from_millis(10);

/// Starts the thread for `engine`.
///
/// # Errors
/// [`RuntimeError::Ticker`] if the system gives no thread.
pub(crate) fn start(engine: &Engine) -> Result<(), RuntimeError> {
    let engine = engine.weak();
    std::thread::Builder::new()
        .name("plugin-ticker".to_owned())
        .spawn(move || {
            while let Some(engine) = engine.upgrade() {
                engine.increment_epoch();
                drop(engine);
                #[expect(clippy::disallowed_methods, reason = "this is the ticker")]
                std::thread::sleep(TICK);
            }
        })
        .map(drop)
        .map_err(|source| RuntimeError::Ticker { source })
}

/// Ticks after which `timeout` has surely passed; one more, since the present tick is part over.
pub(crate) fn ticks(timeout: Duration) -> u64 {
    let ticks = timeout.as_millis().div_ceil(TICK.as_millis());
    u64::try_from(ticks)
        .unwrap_or(u64::MAX - 1)
        .saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A time limit is never cut short.
    #[test]
    fn ticks_round_up() {
        assert_eq!(ticks(Duration::from_millis(250)), 26);
        assert_eq!(ticks(Duration::from_millis(251)), 27);
        assert_eq!(ticks(Duration::ZERO), 1);
    }
}
