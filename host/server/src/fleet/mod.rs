//! Every host in memory, as few bytes as will do: its class, when it changes by itself, when it was
//! last heard of. Counts, pages and "who has something to do" come from here.
//!
//! Knows nothing of HTTP or pushes. Invariants: what it says equals what a walk over the store would
//! say at that moment, but for hosts that are still swept; it holds nothing that is not in the
//! store, but when hosts were last heard of and how.
//!
//! Read in this order: `index`, `outlook`, `tend`, `load`. `recount` says the same the long way.

mod check;
mod copies;
mod deadlines;
mod groups;
mod hand;
mod index;
mod load;
mod mentions;
mod name;
mod numbers;
mod outlook;
mod page;
mod recount;
mod samples;
mod slots;
mod sweep;
mod tend;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use mooring_drift::classes::Tally;
use mooring_drift::policy::Timestamp;
use mooring_drift::status::Status;
use mooring_mdm::ids::{EnrollmentId, HostId, PayloadIdentifier};
use mooring_store::StoreError;

use crate::api::{Counts, ExpiringIdentities};
use crate::core::Core;
use index::Index;

pub use check::FleetFault;
pub(crate) use outlook::AWAY_MS;
pub(crate) use samples::{Grouping, Sample};

/// All hosts.
#[derive(Debug, Default)]
pub(crate) struct Fleet {
    index: RwLock<Index>,
    /// Held while records are read to place hosts anew, so that an older reading is never used
    /// after a newer one.
    tending: Mutex<()>,
}

impl Fleet {
    fn read(&self) -> RwLockReadGuard<'_, Index> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Index> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a host may not be as it was placed: it is read before anything is said of it.
    pub(crate) fn mark(&self, host: &HostId) {
        let mut index = self.write();
        let number = index.number(host);
        index.marked.insert(number);
    }

    /// Notes that an enrollment was heard of.
    pub(crate) fn saw(&self, enrollment: &EnrollmentId, now: Timestamp) {
        self.read().saw(enrollment, now);
    }

    /// When an enrollment was last heard of since the start, to the second.
    pub(crate) fn last_seen(&self, enrollment: &EnrollmentId) -> Option<Timestamp> {
        self.read().last_seen(enrollment)
    }
}

/// How far something has come that goes through every host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) done: u64,
    pub(crate) total: u64,
}

/// How many hosts are what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FleetCounts {
    /// Hosts in each status.
    pub(crate) hosts: Counts,
    /// Hosts that are in none, since they checked out.
    pub(crate) checked_out: u64,
    /// Hosts in each status, for every profile that is shown on any.
    pub(crate) profiles: BTreeMap<PayloadIdentifier, Counts>,
    pub(crate) identities: ExpiringIdentities,
    /// Hosts for which a certificate is held.
    pub(crate) held: u64,
    /// Hosts for which two devices speak in turn.
    pub(crate) duplicates: u64,
    /// Hosts are being judged by new definitions: until that is done, some are counted by the old.
    pub(crate) regrouping: Option<Progress>,
}

/// Which hosts are asked for. With a profile, `status` is the host's status for that profile.
#[derive(Debug, Clone, Default)]
pub(crate) struct FleetFilter {
    /// Those on which this profile is shown.
    pub(crate) profile: Option<PayloadIdentifier>,
    /// Those in this status; without one, also those that checked out.
    pub(crate) status: Option<Status>,
    /// Those behind this id.
    pub(crate) after: Option<HostId>,
    /// At most so many, and [`HOSTS_PAGE_MAX`](mooring_store::HOSTS_PAGE_MAX).
    pub(crate) limit: usize,
}

/// Some of the hosts that were asked for, in order of id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FleetPage {
    pub(crate) hosts: Vec<HostId>,
    /// Where the next page begins; `None` if this is the last.
    pub(crate) next: Option<HostId>,
}

impl Core {
    /// How many hosts are what at this moment.
    ///
    /// # Errors
    /// [`StoreError`] if a host that has to be judged anew cannot be read.
    pub(crate) fn fleet_counts(&self) -> Result<FleetCounts, StoreError> {
        self.settle_fleet()?;
        Ok(self.fleet.read().counts())
    }

    /// Some of the hosts of a profile and status, at this moment.
    ///
    /// # Errors
    /// [`StoreError`] if a host that has to be judged anew cannot be read.
    pub(crate) fn fleet_page(&self, filter: &FleetFilter) -> Result<FleetPage, StoreError> {
        self.settle_fleet()?;
        Ok(self.fleet.read().page(filter))
    }

    /// The status of one host; `None` if it is not known or checked out.
    ///
    /// # Errors
    /// [`StoreError`] if the host has to be judged anew and cannot be read.
    pub(crate) fn fleet_status(&self, host: &HostId) -> Result<Option<Status>, StoreError> {
        self.settle_host_now(host)?;
        let index = self.fleet.read();
        let number = index.numbers.find(host);
        Ok(number.and_then(|number| index.classes.status(number)))
    }

    /// Whether the host of an enrollment has something to do on any of its channels, so that it
    /// should come. Commands of others that wait are not looked at, nor is the pace of renewals.
    ///
    /// # Errors
    /// [`StoreError`] if the host has to be judged anew and cannot be read.
    pub(crate) fn has_work(&self, enrollment: &EnrollmentId) -> Result<bool, StoreError> {
        if self.is_paused() {
            return Ok(false);
        }
        self.settle_host_now(enrollment.host())?;
        let index = self.fleet.read();
        let number = index.numbers.find(enrollment.host());
        Ok(number.is_some_and(|number| index.classes.has_work(number)))
    }

    /// Hosts that have something to do, those behind `after` in an order of its own; at most
    /// `limit`. See [`Core::has_work`]. Work is bounded: who became due a moment ago may be left
    /// to the next call.
    ///
    /// # Errors
    /// [`StoreError`] if a host that has to be judged anew cannot be read.
    pub(crate) fn next_due(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostId>, StoreError> {
        if self.is_paused() {
            return Ok(Vec::new());
        }
        self.tend_fleet()?;
        let index = self.fleet.read();
        let numbers = &index.numbers;
        let after = after.and_then(|id| numbers.find(id).or_else(|| numbers.early_before(id)));
        let due = index.classes.next_with_work(after, limit).into_iter();
        Ok(due.filter_map(|number| numbers.id(number)).collect())
    }

    /// Whether a message without news can be answered with nothing, unseen: the host is in sync on
    /// all its channels, has nothing to do and nothing that falls due by now, and last came with
    /// the same `routine`. No `routine` of 0 is ever the same.
    pub(crate) fn is_idle(&self, enrollment: &EnrollmentId, routine: u64) -> bool {
        let now = self.now();
        let is_quiet = || {
            let index = self.fleet.read();
            let number = index.numbers.find(enrollment.host());
            number.is_some_and(|number| {
                routine != 0
                    && index.is_fresh(number, now)
                    && index.slots.routine(number) == routine
                    && index.slots.traits(number).is_quiet
                    && index.is_enrolled(number, enrollment)
                    && !index.classes.has_work(number)
            })
        };
        is_quiet() && !self.has_queue(enrollment)
    }

    /// Remembers how a host was let in, if the revision of its device channel is still this one;
    /// until that changes.
    pub(crate) fn note_routine(&self, host: &HostId, revision: u64, routine: u64) {
        let index = self.fleet.read();
        let number = index.numbers.find(host);
        if let Some(number) = number.filter(|number| index.slots.is_known(*number))
            && u64::from(index.slots.stamp(number).device) == revision & u64::from(u32::MAX)
        {
            index.slots.set_routine(number, routine);
        }
    }
}

impl Index {
    fn counts(&self) -> FleetCounts {
        let counts = self.classes.profile_counts();
        let profiles = counts.map(|(identifier, tally)| (identifier.clone(), counts_of(tally)));
        let left = self.sweep.left.len();
        FleetCounts {
            hosts: counts_of(self.classes.counts()),
            checked_out: self.classes.checked_out(),
            profiles: profiles.collect(),
            identities: self.slots.identities(),
            held: self.slots.held(),
            duplicates: self.slots.duplicates(),
            regrouping: (left > 0).then(|| Progress {
                done: self.sweep.total.saturating_sub(left),
                total: self.sweep.total.max(left),
            }),
        }
    }
}

fn counts_of(tally: Tally) -> Counts {
    Counts {
        applied: tally.applied,
        pending: tally.pending,
        failed: tally.failed,
        unknown: tally.unknown,
    }
}
