//! Taking a complete `ProfileList` as the truth about an enrollment.
//!
//! Knows nothing of lists that are late or incomplete: they never get here. Invariant: everything
//! acknowledged before the list was requested is judged by it, once.

use mooring_mdm::device::ListedProfile;

use crate::attempts::count_failure;
use crate::next::Context;
use crate::policy::{Policy, Timestamp};
use crate::set::ProfileSet;
use crate::state::{FailureReason, Observed, Periodic, SyncState, Target, UNMANAGED_MAX, Unproven};

/// Adopts the list that answers command `sequence`.
pub(crate) fn adopt(
    state: &mut SyncState,
    sequence: u32,
    profiles: Vec<ListedProfile>,
    context: &Context<'_>,
) {
    let catalog = context.desired.catalog;
    let (ours, mut unmanaged): (Vec<_>, Vec<_>) = profiles
        .into_iter()
        .partition(|profile| catalog.is_ours(&profile.identifier));
    unmanaged.truncate(UNMANAGED_MAX);
    let entries = ours
        .into_iter()
        .map(|profile| (profile.identifier, profile.uuid))
        .collect();
    let set = ProfileSet::from_entries(entries);
    state.observed = Some(Observed {
        set,
        unmanaged,
        sequence,
        at: context.now,
    });
    state.list = Periodic {
        answered_at: Some(context.now),
        ..Periodic::default()
    };
    if state.list_asked.is_some_and(|asked| asked < sequence) {
        state.list_asked = None;
    }
    adopt_lost(state);
    judge_unproven(state, context);
    settle_attempts(state, context);
    forget_what_is_gone(state);
}

/// An installation whose report was lost, and that the list shows under the very uuid that was
/// handed out, did happen. Another uuid under that identifier is somebody else's.
fn adopt_lost(state: &mut SyncState) {
    let mut delivered = state.delivered.clone();
    for lost in &state.lost {
        if let Target::Present(revision) = &lost.target
            && state.listed_uuid(&lost.identifier) == Some(&revision.uuid)
        {
            delivered = delivered.with(&lost.identifier, &revision.uuid);
        }
    }
    state.delivered = delivered;
}

fn judge_unproven(state: &mut SyncState, context: &Context<'_>) {
    for (identifier, change) in std::mem::take(&mut state.unproven) {
        let listed = state.listed_uuid(&identifier);
        let (target, is_proven) = match change {
            Unproven::Installed(revision) => {
                let is_proven = listed == Some(&revision.uuid);
                (Target::Present(revision), is_proven)
            }
            Unproven::Removed => (Target::Absent, listed.is_none()),
        };
        if !is_proven {
            count_failure(
                state,
                &identifier,
                &target,
                FailureReason::NotProven,
                context,
            );
        }
    }
}

/// Drops the attempts that the list shows to have succeeded, and those towards a target that is
/// no longer desired.
fn settle_attempts(state: &mut SyncState, context: &Context<'_>) {
    let mut attempts = std::mem::take(&mut state.attempts);
    attempts.retain(|identifier, attempts| {
        let listed = state.listed_uuid(identifier).cloned();
        let wanted = context.desired.wanted(identifier);
        let is_done = match &attempts.target {
            Target::Present(revision) => {
                listed.as_ref() == Some(&revision.uuid) || wanted != Some(revision)
            }
            Target::Absent => listed.is_none() || wanted.is_some(),
        };
        !is_done
    });
    state.attempts = attempts;
}

/// What the device no longer shows is no longer our installation: a copy that appears later under
/// the same identifier is somebody else's.
fn forget_what_is_gone(state: &mut SyncState) {
    let kept = state
        .delivered
        .retaining(|identifier, _| state.listed_uuid(identifier).is_some());
    state.delivered = kept;
}

/// Whether the enrollment's last list still says anything.
pub(crate) fn is_known(state: &SyncState, policy: &Policy, now: Timestamp) -> bool {
    state
        .observed
        .as_ref()
        .is_some_and(|observed| !policy.is_stale(observed.at, now))
}
