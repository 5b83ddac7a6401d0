//! Tells why a call did not come back with an answer.
//!
//! Knows nothing of what was asked. Invariant: the cause that the host itself brought about (a
//! limit) is found before the one that the guest shows for it.

use std::time::Duration;

use wasmtime::{PoolConcurrencyLimitError, Trap};

use super::CallState;
use crate::Limits;
use crate::outcome::{Outcome, size};
use crate::text::{MESSAGE_BYTES_MAX, clean};

/// What wasmtime says when more comes out of a guest than it may; the error has no public type, and
/// the test of an oversize answer fails should the text change.
const OUTPUT_EXHAUSTED: &str = "fuel allocated for hostcalls has been exhausted";

pub(super) fn outcome<T>(
    error: &wasmtime::Error,
    state: &CallState,
    limits: &Limits,
    elapsed: Duration,
) -> Outcome<T> {
    if state.memory.hit {
        return Outcome::OutOfMemory {
            limit_bytes: limits.memory_bytes,
        };
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return Outcome::Unavailable {
            text: format!("{error:#}"),
        };
    }
    if error
        .chain()
        .any(|cause| cause.to_string().contains(OUTPUT_EXHAUSTED))
    {
        return Outcome::OutputTooLarge {
            limit: size(limits.output_bytes),
        };
    }
    match error.downcast_ref::<Trap>() {
        Some(Trap::Interrupt) => Outcome::TimedOut {
            elapsed,
            limit: limits.timeout,
        },
        Some(Trap::UnreachableCodeReached) if state.log.panic.is_some() => Outcome::Panicked {
            text: state.log.panic.clone().unwrap_or_default(),
        },
        Some(trap @ (Trap::MemoryOutOfBounds | Trap::StackOverflow)) => Outcome::Trapped {
            text: format!("{trap}; often the sign of endless recursion"),
        },
        Some(trap) => Outcome::Trapped {
            text: trap.to_string(),
        },
        None => Outcome::Trapped {
            text: clean(format!("{error:#}"), MESSAGE_BYTES_MAX),
        },
    }
}
