//! Keeping count of what did not work, so that nothing is tried for ever.
//!
//! Knows nothing of which command comes next. Invariant: failures are counted for one target on
//! one host; another target starts anew.

use mooring_mdm::error_chain::{ErrorClass, classify};
use mooring_mdm::ids::PayloadIdentifier;

use crate::next::Context;
use crate::state::{
    Attempts, CONTESTED_MIN, FailureReason, NextAttempt, Periodic, SyncState, Target,
};

/// The device could not tell: not again before a growing wait, and never taken as an answer.
pub(crate) fn postpone(periodic: &mut Periodic, context: &Context<'_>) {
    periodic.failed = periodic.failed.saturating_add(1);
    let wait = context
        .policy
        .retry_wait_ms(context.enrollment, periodic.failed);
    periodic.retry_at = Some(context.now.plus_ms(wait));
}

/// Counts a failed attempt and decides when, or whether, there is another.
pub(crate) fn count_failure(
    state: &mut SyncState,
    identifier: &PayloadIdentifier,
    target: &Target,
    reason: FailureReason,
    context: &Context<'_>,
) {
    let policy = context.policy;
    let is_hopeless = match &reason {
        FailureReason::Error { chain } => classify(chain) == ErrorClass::Content,
        FailureReason::CommandFormatError { .. }
        | FailureReason::Lost
        | FailureReason::NotManaged { .. }
        | FailureReason::NoUserChannel => true,
        FailureReason::NotProven | FailureReason::IncompleteList { .. } => false,
    };
    let attempts = attempts_mut(state, identifier, target);
    if is_other_build(attempts, context) {
        attempts.failed = 0;
    }
    attempts.failed = attempts.failed.saturating_add(1);
    attempts.lost = 0;
    attempts.next = if is_hopeless || attempts.failed >= policy.attempts_max {
        NextAttempt::Parked
    } else {
        let wait = policy.retry_wait_ms(context.enrollment, attempts.failed);
        NextAttempt::At(context.now.plus_ms(wait))
    };
    attempts.reason = Some(reason);
    attempts.build_version = context.build_version.map(str::to_owned);
}

/// Whether the host's system is another one than at the last failure: what failed on that may work
/// on this.
pub(crate) fn is_other_build(attempts: &Attempts, context: &Context<'_>) -> bool {
    is_other_build_than(attempts, context.build_version)
}

/// The same for a build that is not in a context.
pub(crate) fn is_other_build_than(attempts: &Attempts, build: Option<&str>) -> bool {
    match (attempts.build_version.as_deref(), build) {
        (Some(then), Some(now)) => then != now,
        _ => false,
    }
}

/// Counts a lost outcome; too many in a row are a failure.
pub(crate) fn count_lost(
    state: &mut SyncState,
    identifier: &PayloadIdentifier,
    target: &Target,
    context: &Context<'_>,
) {
    let attempts = attempts_mut(state, identifier, target);
    attempts.lost = attempts.lost.saturating_add(1);
    if attempts.lost >= context.policy.lost_max {
        count_failure(state, identifier, target, FailureReason::Lost, context);
    }
}

/// Counts that a profile which was proven is gone without our doing. From the third time on it is
/// installed again only after a growing wait: somebody else wants it gone.
pub(crate) fn count_vanished(
    state: &mut SyncState,
    identifier: &PayloadIdentifier,
    target: &Target,
    context: &Context<'_>,
) {
    let times = state.contested.entry(identifier.clone()).or_insert(0);
    *times = times.saturating_add(1);
    if *times >= CONTESTED_MIN {
        let wait = context.policy.retry_wait_ms(context.enrollment, *times);
        let next = NextAttempt::At(context.now.plus_ms(wait));
        attempts_mut(state, identifier, target).next = next;
    }
}

fn attempts_mut<'a>(
    state: &'a mut SyncState,
    identifier: &PayloadIdentifier,
    target: &Target,
) -> &'a mut Attempts {
    let attempts = state
        .attempts
        .entry(identifier.clone())
        .or_insert_with(|| none_yet(target));
    if attempts.target != *target {
        *attempts = none_yet(target);
    }
    attempts
}

fn none_yet(target: &Target) -> Attempts {
    Attempts {
        target: target.clone(),
        failed: 0,
        lost: 0,
        reason: None,
        next: NextAttempt::Now,
        build_version: None,
    }
}
