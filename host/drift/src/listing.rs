//! Taking a complete `ProfileList` as the truth about an enrollment.
//!
//! Knows nothing of lists that are late or incomplete: they never get here. Invariant: everything
//! acknowledged before the list was requested is judged by it, once.

use mooring_mdm::device::ListedProfile;

use mooring_mdm::ids::PayloadIdentifier;

use crate::attempts::{count_failure, count_vanished};
use crate::desired::Wish;
use crate::drift::reinstall;
use crate::next::Context;
use crate::policy::{Policy, Timestamp};
use crate::set::ProfileSet;
use crate::state::{
    Begun, FailureReason, Observed, Periodic, SyncState, Target, UNMANAGED_MAX, Unproven,
};

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
    let proven = proven(state, context);
    let is_first = state.observed.is_none();
    let listed_before = state.observed.as_ref().map(|last| last.at);
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
    // Lists that follow a change come often; attributes do not change with profiles.
    let half = context.policy.refresh_interval_ms / 2;
    let told_at = state.attributes.answered_at;
    if told_at.is_some_and(|told| context.now.0.abs_diff(told.0) > half) {
        state.attributes.answered_at = None;
    }
    adopt_lost(state);
    judge_unproven(state, context);
    settle_attempts(state, context);
    let is_long_ago = listed_before.is_some_and(|at| context.now.0.abs_diff(at.0) > half);
    for (identifier, target) in proven {
        if state.listed_uuid(&identifier).is_none() {
            count_vanished(state, &identifier, &target, context);
            state.attributes.answered_at = None;
        } else if is_long_ago {
            // It stayed: whoever wanted it gone does no longer.
            state.contested.remove(&identifier);
        }
    }
    forget_what_is_gone(state, is_first);
    forget_what_is_unwanted(state, context);
    note_systems(state, context);
}

/// What the last list showed as it is wanted, and nothing of ours may have changed since.
fn proven(state: &SyncState, context: &Context<'_>) -> Vec<(PayloadIdentifier, Target)> {
    let Some(last) = &state.observed else {
        return Vec::new();
    };
    let proven = last.set.entries().iter().filter_map(|(identifier, uuid)| {
        let revision = context.desired.wanted(identifier)?;
        let mut lost = state.lost.iter();
        let was_lost =
            lost.any(|lost| lost.identifier == *identifier && lost.sequence > last.sequence);
        let is_untouched = !state.unproven.contains_key(identifier) && !was_lost;
        (revision.uuid == *uuid && is_untouched)
            .then(|| (identifier.clone(), Target::Present(revision.clone())))
    });
    proven.collect()
}

/// Remembers on which system a host has a profile of which a later system will know more.
fn note_systems(state: &mut SyncState, context: &Context<'_>) {
    for (identifier, revision) in context.desired.iter() {
        if state.listed_uuid(identifier) == Some(&revision.uuid)
            && !state.installed_on.contains_key(identifier)
            && let Some(system) = context.desired.system_to_outgrow(identifier)
        {
            state.installed_on.insert(identifier.clone(), *system);
        }
    }
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
            // It may be another device that answers.
            state.attributes.answered_at = None;
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
        let listed = state.listed_uuid(identifier);
        let wish = context.desired.wish(identifier);
        match &attempts.target {
            Target::Present(revision) => match wish {
                Wish::Present(wanted) => {
                    let is_there = listed == Some(&revision.uuid)
                        && reinstall(&context.desired, state, identifier).is_none();
                    wanted == revision && !is_there
                }
                // It may be wanted again, and would fail again.
                Wish::Waiting | Wish::Lacking(_) => true,
                Wish::Absent => false,
            },
            Target::Absent => listed.is_some() && !matches!(wish, Wish::Present(_)),
        }
    });
    state.attempts = attempts;
}

/// What the device no longer shows is no longer our installation: a copy that appears later under
/// the same identifier is somebody else's. Where the server lost track, the first list has to show
/// the very copy that was delivered: the device may have become another's meanwhile.
fn forget_what_is_gone(state: &mut SyncState, is_first: bool) {
    let is_strict = is_first && state.begun == Begun::Observed;
    let kept = state.delivered.retaining(|identifier, uuid| {
        let listed = state.listed_uuid(identifier);
        listed.is_some_and(|listed| !is_strict || listed == uuid)
    });
    state.delivered = kept;
    let mut installed_on = std::mem::take(&mut state.installed_on);
    installed_on.retain(|identifier, _| state.listed_uuid(identifier).is_some());
    state.installed_on = installed_on;
}

/// What a person asked for is void once the profile is unwanted.
fn forget_what_is_unwanted(state: &mut SyncState, context: &Context<'_>) {
    let is_wanted = |identifier: &PayloadIdentifier| !context.desired.is_unwanted(identifier);
    state.resend.retain(is_wanted);
    state
        .contested
        .retain(|identifier, _| is_wanted(identifier));
}

/// Whether the enrollment's last list still says anything.
pub(crate) fn is_known(state: &SyncState, policy: &Policy, now: Timestamp) -> bool {
    state
        .observed
        .as_ref()
        .is_some_and(|observed| !policy.is_stale(observed.at, now))
}
