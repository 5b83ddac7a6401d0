//! The hosts of one class: one of them, or many.
//!
//! Knows nothing of classes. Invariant: a single host costs no memory of its own, since where
//! every host is unique that is all there is.

use roaring::RoaringBitmap;

/// Some hosts, by number.
#[derive(Debug, Clone, Default)]
pub(super) enum Members {
    #[default]
    None,
    One(u32),
    Many(Box<RoaringBitmap>),
}

impl Members {
    /// These, in order.
    pub(super) fn many(hosts: &[u32]) -> Self {
        let sorted = RoaringBitmap::from_sorted_iter(hosts.iter().copied());
        let all = sorted.unwrap_or_else(|_| hosts.iter().copied().collect());
        Self::Many(Box::new(all))
    }

    pub(super) fn insert(&mut self, host: u32) {
        match self {
            Self::None => *self = Self::One(host),
            Self::One(other) if *other == host => {}
            Self::One(other) => {
                let both = RoaringBitmap::from_iter([*other, host]);
                *self = Self::Many(Box::new(both));
            }
            Self::Many(all) => drop(all.insert(host)),
        }
    }

    pub(super) fn remove(&mut self, host: u32) {
        match self {
            Self::One(other) if *other == host => *self = Self::None,
            Self::None | Self::One(_) => {}
            Self::Many(all) => {
                all.remove(host);
                if all.len() == 1 {
                    *self = all.min().map_or(Self::None, Self::One);
                }
            }
        }
    }

    pub(super) fn len(&self) -> u64 {
        match self {
            Self::None => 0,
            Self::One(_) => 1,
            Self::Many(all) => all.len(),
        }
    }

    pub(super) fn has(&self, host: u32) -> bool {
        match self {
            Self::None => false,
            Self::One(other) => *other == host,
            Self::Many(all) => all.contains(host),
        }
    }

    /// The lowest number.
    pub(super) fn first(&self) -> Option<u32> {
        match self {
            Self::None => None,
            Self::One(host) => Some(*host),
            Self::Many(all) => all.min(),
        }
    }

    /// Adds those from `from` on to `found`.
    pub(super) fn add_to(&self, from: u32, found: &mut RoaringBitmap) {
        match self {
            Self::None => {}
            Self::One(host) => {
                if *host >= from {
                    found.insert(*host);
                }
            }
            Self::Many(all) if from == 0 => *found |= all.as_ref(),
            Self::Many(all) => found.extend(all.range(from..)),
        }
    }
}
