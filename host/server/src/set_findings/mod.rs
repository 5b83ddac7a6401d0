//! What is wrong with profiles together: the sets that hosts would get, judged by set validators.
//!
//! Knows nothing of HTTP, and nothing of what a payload means. Invariants: a set is judged once, however
//! many hosts get it, and never while a device waits; what is found here is shown and blocks nothing;
//! it is held in memory only, made anew after a start, and says as of when it is. It is held as it was
//! found: what the policy and acceptances make of it is asked whenever it is shown.
//!
//! `judge` asks the plugins, `wanted` says what one host would get, `editions` reads profiles, `table`
//! has what was found, `tend` keeps that up with changes, `report` shows it, `plan` says what a change
//! would bring.

mod editions;
mod judge;
mod plan;
mod report;
mod table;
mod tend;
#[cfg(test)]
mod tests;
mod wanted;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use judge::{SetEdition, SetMember, SetSaid, SetSaidOf};

pub(crate) use plan::SetProspect;

use table::Table;
use tend::Work;

/// Sets that are judged and remembered; of more, those that fewest hosts get are left out.
const SETS_MAX: usize = 10_000;

/// The sets of a server.
#[derive(Debug, Default)]
pub(crate) struct SetFindings {
    table: Mutex<Table>,
    /// Held while sets are judged, one after the other.
    work: Mutex<Work>,
}

impl SetFindings {
    /// It is whole between any two of its steps.
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is left of a step that ended badly is begun anew by the next listing.
    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
