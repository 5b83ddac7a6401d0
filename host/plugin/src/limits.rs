//! What one call of a plugin may cost.
//!
//! Knows nothing of how a limit is enforced. Invariant: every quantity that a plugin controls has
//! a field here.

use std::time::Duration;

use crate::Class;

/// Time that each value of a profile adds to a call's time limit. Handing over a profile of 200,000
/// values takes 30 ms in an optimised host and 600 ms in one that is not: 1 s covers both, and an
/// ordinary profile gets a fraction of a millisecond.
pub const HANDOVER_PER_NODE: Duration = Duration::from_micros(5);

/// Bounds of one call. The defaults suit compiled plugins; interpreted ones need more memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Time from instantiation to result, checked every [`crate::TICK`]. Default 250 ms: an
    /// ordinary validation takes under 1 ms. A profile adds [`HANDOVER_PER_NODE`] for each of its
    /// values, so that none fails for its size.
    pub timeout: Duration,
    /// Linear memory of the instance, in bytes. Default 32 MiB; the runtime's own maximum holds
    /// where it is less.
    pub memory_bytes: usize,
    /// Bytes that go in: the tree's texts and data and the profile itself. Default 12 MiB, since a
    /// profile of 5 MiB arrives as tree and as bytes.
    pub input_bytes: usize,
    /// Findings in one result. Default 10,000.
    pub findings: usize,
    /// Bytes that come out, counted as the host's records. Default 4 MiB.
    pub output_bytes: usize,
    /// Log text kept of one call, in bytes; what is over it is counted and dropped. Default
    /// 256 KiB.
    pub log_bytes: usize,
}

/// Memory of a call of an interpreted plugin, in bytes: those tried take 2 to 13 MiB to start.
const INTERPRETED_MEMORY_BYTES: usize = 128 << 20;

impl Limits {
    /// The defaults for a plugin of this class.
    pub fn of(class: Class) -> Self {
        match class {
            Class::Compiled => Self::default(),
            Class::Interpreted => Self {
                memory_bytes: INTERPRETED_MEMORY_BYTES,
                ..Self::default()
            },
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_millis(250),
            memory_bytes: 32 << 20,
            input_bytes: 12 << 20,
            findings: 10_000,
            output_bytes: 4 << 20,
            log_bytes: 256 << 10,
        }
    }
}
