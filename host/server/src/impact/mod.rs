//! What a change of profiles, assignments or values would do to every host, and the guard that
//! holds one which would do too much.
//!
//! Knows nothing of who asks. Invariants: it changes nothing, and says what the engine itself finds
//! before and after the change; what cannot be read is an error, never a host less.

mod compare;
mod guard;
mod kinds;
mod prospect;
mod tally;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;

use mooring_store::{Change, StoreError};

use crate::api::Impact;
use crate::change::{AffectedPage, ChangeOptions};
use crate::core::Core;
use crate::set_findings::SetProspect;
use crate::shelf::Shelf;
use prospect::Prospect;
use tally::Tally;

pub use guard::RemovalGuard;

pub(crate) use guard::Weight;

impl Core {
    /// What `changes` would do, with the hosts of one page.
    pub(crate) fn impact(
        &self,
        shelf: &Arc<Shelf>,
        changes: &[Change],
        page: &AffectedPage,
        weight: Weight,
    ) -> Result<Impact, StoreError> {
        let prospect = Prospect::of(shelf, changes, &self.personal)?;
        let mut impact = self.tallied(shelf, &prospect, page)?;
        // They are the same on every page.
        if page.after.is_none() {
            let (together, is_all) = self.new_set_findings(&SetProspect {
                before: shelf,
                after: prospect.shelf.as_ref().unwrap_or(shelf),
                facts: &prospect.facts,
                changes,
            })?;
            (impact.together, impact.is_together_cut) = (together, !is_all);
        }
        self.weighed(impact, weight)
    }

    /// What a change would do, if that is too much to be done without being confirmed.
    pub(crate) fn guarded(
        &self,
        shelf: &Arc<Shelf>,
        changes: &[Change],
        options: &ChangeOptions,
        weight: Weight,
    ) -> Result<Option<Impact>, StoreError> {
        if self.removal_guard.is_none() {
            return Ok(None);
        }
        let prospect = Prospect::of(shelf, changes, &self.personal)?;
        if weight == Weight::Removals && !prospect.may_remove(shelf) {
            return Ok(None);
        }
        let impact = self.tallied(shelf, &prospect, &options.page)?;
        let impact = self.weighed(impact, weight)?;
        let is_confirmed = options.confirm.is_some_and(|n| n >= impact.confirm);
        Ok(Some(impact).filter(|impact| impact.is_held && !is_confirmed))
    }

    /// Looks at every host that the change may concern; at one of each kind, where they can be told
    /// apart.
    fn tallied(
        &self,
        shelf: &Shelf,
        prospect: &Prospect,
        page: &AffectedPage,
    ) -> Result<Impact, StoreError> {
        let mut tally = Tally::new(page);
        let Some(after) = &prospect.shelf else {
            for (id, facts) in &prospect.facts {
                if let Some(host) = self.host(id)? {
                    let channels = self.compared(shelf, shelf, &host.outline(), Some(facts));
                    tally.add(&host.id, channels);
                }
            }
            return Ok(tally.finish());
        };
        if self.add_by_kind(shelf, after, prospect, &mut tally)? {
            return Ok(tally.finish());
        }
        tally = Tally::new(page);
        self.each_outline(|host| {
            let channels = self.compared(shelf, after, host, prospect.facts.get(&host.id));
            tally.add(&host.id, channels);
        })?;
        Ok(tally.finish())
    }

    /// The same impact, with what the guard says of it.
    fn weighed(&self, mut impact: Impact, weight: Weight) -> Result<Impact, StoreError> {
        impact.confirm = weight.confirming(&impact);
        let Some(guard) = self
            .removal_guard
            .filter(|guard| guard.may_hold(&impact, weight))
        else {
            return Ok(impact);
        };
        let hosts = self.fleet_counts()?.hosts;
        let enrolled = hosts.applied + hosts.pending + hosts.failed + hosts.unknown;
        impact.is_held = guard.holds(&impact, weight, enrolled);
        Ok(impact)
    }
}
