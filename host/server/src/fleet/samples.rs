//! One host for many: for questions whose answer is the same for all hosts of a class.
//!
//! Knows nothing of the questions. Invariant: hosts with the same class, and the same key under the
//! definitions of then, cannot be told apart by either, but for their ids and their own values.

use std::collections::{BTreeMap, BTreeSet};

use mooring_drift::classes::{ClassId, HostNumber};
use mooring_drift::desired::Transport;
use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_store::{HostOutline, StoreError};

use super::mentions::Mentions;
use super::outlook::{Moments, told};
use super::slots::Stamp;
use crate::core::Core;
use crate::scope::Known;
use crate::shelf::Shelf;

/// A class by one of its hosts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sample {
    pub(crate) class: ClassId,
    pub(crate) host: HostId,
    /// How many hosts it stands for, itself among them.
    pub(crate) hosts: u64,
}

/// Tells hosts apart by what some definitions look at.
#[derive(Debug)]
pub(crate) struct Grouping {
    mentions: Mentions,
    now: Timestamp,
}

impl Grouping {
    /// Whether hosts may have copies of profiles with values of their own.
    pub(crate) fn has_own_copies(&self) -> bool {
        self.mentions.has_fillings()
    }

    /// What tells a host from others under the definitions of `shelf`, in `key`.
    pub(crate) fn key(&self, core: &Core, shelf: &Shelf, host: Known<'_>, key: &mut Vec<u8>) {
        let mut moments = Moments::new(&core.policy, self.now);
        let fresh = told(core, host, &mut moments);
        self.mentions.key(shelf, host, fresh, key);
    }
}

impl Core {
    /// Every class that counts, by one of its hosts. Waits until all hosts are judged by the
    /// definitions of this moment.
    ///
    /// # Errors
    /// [`StoreError`] if a host cannot be read.
    pub(crate) fn fleet_samples(&self) -> Result<Vec<Sample>, StoreError> {
        self.settle_fleet()?;
        while self.tend_fleet()? {}
        let index = self.fleet.read();
        let samples = index.classes.representatives();
        let named = samples.filter_map(|(class, number, hosts)| {
            let host = index.numbers.id(number)?;
            Some(Sample { class, host, hosts })
        });
        Ok(named.collect())
    }

    /// One host of each group, whose hosts should all have the same profiles, with how many there
    /// are; `None` while hosts are being judged by new definitions.
    ///
    /// # Errors
    /// [`StoreError`] if a host cannot be read.
    pub(crate) fn group_samples(&self) -> Result<Option<Vec<(HostId, u64)>>, StoreError> {
        self.settle_fleet()?;
        let index = self.fleet.read();
        if !index.sweep.left.is_empty() {
            return Ok(None);
        }
        let mut groups = BTreeMap::new();
        for (_, number, hosts) in index.classes.representatives() {
            let entry = groups.entry(index.classes.group_of(number));
            entry.or_insert((number, 0)).1 += hosts;
        }
        let named = groups
            .into_values()
            .filter_map(|(number, hosts)| Some((index.numbers.id(number)?, hosts)));
        Ok(Some(named.collect()))
    }

    /// Whether hosts of one class may differ in having one of these, which are not ours yet.
    pub(crate) fn may_list<'a>(
        &self,
        mut identifiers: impl Iterator<Item = &'a PayloadIdentifier>,
    ) -> bool {
        let index = self.fleet.read();
        identifiers.any(|identifier| index.classes.may_be_listed(identifier))
    }

    /// The classes of hosts at this moment, and how their profiles travel; `None` for one that has
    /// none, or checked out. Quickest if they come in order of id.
    pub(crate) fn fleet_classes<'a>(
        &self,
        hosts: impl Iterator<Item = &'a HostId>,
    ) -> Vec<Option<(ClassId, Transport)>> {
        let index = self.fleet.read();
        let mut before = HostNumber::MAX;
        let class = |host: &HostId| {
            before = index.numbers.find_behind(host, before)?;
            let class = index.classes.class_of(before)?;
            Some((class, index.classes.transport(class)?))
        };
        hosts.map(class).collect()
    }

    /// The first hosts of these classes behind `after`, in order of id.
    pub(crate) fn hosts_of_classes(
        &self,
        classes: &BTreeSet<ClassId>,
        after: Option<&HostId>,
        limit: usize,
    ) -> Vec<HostId> {
        let index = self.fleet.read();
        let mut first = BTreeSet::new();
        for number in index.classes.members(classes) {
            let id = index.numbers.id(number);
            let Some(id) = id.filter(|id| after.is_none_or(|after| id > after)) else {
                continue;
            };
            if first.len() < limit || first.last().is_some_and(|last| id < *last) {
                first.insert(id);
                if first.len() > limit {
                    first.pop_last();
                }
            }
        }
        first.into_iter().collect()
    }

    /// Whether a host is what the index has in this class, and can stand for the others in it.
    pub(crate) fn is_as_placed(&self, host: &HostOutline, class: ClassId) -> bool {
        let index = self.fleet.read();
        index.numbers.find(&host.id).is_some_and(|number| {
            index.classes.class_of(number) == Some(class)
                && !index.marked.contains(number)
                && index.slots.stamp(number) == Stamp::of(host)
        })
    }

    /// Some hosts of a class.
    pub(crate) fn some_of_class(&self, class: ClassId, limit: usize) -> Vec<HostId> {
        let index = self.fleet.read();
        let classes = BTreeSet::from([class]);
        let members = index.classes.members(&classes).take(limit);
        members
            .filter_map(|number| index.numbers.id(number))
            .collect()
    }

    /// How these definitions tell hosts apart. Of values for places of profiles they see whether a
    /// host has them, and not which.
    pub(crate) fn grouping(&self, shelf: &Shelf) -> Grouping {
        Grouping {
            mentions: Mentions::of(shelf),
            now: self.now(),
        }
    }
}
