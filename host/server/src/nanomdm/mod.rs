//! What NanoMDM's users know its server for: commands of their own for many enrollments at once,
//! and what came of them.
//!
//! Knows nothing of HTTP, and of pushing only how its results read. Invariants: a command is taken
//! for all enrollments that can have it in one commit; an id that cannot have it fails alone; the
//! same command sent twice is one command.

mod bodies;
mod enqueue;
mod enrollments;
mod queue;
mod result;
mod results;
mod targets;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use mooring_mdm::ids::EnrollmentId;
use mooring_store::{EnrollmentRecord, StoreError};

pub use enqueue::{EnqueueError, QUEUE_MAX};
pub(crate) use enrollments::ENROLLMENTS_PAGE_MAX;
pub use enrollments::{EnrollmentEntry, EnrollmentListing, ListingQuery};
pub use queue::{Cleared, QueueListing, QueueQuery, WaitingEntry};
pub use result::{ApiResult, EnrollmentResult};
pub use results::{RESULTS_KEPT, ResultDetail, ResultEntry, ResultListing};
pub use targets::{TARGETS_MAX, Targets, TargetsError};

use crate::core::Core;

/// Takes commands. There is one for a server, since it numbers them.
#[derive(Debug, Default)]
pub struct Commands {
    turn: Mutex<Turn>,
}

/// What is looked at and changed by one request at a time.
#[derive(Debug, Default)]
struct Turn {
    /// Above every number that was given since the start, so that no key is used twice while
    /// somebody may still hold what was under it.
    next: u64,
    /// Commands taken since bodies that nobody waits for were last looked for; absent before the
    /// first time.
    since_sweep: Option<u32>,
    /// Commands taken since an enrollment's results were last counted.
    since_prune: BTreeMap<EnrollmentId, u32>,
}

impl Commands {
    fn turn(&self) -> MutexGuard<'_, Turn> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why an enrollment's commands cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// There is none of this name.
    #[error("{0} is not an enrollment here")]
    NotFound(EnrollmentId),
    /// It has no result for this command.
    #[error("there is no result of {uuid} for {enrollment}")]
    NoResult {
        /// The enrollment.
        enrollment: EnrollmentId,
        /// The command.
        uuid: String,
    },
    /// Devices changed the queue again and again meanwhile.
    #[error("{0} is busy with its queue; try again")]
    Busy(EnrollmentId),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

/// The record of an enrollment.
fn record_of(core: &Core, id: &EnrollmentId) -> Result<EnrollmentRecord, QueueError> {
    let host = core.host(id.host())?;
    let records = host.map(|host| host.enrollments).unwrap_or_default();
    let found = records.into_iter().find(|record| record.id == *id);
    found.ok_or_else(|| QueueError::NotFound(id.clone()))
}
