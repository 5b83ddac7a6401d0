//! Comparing the index with the store, host by host.
//!
//! Knows nothing of how the index came to say what it says. Invariant: it changes nothing.

use mooring_drift::status::Status;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_store::StoreError;

use crate::core::Core;

/// Where the index says something else than the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FleetFault {
    /// The counts differ.
    Counts {
        /// What the index says.
        told: String,
        /// What is so.
        found: String,
    },
    /// The status of a host differs.
    Status {
        /// The host.
        host: HostId,
        /// For this profile, or as a whole.
        profile: Option<PayloadIdentifier>,
        /// What the index says.
        told: Option<Status>,
        /// What is so.
        found: Option<Status>,
    },
    /// Whether a host has something to do differs.
    Work {
        /// The host.
        host: HostId,
        /// What the index says.
        told: bool,
    },
}

impl Core {
    /// Walks over every host of the store and compares what the index says of it. A server never
    /// does that by itself: it is for tests, while nothing else goes on.
    ///
    /// # Errors
    /// [`StoreError`] if a host cannot be read.
    pub fn fleet_faults(&self) -> Result<Vec<FleetFault>, StoreError> {
        self.settle_fleet()?;
        let (shelf, mut faults) = (self.shelf(), Vec::new());
        let (told, found) = (self.fleet_counts()?, self.recount()?);
        if told != found {
            faults.push(FleetFault::Counts {
                told: format!("{told:?}"),
                found: format!("{found:?}"),
            });
        }
        self.each_host(|host| {
            let words = self.words_of(&shelf, host);
            let index = self.fleet.read();
            let number = index.numbers.find(&host.id);
            let told = number.and_then(|number| index.classes.status(number));
            let mut compare = |profile: Option<&PayloadIdentifier>, told, found| {
                if told != found {
                    faults.push(FleetFault::Status {
                        host: host.id.clone(),
                        profile: profile.cloned(),
                        told,
                        found,
                    });
                }
            };
            compare(None, told, words.status);
            for identifier in shelf.catalog.profiles.keys() {
                let told = number.and_then(|n| index.classes.profile_status(n, identifier));
                compare(
                    Some(identifier),
                    told,
                    words.profiles.get(identifier).copied(),
                );
            }
            let told = number.is_some_and(|number| index.classes.has_work(number));
            let has_work = self.has_work_now(&shelf, host);
            // Renewals are paced: the index says that one is due before it is its turn.
            let may_differ = told && self.enrollment.is_some();
            if words.status.is_some() && told != has_work && !may_differ && !self.is_paused() {
                let host = host.id.clone();
                faults.push(FleetFault::Work { host, told });
            }
        })?;
        Ok(faults)
    }
}
