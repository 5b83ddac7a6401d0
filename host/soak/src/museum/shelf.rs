//! Servers that go wrong about profiles and about what they promised to keep.
//!
//! Knows nothing of messages. Invariant: an administrator's change is answered as by an honest
//! server.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use mooring_drift::policy::{Policy, Timestamp};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_server::clock::Clock;
use mooring_store::{Change, HostRecord, ProfileRecord, Space, Store};

use super::twist::{Twist, record_of};

/// Counts, and says when it is a turn.
#[derive(Debug)]
struct Every {
    of: u32,
    count: AtomicU32,
}

impl Every {
    fn new(of: u32) -> Self {
        let count = AtomicU32::new(0);
        Self { of, count }
    }

    fn is_turn(&self) -> bool {
        let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
        count.is_multiple_of(self.of)
    }
}

/// Answers that a state is stored, and now and then it is not.
pub(super) struct LostWrites(Every);

impl LostWrites {
    pub(super) fn new() -> Self {
        Self(Every::new(50))
    }
}

impl Twist for LostWrites {
    fn commits(&self, _store: &dyn Store, batch: Vec<Change>) -> Option<Vec<Change>> {
        let mut records = batch.iter().filter_map(record_of);
        let is_state = records.any(|record| record.revision > 0);
        (!is_state || !self.0.is_turn()).then_some(batch)
    }
}

/// Answers that new content is stored, and now and then it is not.
pub(super) struct LostPushes(Every);

impl LostPushes {
    pub(super) fn new() -> Self {
        Self(Every::new(5))
    }
}

impl Twist for LostPushes {
    fn commits(&self, _store: &dyn Store, batch: Vec<Change>) -> Option<Vec<Change>> {
        let is_known =
            |change: &Change| matches!(change, Change::Profile(record) if record.revision > 0);
        let is_change = batch.iter().any(is_known);
        (!is_change || !self.0.is_turn()).then_some(batch)
    }
}

/// Takes the failure to find out what is wanted for nothing being wanted.
pub(super) struct ErrorIsEmpty(Every);

impl ErrorIsEmpty {
    pub(super) fn new() -> Self {
        Self(Every::new(5))
    }
}

impl Twist for ErrorIsEmpty {
    fn profiles(&self, profiles: &mut Vec<ProfileRecord>) {
        if self.0.is_turn() {
            for profile in profiles {
                profile.is_enabled = false;
            }
        }
    }
}

/// Keeps no trace of a deleted profile: neither of its contents nor of where it was installed.
pub(super) struct DeletedIsForgotten;

impl Twist for DeletedIsForgotten {
    fn profiles(&self, profiles: &mut Vec<ProfileRecord>) {
        for profile in profiles.iter_mut().filter(|p| p.deleted_at.is_some()) {
            for version in &mut profile.versions {
                // Nobody's own uuid any more: a signed file keeps that of its author.
                version.is_signed = true;
            }
        }
    }

    fn reads(&self, store: &dyn Store, host: &mut HostRecord) {
        let profiles = store.profiles().unwrap_or_default();
        let is_deleted = |identifier: &PayloadIdentifier| {
            let mut deleted = profiles.iter().filter(|p| p.deleted_at.is_some());
            deleted.any(|profile| profile.identifier == *identifier)
        };
        for record in &mut host.enrollments {
            let delivered = &record.sync.delivered;
            record.sync.delivered = delivered.retaining(|identifier, _| !is_deleted(identifier));
        }
    }
}

/// Does not read one of the settings that it stored.
pub(super) struct Forgets(pub(super) &'static str);

impl Twist for Forgets {
    fn hides(&self, space: Space, key: &[u8]) -> bool {
        space == Space::Setting && key == self.0.as_bytes()
    }
}

/// Takes a host whose system it does not know for one with the oldest.
#[derive(Default)]
pub(super) struct UnknownIsOldest {
    clock: Mutex<Option<Clock>>,
}

impl UnknownIsOldest {
    /// Reads this clock.
    pub(super) fn reads_clock(&self, clock: &Clock) {
        let mut known = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(clock.clone());
    }
}

impl Twist for UnknownIsOldest {
    fn reads(&self, _store: &dyn Store, host: &mut HostRecord) {
        let clock = self.clock.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(now) = clock.as_ref().map(Clock::now) else {
            return;
        };
        let is_known = |at: Timestamp| !Policy::default().is_attribute_old(at, now);
        if !host.attributes_at.is_some_and(is_known) {
            host.attributes_at = Some(now);
            host.attributes.os_version = Some("1.0".to_owned());
            host.attributes.serial_number = Some(String::new());
        }
    }
}
