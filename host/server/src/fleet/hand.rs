//! Looking at the hosts of the start, page by page: what is kept of each, and which of them are
//! alike.
//!
//! Knows nothing of the index, so that two pages can be looked at at once. Invariant: hosts of one
//! kind are in one class.

use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use mooring_drift::classes::{ClassId, Seen};
use mooring_drift::policy::Timestamp;
use mooring_drift::state::Phase;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_store::HostOutline;

use super::deadlines::{NEVER, seconds};
use super::mentions::Rules;
use super::name::Name;
use super::outlook::{Moments, Surroundings, traits};
use super::slots::{Stamp, Traits};
use crate::core::Core;

/// Kinds that are told apart. Where there are more, most hosts are like no other, and finding that
/// out would be in vain.
const KINDS_MAX: usize = 65_536;

/// What is kept of a host beside its class.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: Name,
    pub(super) traits: Traits,
    pub(super) stamp: Stamp,
    pub(super) deadline: u32,
    /// Its kind; `None` for one that is like no other.
    pub(super) kind: Option<u32>,
}

/// What was found out about the hosts of a page. What only some have is beside them, with the place
/// of the host.
#[derive(Debug)]
pub(super) struct Batch {
    pub(super) now: Timestamp,
    pub(super) rows: Vec<Row>,
    /// Those that are placed by themselves: the first of their kind, and those of none.
    pub(super) whole: Vec<(usize, HostOutline)>,
    /// Those whose name is not kept in the row.
    pub(super) long: Vec<(usize, HostId)>,
    /// Channels of users, by a keyed hash of the user.
    pub(super) users: Vec<(usize, u64)>,
    /// What was listed and is not ours, of those that are not placed by themselves.
    pub(super) strangers: Vec<(usize, PayloadIdentifier)>,
}

/// Looks at hosts, and knows which kinds it has seen.
#[derive(Debug)]
pub(super) struct Hand {
    user_keys: RandomState,
    keys: RandomState,
    kinds: HashTable<u32>,
    /// The marks of all kinds, one behind the other.
    marks: Vec<u8>,
    /// Where those of each kind end.
    ends: Vec<usize>,
    /// The class of each kind, once one of it was placed.
    pub(super) classes: Vec<Option<ClassId>>,
    scratch: Vec<u8>,
}

impl Hand {
    pub(super) fn new(user_keys: RandomState) -> Self {
        Self {
            user_keys,
            keys: RandomState::new(),
            kinds: HashTable::new(),
            marks: Vec::new(),
            ends: Vec::new(),
            classes: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Looks at a page of hosts.
    pub(super) fn look(&mut self, core: &Core, rules: &Rules, page: Vec<HostOutline>) -> Batch {
        let mut batch = Batch {
            now: core.now(),
            rows: Vec::with_capacity(page.len()),
            whole: Vec::new(),
            long: Vec::new(),
            users: Vec::new(),
            strangers: Vec::new(),
        };
        for host in page {
            let place = batch.rows.len();
            let row = self.row(core, rules, &host, batch.now);
            if row.name.is_long() {
                batch.long.push((place, host.id.clone()));
            }
            if host.enrollments.len() > 1 {
                let users = host.enrollments.iter();
                let users = users.filter(|one| one.sync.phase == Phase::Enrolled);
                let users = users.filter_map(|one| one.id.user_part());
                let keys = users.map(|user| (place, self.user_keys.hash_one(user)));
                batch.users.extend(keys);
            }
            let is_placed = |kind: u32| self.classes[kind as usize].is_some();
            let is_like_another = row.kind.is_some_and(is_placed);
            batch.rows.push(row);
            if is_like_another {
                let states = host.enrollments.into_iter().map(|one| one.sync);
                let listed = states.filter_map(|state| state.observed);
                let others = listed.flat_map(|last| last.unmanaged);
                let others = others.map(|other| (place, other.identifier));
                batch.strangers.extend(others);
            } else {
                batch.whole.push((place, host));
            }
        }
        batch
    }

    fn row(&mut self, core: &Core, rules: &Rules, host: &HostOutline, now: Timestamp) -> Row {
        let mut moments = Moments::new(&core.policy, now);
        let around = Surroundings::of(core, rules, host, &mut moments);
        let channels = around.channels(&mut moments);
        let mut marks = std::mem::take(&mut self.scratch);
        rules.key(around.known, around.fresh, &mut marks);
        let catalog = &rules.shelf.catalog;
        let mark = |channel: &Seen<'_>| channel.mark(catalog, &mut marks);
        let has_kind = channels.iter().all(mark);
        let kind = if has_kind { self.kind(&marks) } else { None };
        self.scratch = marks;
        let traits = traits(host, &mut moments);
        Row {
            name: Name::of(&host.id),
            traits,
            stamp: Stamp::of(host),
            deadline: moments.next().map_or(NEVER, seconds),
            kind,
        }
    }

    /// The kind with these marks; `None` if there are too many.
    fn kind(&mut self, marks: &[u8]) -> Option<u32> {
        let (all, ends, keys) = (&self.marks, &self.ends, &self.keys);
        let of = |kind: u32| {
            let kind = kind as usize;
            let begin = kind.checked_sub(1).map_or(0, |before| ends[before]);
            &all[begin..ends[kind]]
        };
        let hash = keys.hash_one(marks);
        let known = self.kinds.find(hash, |kind| of(*kind) == marks);
        if let Some(known) = known {
            return Some(*known);
        }
        if ends.len() >= KINDS_MAX {
            return None;
        }
        let new = u32::try_from(ends.len()).ok()?;
        let rehash = |kind: &u32| keys.hash_one(of(*kind));
        self.kinds.insert_unique(hash, new, rehash);
        self.marks.extend(marks);
        self.ends.push(self.marks.len());
        self.classes.push(None);
        Some(new)
    }
}
