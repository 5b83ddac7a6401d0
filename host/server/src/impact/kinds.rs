//! A change's effect on hosts that cannot be told apart, found for one of them.
//!
//! Knows nothing of what an effect is. Invariant: what is summed is what a look at every host would
//! sum; where the values of single hosts would be others, nothing is summed here.

use std::collections::{BTreeMap, BTreeSet};

use mooring_drift::classes::ClassId;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_store::StoreError;

use super::compare::Channel;
use super::prospect::Prospect;
use super::tally::{Tally, is_named};
use crate::core::Core;
use crate::fleet::{Grouping, Sample};
use crate::shelf::{Shelf, is_wanted, latest};

/// Kinds that are remembered: beyond that a fleet has so many that each is hardly met twice.
const KINDS_MAX: usize = 65_536;

/// What becomes of hosts of one kind: of each channel, if they count.
type Effects = Option<Vec<Channel>>;

impl Core {
    /// Sums the effect over kinds of hosts. Says whether that could be done; if not, nothing was
    /// summed.
    pub(super) fn add_by_kind(
        &self,
        before: &Shelf,
        after: &Shelf,
        prospect: &Prospect,
        tally: &mut Tally<'_>,
    ) -> Result<bool, StoreError> {
        let grouping = self.grouping(after);
        let may_own_change = prospect.are_values_changed && grouping.has_own_copies();
        let profiles = after.catalog.profiles.keys();
        let new = profiles.filter(|identifier| !before.catalog.is_ours(identifier));
        if !prospect.facts.is_empty() || may_own_change || self.may_list(new) {
            return Ok(false);
        }
        if prospect.is_scope_changed || has_other_places(before, after) {
            self.add_by_definitions(before, after, &grouping, tally)?;
        } else {
            self.add_by_class(before, after, tally)?;
        }
        Ok(true)
    }

    /// Who gets a profile stays as it is: hosts of one class fare alike.
    fn add_by_class(
        &self,
        before: &Shelf,
        after: &Shelf,
        tally: &mut Tally<'_>,
    ) -> Result<(), StoreError> {
        let mut concerned = BTreeSet::new();
        for Sample { class, host, hosts } in self.fleet_samples()? {
            let effects = self.effects(before, after, &host)?;
            if let Some(channels) = effects
                && tally.count(&channels, hosts)
            {
                concerned.insert(class);
            }
        }
        let (behind, limit) = tally.page();
        // One more tells that there are more.
        for host in self.hosts_of_classes(&concerned, behind, limit.saturating_add(1)) {
            if let Some(channels) = self.effects(before, after, &host)? {
                tally.name(&host, channels);
            }
        }
        Ok(())
    }

    /// Hosts of one class that the definitions of then do not tell apart fare alike.
    fn add_by_definitions(
        &self,
        before: &Shelf,
        after: &Shelf,
        grouping: &Grouping,
        tally: &mut Tally<'_>,
    ) -> Result<(), StoreError> {
        // Classes tell only of hosts that are judged by the definitions of now.
        drop(self.fleet_samples()?);
        let mut kinds: BTreeMap<(ClassId, Vec<u8>), Kind> = BTreeMap::new();
        self.each_outline(|host| {
            // One that came since does not count yet.
            let Some(class) = self.fleet_class(&host.id) else {
                return;
            };
            let effects = || self.compared(before, after, host, None);
            let key = (class, grouping.key(self, after, host));
            let is_named = if let Some(kind) = kinds.get_mut(&key) {
                kind.hosts += 1;
                kind.is_named()
            } else {
                let kind = Kind {
                    effects: effects(),
                    hosts: 1,
                };
                let is_named = kind.is_named();
                if kinds.len() < KINDS_MAX {
                    kinds.insert(key, kind);
                } else {
                    kind.add_to(tally);
                }
                is_named
            };
            if is_named && tally.has_room(&host.id) {
                // Its channels have names of their own.
                tally.name(&host.id, effects().unwrap_or_default());
            }
        })?;
        for kind in kinds.values() {
            kind.add_to(tally);
        }
        Ok(())
    }

    fn effects(&self, before: &Shelf, after: &Shelf, host: &HostId) -> Result<Effects, StoreError> {
        let host = self.host(host)?;
        Ok(host.and_then(|host| self.compared(before, after, &host.outline(), None)))
    }
}

/// Hosts that cannot be told apart.
struct Kind {
    effects: Effects,
    hosts: u64,
}

impl Kind {
    fn is_named(&self) -> bool {
        self.effects.as_deref().is_some_and(is_named)
    }

    fn add_to(&self, tally: &mut Tally<'_>) {
        if let Some(channels) = &self.effects {
            tally.count(channels, self.hosts);
        }
    }
}

/// Whether a profile would be wanted that has places for values which it has not now: who lacks one
/// of them does not follow from the classes.
fn has_other_places(before: &Shelf, after: &Shelf) -> bool {
    let places = |shelf: &Shelf, identifier: &PayloadIdentifier| {
        let profile = shelf.profiles.get(identifier).filter(|p| is_wanted(p))?;
        latest(profile).map(|version| version.placeholders.clone())
    };
    let mut personal = after.personal.iter();
    personal.any(|identifier| {
        let wanted = places(after, identifier);
        wanted.is_some() && wanted != places(before, identifier)
    })
}
