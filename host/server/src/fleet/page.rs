//! Pages of hosts in order of id.
//!
//! Knows nothing of records. Invariant: a page holds the next hosts behind its beginning, whether
//! they were there at the start or came later.

use mooring_drift::classes::{Filter, HostNumber};
use mooring_mdm::ids::HostId;
use mooring_store::HOSTS_PAGE_MAX;

use super::index::Index;
use super::{FleetFilter, FleetPage};

impl Index {
    /// Some of the hosts of a profile and status.
    pub(super) fn page(&self, filter: &FleetFilter) -> FleetPage {
        let limit = filter.limit.clamp(1, HOSTS_PAGE_MAX);
        // One more tells whether there are more.
        let early = self.early(filter, limit + 1);
        let late = self.numbers.late_after(filter.after.as_ref());
        let late = late.filter(|number| self.is_in(*number, filter));
        let mut found = early;
        let early = found.len();
        found.extend(late.take(limit + 1));
        if early > 0 && found.len() > early {
            found.sort_by(|a, b| self.numbers.compare(*a, *b));
        }
        let has_more = found.len() > limit;
        found.truncate(limit);
        let hosts: Vec<HostId> = found.iter().filter_map(|n| self.numbers.id(*n)).collect();
        FleetPage {
            next: hosts.last().filter(|_| has_more).cloned(),
            hosts,
        }
    }

    /// Those that were there at the start: their numbers are in order of id.
    fn early(&self, filter: &FleetFilter, limit: usize) -> Vec<HostNumber> {
        let after = filter.after.as_ref();
        let after = after.and_then(|id| self.numbers.early_before(id));
        let wanted = Filter {
            profile: filter.profile.as_ref(),
            status: filter.status,
        };
        let mut found = self.classes.page(&wanted, after, limit);
        found.retain(|number| self.numbers.is_early(*number));
        found
    }

    fn is_in(&self, number: HostNumber, filter: &FleetFilter) -> bool {
        if !self.slots.is_known(number) {
            return false;
        }
        match (&filter.profile, filter.status) {
            (None, None) => true,
            (None, status) => self.classes.status(number) == status,
            (Some(profile), status) => {
                let word = self.classes.profile_status(number, profile);
                word.is_some_and(|word| status.is_none_or(|status| status == word))
            }
        }
    }
}
