//! Short lists of numbers, each stored once.
//!
//! Knows nothing of what the numbers mean. Invariants: equal lists have the same name; the memory of
//! a list that nobody refers to is used again; the empty list is always there, as [`Runs::EMPTY`].

use std::collections::BTreeMap;

use hashbrown::HashTable;

use super::memory::{hash_of, number, push_tight};

/// Words a chunk; a longer list has a chunk of its own.
const CHUNK_WORDS: usize = 1 << 16;

/// Lists of numbers by name.
#[derive(Debug)]
pub(super) struct Runs {
    chunks: Vec<Vec<u32>>,
    rows: Vec<Row>,
    free_rows: Vec<u32>,
    /// Places of lists that are gone, by their length.
    free_places: BTreeMap<u32, Vec<Place>>,
    names: HashTable<u32>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    place: Place,
    length: u32,
    references: u32,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    chunk: u32,
    start: u16,
}

impl Runs {
    /// The empty list.
    pub(super) const EMPTY: u32 = 0;

    pub(super) fn new() -> Self {
        let empty = Row {
            place: Place { chunk: 0, start: 0 },
            length: 0,
            references: 1,
        };
        Self {
            chunks: vec![Vec::new()],
            rows: vec![empty],
            free_rows: Vec::new(),
            free_places: BTreeMap::new(),
            names: HashTable::new(),
        }
    }

    /// The list of this name.
    pub(super) fn words(&self, name: u32) -> &[u32] {
        let row = &self.rows[name as usize];
        self.at(row.place, row.length)
    }

    fn at(&self, place: Place, length: u32) -> &[u32] {
        let start = usize::from(place.start);
        &self.chunks[place.chunk as usize][start..start + length as usize]
    }

    /// The name of a list, with one more reference to it; and whether it is new.
    pub(super) fn intern(&mut self, words: &[u32]) -> (u32, bool) {
        if words.is_empty() {
            return (Self::EMPTY, false);
        }
        let hash = hash_of(&words);
        let known = self
            .names
            .find(hash, |name| self.words(*name) == words)
            .copied();
        if let Some(name) = known {
            self.retain(name);
            return (name, false);
        }
        let row = Row {
            place: self.store(words),
            length: number(words.len()),
            references: 1,
        };
        let name = match self.free_rows.pop() {
            Some(name) => {
                self.rows[name as usize] = row;
                name
            }
            None => push_tight(&mut self.rows, row),
        };
        let (rows, chunks) = (&self.rows, &self.chunks);
        self.names.insert_unique(hash, name, |name| {
            let Row { place, length, .. } = rows[*name as usize];
            let start = usize::from(place.start);
            hash_of(&&chunks[place.chunk as usize][start..start + length as usize])
        });
        (name, true)
    }

    /// How many refer to a list.
    pub(super) fn references(&self, name: u32) -> u32 {
        self.rows[name as usize].references
    }

    /// Names of lists are below this.
    pub(super) fn bound(&self) -> usize {
        self.rows.len()
    }

    /// One more reference.
    pub(super) fn retain(&mut self, name: u32) {
        if name != Self::EMPTY {
            self.rows[name as usize].references += 1;
        }
    }

    /// One reference less; says whether it was the last. Then the list is still there until
    /// [`Runs::forget`].
    pub(super) fn release(&mut self, name: u32) -> bool {
        if name == Self::EMPTY {
            return false;
        }
        let row = &mut self.rows[name as usize];
        row.references -= 1;
        row.references == 0
    }

    /// Drops a list without references.
    pub(super) fn forget(&mut self, name: u32) {
        let hash = hash_of(&self.words(name));
        if let Ok(entry) = self.names.find_entry(hash, |other| *other == name) {
            entry.remove();
        }
        let Row { place, length, .. } = self.rows[name as usize];
        self.free_places.entry(length).or_default().push(place);
        self.free_rows.push(name);
    }

    /// Every name that is in use but the empty one.
    pub(super) fn names(&self) -> impl Iterator<Item = u32> + '_ {
        let rows = self.rows.iter().enumerate().skip(1);
        rows.filter(|(_, row)| row.references > 0)
            .map(|(name, _)| number(name))
    }

    /// How many lists there are, the empty one not counted.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    fn store(&mut self, words: &[u32]) -> Place {
        let length = number(words.len());
        if let Some(place) = self.free_places.get_mut(&length).and_then(Vec::pop) {
            let start = usize::from(place.start);
            let there = &mut self.chunks[place.chunk as usize][start..start + words.len()];
            there.copy_from_slice(words);
            return place;
        }
        let last = self.chunks.len() - 1;
        let used = self.chunks[last].len();
        let has_room = used + words.len() <= CHUNK_WORDS;
        if let (true, Ok(start)) = (has_room, u16::try_from(used)) {
            let chunk = &mut self.chunks[last];
            if chunk.capacity() < used + words.len() {
                chunk.reserve_exact(next_capacity(used, words.len()) - used);
            }
            chunk.extend_from_slice(words);
            return Place {
                chunk: number(last),
                start,
            };
        }
        let mut chunk = Vec::with_capacity(CHUNK_WORDS.max(words.len()));
        chunk.extend_from_slice(words);
        self.chunks.push(chunk);
        Place {
            chunk: number(last + 1),
            start: 0,
        }
    }
}

/// The first chunk grows like any vector, so that a small fleet costs little; the others are made
/// whole.
fn next_capacity(used: usize, more: usize) -> usize {
    (used * 2).clamp(64, CHUNK_WORDS).max(used + more)
}
