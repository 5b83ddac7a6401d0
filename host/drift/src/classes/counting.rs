//! How many hosts are what, kept up while they move.
//!
//! Knows nothing of how classes are stored. Invariant: every host is counted in one status, or as
//! checked out, and for each profile in one status at most.

use mooring_mdm::ids::PayloadIdentifier;

use super::Classes;
use super::exception::Exception;
use super::held::Held;
use crate::status::Status;

/// Hosts in each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Everything is proven to be installed.
    pub applied: u64,
    /// Nothing is known.
    pub unknown: u64,
    /// Work remains.
    pub pending: u64,
    /// Something had an error.
    pub failed: u64,
}

impl Tally {
    fn of(counts: [u64; 4]) -> Self {
        let [applied, unknown, pending, failed] = counts;
        Self {
            applied,
            unknown,
            pending,
            failed,
        }
    }

    /// All of them.
    pub fn total(&self) -> u64 {
        self.applied + self.unknown + self.pending + self.failed
    }
}

/// The place of a status in a list of counts.
pub(super) fn place_of(status: Status) -> usize {
    match status {
        Status::Applied => 0,
        Status::Unknown => 1,
        Status::Pending => 2,
        Status::Failed => 3,
    }
}

/// All counts.
#[derive(Debug, Default)]
pub(super) struct Totals {
    hosts: [u64; 4],
    checked_out: u64,
    with_work: u64,
    /// By the number of the identifier.
    profiles: Vec<[u64; 4]>,
}

impl Totals {
    /// How many hosts have this status, for a profile if one is named.
    pub(super) fn count(&self, profile: Option<u32>, status: Option<Status>) -> u64 {
        let counts = match profile {
            None => self.hosts,
            Some(profile) => self
                .profiles
                .get(profile as usize)
                .copied()
                .unwrap_or_default(),
        };
        match (status, profile) {
            (Some(status), _) => counts[place_of(status)],
            (None, Some(_)) => counts.iter().sum(),
            (None, None) => counts.iter().sum::<u64>() + self.checked_out,
        }
    }

    /// Whether both say the same.
    pub(super) fn says(&self, other: &Self) -> bool {
        let some = |totals: &Self| (totals.hosts, totals.checked_out, totals.with_work);
        let profiles = self.profiles.len().max(other.profiles.len());
        let of = |totals: &Self, at| totals.profiles.get(at).copied().unwrap_or_default();
        some(self) == some(other) && (0..profiles).all(|at| of(self, at) == of(other, at))
    }

    /// Counts `hosts` hosts of a class once more, or once less.
    pub(super) fn host(&mut self, row: &super::Row, hosts: u64, is_more: bool) {
        let count = match row.status {
            Some(status) => &mut self.hosts[place_of(status)],
            None => &mut self.checked_out,
        };
        step(count, hosts, is_more);
        if row.has_work() {
            step(&mut self.with_work, hosts, is_more);
        }
    }

    /// The same for a profile that has this status on them.
    pub(super) fn profile(
        &mut self,
        profile: u32,
        word: Option<Status>,
        hosts: u64,
        is_more: bool,
    ) {
        let Some(word) = word else {
            return;
        };
        let place = profile as usize;
        if self.profiles.len() <= place {
            self.profiles.resize(place + 1, [0; 4]);
        }
        step(&mut self.profiles[place][place_of(word)], hosts, is_more);
    }
}

fn step(count: &mut u64, hosts: u64, is_more: bool) {
    if is_more {
        *count += hosts;
    } else {
        *count -= hosts;
    }
}

impl Classes {
    /// Hosts in each status.
    pub fn counts(&self) -> Tally {
        Tally::of(self.totals.hosts)
    }

    /// Hosts that are in none, since they checked out.
    pub fn checked_out(&self) -> u64 {
        self.totals.checked_out
    }

    /// Hosts that have something to do.
    pub fn with_work(&self) -> u64 {
        self.totals.with_work
    }

    /// Every identifier that is shown on a host, with the hosts in each status.
    pub fn profile_counts(&self) -> impl Iterator<Item = (&PayloadIdentifier, Tally)> {
        let numbered = self.totals.profiles.iter().enumerate();
        let shown = numbered.filter(|(_, counts)| **counts != [0; 4]);
        shown.map(|(place, counts)| {
            let identifier = self.identifiers.name(super::memory::number(place));
            (identifier, Tally::of(*counts))
        })
    }

    /// Counts the first host of a class that was just begun.
    pub(super) fn count_new(&mut self, class: u32) {
        for (profile, word) in &self.words {
            self.totals.profile(*profile, Some(*word), 1, true);
        }
        self.totals.host(&self.rows[class as usize], 1, true);
    }

    /// Counts more hosts of a class.
    pub(super) fn count_more(&mut self, class: u32, hosts: u64) {
        let mut totals = std::mem::take(&mut self.totals);
        self.each_whole(class, &mut |profile, whole| {
            totals.profile(profile, whole.word, hosts, true);
        });
        totals.host(&self.rows[class as usize], hosts, true);
        self.totals = totals;
    }

    /// Counts a host in another class than before.
    pub(super) fn count_move(&mut self, before: Option<u32>, after: Option<u32>) {
        let mut profiles = Vec::new();
        self.differing(before, after, &mut profiles);
        for profile in profiles {
            let of = |class: Option<u32>| class.and_then(|class| self.word(class, profile));
            let (old, new) = (of(before), of(after));
            if old != new {
                self.totals.profile(profile, old, 1, false);
                self.totals.profile(profile, new, 1, true);
            }
        }
        if let Some(before) = before {
            self.totals.host(&self.rows[before as usize], 1, false);
        }
        if let Some(after) = after {
            self.totals.host(&self.rows[after as usize], 1, true);
        }
    }

    /// The profiles whose status may differ between two classes.
    fn differing(&self, before: Option<u32>, after: Option<u32>, found: &mut Vec<u32>) {
        let (Some(old), Some(new)) = (before, after) else {
            for class in [before, after].into_iter().flatten() {
                self.concerned(class, found);
            }
            return;
        };
        let (old_make, new_make) = (self.table.make(old), self.table.make(new));
        let pairs = || old_make.parts().iter().zip(new_make.parts());
        let is_like = |(a, b): (&u32, &u32)| {
            a == b || self.table.part(*a).bits.tells_as(self.table.part(*b).bits)
        };
        let is_near = old_make.group() == new_make.group()
            && old_make.parts().len() == new_make.parts().len()
            && pairs().all(is_like);
        if !is_near {
            self.concerned(old, found);
            self.concerned(new, found);
            found.sort_unstable();
            found.dedup();
            return;
        }
        for (a, b) in pairs().filter(|(a, b)| a != b) {
            self.differing_parts(*a, *b, found);
        }
        found.sort_unstable();
        found.dedup();
    }

    fn differing_parts(&self, a: u32, b: u32, found: &mut Vec<u32>) {
        let (old, new) = (self.table.part(a), self.table.part(b));
        let ((held, exceptions), (held_after, exceptions_after)) =
            (self.table.lists(a), self.table.lists(b));
        if held != held_after {
            let of_copy = self.copies.profiles();
            let profile = |held: &Held| of_copy[held.copy() as usize];
            let mut left = Held::all(old.held).peekable();
            let mut right = Held::all(new.held).peekable();
            loop {
                match (left.peek().copied(), right.peek().copied()) {
                    (None, None) => break,
                    (Some(a), Some(b)) if profile(&a) == profile(&b) => {
                        if a != b {
                            found.push(profile(&a));
                        }
                        left.next();
                        right.next();
                    }
                    (Some(a), b) if b.is_none_or(|b| profile(&a) < profile(&b)) => {
                        found.push(profile(&a));
                        left.next();
                    }
                    (_, Some(b)) => {
                        found.push(profile(&b));
                        right.next();
                    }
                    (Some(_), None) => drop(left.next()),
                }
            }
        }
        if exceptions != exceptions_after {
            found.extend(Exception::all(old.exceptions).map(Exception::profile));
            found.extend(Exception::all(new.exceptions).map(Exception::profile));
        }
    }
}
