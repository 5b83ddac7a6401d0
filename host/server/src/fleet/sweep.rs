//! Judging hosts by other definitions, slice by slice.
//!
//! Knows nothing of where records are read. Invariant: who is not left is judged by the definitions of
//! this moment, or marked.

use mooring_drift::classes::HostNumber;
use mooring_drift::desired::Circumstances;
use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::HostId;
use mooring_store::{HostOutline, HostSketch};
use roaring::RoaringBitmap;

use super::deadlines::seconds;
use super::index::Index;
use super::outlook::{Moments, told};
use crate::core::Core;
use crate::scope::Known;

/// If no more than one of so many has to be read as a whole, it is read by itself.
const READ_SHARE: u64 = 1024;

/// Hosts that are judged by other definitions, slice by slice.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// Those that are still to be judged.
    pub(super) left: RoaringBitmap,
    /// Those of them of which only the group is another one.
    pub(super) regrouped: RoaringBitmap,
    pub(super) total: u64,
    /// How far it has come in order of id.
    pub(super) after: Option<HostId>,
    /// The host that was judged last.
    before: HostNumber,
    /// How often it began anew: what was read before is not to be used after.
    pub(super) begun: u64,
}

impl Sweep {
    /// Forgets all of it but how often it began.
    pub(super) fn end(&mut self) {
        let begun = self.begun;
        *self = Self {
            begun,
            ..Self::default()
        };
    }
}

impl Index {
    /// Has every host looked at anew.
    pub(super) fn sweep_everybody(&mut self) {
        let numbers = 0..HostNumber::try_from(self.numbers.len()).unwrap_or(HostNumber::MAX);
        let known = numbers
            .filter(|number| self.slots.is_known(*number))
            .collect();
        self.sweep_over(known);
    }

    /// Judges a host by the definitions of now, if it is still to be judged.
    pub(super) fn sweep(&mut self, core: &Core, host: &HostOutline, now: Timestamp) {
        let number = self.number(&host.id);
        if self.sweep.left.contains(number) || !self.slots.is_known(number) {
            self.put_read(core, host, now);
        }
    }

    /// Whether of most of those who are still to be judged only the group is another one.
    pub(super) fn is_regrouping(&self, now: Timestamp) -> bool {
        let Sweep {
            left, regrouped, ..
        } = &self.sweep;
        left.difference_len(regrouped) * READ_SHARE <= left.len() && !self.is_set_back(now)
    }

    /// The same where only the group is another one; the others are marked. The sketch was read after the sweep began, and who was
    /// placed since then is not left: so what is known of the host is no newer than its sketch, and
    /// if it is older, whoever changed the host is about to place it.
    pub(super) fn sweep_sketch(&mut self, core: &Core, host: &HostSketch, now: Timestamp) {
        let Some(number) = self.numbers.find_behind(&host.id, self.sweep.before) else {
            return;
        };
        self.sweep.before = number;
        if !self.sweep.left.contains(number) {
            return;
        }
        let is_as_placed = self.sweep.regrouped.contains(number)
            && self.slots.is_known(number)
            && !self.marked.contains(number)
            && self.slots.deadline(number) > seconds(now);
        if is_as_placed {
            self.regroup(core, number, host, now);
        } else {
            self.marked.insert(number);
        }
        self.sweep.left.remove(number);
    }

    fn regroup(&mut self, core: &Core, number: HostNumber, host: &HostSketch, now: Timestamp) {
        let class = self.classes.class_of(number);
        let Some(transport) = class.and_then(|class| self.classes.transport(class)) else {
            return;
        };
        let rules = self.rules.clone();
        let known = Known::of_sketch(host, transport);
        let fresh = told(core, known, &mut Moments::new(&core.policy, now));
        let classes = &mut self.classes;
        let make =
            |circumstances: &Circumstances, has_users| classes.group(circumstances, has_users);
        let group = self.groups.of(core, &rules, known, fresh, now, make);
        self.classes.regroup(number, group);
    }

    pub(super) fn sweep_over(&mut self, hosts: RoaringBitmap) {
        if hosts.is_empty() {
            return;
        }
        let done = self.sweep.total - self.sweep.left.len().min(self.sweep.total);
        self.sweep.regrouped -= &hosts;
        self.sweep.left |= hosts;
        let left = self.sweep.left.len();
        // Who was done and has to be done again is no longer done.
        self.sweep.total = (done + left).min(self.slots.known().max(left));
        self.sweep.after = None;
        self.sweep.begun += 1;
    }
}
