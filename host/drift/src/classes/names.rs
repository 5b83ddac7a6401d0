//! Numbers for identifiers and for copies of profiles.
//!
//! Knows nothing of hosts. Invariants: an identifier keeps its number for good; a copy keeps its own
//! while anything refers to it; a copy with a host's own values is another one than the version that
//! it is made of.

use hashbrown::HashTable;
use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};

use super::memory::{hash_of, number};

/// No copy: equal to none that a host can have.
pub(super) const NO_COPY: u32 = u32::MAX;

/// The identifiers of profiles, by number.
#[derive(Debug, Default)]
pub(super) struct Identifiers {
    all: Vec<PayloadIdentifier>,
    numbers: HashTable<u32>,
}

impl Identifiers {
    pub(super) fn find(&self, identifier: &PayloadIdentifier) -> Option<u32> {
        let hash = hash_of(&identifier.as_str());
        let is_it = |number: &u32| self.all[*number as usize] == *identifier;
        self.numbers.find(hash, is_it).copied()
    }

    pub(super) fn number(&mut self, identifier: &PayloadIdentifier) -> u32 {
        if let Some(known) = self.find(identifier) {
            return known;
        }
        let new = number(self.all.len());
        self.all.push(identifier.clone());
        let all = &self.all;
        let rehash = |number: &u32| hash_of(&all[*number as usize].as_str());
        let hash = hash_of(&identifier.as_str());
        self.numbers.insert_unique(hash, new, rehash);
        new
    }

    pub(super) fn name(&self, number: u32) -> &PayloadIdentifier {
        &self.all[number as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }
}

/// One copy of a profile as a device may list it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Copy {
    pub(super) profile: u32,
    /// The uuid, of the version if it is filled.
    pub(super) uuid: PayloadUuid,
    /// Whether it holds the values of the host that has it.
    pub(super) is_filled: bool,
}

/// Copies of profiles, by number.
#[derive(Debug, Default)]
pub(super) struct Copies {
    rows: Vec<Option<Copy>>,
    references: Vec<u32>,
    /// The profile of each copy, beside each other: it is asked for all the time.
    profiles: Vec<u32>,
    /// Whether this server made it.
    made: Vec<bool>,
    free: Vec<u32>,
    numbers: HashTable<u32>,
}

impl Copies {
    pub(super) fn find(&self, profile: u32, uuid: &PayloadUuid, is_filled: bool) -> Option<u32> {
        let hash = hash_of(&(profile, uuid.as_str(), is_filled));
        let is_it = |number: &u32| {
            let row = self.rows[*number as usize].as_ref();
            row.is_some_and(|copy| {
                copy.profile == profile && copy.is_filled == is_filled && copy.uuid == *uuid
            })
        };
        self.numbers.find(hash, is_it).copied()
    }

    /// The number of a copy, without a reference to it; the second says whether it is new, and so
    /// has to be told whether it was made here.
    pub(super) fn number(
        &mut self,
        profile: u32,
        uuid: &PayloadUuid,
        is_filled: bool,
    ) -> (u32, bool) {
        if let Some(known) = self.find(profile, uuid, is_filled) {
            return (known, false);
        }
        let copy = Copy {
            profile,
            uuid: uuid.clone(),
            is_filled,
        };
        let new = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            self.references.push(0);
            self.profiles.push(0);
            self.made.push(false);
            number(self.rows.len() - 1)
        });
        let hash = hash_copy(&copy);
        self.rows[new as usize] = Some(copy);
        self.profiles[new as usize] = profile;
        self.made[new as usize] = false;
        let rows = &self.rows;
        let rehash = |number: &u32| rows[*number as usize].as_ref().map_or(0, hash_copy);
        self.numbers.insert_unique(hash, new, rehash);
        (new, true)
    }

    pub(super) fn set_made(&mut self, copy: u32, is_made: bool) {
        self.made[copy as usize] = is_made;
    }

    pub(super) fn retain(&mut self, copy: u32) {
        if copy != NO_COPY {
            self.references[copy as usize] += 1;
        }
    }

    pub(super) fn release(&mut self, copy: u32) {
        if copy == NO_COPY {
            return;
        }
        let references = &mut self.references[copy as usize];
        *references -= 1;
        if *references == 0 {
            self.forget(copy);
        }
    }

    fn forget(&mut self, copy: u32) {
        let Some(row) = self.rows[copy as usize].take() else {
            return;
        };
        let hash = hash_copy(&row);
        if let Ok(entry) = self.numbers.find_entry(hash, |other| *other == copy) {
            entry.remove();
        }
        self.free.push(copy);
    }

    /// The profile of each copy, by its number.
    pub(super) fn profiles(&self) -> &[u32] {
        &self.profiles
    }

    /// Whether this server made each copy, by its number.
    pub(super) fn made(&self) -> &[bool] {
        &self.made
    }

    /// Every copy that there is.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Copy)> {
        let rows = self.rows.iter().enumerate();
        rows.filter_map(|(place, row)| Some((number(place), row.as_ref()?)))
    }

    pub(super) fn row(&self, copy: u32) -> Option<&Copy> {
        self.rows[copy as usize].as_ref()
    }
}

fn hash_copy(copy: &Copy) -> u64 {
    hash_of(&(copy.profile, copy.uuid.as_str(), copy.is_filled))
}
