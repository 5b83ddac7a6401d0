//! Some hosts of many: those of a profile and status, those with something to do.
//!
//! Knows nothing of ids. Invariant: pages are in order of number, and hosts that match are neither
//! left out nor told twice while nothing changes.

use mooring_mdm::ids::PayloadIdentifier;
use roaring::RoaringBitmap;

use super::{Classes, HostNumber, NOWHERE};
use crate::status::Status;

/// What looking at a host, judging a class and collecting a host of a class cost, roughly, in the
/// first of them.
const JUDGE_COST: u64 = 16;
const COLLECT_COST: u64 = 5;

/// Which hosts. With a profile, `status` is that of the profile on the host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Filter<'a> {
    /// Those on which this profile is shown.
    pub profile: Option<&'a PayloadIdentifier>,
    /// Those in this status.
    pub status: Option<Status>,
}

impl Classes {
    /// Hosts behind `after`, at most `limit`, in order of number. Without a profile and a status
    /// also those that checked out.
    pub fn page(
        &self,
        filter: &Filter<'_>,
        after: Option<HostNumber>,
        limit: usize,
    ) -> Vec<HostNumber> {
        let profile = match filter
            .profile
            .map(|identifier| self.identifiers.find(identifier))
        {
            Some(None) => return Vec::new(),
            Some(Some(profile)) => Some(profile),
            None => None,
        };
        let matching = self.totals.count(profile, filter.status);
        let sight = profile.and_then(|profile| self.sight(profile));
        let word = |class: u32| {
            let [whole] = sight.map_or_else(Default::default, |sight| self.wholes(class, &[sight]));
            whole.word
        };
        let row = |class: u32| &self.rows[class as usize];
        match (profile, filter.status) {
            (None, None) => self.found(matching, |_| true, after, limit),
            (None, status) => {
                self.found(matching, |class| row(class).status == status, after, limit)
            }
            (Some(_), None) => self.found(matching, |class| word(class).is_some(), after, limit),
            (Some(_), Some(Status::Applied)) => {
                let is_applied = |class| word(class) == Some(Status::Applied);
                let matches = |class| row(class).has(Status::Applied) && is_applied(class);
                self.found(matching, matches, after, limit)
            }
            (Some(profile), Some(status)) => {
                let may_match = |class| self.unsound.may_be(class, profile);
                let is_in = |class: &u32| row(*class).has(status) && word(*class) == Some(status);
                let matches = |class| may_match(class) && is_in(&class);
                if self.is_sooner_by_class(matching, after, limit) {
                    let classes = self.unsound.classes(profile);
                    return self.of_classes(classes.filter(is_in), after, limit);
                }
                self.found(matching, matches, after, limit)
            }
        }
    }

    /// Hosts with something to do behind `after`, at most `limit`, in order of number.
    pub fn next_with_work(&self, after: Option<HostNumber>, limit: usize) -> Vec<HostNumber> {
        let matches = |class: u32| self.rows[class as usize].has_work();
        self.found(self.with_work(), matches, after, limit)
    }

    fn found(
        &self,
        matching: u64,
        matches: impl Fn(u32) -> bool,
        after: Option<HostNumber>,
        limit: usize,
    ) -> Vec<HostNumber> {
        if matching == 0 {
            return Vec::new();
        }
        if self.is_sooner_by_class(matching, after, limit) {
            let classes = self.table.classes().filter(|class| matches(*class));
            return self.of_classes(classes, after, limit);
        }
        let from = first_behind(after);
        // What was found out about each class: nothing, that it matches, that it does not.
        let mut known = vec![0_u8; self.rows.len()];
        let behind = self.places.iter().enumerate().skip(from as usize);
        let is_in = |(_, class): &(usize, &u32)| {
            if **class == NOWHERE {
                return false;
            }
            let known = &mut known[**class as usize];
            if *known == 0 {
                *known = if matches(**class) { 1 } else { 2 };
            }
            *known == 1
        };
        let rest = usize::try_from(matching).map_or(limit, |matching| limit.min(matching));
        let hosts = behind.filter(is_in).take(rest);
        hosts.map(|(host, _)| super::memory::number(host)).collect()
    }

    /// The hosts of these classes.
    fn of_classes(
        &self,
        classes: impl Iterator<Item = u32>,
        after: Option<HostNumber>,
        limit: usize,
    ) -> Vec<HostNumber> {
        let (from, mut found) = (first_behind(after), RoaringBitmap::new());
        classes.for_each(|class| self.rows[class as usize].members.add_to(from, &mut found));
        found.iter().take(limit).collect()
    }

    /// Whether a page is found sooner by asking each class for its hosts than each host for its
    /// class, if those that match are anywhere.
    fn is_sooner_by_class(&self, matching: u64, after: Option<HostNumber>, limit: usize) -> bool {
        let hosts = self.places.len() as u64;
        let behind = hosts.saturating_sub(u64::from(first_behind(after)));
        let until_full = hosts.saturating_mul(limit as u64) / matching.max(1);
        let (visited, classes) = (behind.min(until_full), self.len() as u64);
        let by_host = visited + JUDGE_COST * visited.min(classes);
        let by_class = JUDGE_COST * classes + COLLECT_COST * matching;
        by_class < by_host
    }
}

/// The number with which a page begins.
fn first_behind(after: Option<HostNumber>) -> HostNumber {
    after.map_or(0, |after| after.saturating_add(1))
}
