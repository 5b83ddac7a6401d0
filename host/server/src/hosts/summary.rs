//! The summary counts, overall and for each profile.
//!
//! Knows nothing of single hosts. Invariant: the four counts of hosts add up.

use std::collections::BTreeMap;

use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::StoreError;

use crate::api::{Counts, ProfileCounts, Regrouping, Summary};
use crate::core::Core;
use crate::shelf::{Shelf, is_wanted, latest};

impl Core {
    /// The counts of all hosts.
    ///
    /// # Errors
    /// [`StoreError`] if a host that has to be judged anew cannot be read.
    pub fn summary(&self) -> Result<Summary, StoreError> {
        let shelf = self.shelf();
        let mut counted = self.fleet_counts()?;
        let counts = counted.hosts;
        Ok(Summary {
            hosts: counts.applied + counts.pending + counts.failed + counts.unknown,
            counts,
            checked_out: counted.checked_out,
            commands_sent: self.commands_sent(),
            identities: counted.identities,
            held: counted.held,
            duplicates: counted.duplicates,
            regrouping: counted.regrouping.map(|progress| Regrouping {
                done: progress.done,
                total: progress.total,
            }),
            pause: self.pause_state()?.pause,
            held_builtins: self.held_builtins.all(),
            plugin_trust_problems: self.plugin_trust.problems(),
            plugin_problems: self.plugin_problems(),
            push: None,
            profiles: profile_counts(&shelf, &mut counted.profiles),
        })
    }
}

/// Every profile that is wanted, and every other that some host still has.
fn profile_counts(
    shelf: &Shelf,
    counted: &mut BTreeMap<PayloadIdentifier, Counts>,
) -> Vec<ProfileCounts> {
    let shown = shelf.profiles.values().filter_map(|record| {
        let counts = counted.remove(&record.identifier);
        let version = latest(record)?.version;
        let is_wanted = is_wanted(record);
        (is_wanted || counts.is_some()).then(|| ProfileCounts {
            identifier: record.identifier.clone(),
            version,
            is_wanted,
            counts: counts.unwrap_or_default(),
        })
    });
    shown.collect()
}
