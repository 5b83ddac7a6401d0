//! What a channel has, as a list of numbers.
//!
//! Knows nothing of what is desired. Invariants: a list is in order of the profiles' numbers and
//! has each once; without a complete list of the device it holds what was delivered, and nothing
//! of it counts as listed.

use super::keeping::Keeper;
use super::seen::Seen;

const DELIVERED: u32 = 1;
const UNMANAGED: u32 = 1 << 1;
const FLAGS: u32 = 2;

/// Lists up to this are read from the front.
const SHORT: usize = 64;

/// One profile that a channel has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held(u32);

impl Held {
    /// The copy.
    pub(super) fn copy(self) -> u32 {
        self.0 >> FLAGS
    }

    /// Whether this server delivered something under the identifier.
    pub(super) fn is_delivered(self) -> bool {
        self.0 & DELIVERED != 0
    }

    /// Whether the identifier was not ours when the device listed it.
    pub(super) fn is_unmanaged(self) -> bool {
        self.0 & UNMANAGED != 0
    }

    /// All of a list.
    pub(super) fn all(words: &[u32]) -> impl Iterator<Item = Self> + '_ {
        words.iter().map(|word| Self(*word))
    }

    /// What a list has of a profile; `profiles` has the profile of each copy.
    pub(super) fn find(words: &[u32], profile: u32, profiles: &[u32]) -> Option<Self> {
        let of = |word: &u32| profiles[Self(*word).copy() as usize];
        if words.len() > SHORT {
            let at = words.binary_search_by_key(&profile, of).ok()?;
            return Some(Self(words[at]));
        }
        // Of a short list the words in front are read sooner than the one in the middle is guessed.
        let first = words.iter().find(|word| of(word) >= profile)?;
        (of(first) == profile).then_some(Self(*first))
    }
}

/// What many lists have of one profile, each looked for once.
#[derive(Debug)]
pub(super) struct Lookup {
    /// By the name of the list, one more than the word; or one of those below.
    known: Vec<u32>,
}

const NOT_LOOKED: u32 = 0;
const NOTHING: u32 = u32::MAX;

impl Lookup {
    /// For lists with names below `bound`.
    pub(super) fn new(bound: usize) -> Self {
        Self {
            known: vec![NOT_LOOKED; bound],
        }
    }

    /// What the list has; `find` looks for it.
    pub(super) fn get(&mut self, list: u32, find: impl FnOnce() -> Option<Held>) -> Option<Held> {
        let Some(known) = self.known.get_mut(list as usize) else {
            return find();
        };
        if *known == NOT_LOOKED {
            // No list has a copy with the highest number.
            *known = find().map_or(NOTHING, |held| held.0 + 1);
        }
        (*known != NOTHING).then(|| Held(*known - 1))
    }
}

/// Reads what a channel has, and appends it to `words`.
pub(super) fn read(seen: &Seen<'_>, keeper: &mut Keeper<'_>, words: &mut Vec<u32>) {
    let state = seen.state;
    let Some(observed) = &state.observed else {
        for (identifier, uuid) in state.delivered.entries() {
            let profile = keeper.profile(identifier);
            let copy = keeper.copy(profile, identifier, uuid, seen.own);
            words.push(copy << FLAGS | DELIVERED);
        }
        return sort(words, keeper);
    };
    let is_delivered = |identifier| {
        let flag = state.delivered.uuid_of(identifier);
        flag.map_or(0, |_| DELIVERED)
    };
    for (identifier, uuid) in observed.set.entries() {
        let profile = keeper.profile(identifier);
        let copy = keeper.copy(profile, identifier, uuid, seen.own);
        words.push(copy << FLAGS | is_delivered(identifier));
    }
    for listed in became_ours(seen, keeper) {
        let profile = keeper.profile(&listed.identifier);
        let copy = keeper.copy(profile, &listed.identifier, &listed.uuid, seen.own);
        words.push(copy << FLAGS | UNMANAGED | is_delivered(&listed.identifier));
    }
    sort(words, keeper);
}

/// What was listed before its identifier became ours. Of two under one identifier the first counts.
fn became_ours<'a>(
    seen: &Seen<'a>,
    keeper: &Keeper<'_>,
) -> Vec<&'a mooring_mdm::device::ListedProfile> {
    let mut found: Vec<&mooring_mdm::device::ListedProfile> = Vec::new();
    let Some(observed) = &seen.state.observed else {
        return found;
    };
    for listed in &observed.unmanaged {
        let number = keeper.identifiers.find(&listed.identifier);
        let is_ours = number.is_some_and(|n| keeper.entries[n as usize].terms.is_ours);
        let is_known = observed.set.uuid_of(&listed.identifier).is_some()
            || found
                .iter()
                .any(|other| other.identifier == listed.identifier);
        if is_ours && !is_known {
            found.push(listed);
        }
    }
    found
}

/// Whether [`read`] depends on nothing but the two sets.
pub(super) fn is_plain(seen: &Seen<'_>, keeper: &Keeper<'_>) -> bool {
    seen.own.is_empty() && became_ours(seen, keeper).is_empty()
}

fn sort(words: &mut [u32], keeper: &Keeper<'_>) {
    let profiles = keeper.copies.profiles();
    words.sort_unstable_by_key(|word| profiles[Held(*word).copy() as usize]);
}
