//! Another catalog: only the profiles that changed are judged anew, once a class.
//!
//! Knows nothing of hosts but who listed what is not ours. Invariant: afterwards everything is as
//! if the hosts had been placed with this catalog, but for those that are named.

use mooring_mdm::ids::PayloadIdentifier;
use roaring::RoaringBitmap;

use super::entry::Entry;
use super::held::{Held, Lookup};
use super::judge::{Part, Sight};
use super::keeping::Keeper;
use super::names::NO_COPY;
use super::{Classes, HostNumber};
use crate::desired::{Catalog, CatalogProfile};
use crate::status::Status;

/// Hosts that another catalog says nothing of yet.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reassess(RoaringBitmap);

impl Reassess {
    /// Hosts that have to be placed anew: they listed, as somebody else's, what is ours from now on.
    pub fn hosts(&self) -> impl Iterator<Item = HostNumber> + '_ {
        self.0.iter()
    }

    /// How many they are.
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Classes {
    /// Judges by this catalog from now on.
    pub fn set_catalog(&mut self, catalog: &Catalog) -> Reassess {
        let mut reassess = Reassess::default();
        for (identifier, profile) in &catalog.profiles {
            let number = self.identifiers.number(identifier);
            let count = self.identifiers.len().max(self.entries.len());
            self.entries.resize_with(count, Entry::foreign);
            let entry = &self.entries[number as usize];
            if !entry.differs_from(profile) {
                continue;
            }
            if !entry.terms.is_ours {
                self.strangers.take(identifier, &mut reassess.0);
            }
            self.change(number, Some(profile));
        }
        for number in self.gone(catalog) {
            self.change(number, None);
        }
        self.check();
        reassess
    }

    fn gone(&self, catalog: &Catalog) -> Vec<u32> {
        let entries = self.entries.iter().enumerate();
        let ours = entries.filter(|(_, entry)| entry.terms.is_ours);
        let ours = ours.map(|(place, _)| super::memory::number(place));
        let is_gone = |number: &u32| {
            let identifier: &PayloadIdentifier = self.identifiers.name(*number);
            !catalog.profiles.contains_key(identifier)
        };
        ours.filter(is_gone).collect()
    }

    fn change(&mut self, number: u32, profile: Option<&CatalogProfile>) {
        let entry = match profile {
            None => Entry::foreign(),
            Some(profile) => {
                let mut keeper = Keeper {
                    identifiers: &mut self.identifiers,
                    copies: &mut self.copies,
                    entries: &mut self.entries,
                    upgrades: &mut self.upgrades,
                };
                let target = keeper.number(number, &profile.latest.uuid, profile.is_personal);
                self.copies.retain(target);
                Entry::new(profile, target)
            }
        };
        let made = self.made_otherwise(number, &entry);
        self.judge_anew(number, &entry, &made);
        for (copy, is_made) in made {
            self.copies.set_made(copy, is_made);
        }
        self.groups.note(number, &entry.terms);
        let old = std::mem::replace(&mut self.entries[number as usize], entry);
        if old.terms.target != NO_COPY {
            self.copies.release(old.terms.target);
        }
    }

    /// The copies of a profile of which this entry says otherwise whether they were made here.
    fn made_otherwise(&self, number: u32, entry: &Entry) -> Vec<(u32, bool)> {
        if !self.entries[number as usize].makes_otherwise(entry) {
            return Vec::new();
        }
        let of_profile = self
            .copies
            .iter()
            .filter(|(_, copy)| copy.profile == number);
        let made = of_profile.map(|(place, copy)| (place, entry.is_made(copy)));
        let is_changed = |(copy, is_made): &(u32, bool)| {
            let known = self.copies.made()[*copy as usize];
            known != *is_made
        };
        made.filter(is_changed).collect()
    }

    /// Judges a profile by its entry of before and by this one, in one walk over all classes.
    fn judge_anew(&mut self, number: u32, entry: &Entry, made_otherwise: &[(u32, bool)]) {
        // They are not looked at while a profile is judged.
        let mut rows = std::mem::take(&mut self.rows);
        let mut totals = std::mem::take(&mut self.totals);
        let mut unsound = std::mem::take(&mut self.unsound);
        if let Some(before) = self.sight(number) {
            let mut made = Vec::new();
            if !made_otherwise.is_empty() {
                made.extend_from_slice(before.made);
            }
            for (copy, is_made) in made_otherwise {
                made[*copy as usize] = *is_made;
            }
            let after = Sight {
                entry,
                made: if made.is_empty() { before.made } else { &made },
                ..before
            };
            let sights = [before, after];
            let profiles = self.copies.profiles();
            let find = |part: &Part<'_>, profile| Held::find(part.held, profile, profiles);
            let mut lookup = self.table.lists_bound().map(Lookup::new);
            for class in self.table.classes() {
                let [before, after] = self.wholes_by(class, &sights, |list, part, profile| {
                    let find = || find(part, profile);
                    match &mut lookup {
                        Some(lookup) => lookup.get(list, find),
                        None => find(),
                    }
                });
                if before == after {
                    continue;
                }
                let row = &mut rows[class as usize];
                let hosts = self.table.hosts(class);
                totals.host(row, hosts, false);
                row.replace(before, after);
                totals.host(row, hosts, true);
                if row.is_sound() {
                    unsound.clear(class);
                } else if after.word.is_some_and(|word| word != Status::Applied) {
                    unsound.set(class, number);
                }
                if before.word != after.word {
                    totals.profile(number, before.word, hosts, false);
                    totals.profile(number, after.word, hosts, true);
                }
            }
        }
        (self.rows, self.totals, self.unsound) = (rows, totals, unsound);
    }
}
