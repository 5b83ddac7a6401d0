//! Hosts by number, and numbers by host.
//!
//! Knows nothing of what a host is like. Invariants: while a host is known it keeps its number; the
//! numbers given at the start are in order of id and are nobody else's until the next start; hosts
//! that come later are kept in order of id beside them.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use hashbrown::HashTable;
use mooring_drift::classes::HostNumber;
use mooring_mdm::ids::HostId;

use super::name::{Name, PACKED_MAX};

/// Latecomers that are put in order one by one; more are merged into the others at once.
const FRESH_MAX: usize = 1024;

/// The numbers of hosts.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    names: Vec<Name>,
    /// The names that cannot be packed.
    long: BTreeMap<HostNumber, HostId>,
    /// By a keyed hash of the name: devices choose their own ids.
    table: HashTable<HostNumber>,
    keys: RandomState,
    /// Numbers below this were given at the start.
    early: usize,
    free: Vec<HostNumber>,
    /// The other numbers that are in use, in order of id: most of them, and the newest.
    late: Vec<HostNumber>,
    fresh: Vec<HostNumber>,
}

impl Numbers {
    /// The number of a host, if it has one.
    pub(super) fn find(&self, id: &HostId) -> Option<HostNumber> {
        let name = Name::of(id);
        let found = self.table.find(self.hash(id, &name), |number| {
            self.names[*number as usize] == name
                && (!name.is_long() || self.long.get(number) == Some(id))
        });
        found.copied()
    }

    /// The same for one that probably comes right behind the host of `before`, as in a walk.
    pub(super) fn find_behind(&self, id: &HostId, before: HostNumber) -> Option<HostNumber> {
        let next = before.wrapping_add(1);
        let name = self.names[..self.early].get(next as usize);
        if name.is_some_and(|name| !name.is_long() && *name == Name::of(id)) {
            return Some(next);
        }
        self.find(id)
    }

    /// The number of a host; the second says whether it is new.
    pub(super) fn number(&mut self, id: &HostId) -> (HostNumber, bool) {
        if let Some(number) = self.find(id) {
            return (number, false);
        }
        let number = self.add(id);
        let order = order_of(&self.names, &self.long);
        let place = |all: &[HostNumber]| all.partition_point(|n| order(*n, id.as_str()).is_lt());
        let at = place(&self.fresh);
        self.fresh.insert(at, number);
        if self.fresh.len() > FRESH_MAX {
            self.merge();
        }
        (number, true)
    }

    /// Makes room for the hosts of a start.
    pub(super) fn expect(&mut self, hosts: usize) {
        self.names.reserve_exact(hosts);
        let (names, keys) = (&self.names, &self.keys);
        // Nobody is in it yet.
        self.table
            .reserve(hosts, |number| keys.hash_one(names[*number as usize]));
    }

    /// Adds the next host of the start, which comes behind all others in order of id. `id` is needed
    /// of those that have no short name.
    pub(super) fn append(&mut self, name: Name, id: Option<HostId>) {
        let number = self.next();
        let hash = match &id {
            Some(id) => self.keys.hash_one(id),
            None => self.keys.hash_one(name),
        };
        if let Some(id) = id {
            self.long.insert(number, id);
        }
        self.names.push(name);
        self.early = self.names.len();
        self.enter(hash, number);
    }

    /// Gives up the memory that the start left over.
    pub(super) fn shrink(&mut self) {
        self.names.shrink_to_fit();
    }

    /// Memory but for that of long names, in bytes.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        size_of::<Name>() * self.names.capacity() + self.table.allocation_size()
    }

    fn next(&self) -> HostNumber {
        HostNumber::try_from(self.names.len()).unwrap_or(HostNumber::MAX)
    }

    fn add(&mut self, id: &HostId) -> HostNumber {
        let name = Name::of(id);
        let number = if let Some(number) = self.free.pop() {
            self.names[number as usize] = name;
            number
        } else {
            let number = self.next();
            self.names.push(name);
            number
        };
        if name.is_long() {
            self.long.insert(number, id.clone());
        }
        self.enter(self.hash(id, &name), number);
        number
    }

    fn enter(&mut self, hash: u64, number: HostNumber) {
        let (names, long, keys) = (&self.names, &self.long, &self.keys);
        self.table
            .insert_unique(hash, number, |number| match long.get(number) {
                Some(id) => keys.hash_one(id),
                None => keys.hash_one(names[*number as usize]),
            });
    }

    /// Forgets a host that came after the start. One that was there keeps its number, should it
    /// come again.
    pub(super) fn forget(&mut self, number: HostNumber) {
        if (number as usize) < self.early {
            return;
        }
        let Some(id) = self.id(number) else {
            return;
        };
        let name = self.names[number as usize];
        let hash = self.hash(&id, &name);
        if let Ok(entry) = self.table.find_entry(hash, |other| *other == number) {
            entry.remove();
        }
        self.late.retain(|other| *other != number);
        self.fresh.retain(|other| *other != number);
        self.long.remove(&number);
        self.free.push(number);
    }

    /// The host of a number.
    pub(super) fn id(&self, number: HostNumber) -> Option<HostId> {
        let name = self.names.get(number as usize)?;
        match self.long.get(&number) {
            Some(id) => Some(id.clone()),
            None => HostId::parse(name.text(&mut [0; PACKED_MAX])).ok(),
        }
    }

    /// Numbers were given up to here.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether a number was given at the start.
    pub(super) fn is_early(&self, number: HostNumber) -> bool {
        (number as usize) < self.early
    }

    /// The last of the numbers of the start whose host is not behind `id`, if there is one.
    pub(super) fn early_before(&self, id: &HostId) -> Option<HostNumber> {
        let order = order_of(&self.names, &self.long);
        let (mut from, mut to) = (0, self.early);
        while from < to {
            let middle = from + (to - from) / 2;
            let number = HostNumber::try_from(middle).unwrap_or(HostNumber::MAX);
            if order(number, id.as_str()).is_le() {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        HostNumber::try_from(from.checked_sub(1)?).ok()
    }

    /// The latecomers behind `after`, in order of id.
    pub(super) fn late_after(&self, after: Option<&HostId>) -> impl Iterator<Item = HostNumber> {
        let order = order_of(&self.names, &self.long);
        let behind = |all: &[HostNumber]| {
            after.map_or(0, |id| {
                all.partition_point(|n| order(*n, id.as_str()).is_le())
            })
        };
        let mut late = self.late[behind(&self.late)..].iter().copied().peekable();
        let mut fresh = self.fresh[behind(&self.fresh)..].iter().copied().peekable();
        std::iter::from_fn(move || match (late.peek(), fresh.peek()) {
            (Some(a), Some(b)) if self.compare(*a, *b).is_gt() => fresh.next(),
            (Some(_), _) => late.next(),
            (None, _) => fresh.next(),
        })
    }

    /// Which of two hosts comes first.
    pub(super) fn compare(&self, a: HostNumber, b: HostNumber) -> std::cmp::Ordering {
        let mut buffer = [0; PACKED_MAX];
        let text = match self.long.get(&b) {
            Some(id) => id.as_str(),
            None => self.names[b as usize].text(&mut buffer),
        };
        order_of(&self.names, &self.long)(a, text)
    }

    fn merge(&mut self) {
        let fresh = std::mem::take(&mut self.fresh);
        let late = std::mem::take(&mut self.late);
        let mut merged = Vec::with_capacity(late.len() + fresh.len());
        let mut fresh = fresh.into_iter().peekable();
        for number in late {
            while fresh
                .peek()
                .is_some_and(|one| self.compare(*one, number).is_lt())
            {
                merged.extend(fresh.next());
            }
            merged.push(number);
        }
        merged.extend(fresh);
        self.late = merged;
    }

    fn hash(&self, id: &HostId, name: &Name) -> u64 {
        if name.is_long() {
            self.keys.hash_one(id)
        } else {
            self.keys.hash_one(name)
        }
    }
}

/// Compares the host of a number with an id.
fn order_of<'a>(
    names: &'a [Name],
    long: &'a BTreeMap<HostNumber, HostId>,
) -> impl Fn(HostNumber, &str) -> std::cmp::Ordering + Copy + 'a {
    move |number, text| match long.get(&number) {
        Some(id) => id.as_str().cmp(text),
        None => names[number as usize].text(&mut [0; PACKED_MAX]).cmp(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> HostId {
        HostId::parse(text).unwrap()
    }

    /// Hosts of the start, latecomers in any order and long names are found, come in order of id,
    /// and give their numbers back.
    #[test]
    fn numbers_are_found_and_reused() {
        let mut numbers = Numbers::default();
        for text in ["b", "d", "f"] {
            let name = id(text);
            numbers.append(Name::of(&name), None);
        }
        let long = "x".repeat(60);
        for text in ["e", long.as_str(), "a", "c"] {
            assert!(numbers.number(&id(text)).1);
            assert!(!numbers.number(&id(text)).1);
        }
        let late = |numbers: &Numbers, after: Option<&str>| -> Vec<String> {
            let after = after.map(id);
            let late = numbers.late_after(after.as_ref());
            late.map(|n| numbers.id(n).unwrap().to_string()).collect()
        };
        assert_eq!(late(&numbers, None), ["a", "c", "e", long.as_str()]);
        assert_eq!(late(&numbers, Some("c")), ["e", long.as_str()]);
        assert_eq!(numbers.early_before(&id("a")), None);
        assert_eq!(numbers.early_before(&id("e")), Some(1));
        assert_eq!(numbers.early_before(&id("f")), Some(2));
        let (c, _) = numbers.number(&id("c"));
        numbers.forget(c);
        assert_eq!(numbers.find(&id("c")), None);
        assert_eq!(numbers.number(&id("g")), (c, true));
        assert_eq!(late(&numbers, None), ["a", "e", "g", long.as_str()]);
        numbers.forget(0);
        assert_eq!(numbers.find(&id("b")), Some(0));
    }

    /// Whoever came before, a host is found, or not.
    #[test]
    fn a_walk_finds_what_a_search_finds() {
        let mut numbers = Numbers::default();
        for text in ["b", "d", "f"] {
            let name = id(text);
            numbers.append(Name::of(&name), None);
        }
        let long = "x".repeat(60);
        let all = ["a", "b", "c", "d", "e", "f", long.as_str()].map(id);
        numbers.number(&all[4]);
        numbers.number(&all[6]);
        for before in [0, 1, 2, 3, 4, 5, HostNumber::MAX] {
            for id in &all {
                assert_eq!(numbers.find_behind(id, before), numbers.find(id), "{id}");
            }
        }
    }

    /// Thousands of latecomers stay in order.
    #[test]
    fn latecomers_stay_in_order() {
        let mut numbers = Numbers::default();
        for n in 0..5_000_u32 {
            numbers.number(&id(&format!("{:08x}", n.wrapping_mul(2_654_435_761))));
        }
        let late: Vec<_> = numbers
            .late_after(None)
            .map(|n| numbers.id(n).unwrap())
            .collect();
        assert_eq!(late.len(), 5_000);
        assert!(late.is_sorted());
    }
}
