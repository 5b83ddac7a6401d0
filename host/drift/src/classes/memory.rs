//! Numbers, hashes and vectors that do not waste.
//!
//! Knows nothing of hosts or profiles. Invariant: nothing here panics before four thousand million
//! things are counted.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

/// The place of something in a vector.
pub(super) fn number(place: usize) -> u32 {
    u32::try_from(place).unwrap_or(u32::MAX)
}

/// A hash for tables in memory: never stored, never shown.
pub(super) fn hash_of(of: &impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    of.hash(&mut hasher);
    hasher.finish()
}

/// Adds to a vector that grows by an eighth at a time instead of twice: with a million hosts the
/// unused half would be most of what they cost. Returns the new place.
pub(super) fn push_tight<T>(all: &mut Vec<T>, one: T) -> u32 {
    let place = all.len();
    if all.capacity() == place {
        all.reserve_exact((place / 8).max(64));
    }
    all.push(one);
    number(place)
}
