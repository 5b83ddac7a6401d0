//! A set of (identifier, uuid), sorted and named by its hash.
//!
//! Hosts in the same state share one stored set: an enrollment keeps only the [`SetId`]. Knows
//! nothing of desired or observed. Invariant: entries are sorted by identifier, each identifier
//! occurs once, and `id` is the hash of exactly these entries.

use std::fmt;
use std::sync::{Arc, LazyLock};

use mooring_mdm::ids::{PayloadIdentifier, PayloadUuid};
use sha2::{Digest, Sha256};

/// The name of a set: the first 128 bits of a SHA-256 over its entries.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetId(pub [u8; 16]);

impl fmt::Debug for SetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SetId({:032x})", u128::from_be_bytes(self.0))
    }
}

/// An immutable set of profiles, cheap to clone.
#[derive(Clone, PartialEq, Eq)]
pub struct ProfileSet {
    id: SetId,
    entries: Arc<[(PayloadIdentifier, PayloadUuid)]>,
}

impl ProfileSet {
    /// The set without entries.
    pub fn empty() -> Self {
        // Its name is a hash, and every host that is read begins with it.
        static EMPTY: LazyLock<ProfileSet> = LazyLock::new(|| ProfileSet::from_entries(Vec::new()));
        EMPTY.clone()
    }

    /// Makes a set. Of two entries with one identifier the first stays, so that the order in
    /// which a device lists its profiles cannot matter twice.
    pub fn from_entries(mut entries: Vec<(PayloadIdentifier, PayloadUuid)>) -> Self {
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries.dedup_by(|later, first| later.0 == first.0);
        Self {
            id: hash(&entries),
            entries: entries.into(),
        }
    }

    /// The set's name.
    pub fn id(&self) -> SetId {
        self.id
    }

    /// The entries in order of identifier.
    pub fn entries(&self) -> &[(PayloadIdentifier, PayloadUuid)] {
        &self.entries
    }

    /// The uuid under `identifier`, if the set has one.
    pub fn uuid_of(&self, identifier: &PayloadIdentifier) -> Option<&PayloadUuid> {
        let at = self
            .entries
            .binary_search_by(|(id, _)| id.cmp(identifier))
            .ok()?;
        Some(&self.entries[at].1)
    }

    /// The set with `identifier` at `uuid`.
    #[must_use]
    pub fn with(&self, identifier: &PayloadIdentifier, uuid: &PayloadUuid) -> Self {
        if self.uuid_of(identifier) == Some(uuid) {
            return self.clone();
        }
        let mut entries = vec![(identifier.clone(), uuid.clone())];
        entries.extend(
            self.entries
                .iter()
                .filter(|(id, _)| id != identifier)
                .cloned(),
        );
        Self::from_entries(entries)
    }

    /// The set of those entries that `keep` accepts.
    #[must_use]
    pub fn retaining(&self, keep: impl Fn(&PayloadIdentifier, &PayloadUuid) -> bool) -> Self {
        if self.entries.iter().all(|(id, uuid)| keep(id, uuid)) {
            return self.clone();
        }
        let kept = self.entries.iter().filter(|(id, uuid)| keep(id, uuid));
        Self::from_entries(kept.cloned().collect())
    }
}

impl fmt::Debug for ProfileSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.entries.iter().map(|(id, uuid)| (id, uuid)))
            .finish()
    }
}

fn hash(entries: &[(PayloadIdentifier, PayloadUuid)]) -> SetId {
    let mut hasher = Sha256::new();
    for (identifier, uuid) in entries {
        // Neither may hold a control character, so these separators cannot be forged.
        hasher.update(identifier.as_str());
        hasher.update([0]);
        hasher.update(uuid.as_str());
        hasher.update([1]);
    }
    let digest = hasher.finalize();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    SetId(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(identifier: &str, uuid: &str) -> (PayloadIdentifier, PayloadUuid) {
        (
            PayloadIdentifier::parse(identifier).unwrap(),
            PayloadUuid::parse(uuid).unwrap(),
        )
    }

    /// A set is the same however its entries were ordered or added.
    #[test]
    fn order_does_not_matter() {
        let a = ProfileSet::from_entries(vec![entry("a", "1"), entry("b", "2")]);
        let b = ProfileSet::from_entries(vec![entry("b", "2"), entry("a", "1")]);
        let (id, uuid) = entry("b", "2");
        let c = ProfileSet::from_entries(vec![entry("a", "1")]).with(&id, &uuid);
        assert_eq!(a, b);
        assert_eq!(a, c);
        assert_eq!(
            a.retaining(|i, _| *i != id),
            ProfileSet::from_entries(vec![entry("a", "1")])
        );
    }
}
