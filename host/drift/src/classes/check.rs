//! Counting small fleets anew after each change, in debug builds.
//!
//! Knows nothing of hosts' states. Invariant: it changes nothing, and does nothing in a release.

use super::Classes;
use super::NOWHERE;
use super::counting::Totals;
use super::memory::number;
use crate::status::Status;

/// Hosts of a fleet that is counted anew.
const HOSTS_MAX: usize = 64;

impl Classes {
    /// Panics if anything that is kept up is not what counting anew says.
    pub(super) fn check(&self) {
        if !cfg!(debug_assertions) || self.places.len() > HOSTS_MAX {
            return;
        }
        let mut totals = Totals::default();
        for class in self.table.classes() {
            let (row, hosts) = (&self.rows[class as usize], self.table.hosts(class));
            assert_eq!(row.members.len(), hosts, "hosts of class {class}");
            let mut words = Vec::new();
            let anew = self.judged(class, &mut words);
            assert!(row.says(&anew), "class {class}: {row:?}, anew {anew:?}");
            totals.host(&anew, hosts, true);
            for (profile, word) in words {
                assert_eq!(self.word(class, profile), Some(word), "class {class}");
                totals.profile(profile, Some(word), hosts, true);
                let is_found = word == Status::Applied || self.unsound.may_be(class, profile);
                assert!(is_found, "class {class}, profile {profile}");
            }
        }
        let told = &self.totals;
        assert!(told.says(&totals), "{told:?}, anew {totals:?}");
        let places = self.places.iter().enumerate();
        for (host, class) in places.filter(|(_, class)| **class != NOWHERE) {
            let members = &self.rows[*class as usize].members;
            assert!(members.has(number(host)), "host {host}, class {class}");
        }
    }
}
