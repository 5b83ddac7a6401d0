//! The same answers the long way: by a walk over every host of the store.
//!
//! What the fleet says is compared with it. Knows nothing of classes. Invariant: every word comes
//! from the engine's own judgement of one record.

use std::collections::BTreeMap;

use mooring_drift::desired::Circumstances;
use mooring_drift::next::{Context, next_command};
use mooring_drift::policy::Timestamp;
use mooring_drift::state::{NotNow, Phase, SyncState};
use mooring_drift::status::{Status, enrollment_status, profile_states};
use mooring_mdm::ids::{Channel, PayloadIdentifier};
use mooring_mdm::os::Platform;
use mooring_store::{EnrollmentRecord, HostRecord, StoreError};

use super::{AWAY_MS, FleetCounts};
use crate::api::ExpiringIdentities;
use crate::core::Core;
use crate::device::device_record;
use crate::shelf::Shelf;

const DAY_MS: u64 = 24 * 3_600_000;

/// What is to be said of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Words {
    /// `None` once it checked out.
    pub(super) status: Option<Status>,
    /// The worst of each profile over all channels.
    pub(super) profiles: BTreeMap<PayloadIdentifier, Status>,
}

impl Words {
    fn add(&mut self, identifier: &PayloadIdentifier, word: Status) {
        let entry = self.profiles.entry(identifier.clone()).or_insert(word);
        *entry = word.max(*entry);
        self.status = self.status.max(Some(word));
    }
}

impl Core {
    /// Counts every host of the store.
    pub(super) fn recount(&self) -> Result<FleetCounts, StoreError> {
        let (shelf, now) = (self.shelf(), self.now());
        let mut counts = FleetCounts::default();
        self.each_host(|host| {
            let words = self.words_of(&shelf, host);
            match words.status {
                None => counts.checked_out += 1,
                Some(status) => {
                    counts.hosts.add(status);
                    count_identity(&mut counts.identities, host, now);
                }
            }
            let device = device_record(host);
            counts.held += u64::from(device.is_some_and(|r| r.access.held.is_some()));
            let is_duplicate = device.is_some_and(|r| r.sync.hardware.is_contradicted);
            counts.duplicates += u64::from(is_duplicate);
            for (identifier, word) in words.profiles {
                counts.profiles.entry(identifier).or_default().add(word);
            }
        })?;
        Ok(counts)
    }

    /// What is to be said of a host.
    pub(super) fn words_of(&self, shelf: &Shelf, host: &HostRecord) -> Words {
        let mut words = Words::default();
        let device = device_record(host);
        if device.is_none_or(|device| device.sync.phase == Phase::CheckedOut) {
            return words;
        }
        let circumstances = self.circumstances(shelf, host);
        let (policy, now) = (&self.policy, self.now());
        for record in live(host) {
            let desired = shelf.catalog.desired(record.id.channel(), &circumstances);
            let states = profile_states(&desired, &record.sync, policy, now);
            let own = enrollment_status(&states, &record.sync, policy, now);
            words.status = words.status.max(Some(own));
            for (identifier, state) in &states {
                words.add(identifier, state.status.word());
            }
        }
        if live(host).all(|record| record.id.channel() == Channel::Device) {
            add_waiting(&mut words, shelf, host, &circumstances);
        }
        words
    }

    /// Whether any channel of a host has something to do, so that it should come: it would get a
    /// command, or went away with one. Commands of others that wait are left out.
    pub(super) fn has_work_now(&self, shelf: &Shelf, host: &HostRecord) -> bool {
        let circumstances = self.circumstances(shelf, host);
        let mut all = host.enrollments.iter();
        all.any(|record| self.is_due_now(shelf, host, record, &circumstances))
    }

    fn is_due_now(
        &self,
        shelf: &Shelf,
        host: &HostRecord,
        record: &EnrollmentRecord,
        circumstances: &Circumstances,
    ) -> bool {
        let (state, now) = (&record.sync, self.now());
        if let Some(in_flight) = &state.in_flight {
            let is_away = now.0.abs_diff(in_flight.at.0) >= AWAY_MS;
            return state.phase == Phase::Enrolled && is_away;
        }
        let is_put_off = |not_now: &NotNow| {
            not_now.is_contact_over && !self.policy.is_over(not_now.push_at, now)
        };
        if state.not_now.as_ref().is_some_and(is_put_off) {
            return false;
        }
        let renewal = self.renewal(host, record, now);
        let context = Context {
            renewal: renewal.as_ref(),
            ..self.context(shelf, host, record, circumstances)
        };
        // As if the device had come once more.
        let state = SyncState {
            not_now: None,
            ..state.clone()
        };
        next_command(&state, &context).is_some()
    }
}

fn live(host: &HostRecord) -> impl Iterator<Item = &EnrollmentRecord> {
    let all = host.enrollments.iter();
    all.filter(|record| record.sync.phase != Phase::CheckedOut)
}

/// Profiles for users wait while the host has none, or fail where it never will.
fn add_waiting(words: &mut Words, shelf: &Shelf, host: &HostRecord, of_host: &Circumstances) {
    let model = host.attributes.model.as_deref();
    let word = if can_have_user(model) {
        Status::Pending
    } else {
        Status::Failed
    };
    for (identifier, _) in shelf.catalog.desired(Channel::User, of_host).iter() {
        words.add(identifier, word);
    }
}

/// A Mac, or an iPad that is shared, may have a user at any time; the others never will.
pub(super) fn can_have_user(model: Option<&str>) -> bool {
    match model.and_then(Platform::from_model) {
        None | Some(Platform::MacOs | Platform::IpadOs) => true,
        Some(Platform::Ios | Platform::TvOs | Platform::WatchOs | Platform::VisionOs) => false,
    }
}

/// The identity in use decides: the newest may be of a renewal that the device did not keep.
fn count_identity(counts: &mut ExpiringIdentities, host: &HostRecord, now: Timestamp) {
    let newest = device_record(host).and_then(|record| record.access.pins.last());
    let Some(pin) = newest else {
        return;
    };
    if pin.not_after <= now {
        counts.expired += 1;
        return;
    }
    let days_left = (pin.not_after.0 - now.0) / DAY_MS;
    counts.under_60_days += u64::from(days_left < 60);
    counts.under_30_days += u64::from(days_left < 30);
    counts.under_7_days += u64::from(days_left < 7);
}
