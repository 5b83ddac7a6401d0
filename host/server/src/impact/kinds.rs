//! A change's effect on hosts that cannot be told apart, found for one of them.
//!
//! Knows nothing of what an effect is. Invariant: what is summed is what a look at every host would
//! sum; where the values of single hosts would be others, nothing is summed here.

use std::collections::{BTreeMap, BTreeSet};

use mooring_drift::classes::ClassId;
use mooring_drift::desired::Transport;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_store::StoreError;

use super::compare::Channel;
use super::prospect::Prospect;
use super::tally::{Tally, is_named};
use crate::core::Core;
use crate::fleet::{Grouping, Sample};
use crate::scope::Known;
use crate::shelf::{Shelf, is_wanted, latest};

/// Kinds that are remembered: beyond that a fleet has so many that each is hardly met twice.
const KINDS_MAX: usize = 65_536;

/// To find one host takes as long as to read so many in order.
const FOUND_PER_READ: usize = 16;
/// Hosts that are read at once; few in tests, so that their fleets have pages without anything new.
const PAGE: usize = if cfg!(test) { 3 } else { 2_000 };
/// Hosts of a class that are tried until one is found that does not change at this moment.
const SAMPLES_MAX: usize = 16;
/// Classes that are looked at one by one in any case.
const CLASSES_ANYWAY: usize = 256;

/// What becomes of hosts of one kind: of each channel, if they count.
type Effects = Option<Vec<Channel>>;

impl Core {
    /// Sums the effect over kinds of hosts. Says whether that could be done; if not, what was summed
    /// means nothing.
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
        // Classes tell only of hosts that are judged by the definitions of now: after this all are.
        let samples = self.fleet_samples()?;
        if are_too_many(&samples) {
            return Ok(false);
        }
        if prospect.is_scope_changed || has_other_places(before, after) {
            self.add_by_definitions(before, after, &grouping, tally)?;
            return Ok(true);
        }
        self.add_by_class(before, after, samples, tally)
    }

    /// Who gets a profile stays as it is: hosts of one class fare alike. Says whether one was found for
    /// each class.
    fn add_by_class(
        &self,
        before: &Shelf,
        after: &Shelf,
        samples: Vec<Sample>,
        tally: &mut Tally<'_>,
    ) -> Result<bool, StoreError> {
        let mut concerned = BTreeSet::new();
        for Sample { class, host, hosts } in samples {
            let Some(effects) = self.effects_of_class(before, after, class, host)? else {
                return Ok(false);
            };
            if let Some(channels) = effects
                && tally.count(&channels, hosts)
            {
                concerned.insert(class);
            }
        }
        let (behind, limit) = tally.page();
        // One more tells that there are more.
        for host in self.hosts_of_classes(&concerned, behind, limit.saturating_add(1)) {
            if let Some(channels) = self.host_effects(before, after, &host)? {
                tally.name(&host, channels);
            }
        }
        Ok(true)
    }

    /// What becomes of hosts of a class, by one that is in it as it was read: devices go on meanwhile.
    /// `None` if none was found.
    fn effects_of_class(
        &self,
        before: &Shelf,
        after: &Shelf,
        class: ClassId,
        first: HostId,
    ) -> Result<Option<Effects>, StoreError> {
        let others = || self.some_of_class(class, SAMPLES_MAX);
        for host in std::iter::once(first).chain(std::iter::once_with(others).flatten()) {
            if let Some(host) = self.host(&host)?.map(|host| host.outline())
                && self.is_as_placed(&host, class)
            {
                return Ok(Some(self.compared(before, after, &host, None)));
            }
        }
        Ok(None)
    }

    /// Hosts of one class that the definitions of then do not tell apart fare alike.
    fn add_by_definitions(
        &self,
        before: &Shelf,
        after: &Shelf,
        grouping: &Grouping,
        tally: &mut Tally<'_>,
    ) -> Result<(), StoreError> {
        let mut kinds = Kinds::default();
        let (mut behind, mut are_many_new) = (None, true);
        loop {
            kinds.strange = 0;
            let (count, last) = if are_many_new {
                let page = self.outlines(behind.as_ref(), PAGE)?;
                let classes = self.fleet_classes(page.iter().map(|host| &host.id));
                for (host, class) in page.iter().zip(classes) {
                    let key = |key: &mut _| grouping.key(self, after, Known::from(host), key);
                    let effects = |class| {
                        let is_steady = self.is_as_placed(host, class);
                        Ok((self.compared(before, after, host, None), is_steady))
                    };
                    kinds.add(class, &host.id, key, effects, tally)?;
                }
                (page.len(), page.last().map(|host| host.id.clone()))
            } else {
                let page = self.store.sketches(behind.as_ref(), PAGE)?;
                let classes = self.fleet_classes(page.iter().map(|host| &host.id));
                for (host, class) in page.iter().zip(classes) {
                    let transport = class.map(|(_, transport)| transport).unwrap_or_default();
                    let host = Known::of_sketch(host, transport);
                    let key = |key: &mut _| grouping.key(self, after, host, key);
                    let effects = |class| {
                        let Some(host) = self.host(host.id)? else {
                            return Ok((None, false));
                        };
                        let host = host.outline();
                        let is_steady = self.is_as_placed(&host, class);
                        Ok((self.compared(before, after, &host, None), is_steady))
                    };
                    kinds.add(class, host.id, key, effects, tally)?;
                }
                (page.len(), page.last().map(|host| host.id.clone()))
            };
            if count < PAGE {
                break;
            }
            are_many_new = kinds.strange * FOUND_PER_READ > count;
            behind = last;
        }
        for kind in kinds.known.values() {
            kind.add_to(tally);
        }
        Ok(())
    }

    fn host_effects(
        &self,
        before: &Shelf,
        after: &Shelf,
        host: &HostId,
    ) -> Result<Effects, StoreError> {
        let host = self.host(host)?;
        Ok(host.and_then(|host| self.compared(before, after, &host.outline(), None)))
    }
}

/// Whether a walk over all hosts is quicker than a look at one of each class.
fn are_too_many(samples: &[Sample]) -> bool {
    let hosts: u64 = samples.iter().map(|sample| sample.hosts).sum();
    samples.len() > CLASSES_ANYWAY && (samples.len() * FOUND_PER_READ) as u64 > hosts
}

/// Those that were met.
#[derive(Default)]
struct Kinds {
    known: BTreeMap<(ClassId, usize), Kind>,
    /// What tells hosts of one class apart, by number: of a few, mostly.
    keys: BTreeMap<Vec<u8>, usize>,
    key: Vec<u8>,
    /// Hosts of this page of no kind that was known.
    strange: usize,
}

impl Kinds {
    /// Adds a host; one without a class does not count: it came since, or left. `effects` also says
    /// whether the host is as it was placed: one that changes at this moment stands for itself alone.
    fn add(
        &mut self,
        class: Option<(ClassId, Transport)>,
        host: &HostId,
        write_key: impl FnOnce(&mut Vec<u8>),
        effects: impl Fn(ClassId) -> Result<(Effects, bool), StoreError>,
        tally: &mut Tally<'_>,
    ) -> Result<(), StoreError> {
        let Some((class, _)) = class else {
            return Ok(());
        };
        write_key(&mut self.key);
        let number = self.keys.get(&self.key).copied();
        let number = number.unwrap_or_else(|| {
            let new = self.keys.len();
            self.keys.insert(self.key.clone(), new);
            new
        });
        let key = (class, number);
        let is_named = if let Some(kind) = self.known.get_mut(&key) {
            kind.hosts += 1;
            kind.is_named()
        } else {
            let (effects, is_steady) = effects(class)?;
            let kind = Kind { effects, hosts: 1 };
            let is_named = kind.is_named();
            self.strange += 1;
            if is_steady && self.known.len() < KINDS_MAX {
                self.known.insert(key, kind);
            } else {
                kind.add_to(tally);
            }
            is_named
        };
        if is_named && tally.has_room(host) {
            // Its channels have names of their own.
            tally.name(host, effects(class)?.0.unwrap_or_default());
        }
        Ok(())
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
