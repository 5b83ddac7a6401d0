//! What people see: applied, pending, failed or unknown, for each profile of each host.
//!
//! Knows nothing of how it is shown. Invariants: `applied` needs a list that shows the wanted
//! uuid and was requested after the change; a host's status is the worst of its profiles; every
//! counted host has exactly one status, so the four counts add up to the number of hosts.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::desired::{Desired, Revision, Wish};
use crate::drift::{Change, InstallReason, drift, may_remove};
use crate::listing::is_known;
use crate::plan::is_blocked;
use crate::policy::{Policy, Timestamp};
use crate::state::{CONTESTED_MIN, FailureReason, NextAttempt, SyncState, Target, Unproven};

/// Why work is pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PendingReason {
    /// The device acknowledged; no list has proven it yet.
    Acknowledged,
    /// A command was handed to the device.
    Sent,
    /// The device was busy.
    NotNow,
    /// It is chosen at a coming contact.
    Waiting,
    /// An administrator stopped all sending, or two devices speak for the host in turn.
    Held,
    /// It may not be sent: it holds secrets that somebody else could read on the way, or lacks a
    /// value of this host.
    Blocked,
}

/// What is to be said of a profile on a host beside its status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Remark {
    /// Nobody knows whether it is for this host: a label of its assignment cannot be told.
    MembershipUnknown,
    /// Values of this host are missing.
    ValuesMissing {
        /// The names of their placeholders.
        names: Vec<String>,
    },
    /// It is for a user, and no user of the host has enrolled.
    NoUser,
    /// It vanished again and again without our doing.
    Contested {
        /// How often.
        times: u8,
    },
    /// It is there and is installed once more.
    Reinstalling {
        /// Why.
        reason: InstallReason,
    },
}

/// The status of one profile on one host; the worse is the greater.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "snake_case")]
pub enum ProfileStatus {
    /// A list requested after the change shows it.
    Applied,
    /// No complete list of this epoch, or one too old to say anything.
    Unknown,
    /// Drift was found, work remains.
    Pending {
        /// Why it is not done yet.
        reason: PendingReason,
    },
    /// The profile, or installing or removing it, had an error.
    Failed {
        /// The error.
        error: FailureReason,
        /// When there is another attempt.
        next_attempt: NextAttempt,
    },
}

/// The four words alone, from best to worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Everything is proven to be installed.
    Applied,
    /// Nothing is known.
    Unknown,
    /// Work remains.
    Pending,
    /// Something had an error.
    Failed,
}

impl ProfileStatus {
    /// The word alone.
    pub fn word(&self) -> Status {
        match self {
            Self::Applied => Status::Applied,
            Self::Unknown => Status::Unknown,
            Self::Pending { .. } => Status::Pending,
            Self::Failed { .. } => Status::Failed,
        }
    }
}

/// One profile of ours on one enrollment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProfileState {
    /// The revision that should be there; `None` means it should be absent.
    pub wanted: Option<Revision>,
    /// The uuid that the last complete list showed.
    pub listed: Option<PayloadUuid>,
    /// Its status.
    pub status: ProfileStatus,
    /// What else is to be said.
    pub remark: Option<Remark>,
}

/// The status of every profile of ours that is wanted on the enrollment or still to be removed
/// from it. An unmanaged copy of a profile that is not wanted is not among them.
pub fn profile_states(
    desired: &Desired<'_>,
    state: &SyncState,
    policy: &Policy,
    now: Timestamp,
) -> BTreeMap<PayloadIdentifier, ProfileState> {
    let changes = drift(desired, state).unwrap_or_default();
    let changes: BTreeMap<_, _> = changes.iter().map(|c| (c.identifier(), c)).collect();
    let is_known = is_known(state, policy, now);
    let mut states = BTreeMap::new();
    for identifier in shown_identifiers(desired, state) {
        let wish = desired.wish(identifier);
        let change = changes.get(identifier).copied();
        let status = match settled_status(wish) {
            Some(status) => status,
            None => profile_status(desired, state, identifier, change, is_known),
        };
        let profile = ProfileState {
            wanted: desired.wanted(identifier).cloned(),
            listed: state.listed_uuid(identifier).cloned(),
            status,
            remark: remark(state, identifier, wish, change),
        };
        states.insert(identifier.clone(), profile);
    }
    states
}

/// The status of a profile about which nothing can be done for this host.
fn settled_status(wish: Wish<'_>) -> Option<ProfileStatus> {
    match wish {
        Wish::Waiting => Some(ProfileStatus::Unknown),
        Wish::Lacking(_) => Some(ProfileStatus::Pending {
            reason: PendingReason::Blocked,
        }),
        Wish::Present(_) | Wish::Absent => None,
    }
}

fn profile_status(
    desired: &Desired<'_>,
    state: &SyncState,
    identifier: &PayloadIdentifier,
    change: Option<&Change>,
    is_known: bool,
) -> ProfileStatus {
    let wanted = desired.wanted(identifier);
    let target = wanted.map_or(Target::Absent, |revision| Target::Present(revision.clone()));
    let pending_for = |reason| ProfileStatus::Pending { reason };
    failure(state, identifier, &target).unwrap_or_else(|| match change {
        Some(change) => pending(state, change, desired),
        None if state.unproven.contains_key(identifier) => pending_for(PendingReason::Acknowledged),
        None if changing(state) == Some(identifier) => pending_for(PendingReason::Sent),
        None if is_unsettled(state, identifier) => pending_for(PendingReason::Waiting),
        None if is_known => ProfileStatus::Applied,
        None => ProfileStatus::Unknown,
    })
}

fn remark(
    state: &SyncState,
    identifier: &PayloadIdentifier,
    wish: Wish<'_>,
    change: Option<&Change>,
) -> Option<Remark> {
    match (wish, change) {
        (Wish::Waiting, _) => Some(Remark::MembershipUnknown),
        (Wish::Lacking(names), _) => Some(Remark::ValuesMissing {
            names: names.to_vec(),
        }),
        (
            Wish::Present(_),
            Some(Change::Install {
                reason: reason @ (InstallReason::Asked | InstallReason::NewerSystem),
                ..
            }),
        ) => Some(Remark::Reinstalling { reason: *reason }),
        (Wish::Present(_), Some(_) | None) => state
            .contested
            .get(identifier)
            .filter(|times| **times >= CONTESTED_MIN)
            .map(|times| Remark::Contested { times: *times }),
        (Wish::Absent, _) => None,
    }
}

/// The status of an enrollment: the worst of its profiles, `unknown` at best while its list says
/// nothing.
pub fn enrollment_status(
    states: &BTreeMap<PayloadIdentifier, ProfileState>,
    state: &SyncState,
    policy: &Policy,
    now: Timestamp,
) -> Status {
    let own = if is_known(state, policy, now) {
        Status::Applied
    } else {
        Status::Unknown
    };
    states
        .values()
        .map(|profile| profile.status.word())
        .fold(own, Status::max)
}

fn shown_identifiers<'a>(
    desired: &Desired<'a>,
    state: &'a SyncState,
) -> BTreeSet<&'a PayloadIdentifier> {
    let wanted = desired.wishes().map(|(identifier, _)| identifier);
    let listed = state
        .observed
        .iter()
        .flat_map(|observed| observed.set.entries());
    let ours = listed
        .map(|(identifier, _)| identifier)
        .chain(state.unproven.keys());
    let leaving = ours.filter(|identifier| match state.unproven.get(identifier) {
        Some(Unproven::Installed(_) | Unproven::Removed) => true,
        None => state
            .listed_uuid(identifier)
            .is_some_and(|uuid| may_remove(desired, state, identifier, uuid)),
    });
    let unsettled = state.lost.iter().map(|lost| &lost.identifier);
    let unsettled = unsettled.filter(|identifier| is_unsettled(state, identifier));
    wanted
        .chain(leaving)
        .chain(unsettled)
        .chain(changing(state))
        .collect()
}

/// The profile that the command in flight changes: whatever the list showed before, it may be
/// different by now.
fn changing(state: &SyncState) -> Option<&PayloadIdentifier> {
    state.in_flight.as_ref()?.command.identifier()
}

/// Whether a change was lost and no list was requested since.
fn is_unsettled(state: &SyncState, identifier: &PayloadIdentifier) -> bool {
    let listed = state
        .observed
        .as_ref()
        .map_or(0, |observed| observed.sequence);
    state
        .lost
        .iter()
        .any(|lost| lost.identifier == *identifier && lost.sequence > listed)
}

fn failure(
    state: &SyncState,
    identifier: &PayloadIdentifier,
    target: &Target,
) -> Option<ProfileStatus> {
    let attempts = state.attempts_for(identifier, target)?;
    let error = attempts.reason.clone()?;
    // Acknowledged since: the next list decides whether the failure is over.
    let is_retried = match (state.unproven.get(identifier), target) {
        (Some(Unproven::Installed(revision)), Target::Present(wanted)) => revision == wanted,
        (Some(Unproven::Removed), Target::Absent) => true,
        _ => false,
    };
    (!is_retried).then_some(ProfileStatus::Failed {
        error,
        next_attempt: attempts.next,
    })
}

fn pending(state: &SyncState, change: &Change, desired: &Desired<'_>) -> ProfileStatus {
    let in_flight = state.in_flight.as_ref().map(|in_flight| &in_flight.command);
    let is_sent = match (in_flight, change) {
        (
            Some(Command::InstallProfile {
                identifier,
                revision,
            }),
            Change::Install {
                identifier: wanted,
                revision: newest,
                ..
            },
        ) => identifier == wanted && revision == newest,
        (
            Some(Command::RemoveProfile { identifier }),
            Change::Remove {
                identifier: unwanted,
                ..
            },
        ) => identifier == unwanted,
        _ => false,
    };
    let reason = if is_sent {
        PendingReason::Sent
    } else if is_blocked(change, desired) {
        PendingReason::Blocked
    } else if desired.circumstances.hold.is_some() {
        PendingReason::Held
    } else if state.not_now.is_some() {
        PendingReason::NotNow
    } else {
        PendingReason::Waiting
    };
    ProfileStatus::Pending { reason }
}
