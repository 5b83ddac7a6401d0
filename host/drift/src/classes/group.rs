//! Groups: what scope and values make of a host.
//!
//! Knows nothing of what hosts have. Invariants: hosts of one group have the same wishes, whatever
//! the catalog says; a profile that a group does not mention is for its hosts, and needs no value
//! that they lack.

use hashbrown::HashTable;
use mooring_mdm::ids::Channel;

use super::entry::{Entry, Terms};
use super::memory::{hash_of, number};
use super::names::Identifiers;
use crate::desired::{Circumstances, Personal, Secrets, Transport};
use crate::status::Status;

/// The name of a group. It stays the same until [`Classes::forget_unused_groups`].
///
/// [`Classes::forget_unused_groups`]: super::Classes::forget_unused_groups
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub(super) u32);

/// What is wanted of a profile on one channel, as [`crate::desired::Wish`] without its contents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    Present,
    Lacking,
    Waiting,
    Absent,
}

/// What makes a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Ties {
    can_have_user: bool,
    transport: Transport,
    outside: Vec<u64>,
    waiting: Vec<u64>,
    filled: Vec<u64>,
}

impl Ties {
    pub(super) fn of(
        circumstances: &Circumstances,
        can_have_user: bool,
        identifiers: &mut Identifiers,
    ) -> Self {
        let mut ties = Self {
            can_have_user,
            transport: circumstances.transport,
            outside: Vec::new(),
            waiting: Vec::new(),
            filled: Vec::new(),
        };
        for identifier in &circumstances.outside {
            set_bit(&mut ties.outside, identifiers.number(identifier));
        }
        for identifier in &circumstances.waiting {
            set_bit(&mut ties.waiting, identifiers.number(identifier));
        }
        for (identifier, personal) in &circumstances.personal {
            if let Personal::Filled(_) = personal {
                set_bit(&mut ties.filled, identifiers.number(identifier));
            }
        }
        ties
    }

    /// What is wanted of a profile on a channel.
    pub(super) fn want(&self, profile: u32, terms: &Terms, channel: Channel) -> Want {
        if !terms.is_wanted || terms.channel != channel || has_bit(&self.outside, profile) {
            Want::Absent
        } else if has_bit(&self.waiting, profile) {
            Want::Waiting
        } else if terms.is_personal && !has_bit(&self.filled, profile) {
            Want::Lacking
        } else {
            Want::Present
        }
    }

    /// The status of a profile for users while the host has none: a Mac, or an iPad that is shared,
    /// may have one at any time; the others never will.
    pub(super) fn waiting_for_user(&self, profile: u32, terms: &Terms) -> Option<Status> {
        let is_wanted = self.want(profile, terms, Channel::User) == Want::Present;
        let waiting = if self.can_have_user {
            Status::Pending
        } else {
            Status::Failed
        };
        is_wanted.then_some(waiting)
    }

    /// Whether a profile must not be sent, since somebody else could read its secrets.
    pub(super) fn is_blocked(&self, secrets: Secrets) -> bool {
        match (self.transport, secrets) {
            (Transport::Private, _) | (_, Secrets::None) => false,
            (Transport::Encrypted, secrets) => secrets == Secrets::Fixed,
            (Transport::Open, Secrets::Encryptable | Secrets::Fixed) => true,
        }
    }

    /// How profiles travel.
    pub(super) fn transport(&self) -> Transport {
        self.transport
    }
}

/// A group and what it wants.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) ties: Ties,
    /// By channel, the profiles that are not desired absent, in order of number.
    wanted: [Vec<u32>; 2],
    pub(super) classes: u32,
}

impl Group {
    /// The profiles that are not desired absent on a channel, in order of number.
    pub(super) fn wanted(&self, channel: Channel) -> &[u32] {
        &self.wanted[place(channel)]
    }

    fn note(&mut self, profile: u32, terms: &Terms) {
        for channel in [Channel::Device, Channel::User] {
            let wanted = &mut self.wanted[place(channel)];
            let is_wanted = self.ties.want(profile, terms, channel) != Want::Absent;
            match (wanted.binary_search(&profile), is_wanted) {
                (Err(at), true) => wanted.insert(at, profile),
                (Ok(at), false) => drop(wanted.remove(at)),
                (Ok(_), true) | (Err(_), false) => {}
            }
        }
    }
}

fn place(channel: Channel) -> usize {
    match channel {
        Channel::Device => 0,
        Channel::User => 1,
    }
}

/// Every group.
#[derive(Debug, Default)]
pub(super) struct Groups {
    rows: Vec<Option<Group>>,
    free: Vec<u32>,
    numbers: HashTable<u32>,
}

impl Groups {
    pub(super) fn row(&self, group: u32) -> Option<&Group> {
        self.rows.get(group as usize)?.as_ref()
    }

    pub(super) fn row_mut(&mut self, group: u32) -> Option<&mut Group> {
        self.rows.get_mut(group as usize)?.as_mut()
    }

    pub(super) fn intern(&mut self, ties: Ties, entries: &[Entry]) -> u32 {
        let hash = hash_of(&ties);
        let rows = &self.rows;
        let of = |group: &u32| rows[*group as usize].as_ref().map(|row| &row.ties);
        if let Some(known) = self.numbers.find(hash, |group| of(group) == Some(&ties)) {
            return *known;
        }
        let mut row = Group {
            ties,
            wanted: [Vec::new(), Vec::new()],
            classes: 0,
        };
        for (profile, entry) in entries.iter().enumerate() {
            row.note(number(profile), &entry.terms);
        }
        let group = self.free.pop().unwrap_or_else(|| {
            self.rows.push(None);
            number(self.rows.len() - 1)
        });
        self.rows[group as usize] = Some(row);
        let rows = &self.rows;
        let rehash = |group: &u32| {
            let row = rows[*group as usize].as_ref();
            row.map_or(0, |row| hash_of(&row.ties))
        };
        self.numbers.insert_unique(hash, group, rehash);
        group
    }

    /// Takes note of what the catalog says of a profile from now on.
    pub(super) fn note(&mut self, profile: u32, terms: &Terms) {
        for row in self.rows.iter_mut().flatten() {
            row.note(profile, terms);
        }
    }

    /// Drops the groups without a class.
    pub(super) fn forget_unused(&mut self) {
        for group in 0..self.rows.len() {
            if let Some(row) = self.rows[group].take_if(|row| row.classes == 0) {
                let group = number(group);
                let hash = hash_of(&row.ties);
                if let Ok(entry) = self.numbers.find_entry(hash, |other| *other == group) {
                    entry.remove();
                }
                self.free.push(group);
            }
        }
    }
}

fn set_bit(bits: &mut Vec<u64>, at: u32) {
    let word = at as usize / 64;
    if bits.len() <= word {
        bits.resize(word + 1, 0);
    }
    bits[word] |= 1 << (at % 64);
}

fn has_bit(bits: &[u64], at: u32) -> bool {
    let word = bits.get(at as usize / 64);
    word.is_some_and(|word| word & (1 << (at % 64)) != 0)
}
