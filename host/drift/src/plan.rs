//! The plan: the ordered changes that remove the drift. Showing it changes nothing.
//!
//! Knows nothing of lists or replies. Invariant: a plan holds only drift, so after it is carried
//! out planning again yields nothing.

use crate::attempts::is_other_build;
use crate::desired::Desired;
use crate::drift::{Change, drift};
use crate::next::Context;
use crate::state::{NextAttempt, SyncState};

/// The changes that are to be made now, in order: the drift without what is parked or waits for
/// its next attempt. Changes whose last outcome was lost come after the others, so that one that a
/// device never answers does not stop the rest.
pub fn plan(state: &SyncState, context: &Context<'_>) -> Vec<Change> {
    // The very report that is being taken may have told that two devices speak.
    if context.desired.circumstances.hold.is_some() || state.hardware.is_contradicted {
        return Vec::new();
    }
    let changes = drift(&context.desired, state).unwrap_or_default();
    let mut changes: Vec<_> = changes
        .into_iter()
        .filter(|change| is_eligible(change, state, context))
        .collect();
    changes.sort_by_key(|change| {
        let attempts = state.attempts_for(change.identifier(), &change.target());
        attempts.map_or(0, |attempts| attempts.lost)
    });
    changes
}

fn is_eligible(change: &Change, state: &SyncState, context: &Context<'_>) -> bool {
    if is_blocked(change, &context.desired) {
        return false;
    }
    let Some(attempts) = state.attempts_for(change.identifier(), &change.target()) else {
        return true;
    };
    is_other_build(attempts, context)
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
