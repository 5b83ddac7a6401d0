//! The index itself: all hosts in their classes, and what is kept of each.
//!
//! Knows nothing of locks or of where records are read. Invariants: a host is placed by its record
//! and the definitions of this moment; one that is marked is not what it was placed as.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mooring_drift::classes::{Classes, HostNumber};
use mooring_drift::desired::Catalog;
use mooring_drift::policy::Timestamp;
use mooring_drift::state::Phase;
use mooring_mdm::ids::{EnrollmentId, HostId};
use mooring_store::HostOutline;
use roaring::RoaringBitmap;

use super::deadlines::{Deadlines, seconds};
use super::groups::GroupsByKey;
use super::hand::Row;
use super::mentions::{Mentions, Rules};
use super::numbers::Numbers;
use super::outlook::{Moments, Surroundings, traits};
use super::slots::{Slots, Stamp};
use super::sweep::Sweep;
use crate::core::Core;
use crate::shelf::Shelf;

/// A clock that goes back by more than this has every host looked at anew.
const SET_BACK_MS: u64 = 60_000;

/// All hosts.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) rules: Rules,
    pub(super) numbers: Numbers,
    pub(super) slots: Slots,
    pub(super) classes: Classes,
    pub(super) deadlines: Deadlines,
    pub(super) groups: GroupsByKey,
    /// Hosts whose record has to be read before anything is said of them.
    pub(super) marked: RoaringBitmap,
    pub(super) sweep: Sweep,
    /// Channels of users that are enrolled, by host and a keyed hash of the user: when each was last
    /// heard of since the start, in seconds.
    users: BTreeMap<(HostNumber, u64), AtomicU32>,
    keys: RandomState,
    /// The latest moment at which anybody looked.
    latest: Timestamp,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            rules: Rules::default(),
            numbers: Numbers::default(),
            slots: Slots::default(),
            classes: Classes::new(&Catalog::default()),
            deadlines: Deadlines::default(),
            groups: GroupsByKey::default(),
            marked: RoaringBitmap::new(),
            sweep: Sweep::default(),
            users: BTreeMap::new(),
            keys: RandomState::new(),
            latest: Timestamp::default(),
        }
    }
}

impl Index {
    /// No hosts yet, and these definitions.
    pub(super) fn new(shelf: Arc<Shelf>) -> Self {
        Self {
            classes: Classes::new(&shelf.catalog),
            rules: Rules::of(shelf),
            ..Self::default()
        }
    }

    /// The number of a host, whether it is placed or not.
    pub(super) fn number(&mut self, id: &HostId) -> HostNumber {
        let (number, is_new) = self.numbers.number(id);
        if is_new {
            self.slots.reserve(number);
        }
        number
    }

    /// Adds the next host of the start with all that is kept of it but its class.
    pub(super) fn append(&mut self, row: &Row, id: Option<HostId>) -> HostNumber {
        let number = HostNumber::try_from(self.numbers.len()).unwrap_or(HostNumber::MAX);
        self.numbers.append(row.name, id);
        self.slots.append(row.traits, row.stamp, row.deadline);
        number
    }

    /// Notes a channel of a user at the start.
    pub(super) fn append_user(&mut self, number: HostNumber, key: u64) {
        self.users.entry((number, key)).or_default();
    }

    /// What users are known by.
    pub(super) fn user_keys(&self) -> RandomState {
        self.keys.clone()
    }

    /// Ends the start, at which `now` was the latest moment.
    pub(super) fn settle(&mut self, now: Timestamp) {
        self.latest = now;
        self.numbers.shrink();
        self.slots.settle();
    }

    /// Puts a host where it belongs by a record that was just committed. One that does not follow
    /// what is known is only marked: its whole record has to be read.
    pub(super) fn put_in_hand(&mut self, core: &Core, host: &HostOutline, now: Timestamp) {
        let number = self.number(&host.id);
        let is_of_era = host.enrollments.iter().all(|e| e.sync.era == core.era());
        let is_settled = self.slots.is_known(number) && !self.marked.contains(number);
        let (stamp, before) = (Stamp::of(host), self.slots.stamp(number));
        if is_settled && is_of_era && stamp.follows(before) {
            self.put(core, number, host, now);
        } else if !is_settled || stamp != before {
            self.marked.insert(number);
        }
    }

    /// Puts a host where it belongs by a record that was read.
    pub(super) fn put_read(&mut self, core: &Core, host: &HostOutline, now: Timestamp) {
        let number = self.number(&host.id);
        let is_old =
            self.slots.is_known(number) && Stamp::of(host).is_before(self.slots.stamp(number));
        if !is_old {
            self.put(core, number, host, now);
        }
    }

    fn put(&mut self, core: &Core, number: HostNumber, host: &HostOutline, now: Timestamp) {
        self.latest = self.latest.max(now);
        let rules = self.rules.clone();
        let mut moments = Moments::new(&core.policy, now);
        let around = Surroundings::of(core, &rules, host, &mut moments);
        let classes = &mut self.classes;
        let group = self.groups.of(
            core,
            &rules,
            around.known,
            around.fresh,
            now,
            |circumstances, has_users| classes.group(circumstances, has_users),
        );
        let channels = around.channels(&mut moments);
        self.classes.place(number, group, &channels);
        let traits = traits(host, &mut moments);
        self.slots.set(number, traits, Stamp::of(host));
        let deadline = self.deadlines.set(number, moments.next());
        self.slots.set_deadline(number, deadline);
        self.marked.remove(number);
        self.sweep.left.remove(number);
        self.set_users(number, host);
    }

    fn set_users(&mut self, number: HostNumber, host: &HostOutline) {
        // Most hosts have the device channel alone.
        if self.users.is_empty() && host.enrollments.len() <= 1 {
            return;
        }
        let all = (number, 0)..=(number, u64::MAX);
        let live = |user: &str| {
            let mut outlines = host.enrollments.iter();
            outlines.any(|e| e.id.user_part() == Some(user) && e.sync.phase == Phase::Enrolled)
        };
        let users: Vec<_> = host
            .enrollments
            .iter()
            .filter_map(|e| e.id.user_part())
            .collect();
        let keys: Vec<_> = users
            .iter()
            .filter(|user| live(user))
            .map(|user| (number, self.keys.hash_one(user)))
            .collect();
        let gone: Vec<_> = self
            .users
            .range(all)
            .map(|(key, _)| *key)
            .filter(|key| !keys.contains(key))
            .collect();
        for key in gone {
            self.users.remove(&key);
        }
        for key in keys {
            self.users.entry(key).or_default();
        }
    }

    /// Forgets a host.
    pub(super) fn forget(&mut self, number: HostNumber) {
        self.classes.remove(number);
        self.slots.clear(number);
        self.marked.remove(number);
        self.sweep.left.remove(number);
        let all = (number, 0)..=(number, u64::MAX);
        let users: Vec<_> = self.users.range(all).map(|(key, _)| *key).collect();
        for key in users {
            self.users.remove(&key);
        }
        self.numbers.forget(number);
    }

    /// Judges by these definitions from now on. What that changes of single hosts is left to a
    /// sweep.
    pub(super) fn restock(&mut self, shelf: &Arc<Shelf>, mentions: Mentions) {
        let reassess = self.classes.set_catalog(&shelf.catalog);
        self.rules.shelf = Arc::clone(shelf);
        if mentions == *self.rules.mentions {
            // Some may be gone since they listed it.
            let known = reassess.hosts().filter(|host| self.slots.is_known(*host));
            self.sweep_over(known.collect());
            return;
        }
        let has_own = mentions.has_fillings() || self.rules.mentions.has_fillings();
        self.rules.mentions = Arc::new(mentions);
        self.groups.clear();
        self.classes.forget_unused_groups();
        // Who is in another place for another reason already stays so.
        let whole = &self.sweep.left - &self.sweep.regrouped;
        self.sweep_everybody();
        if !has_own {
            self.sweep.regrouped = &self.sweep.left - whole;
            self.sweep.regrouped -= reassess.hosts().collect::<RoaringBitmap>();
        }
    }

    /// Whether something has to be read before anything is said of hosts as a whole.
    pub(super) fn is_settled(&self, now: Timestamp) -> bool {
        self.marked.is_empty() && !self.deadlines.is_due(now) && !self.is_set_back(now)
    }

    pub(super) fn is_set_back(&self, now: Timestamp) -> bool {
        now.0.saturating_add(SET_BACK_MS) < self.latest.0
    }

    /// Marks the hosts whose moment is reached.
    pub(super) fn mark_due(&mut self, now: Timestamp) {
        if self.is_set_back(now) {
            self.latest = now;
            self.sweep_everybody();
        }
        self.latest = self.latest.max(now);
        let reached = self.deadlines.reached(now, self.slots.deadlines());
        self.marked.extend(
            reached
                .into_iter()
                .filter(|host| self.slots.is_known(*host)),
        );
    }

    /// Whether a number is nobody's.
    pub(super) fn is_gone(&self, number: HostNumber) -> bool {
        !self.slots.is_known(number) && !self.marked.contains(number)
    }

    /// Whether what is known of a host is so at this moment.
    pub(super) fn is_fresh(&self, number: HostNumber, now: Timestamp) -> bool {
        self.slots.is_known(number)
            && !self.marked.contains(number)
            && !self.sweep.left.contains(number)
            && self.slots.deadline(number) > seconds(now)
            && !self.is_set_back(now)
    }

    fn user_key(&self, number: HostNumber, user: &str) -> (HostNumber, u64) {
        (number, self.keys.hash_one(user))
    }

    /// Whether the enrollment is in use.
    pub(super) fn is_enrolled(&self, number: HostNumber, enrollment: &EnrollmentId) -> bool {
        enrollment
            .user_part()
            .is_none_or(|user| self.users.contains_key(&self.user_key(number, user)))
    }

    /// Notes that an enrollment was heard of.
    pub(super) fn saw(&self, enrollment: &EnrollmentId, now: Timestamp) {
        let Some(number) = self.numbers.find(enrollment.host()) else {
            return;
        };
        match enrollment.user_part() {
            None => self.slots.saw(number, seconds(now)),
            Some(user) => {
                if let Some(seen) = self.users.get(&self.user_key(number, user)) {
                    seen.store(seconds(now), Ordering::Relaxed);
                }
            }
        }
    }

    /// When an enrollment was last heard of since the start, to the second.
    pub(super) fn last_seen(&self, enrollment: &EnrollmentId) -> Option<Timestamp> {
        let number = self.numbers.find(enrollment.host())?;
        let seconds = match enrollment.user_part() {
            None => self.slots.seen(number)?,
            Some(user) => {
                let seen = self.users.get(&self.user_key(number, user))?;
                Some(seen.load(Ordering::Relaxed)).filter(|seen| *seen != 0)?
            }
        };
        Some(Timestamp(u64::from(seconds) * 1000))
    }
}
