//! Drift: the difference between the desired and the current state of one enrollment.
//!
//! Knows nothing of commands, attempts or time. Invariants: without a complete list there is no
//! drift, only ignorance; an identifier that is not ours is never touched; a removal is proposed
//! only where this server installed the profile, or made the copy that the device lists.

use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};
use serde::{Deserialize, Serialize};

use crate::desired::{Desired, Revision};
use crate::state::{SyncState, Target};

/// Why a profile is to be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstallReason {
    /// The host has nothing under the identifier.
    Missing,
    /// The host has another revision.
    Outdated,
    /// The host has it; a person wants it installed once more.
    Asked,
    /// The host has it; its system has come to know keys that it ignored before.
    NewerSystem,
}

/// One difference, with what mends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Install, over the top of what is there.
    Install {
        /// The profile.
        identifier: PayloadIdentifier,
        /// The revision that is wanted.
        revision: Revision,
        /// Why.
        reason: InstallReason,
    },
    /// Remove.
    Remove {
        /// The profile.
        identifier: PayloadIdentifier,
        /// The uuid that the host has.
        uuid: PayloadUuid,
    },
}

impl Change {
    /// The profile concerned.
    pub fn identifier(&self) -> &PayloadIdentifier {
        match self {
            Self::Install { identifier, .. } | Self::Remove { identifier, .. } => identifier,
        }
    }

    /// What the change is meant to reach.
    pub fn target(&self) -> Target {
        match self {
            Self::Install { revision, .. } => Target::Present(revision.clone()),
            Self::Remove { .. } => Target::Absent,
        }
    }
}

/// Every difference, removals first, each group in order of identifier; `None` while no complete
/// list of this epoch is known.
///
/// Removals come first because an installation may fail while what it supersedes is still there
/// (two global proxies, two app locks); a profile replaced under its own identifier is never
/// removed at all.
pub fn drift(desired: &Desired<'_>, state: &SyncState) -> Option<Vec<Change>> {
    state.observed.as_ref()?;
    let mut changes = removals(desired, state);
    for (identifier, revision) in desired.iter() {
        let reason = match state.uuid_of(identifier) {
            Some(uuid) if *uuid == revision.uuid => match reinstall(desired, state, identifier) {
                Some(reason) => reason,
                None => continue,
            },
            Some(_) => InstallReason::Outdated,
            None => InstallReason::Missing,
        };
        let (identifier, revision) = (identifier.clone(), revision.clone());
        changes.push(Change::Install {
            identifier,
            revision,
            reason,
        });
    }
    Some(changes)
}

/// Why a profile that is there as it should be is to be installed once more, if it is.
pub(crate) fn reinstall(
    desired: &Desired<'_>,
    state: &SyncState,
    identifier: &PayloadIdentifier,
) -> Option<InstallReason> {
    if state.unproven.contains_key(identifier) {
        return None;
    }
    if state.resend.contains(identifier) {
        return Some(InstallReason::Asked);
    }
    let installed_on = state.installed_on.get(identifier)?;
    desired
        .is_news(identifier, installed_on)
        .then_some(InstallReason::NewerSystem)
}

fn removals(desired: &Desired<'_>, state: &SyncState) -> Vec<Change> {
    let listed = state.observed.iter().flat_map(|observed| {
        let ours = observed
            .set
            .entries()
            .iter()
            .map(|(identifier, _)| identifier);
        ours.chain(observed.unmanaged.iter().map(|profile| &profile.identifier))
    });
    let mut candidates: Vec<_> = listed.chain(state.unproven.keys()).collect();
    candidates.sort();
    candidates.dedup();
    let unwanted = candidates.into_iter().filter(|id| desired.is_unwanted(id));
    let removable = unwanted.filter_map(|identifier| {
        let uuid = state.uuid_of(identifier)?;
        let change = Change::Remove {
            identifier: identifier.clone(),
            uuid: uuid.clone(),
        };
        may_remove(desired, state, identifier, uuid).then_some(change)
    });
    removable.collect()
}

/// Whether a copy under `identifier` is managed: installed by this server in this epoch, or made
/// by it. Anything else is an unmanaged copy.
pub fn may_remove(
    desired: &Desired<'_>,
    state: &SyncState,
    identifier: &PayloadIdentifier,
    uuid: &PayloadUuid,
) -> bool {
    desired.catalog.is_ours(identifier)
        && (state.delivered.uuid_of(identifier).is_some()
            || desired.catalog.is_made(identifier, uuid))
}
