//! Which hosts listed a profile that is not ours: should it become ours, they are looked at anew.
//!
//! Knows nothing of classes. Invariants: whoever listed one is among those named for it; some may be
//! named who do not have it any more; what devices list cannot make it grow beyond its bound.

use hashbrown::HashTable;
use mooring_mdm::ids::PayloadIdentifier;
use roaring::RoaringBitmap;

use super::members::Members;
use super::memory::hash_of;

/// Identifiers that are told apart: more than a fleet has, and some tens of megabytes at most.
const IDENTIFIERS_MAX: usize = 1 << 20;

/// Hosts by the hash of an identifier. Two identifiers with one hash only name too many.
#[derive(Debug, Default)]
pub(super) struct Strangers {
    known: HashTable<(u64, Members)>,
    /// Hosts that listed some that did not fit: they are named for each.
    others: RoaringBitmap,
}

impl Strangers {
    pub(super) fn note(&mut self, identifier: &PayloadIdentifier, host: u32) {
        let hash = hash_of(&identifier.as_str());
        if let Some((_, hosts)) = self.known.find_mut(hash, |(other, _)| *other == hash) {
            hosts.insert(host);
        } else if self.known.len() < IDENTIFIERS_MAX {
            let row = (hash, Members::One(host));
            self.known.insert_unique(hash, row, |(hash, _)| *hash);
        } else {
            self.others.insert(host);
        }
    }

    /// Whether a host may have listed it.
    pub(super) fn has(&self, identifier: &PayloadIdentifier) -> bool {
        let hash = hash_of(&identifier.as_str());
        let known = self.known.find(hash, |(other, _)| *other == hash);
        known.is_some() || !self.others.is_empty()
    }

    /// Adds the hosts that listed it to `found`, and forgets that they did.
    pub(super) fn take(&mut self, identifier: &PayloadIdentifier, found: &mut RoaringBitmap) {
        let hash = hash_of(&identifier.as_str());
        *found |= &self.others;
        let known = self.known.find_entry(hash, |(other, _)| *other == hash);
        if let Ok(entry) = known {
            let ((_, members), _) = entry.remove();
            members.add_to(0, found);
        }
    }
}
