//! The summary counts, overall and for each profile.
//!
//! Knows nothing of single hosts' details. Invariant: the four counts of hosts add up.

use std::collections::BTreeMap;

use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::{HOSTS_PAGE_MAX, HostRecord, StoreError};

use super::duplicate::duplicate;
use crate::api::{Counts, ExpiringIdentities, ProfileCounts, Summary};
use crate::core::Core;
use crate::device::device_record;
use crate::shelf::{Shelf, is_wanted, latest};

const DAY_MS: u64 = 24 * 3_600_000;

impl Core {
    /// Counts every host.
    ///
    /// # Errors
    /// [`StoreError`] if a host cannot be read.
    pub fn summary(&self) -> Result<Summary, StoreError> {
        let (shelf, now) = (self.shelf(), self.clock.now());
        let (mut counts, mut checked_out) = (Counts::default(), 0);
        let mut profiles: BTreeMap<PayloadIdentifier, Counts> = BTreeMap::new();
        let (mut identities, mut held) = (ExpiringIdentities::default(), 0);
        let mut duplicates = 0;
        self.each_host(|host| {
            let judgement = self.judgement(&shelf, host);
            match judgement.status {
                None => checked_out += 1,
                Some(status) => {
                    counts.add(status);
                    count_identity(&mut identities, host, now);
                }
            }
            duplicates += u64::from(duplicate(host).is_some());
            held += u64::from(device_record(host).is_some_and(|r| r.access.held.is_some()));
            for (identifier, status) in judgement.by_profile() {
                profiles.entry(identifier.clone()).or_default().add(status);
            }
        })?;
        Ok(Summary {
            hosts: counts.applied + counts.pending + counts.failed + counts.unknown,
            counts,
            checked_out,
            commands_sent: self.commands_sent(),
            identities,
            held,
            duplicates,
            pause: self.pause_state()?.pause,
            held_builtins: self.held_builtins.all(),
            push: None,
            profiles: profile_counts(&shelf, &mut profiles),
        })
    }

    /// Visits every host, a page at a time.
    pub(crate) fn each_host(&self, mut visit: impl FnMut(&HostRecord)) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.hosts(after.as_ref(), HOSTS_PAGE_MAX)?;
            page.iter().for_each(&mut visit);
            match page.last() {
                Some(last) if page.len() == HOSTS_PAGE_MAX => after = Some(last.id.clone()),
                Some(_) | None => return Ok(()),
            }
        }
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

/// Every profile that is wanted, and every other that some host still has.
fn profile_counts(
    shelf: &Shelf,
    counted: &mut BTreeMap<PayloadIdentifier, Counts>,
) -> Vec<ProfileCounts> {
    let shown = shelf.profiles.values().filter_map(|record| {
        let counts = counted.remove(&record.identifier);
        let version = latest(record)?.version;
        let is_wanted = is_wanted(record);
        (is_wanted || counts.is_some()).then(|| ProfileCounts {
            identifier: record.identifier.clone(),
            version,
            is_wanted,
            counts: counts.unwrap_or_default(),
        })
    });
    shown.collect()
}
