//! Channels and classes as lists of numbers, each stored once, with whom they refer to.
//!
//! Knows nothing of statuses. Invariant: whatever refers to something holds a reference to it, so
//! that what nobody is in any more goes away with all that only it needed.

use hashbrown::HashTable;

use super::exception::{self, Draft};
use super::held::{self, Held};
use super::judge::{Bits, Part};
use super::keeping::Keeper;
use super::memory::hash_of;
use super::names::Copies;
use super::runs::Runs;
use super::seen::Seen;
use crate::set::SetId;

/// Sets whose list is remembered: more than a fleet has that is managed, and a bound where every
/// host is unique.
const REMEMBERED_MAX: usize = 16_384;

/// The only number of the class of hosts that checked out.
const CHECKED_OUT: u32 = u32::MAX;

/// Lists of everything.
#[derive(Debug)]
pub(super) struct Table {
    held: Runs,
    exceptions: Runs,
    /// Bits, held, exceptions.
    parts: Runs,
    /// Group, then the parts; the device's first, the others in order.
    classes: Runs,
    remembered: HashTable<Remembered>,
    scratch: Vec<u32>,
}

#[derive(Debug)]
struct Remembered {
    of: (Option<SetId>, SetId),
    held: u32,
}

/// What a class consists of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Make<'a>(&'a [u32]);

impl<'a> Make<'a> {
    /// The group; `None` for those that checked out.
    pub(super) fn group(self) -> Option<u32> {
        self.0
            .first()
            .copied()
            .filter(|group| *group != CHECKED_OUT)
    }

    /// The names of the parts.
    pub(super) fn parts(self) -> &'a [u32] {
        self.0.get(1..).unwrap_or_default()
    }
}

impl Table {
    pub(super) fn new() -> Self {
        Self {
            held: Runs::new(),
            exceptions: Runs::new(),
            parts: Runs::new(),
            classes: Runs::new(),
            remembered: HashTable::new(),
            scratch: Vec::new(),
        }
    }

    /// What a class consists of.
    pub(super) fn make(&self, class: u32) -> Make<'_> {
        Make(self.classes.words(class))
    }

    /// One channel.
    pub(super) fn part(&self, name: u32) -> Part<'_> {
        let words = self.parts.words(name);
        let [bits, held, exceptions] = [0, 1, 2].map(|at| words.get(at).copied().unwrap_or(0));
        Part {
            bits: Bits(bits),
            held: self.held.words(held),
            exceptions: self.exceptions.words(exceptions),
        }
    }

    /// The names of what a channel consists of: two with the same name are the same.
    pub(super) fn lists(&self, name: u32) -> (u32, u32) {
        let words = self.parts.words(name);
        (
            words.get(1).copied().unwrap_or(0),
            words.get(2).copied().unwrap_or(0),
        )
    }

    /// Every class that has hosts.
    pub(super) fn classes(&self) -> impl Iterator<Item = u32> + '_ {
        self.classes.names()
    }

    /// How many hosts a class has.
    pub(super) fn hosts(&self, class: u32) -> u64 {
        u64::from(self.classes.references(class))
    }

    /// Names of lists of profiles are below this, if so many classes have the same that it pays to
    /// look into each once.
    pub(super) fn lists_bound(&self) -> Option<usize> {
        let is_shared = self.held.len().saturating_mul(3) < self.classes.len().saturating_mul(2);
        is_shared.then(|| self.held.bound())
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.classes.len()
    }

    /// The class of a host, with one more reference, and whether it is new. `None` for the group
    /// means that it checked out.
    pub(super) fn intern(
        &mut self,
        group: Option<u32>,
        seen: &[Seen<'_>],
        keeper: &mut Keeper<'_>,
    ) -> (u32, bool) {
        let Some(group) = group else {
            return self.classes.intern(&[CHECKED_OUT]);
        };
        let mut words = vec![group];
        for channel in seen.iter().filter(|channel| channel.is_live()) {
            words.push(self.intern_part(channel, keeper));
        }
        // Users of one host have no order.
        if let Some(users) = words.get_mut(2..) {
            users.sort_unstable();
        }
        let (class, is_new) = self.classes.intern(&words);
        if !is_new {
            for part in &words[1..] {
                self.release_part(*part, keeper.copies);
            }
        }
        (class, is_new)
    }

    /// The class with the same channels and another group, with one more reference.
    pub(super) fn regrouped(&mut self, class: u32, group: u32) -> (u32, bool) {
        let mut words = self.classes.words(class).to_vec();
        words[0] = group;
        let (class, is_new) = self.classes.intern(&words);
        if is_new {
            for part in &words[1..] {
                self.parts.retain(*part);
            }
        }
        (class, is_new)
    }

    /// One more reference to a class.
    pub(super) fn retain(&mut self, class: u32) {
        self.classes.retain(class);
    }

    /// One reference less; says whether it was the last. Then [`Table::forget`] has to follow.
    pub(super) fn release(&mut self, class: u32) -> bool {
        self.classes.release(class)
    }

    /// Drops a class without references.
    pub(super) fn forget(&mut self, class: u32, copies: &mut Copies) {
        let parts = self.make(class).parts().to_vec();
        self.classes.forget(class);
        for part in parts {
            self.release_part(part, copies);
        }
    }

    fn intern_part(&mut self, seen: &Seen<'_>, keeper: &mut Keeper<'_>) -> u32 {
        let held = self.held_of(seen, keeper);
        let mut words = std::mem::take(&mut self.scratch);
        words.clear();
        Draft::read(seen, keeper, &mut words);
        let (exceptions, is_new) = self.exceptions.intern(&words);
        if is_new {
            exception::copies(&words).for_each(|copy| keeper.copies.retain(copy));
        }
        self.scratch = words;
        let (part, is_new) = self.parts.intern(&[Bits::of(seen).0, held, exceptions]);
        if !is_new {
            self.release_lists(held, exceptions, keeper.copies);
        }
        part
    }

    /// The list of what a channel has, with one more reference.
    fn held_of(&mut self, seen: &Seen<'_>, keeper: &mut Keeper<'_>) -> u32 {
        let state = seen.state;
        let of = (
            state.observed.as_ref().map(|last| last.set.id()),
            state.delivered.id(),
        );
        let is_plain = held::is_plain(seen, keeper);
        let hash = hash_of(&of);
        if is_plain && let Some(known) = self.remembered.find(hash, |one| one.of == of) {
            self.held.retain(known.held);
            return known.held;
        }
        let mut words = std::mem::take(&mut self.scratch);
        words.clear();
        held::read(seen, keeper, &mut words);
        let (held, is_new) = self.held.intern(&words);
        if is_new {
            Held::all(&words).for_each(|held| keeper.copies.retain(held.copy()));
        }
        self.scratch = words;
        if is_plain {
            if self.remembered.len() >= REMEMBERED_MAX {
                self.forget_remembered(keeper.copies);
            }
            self.held.retain(held);
            let row = Remembered { of, held };
            self.remembered
                .insert_unique(hash, row, |one| hash_of(&one.of));
        }
        held
    }

    /// Forgets which sets have which list.
    pub(super) fn forget_remembered(&mut self, copies: &mut Copies) {
        for row in std::mem::take(&mut self.remembered) {
            self.release_held(row.held, copies);
        }
    }

    fn release_part(&mut self, part: u32, copies: &mut Copies) {
        if !self.parts.release(part) {
            return;
        }
        let (held, exceptions) = self.lists(part);
        self.parts.forget(part);
        self.release_lists(held, exceptions, copies);
    }

    fn release_lists(&mut self, held: u32, exceptions: u32, copies: &mut Copies) {
        self.release_held(held, copies);
        if self.exceptions.release(exceptions) {
            let words = self.exceptions.words(exceptions).to_vec();
            self.exceptions.forget(exceptions);
            exception::copies(&words).for_each(|copy| copies.release(copy));
        }
    }

    fn release_held(&mut self, held: u32, copies: &mut Copies) {
        if self.held.release(held) {
            let words = self.held.words(held).to_vec();
            self.held.forget(held);
            Held::all(&words).for_each(|held| copies.release(held.copy()));
        }
    }
}
