//! Whether the server's index of all hosts says what its store says.
//!
//! Knows nothing of how the index is kept. Invariant: looking changes nothing that a device or an
//! administrator could see.

use super::World;
use crate::check::{Rule, Violation};

/// Events between two looks: a look walks over every host, and no kind of event comes in this
/// rhythm.
const EVERY: u64 = 997;

impl World<'_> {
    /// Compares the index with the store from time to time. With a mistake in it, the server may
    /// say anything.
    pub(super) fn look_at_index(&mut self) {
        self.events += 1;
        if !self.events.is_multiple_of(EVERY) || self.options.mistake.is_some() {
            return;
        }
        let detail = match self.server.core().fleet_faults() {
            Ok(faults) if faults.is_empty() => return,
            Ok(faults) => format!("{faults:?}"),
            Err(error) => error.to_string(),
        };
        self.book.keep(vec![Violation {
            rule: Rule::IndexLies,
            who: None,
            detail,
        }]);
    }
}
