//! The index itself: all hosts in their classes, and what is kept of each.
//!
//! Knows nothing of locks or of where records are read. Invariants: a host is placed by its record
//! and the definitions of this moment; one that is marked is not what it was placed as.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mooring_drift::classes::{Classes, GroupId, HostNumber, OwnCopies};
use mooring_drift::desired::Catalog;
use mooring_drift::policy::Timestamp;
use mooring_drift::state::Phase;
use mooring_mdm::ids::{EnrollmentId, HostId};
use mooring_store::HostOutline;
use roaring::RoaringBitmap;

use super::copies::own_copies;
use super::deadlines::{Deadlines, seconds};
use super::mentions::Mentions;
use super::numbers::Numbers;
use super::outlook::{Moments, Surroundings, is_renewed, seen, told, traits};
use super::recount::can_have_user;
use super::slots::{Slots, Stamp};
use crate::core::Core;
use crate::scope::Known;
use crate::shelf::Shelf;

/// A clock that goes back by more than this has every host looked at anew.
const SET_BACK_MS: u64 = 60_000;

/// Hosts that are judged by other definitions, slice by slice.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// Those that are still to be judged.
    pub(super) left: RoaringBitmap,
    pub(super) total: u64,
    /// How far it has come in order of id.
    pub(super) after: Option<HostId>,
}

/// All hosts.
#[derive(Debug)]
pub(super) struct Index {
    pub(super) shelf: Arc<Shelf>,
    mentions: Mentions,
    pub(super) numbers: Numbers,
    pub(super) slots: Slots,
    pub(super) classes: Classes,
    pub(super) deadlines: Deadlines,
    /// By what the definitions look at.
    groups: BTreeMap<Vec<u8>, GroupId>,
    /// Hosts whose record has to be read before anything is said of them.
    pub(super) marked: RoaringBitmap,
    pub(super) sweep: Sweep,
    /// Channels of users that are enrolled, by host and a keyed hash of the user: when each was last
    /// heard of since the start, in seconds.
    users: BTreeMap<(HostNumber, u64), AtomicU32>,
    keys: RandomState,
    /// The latest moment at which anybody looked.
    latest: Timestamp,
    key: Vec<u8>,
}

impl Default for Index {
    fn default() -> Self {
        Self {
            shelf: Arc::default(),
            mentions: Mentions::default(),
            numbers: Numbers::default(),
            slots: Slots::default(),
            classes: Classes::new(&Catalog::default()),
            deadlines: Deadlines::default(),
            groups: BTreeMap::new(),
            marked: RoaringBitmap::new(),
            sweep: Sweep::default(),
            users: BTreeMap::new(),
            keys: RandomState::new(),
            latest: Timestamp::default(),
            key: Vec::new(),
        }
    }
}

impl Index {
    /// No hosts yet, and these definitions.
    pub(super) fn new(shelf: Arc<Shelf>) -> Self {
        Self {
            mentions: Mentions::of(&shelf),
            classes: Classes::new(&shelf.catalog),
            shelf,
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

    /// The next host of the start.
    pub(super) fn append(&mut self, core: &Core, host: &HostOutline, now: Timestamp) {
        let number = self.numbers.append(&host.id);
        self.slots.reserve(number);
        self.put(core, number, host, now);
    }

    /// Gives up the memory that the start left over.
    pub(super) fn shrink(&mut self) {
        self.numbers.shrink();
        self.slots.shrink();
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
        let shelf = Arc::clone(&self.shelf);
        let mut moments = Moments::new(&core.policy, now);
        let known = Known::from(host);
        let (fresh, system) = told(core, host, &mut moments);
        let mut key = std::mem::take(&mut self.key);
        self.mentions.key(&shelf, known, fresh, &mut key);
        let group = if let Some(group) = self.groups.get(&key) {
            *group
        } else {
            let circumstances = core.circumstances_at(&shelf, known, now);
            let has_users = can_have_user(host.attributes.model.as_deref());
            let group = self.classes.group(&circumstances, has_users);
            self.groups.insert(key.clone(), group);
            group
        };
        self.key = key;
        let own = if self.mentions.has_fillings() {
            own_copies(core, &shelf, &self.mentions, host)
        } else {
            OwnCopies::NONE
        };
        let of_host = Surroundings {
            build: fresh.and_then(|told| told.build_version.as_deref()),
            system: system.as_ref(),
            own: &own,
            is_renewed: is_renewed(core, host, &mut moments),
            is_duplicate: known.is_contradicted,
        };
        let outlines = host.enrollments.iter();
        let channels: Vec<_> = outlines.map(|e| seen(e, &of_host, &mut moments)).collect();
        self.classes.place(number, group, &channels);
        let traits = traits(host, &mut moments);
        self.slots.set(number, traits, Stamp::of(host));
        let before = self.slots.deadline(number);
        let deadline = self.deadlines.set(number, before, moments.next());
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
        self.deadlines.unset(number, self.slots.deadline(number));
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
        self.shelf = Arc::clone(shelf);
        if mentions == self.mentions {
            // Some may be gone since they listed it.
            let known = reassess.hosts().filter(|host| self.slots.is_known(*host));
            self.sweep_over(known.collect());
            return;
        }
        self.mentions = mentions;
        self.groups.clear();
        self.classes.forget_unused_groups();
        self.sweep_everybody();
    }

    /// Has every host looked at anew.
    pub(super) fn sweep_everybody(&mut self) {
        let numbers = 0..HostNumber::try_from(self.numbers.len()).unwrap_or(HostNumber::MAX);
        let known = numbers
            .filter(|number| self.slots.is_known(*number))
            .collect();
        self.sweep_over(known);
    }

    fn sweep_over(&mut self, hosts: RoaringBitmap) {
        if hosts.is_empty() {
            return;
        }
        let done = self.sweep.total - self.sweep.left.len().min(self.sweep.total);
        self.sweep.left |= hosts;
        let left = self.sweep.left.len();
        // Who was done and has to be done again is no longer done.
        self.sweep.total = (done + left).min(self.slots.known().max(left));
        self.sweep.after = None;
    }

    /// Whether something has to be read before anything is said of hosts as a whole.
    pub(super) fn is_settled(&self, now: Timestamp) -> bool {
        self.marked.is_empty() && !self.deadlines.is_due(now) && !self.is_set_back(now)
    }

    fn is_set_back(&self, now: Timestamp) -> bool {
        now.0.saturating_add(SET_BACK_MS) < self.latest.0
    }

    /// Marks the hosts whose moment is reached.
    pub(super) fn mark_due(&mut self, now: Timestamp) {
        if self.is_set_back(now) {
            self.latest = now;
            self.sweep_everybody();
        }
        self.latest = self.latest.max(now);
        let slots = &self.slots;
        let reached = self.deadlines.reached(now, |host| slots.deadline(host));
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
