//! The clock that running plugins are measured against.
//!
//! Knows nothing of plugins. Invariants: it is a thread of its own, so that a busy host cannot starve
//! it, and it ends by itself after the engine does; a time limit is never cut short, and acts at the
//! first tick after it.

use std::time::{Duration, Instant};

use wasmtime::{Engine, Store, UpdateDeadline};

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
            let start = Instant::now();
            let mut ticks = 0;
            while let Some(engine) = engine.upgrade() {
                // On a busy machine it wakes late, again and again: that must not add up.
                let due = start.elapsed().as_millis() / TICK.as_millis();
                while ticks < due {
                    engine.increment_epoch();
                    ticks += 1;
                }
                drop(engine);
                #[expect(clippy::disallowed_methods, reason = "this is the ticker")]
                std::thread::sleep(TICK);
            }
        })
        .map(drop)
        .map_err(|source| RuntimeError::Ticker { source })
}

/// Has `store` stopped at the first tick after `timeout` from `start`.
pub(crate) fn stop_after<T: 'static>(store: &mut Store<T>, start: Instant, timeout: Duration) {
    store.set_epoch_deadline(ticks(timeout));
    // Ticks may come early, when the ticker makes up for being late: what counts is the time.
    store.epoch_deadline_callback(move |_| {
        let is_over = start.elapsed() >= timeout;
        Ok(if is_over {
            UpdateDeadline::Interrupt
        } else {
            UpdateDeadline::Continue(1)
        })
    });
}

/// Ticks before which nobody needs to look whether `timeout` has passed.
fn ticks(timeout: Duration) -> u64 {
    let ticks = timeout.as_millis() / TICK.as_millis();
    u64::try_from(ticks).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first look is never a whole tick after the time limit.
    #[test]
    fn ticks_round_down() {
        assert_eq!(ticks(Duration::from_millis(250)), 25);
        assert_eq!(ticks(Duration::from_millis(259)), 25);
        assert_eq!(ticks(Duration::ZERO), 1);
    }
}
