//! What was found, by set.
//!
//! Knows nothing of who asks. Invariants: at most [`SETS_MAX`] sets and [`FINDINGS_MAX`] findings are
//! held; a set that no host gets is gone after the listing in which it was missing.

use std::collections::BTreeMap;
use std::sync::Arc;

use mooring_drift::policy::Timestamp;

use super::SETS_MAX;
use super::wanted::SetKey;
use crate::api::SetFindingDetail;

/// Findings that are held of all sets, some 500 bytes each; of a set that has no room it is
/// remembered that it was judged, and no more.
const FINDINGS_MAX: usize = 50_000;

/// Findings that are held of one set.
const FINDINGS_OF_SET_MAX: usize = 200;

/// A set that was judged.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// How many hosts get it, as of its listing.
    pub(super) hosts: u64,
    /// The listing in which it was last met.
    listing: u64,
    pub(super) findings: Arc<[SetFindingDetail]>,
    /// Whether there are more findings than are held.
    pub(super) is_cut: bool,
    /// Whether a plugin failed: it is asked again by the next listing.
    is_failed: bool,
}

/// What was found in a set just now.
#[derive(Debug, Clone, Default)]
pub(super) struct Found {
    pub(super) findings: Vec<SetFindingDetail>,
    /// Whether a plugin failed: what it calls its own rules does not count.
    pub(super) is_failed: bool,
}

/// All that were judged.
#[derive(Debug, Default)]
pub(super) struct Table {
    sets: BTreeMap<SetKey, Judged>,
    findings: usize,
    listing: u64,
    /// When the last whole listing was begun.
    pub(super) as_of: Option<Timestamp>,
    /// Sets of the present listing that are not judged yet, or for which there is no room.
    pub(super) left: usize,
}

impl Table {
    pub(super) fn find(&self, key: &SetKey) -> Option<&Judged> {
        self.sets.get(key)
    }

    /// Begins to count anew who gets what.
    pub(super) fn begin(&mut self, left: usize) {
        self.listing += 1;
        self.left = left;
    }

    /// So many more hosts get a set. Says whether it is known.
    pub(super) fn count(&mut self, key: &SetKey, hosts: u64) -> bool {
        let listing = self.listing;
        let Some(judged) = self.sets.get_mut(key) else {
            return false;
        };
        if judged.is_failed && judged.listing != listing {
            self.findings -= judged.findings.len();
            self.sets.remove(key);
            return false;
        }
        if judged.listing != listing {
            judged.listing = listing;
            judged.hosts = 0;
        }
        judged.hosts += hosts;
        true
    }

    /// Keeps what was found in a set, unless somebody else was quicker.
    pub(super) fn keep(&mut self, key: SetKey, found: Found) {
        if self.sets.len() >= SETS_MAX || self.sets.contains_key(&key) {
            return;
        }
        let Found {
            mut findings,
            is_failed,
        } = found;
        let room = FINDINGS_OF_SET_MAX.min(FINDINGS_MAX.saturating_sub(self.findings));
        let is_cut = findings.len() > room;
        findings.truncate(room);
        self.findings += findings.len();
        let judged = Judged {
            hosts: 0,
            listing: self.listing,
            findings: findings.into(),
            is_cut,
            is_failed,
        };
        self.sets.insert(key, judged);
    }

    /// Ends a listing: what was not met is forgotten.
    pub(super) fn end(&mut self, as_of: Timestamp) {
        let listing = self.listing;
        self.sets.retain(|_, judged| judged.listing == listing);
        self.findings = self.sets.values().map(|it| it.findings.len()).sum();
        self.as_of = Some(as_of);
        self.left = 0;
    }

    /// Forgets everything, since others judge now.
    pub(super) fn clear(&mut self) {
        *self = Self {
            listing: self.listing,
            ..Self::default()
        };
    }

    /// The sets that hosts get.
    pub(super) fn in_use(&self) -> impl Iterator<Item = &Judged> {
        self.sets.values().filter(|judged| judged.hosts > 0)
    }
}
