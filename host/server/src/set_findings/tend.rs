//! Keeps what is known of sets up with profiles, assignments and hosts.
//!
//! Knows nothing of what is found. Invariants: work is done in slices, off the way of devices; one
//! host stands for all of its group; a listing that was begun for definitions of before is dropped.

use std::sync::Arc;

use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::HostId;
use mooring_store::StoreError;

use super::SETS_MAX;
use super::editions::{Editions, version_before};
use super::judge::Together;
use super::report::details;
use super::table::Found;
use super::wanted::{SetKey, Wanted, key};
use crate::api::SetFindingDetail;
use crate::core::Core;
use crate::plugins::class_of;
use crate::shelf::Shelf;

/// After so long it is listed again who gets what, in ms: hosts come and change their groups.
const LISTED_MS: u64 = 60_000;

/// The same when somebody asks.
const LISTED_FOR_PEOPLE_MS: u64 = 5_000;

/// Longest slice of work, in ms.
const SLICE_MS: u64 = 200;

/// Groups that are looked at in a slice, however quick that is.
const SLICE_MAX: usize = 500;

/// What is being done.
#[derive(Debug, Default)]
pub(super) struct Work {
    /// The definitions that it is done for.
    shelf: Option<Arc<Shelf>>,
    /// Who judges.
    judges: Vec<String>,
    begun: Timestamp,
    /// How many groups there were.
    groups: usize,
    /// Groups by a host of each, those with most hosts last.
    todo: Vec<(HostId, u64)>,
    editions: Editions,
    is_open: bool,
}

/// Why a listing may be begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    /// In passing.
    Nobody,
    /// Somebody waits for it.
    People,
}

impl Core {
    /// Goes on with judging sets for a moment; says whether there is more to do. Called after
    /// [`Core::tend_fleet`] has nothing left, every second.
    ///
    /// # Errors
    /// [`StoreError`] if a profile or a host cannot be read.
    pub(crate) fn tend_sets(&self) -> Result<bool, StoreError> {
        self.tend_sets_for(For::Nobody)
    }

    pub(super) fn tend_sets_for(&self, whom: For) -> Result<bool, StoreError> {
        let mut work = self.sets.work();
        let shelf = self.shelf();
        let now = self.now();
        if !self.begin_listing(&mut work, &shelf, whom)? {
            return Ok(false);
        }
        for _ in 0..SLICE_MAX {
            let Some((host, hosts)) = work.todo.pop() else {
                self.sets.table().end(work.begun);
                work.is_open = false;
                work.editions = Editions::default();
                return Ok(false);
            };
            self.judge_group(&mut work.editions, &shelf, &host, hosts)?;
            let mut table = self.sets.table();
            table.left = table.left.saturating_sub(1);
            if self.now().0.abs_diff(now.0) >= SLICE_MS {
                break;
            }
        }
        Ok(true)
    }

    /// Whether there is a listing to go on with; begins one where that is due.
    fn begin_listing(
        &self,
        work: &mut Work,
        shelf: &Arc<Shelf>,
        whom: For,
    ) -> Result<bool, StoreError> {
        let is_same = work.shelf.as_ref().is_some_and(|it| Arc::ptr_eq(it, shelf));
        let judges = self.set_judges();
        let is_judged_alike = work.judges == judges;
        let span = match whom {
            For::Nobody => LISTED_MS,
            For::People => LISTED_FOR_PEOPLE_MS,
        };
        let age = self.now().0.abs_diff(work.begun.0);
        // A few groups can be listed whenever somebody looks.
        let is_quick = whom == For::People && self.is_fleet_small() && work.groups < SLICE_MAX;
        let is_fresh = age < span && !is_quick;
        if is_same && is_judged_alike && (work.is_open || is_fresh) {
            return Ok(work.is_open);
        }
        let Some(mut groups) = self.group_samples()? else {
            return Ok(false);
        };
        groups.sort_by_key(|(_, hosts)| *hosts);
        let left_out = groups.len().saturating_sub(SETS_MAX);
        let mut table = self.sets.table();
        if !is_judged_alike {
            table.clear();
        }
        table.begin(groups.len());
        groups.drain(..left_out);
        *work = Work {
            shelf: Some(Arc::clone(shelf)),
            judges,
            begun: self.now(),
            groups: groups.len(),
            todo: groups,
            editions: std::mem::take(&mut work.editions),
            is_open: true,
        };
        Ok(true)
    }

    fn judge_group(
        &self,
        editions: &mut Editions,
        shelf: &Shelf,
        host: &HostId,
        hosts: u64,
    ) -> Result<(), StoreError> {
        let Some(host) = self.host(host)? else {
            return Ok(());
        };
        let wanted = self.wanted(shelf, &host);
        let key = key(&wanted);
        if self.sets.table().count(&key, hosts) {
            return Ok(());
        }
        let found = self.found_in(editions, shelf, &wanted)?;
        let mut table = self.sets.table();
        table.keep(key, found);
        table.count(&key, hosts);
        Ok(())
    }

    /// What is wrong with a set as it stands: each profile against the version before it.
    pub(super) fn found_in(
        &self,
        editions: &mut Editions,
        shelf: &Shelf,
        wanted: &[Wanted],
    ) -> Result<Found, StoreError> {
        if wanted.is_empty() {
            return Ok(Found::default());
        }
        let before = |one: &Wanted| version_before(shelf, one);
        let members = editions.members(&*self.store, shelf, wanted, before)?;
        let together = Together {
            members: &members,
            gone: &[],
        };
        let said = self.judge_together(&self.asking(false), together);
        Ok(Found {
            is_failed: said.iter().any(|said| said.is_failure),
            findings: details(said, together),
        })
    }

    /// Who judges sets, by what an answer depends on.
    pub(super) fn set_judges(&self) -> Vec<String> {
        let set = self.plugins.set();
        let bound = set
            .bindings
            .iter()
            .filter(|(_, it)| it.record.judges_sets());
        let bound = bound.filter_map(|(name, bound)| {
            let installed = set.plugins.get(&bound.record.wish.plugin)?;
            let digest = installed
                .record
                .is_enabled
                .then_some(&installed.record.digest)?;
            let limits = bound.record.limits(class_of(installed.record.class));
            let settings = bound.record.settings();
            Some(format!("{name} {digest} {limits:?} {settings}"))
        });
        bound.collect()
    }

    /// What is found in the set that one host would get; judged now if it was not yet.
    pub(super) fn found_for(
        &self,
        shelf: &Shelf,
        wanted: &[Wanted],
    ) -> Result<(Arc<[SetFindingDetail]>, bool), StoreError> {
        let key: SetKey = key(wanted);
        // Which plugins judge is settled by the next listing.
        if let Some(judged) = self.sets.table().find(&key) {
            return Ok((Arc::clone(&judged.findings), judged.is_cut));
        }
        let found = self.found_in(&mut Editions::default(), shelf, wanted)?;
        let mut table = self.sets.table();
        table.keep(key, found.clone());
        Ok((found.findings.into(), false))
    }
}
