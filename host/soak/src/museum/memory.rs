//! Servers that remember an enrollment wrongly: what is stored of it is not what was learned.
//!
//! Knows nothing of messages. Invariant: each mistake changes the state of enrollments alone, where
//! it is written or read.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use mooring_drift::command::Command;
use mooring_drift::state::{Attempts, Hardware, NextAttempt, SyncState, Target, Unproven};
use mooring_mdm::ids::{Channel, EnrollmentId};
use mooring_store::{Change, HostRecord, Store};

use super::twist::{Twist, enrollment, record_of};

/// A mistake made whenever a state is stored.
pub(super) struct OnWrite(pub(super) fn(&SyncState, &mut SyncState));

impl Twist for OnWrite {
    fn writes(&self, before: Option<&SyncState>, after: &mut SyncState) {
        let new = SyncState::new();
        (self.0)(before.unwrap_or(&new), after);
    }
}

/// Whether a list was adopted in this step.
fn is_list_new(before: &SyncState, after: &SyncState) -> bool {
    let sequence = |state: &SyncState| state.observed.as_ref().map(|observed| observed.sequence);
    after.observed.is_some() && sequence(before) != sequence(after)
}

/// What was acknowledged stays, whatever a list shows.
pub(super) fn keep_acknowledged(before: &SyncState, after: &mut SyncState) {
    if before.epoch != after.epoch || !is_list_new(before, after) {
        return;
    }
    for (identifier, uuid) in before.delivered.entries() {
        let Some(observed) = &mut after.observed else {
            continue;
        };
        if observed.set.uuid_of(identifier).is_none() {
            observed.set = observed.set.with(identifier, uuid);
            after.delivered = after.delivered.with(identifier, uuid);
            after.attempts.remove(identifier);
        }
    }
}

/// A list from before the device enrolled anew still counts.
pub(super) fn keep_list(before: &SyncState, after: &mut SyncState) {
    if before.epoch != after.epoch {
        after.observed.clone_from(&before.observed);
        after.delivered.clone_from(&before.delivered);
    }
}

/// Whatever is there under an identifier of ours was installed by us.
pub(super) fn claim_everything(before: &SyncState, after: &mut SyncState) {
    if is_list_new(before, after)
        && let Some(observed) = &after.observed
    {
        after.delivered.clone_from(&observed.set);
    }
}

/// Attempts that failed are forgotten.
pub(super) fn forget_attempts(_before: &SyncState, after: &mut SyncState) {
    after.attempts.clear();
}

/// The command that was handed out is forgotten.
pub(super) fn forget_in_flight(_before: &SyncState, after: &mut SyncState) {
    after.in_flight = None;
}

/// A device that was busy is never asked again for the same.
pub(super) fn give_up_busy(before: &SyncState, after: &mut SyncState) {
    let tally = |state: &SyncState| state.not_now.map_or(0, |not_now| not_now.tally);
    let Some(in_flight) = before
        .in_flight
        .as_ref()
        .filter(|_| tally(after) > tally(before))
    else {
        return;
    };
    let (identifier, target) = match &in_flight.command {
        Command::InstallProfile {
            identifier,
            revision,
        } => (identifier, Target::Present(revision.clone())),
        Command::RemoveProfile { identifier } => (identifier, Target::Absent),
        Command::ProfileList
        | Command::DeviceInformation
        | Command::RenewIdentity { .. }
        | Command::Raw { .. } => return,
    };
    let attempts = Attempts {
        target,
        failed: 0,
        lost: 0,
        reason: None,
        next: NextAttempt::Parked,
        build_version: None,
    };
    after.attempts.insert(identifier.clone(), attempts);
}

/// A failure is counted when it is reported, and once more when its report is stored.
pub(super) fn count_twice(before: &SyncState, after: &mut SyncState) {
    for (identifier, attempts) in &mut after.attempts {
        let known = before
            .attempts
            .get(identifier)
            .map_or(0, |known| known.failed);
        if attempts.failed > known {
            attempts.failed += 1;
            if attempts.failed >= 3 {
                attempts.next = NextAttempt::Parked;
            }
        }
    }
}

/// A change is judged by the list that was there before it.
pub(super) fn judge_by_old_list(before: &SyncState, after: &mut SyncState) {
    let new: Vec<_> = after
        .unproven
        .iter()
        .filter(|(identifier, _)| !before.unproven.contains_key(*identifier))
        .map(|(identifier, change)| (identifier.clone(), change.clone()))
        .collect();
    for (identifier, change) in new {
        let listed = after.listed_uuid(&identifier);
        let is_shown = match change {
            Unproven::Installed(revision) => listed == Some(&revision.uuid),
            Unproven::Removed => listed.is_none(),
        };
        if !is_shown {
            after.unproven.remove(&identifier);
        }
    }
}

/// Which device speaks is not remembered.
pub(super) fn forget_hardware(_before: &SyncState, after: &mut SyncState) {
    after.hardware = Hardware::default();
}

/// Failures that ended the attempts end those with other content too.
pub(super) struct ParkedForEver;

impl Twist for ParkedForEver {
    fn reads(&self, store: &dyn Store, host: &mut HostRecord) {
        let parked = |state: &SyncState| {
            let mut attempts = state.attempts.values();
            attempts.any(|attempts| attempts.next == NextAttempt::Parked)
        };
        if !host.enrollments.iter().any(|record| parked(&record.sync)) {
            return;
        }
        let profiles = store.profiles().unwrap_or_default();
        for record in &mut host.enrollments {
            for (identifier, attempts) in &mut record.sync.attempts {
                let profile = profiles.iter().find(|p| p.identifier == *identifier);
                let newest = profile.and_then(|profile| profile.versions.last());
                if let (Target::Present(revision), NextAttempt::Parked, Some(newest)) =
                    (&mut attempts.target, attempts.next, newest)
                {
                    revision.version = newest.version;
                    revision.uuid = newest.uuid.clone();
                }
            }
        }
    }
}

/// What a server does with the first sight of each enrollment after it started again.
pub(super) struct AfterRestart {
    forget: fn(&mut SyncState),
    starts: AtomicU32,
    seen: Mutex<BTreeSet<EnrollmentId>>,
}

impl AfterRestart {
    /// Does this.
    pub(super) fn new(forget: fn(&mut SyncState)) -> Self {
        Self {
            forget,
            starts: AtomicU32::new(0),
            seen: Mutex::default(),
        }
    }

    /// The server starts.
    pub(super) fn start(&self) {
        self.starts.fetch_add(1, Ordering::Relaxed);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.clear();
    }
}

impl Twist for AfterRestart {
    fn reads(&self, _store: &dyn Store, host: &mut HostRecord) {
        if self.starts.load(Ordering::Relaxed) < 2 {
            return;
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for record in &mut host.enrollments {
            if !seen.contains(&record.id) {
                (self.forget)(&mut record.sync);
            }
        }
    }

    fn commits(&self, _store: &dyn Store, batch: Vec<Change>) -> Option<Vec<Change>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for change in &batch {
            if let Change::Enrollment(record) = change {
                seen.insert(record.id.clone());
            }
        }
        Some(batch)
    }
}

/// The number of the last command was kept in memory.
pub(super) fn step_back(state: &mut SyncState) {
    if state.in_flight.is_none() {
        state.sequence = state.sequence.saturating_sub(1);
    }
}

/// Failures were kept in memory.
pub(super) fn forget_failures(state: &mut SyncState) {
    state.attempts.clear();
}

/// A user's list is taken for that of the device.
pub(super) struct UserForDevice;

impl Twist for UserForDevice {
    fn commits(&self, store: &dyn Store, mut batch: Vec<Change>) -> Option<Vec<Change>> {
        let mut records = batch.iter().filter_map(record_of);
        let user = records.find(|record| record.id.channel() == Channel::User);
        let device = user.and_then(|user| {
            let before = enrollment(store, &user.id)?;
            let list = user.sync.observed.as_ref()?;
            let device = EnrollmentId::device(user.id.host().clone());
            let mut device = enrollment(store, &device)?;
            let known = device.sync.observed.as_mut()?;
            known.set = list.set.clone();
            is_list_new(&before.sync, &user.sync).then_some(device)
        });
        batch.extend(device.map(Change::Enrollment));
        Some(batch)
    }
}
