//! The plan: the ordered changes that remove the drift. Showing it changes nothing.
//!
//! Knows nothing of lists or replies. Invariant: a plan holds only drift, so after it is carried
//! out planning again yields nothing.

use crate::desired::Desired;
use crate::drift::{Change, drift};
use crate::next::Context;
use crate::state::{NextAttempt, SyncState};

/// The changes that are to be made now, in order: the drift without what is parked or waits for
/// its next attempt.
pub fn plan(state: &SyncState, context: &Context<'_>) -> Vec<Change> {
    let changes = drift(&context.desired, state).unwrap_or_default();
    changes
        .into_iter()
        .filter(|change| is_eligible(change, state, context))
        .collect()
}

fn is_eligible(change: &Change, state: &SyncState, context: &Context<'_>) -> bool {
    if is_blocked(change, &context.desired) {
        return false;
    }
    let Some(attempts) = state.attempts_for(change.identifier(), &change.target()) else {
        return true;
    };
    let is_other_build = match (attempts.build_version.as_deref(), context.build_version) {
        (Some(then), Some(now)) => then != now,
        _ => false,
    };
    is_other_build
        || match attempts.next {
            NextAttempt::Now => true,
            NextAttempt::At(until) => context.policy.is_over(until, context.now),
            NextAttempt::Parked => false,
        }
}

/// Whether a change must not be sent because of how it would travel.
pub(crate) fn is_blocked(change: &Change, desired: &Desired<'_>) -> bool {
    match change {
        Change::Install { identifier, .. } => desired.is_blocked(identifier),
        Change::Remove { .. } => false,
    }
}
