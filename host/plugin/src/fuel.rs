//! Counts the instructions of a call, where an engine was told to.
//!
//! Knows nothing of limits: time is what a call is limited by. Invariant: an engine that does not
//! count costs nothing for it, and what it counts never ends a call.

use wasmtime::Store;

/// More than any call runs: ten seconds are some 10^10 instructions.
const FULL: u64 = u64::MAX;

/// Before a call. An engine that does not count refuses, and then there is nothing to do.
pub(crate) fn fill_up<T>(store: &mut Store<T>) {
    let _ = store.set_fuel(FULL);
}

/// After it: what was run, in wasmtime's units, about one for each instruction.
pub(crate) fn used<T>(store: &Store<T>) -> Option<u64> {
    store.get_fuel().ok().map(|left| FULL - left)
}
