//! Keeping the index true: after commits, as time goes by, and after definitions changed.
//!
//! Knows nothing of why something was committed. Invariants: records are read one at a time, so that
//! an older one never takes the place of a newer one; the index is never locked while the store is
//! asked; whoever asks for counts reads what is marked first.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use mooring_drift::classes::HostNumber;
use mooring_mdm::ids::HostId;
use mooring_store::{Change, HostOutline, HostSketch, OutlinePage, StoreError};

use super::mentions::Mentions;
use crate::core::Core;
use crate::shelf::Shelf;

/// Fleets up to this are swept at once by whoever changes definitions.
const SWEPT_AT_ONCE_MAX: u64 = 10_000;
/// Hosts that are read between two looks at what is marked.
const MARKED_AT_ONCE_MAX: usize = 256;
/// Hosts of one slice at most.
const SLICE_MAX: usize = 2000;
/// A slice ends once it took so long, in ms: with the page that it is at, less than 10 ms.
const SLICE_MS: u64 = 5;
/// Hosts that are read and placed at once; while they are placed nobody else may ask. Some 2 ms.
const STEP: usize = 200;

impl Core {
    /// Stores a batch, as [`Store::commit`](mooring_store::Store::commit), and places the hosts
    /// that it changes anew. Every batch that writes hosts goes through here, but those of devices'
    /// messages, which place what they have in hand.
    ///
    /// # Errors
    /// [`StoreError`] as `commit`.
    pub(crate) fn commit(&self, changes: Vec<Change>) -> Result<(), StoreError> {
        let hosts = hosts_of(&changes);
        let committed = self.store.commit(changes);
        if !matches!(committed, Err(StoreError::Conflict { .. })) {
            for host in hosts {
                // Who cannot be read stays marked.
                if let Err(error) = self.place_again(&host) {
                    tracing::warn!(%host, %error, "a host that was changed cannot be read");
                }
            }
        }
        committed
    }

    /// Puts a host where it belongs by a record that was committed a moment ago. If that may not be
    /// all that was committed, the host is marked and read before anything is said of it.
    pub(crate) fn place(&self, host: &HostOutline) {
        let now = self.now();
        self.fleet.write().put_in_hand(self, host, now);
    }

    /// Reads a host once more and puts it where it belongs, or forgets it.
    ///
    /// # Errors
    /// [`StoreError`] if it cannot be read; then it is marked.
    pub(crate) fn place_again(&self, id: &HostId) -> Result<(), StoreError> {
        let tending = self.tending();
        self.fleet.mark(id);
        self.read_again(&tending, id)
    }

    /// Has every host looked at anew, as after a new era began.
    pub(crate) fn place_everybody(&self) {
        {
            // What was read in the era before must be in place before it is swept.
            let _tending = self.tending();
            self.fleet.write().sweep_everybody();
        }
        self.sweep_small();
    }

    /// Judges by these definitions from now on. Small fleets are judged at once, others as
    /// [`Core::tend_fleet`] is called.
    pub(crate) fn restock_fleet(&self, shelf: &Arc<Shelf>) {
        let mentions = Mentions::of(shelf);
        self.fleet.write().restock(shelf, mentions);
        self.sweep_small();
    }

    /// Whether a walk over all hosts is a matter of milliseconds.
    pub(crate) fn is_fleet_small(&self) -> bool {
        self.fleet.read().slots.known() <= SWEPT_AT_ONCE_MAX
    }

    fn sweep_small(&self) {
        if !self.is_fleet_small() {
            return;
        }
        if let Err(error) = self.sweep_to_end() {
            tracing::error!(%error, "hosts cannot be judged anew; they are when somebody asks");
        }
    }

    fn sweep_to_end(&self) -> Result<(), StoreError> {
        while self.sweep_slice()? {}
        Ok(())
    }

    /// Goes on with what is to be done: hosts whose moment is reached, and one slice of those that
    /// other definitions judge. Says whether there is more; then it should be called again soon,
    /// and every second in any case.
    ///
    /// # Errors
    /// [`StoreError`] if a host cannot be read.
    pub(crate) fn tend_fleet(&self) -> Result<bool, StoreError> {
        let has_marked = self.tend_marked()?;
        let has_swept = self.sweep_slice()?;
        Ok(has_marked || has_swept)
    }

    /// Reads everybody of whom nothing certain is known at this moment.
    pub(super) fn settle_fleet(&self) -> Result<(), StoreError> {
        while self.tend_marked()? {}
        let index = self.fleet.read();
        let is_small = index.slots.known() <= SWEPT_AT_ONCE_MAX;
        let has_more = !index.sweep.left.is_empty();
        drop(index);
        if is_small && has_more {
            self.sweep_to_end()?;
            while self.tend_marked()? {}
        }
        Ok(())
    }

    /// The same for one host.
    pub(super) fn settle_host_now(&self, id: &HostId) -> Result<(), StoreError> {
        let now = self.now();
        let is_fresh = {
            let index = self.fleet.read();
            let number = index.numbers.find(id);
            number.is_none_or(|number| index.is_fresh(number, now) || index.is_gone(number))
        };
        if is_fresh {
            return Ok(());
        }
        self.place_again(id)
    }

    fn tending(&self) -> MutexGuard<'_, ()> {
        let tending = self.fleet.tending.lock();
        tending.unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads some of those who are marked or whose moment is reached; says whether there may be
    /// more.
    fn tend_marked(&self) -> Result<bool, StoreError> {
        let now = self.now();
        if self.fleet.read().is_settled(now) {
            return Ok(false);
        }
        let tending = self.tending();
        let marked: Vec<HostId> = {
            let mut index = self.fleet.write();
            index.mark_due(now);
            let some = index.marked.iter().take(MARKED_AT_ONCE_MAX);
            let some: Vec<HostNumber> = some.collect();
            let ids = some
                .into_iter()
                .filter_map(|number| index.numbers.id(number));
            ids.collect()
        };
        for id in &marked {
            self.read_again(&tending, id)?;
        }
        Ok(!self.fleet.read().is_settled(self.now()))
    }

    fn read_again(&self, _tending: &MutexGuard<'_, ()>, id: &HostId) -> Result<(), StoreError> {
        let host = self.host(id)?;
        let now = self.now();
        let mut index = self.fleet.write();
        if let Some(host) = host {
            index.put_read(self, &host.outline(), now);
        } else {
            let number = index.number(id);
            index.forget(number);
        }
        Ok(())
    }

    /// The next hosts that other definitions judge; says whether there are more.
    fn sweep_slice(&self) -> Result<bool, StoreError> {
        let begun = self.now();
        for _ in 0..SLICE_MAX / STEP {
            if !self.sweep_step()? {
                return Ok(false);
            }
            if self.now().0.abs_diff(begun.0) >= SLICE_MS {
                break;
            }
        }
        Ok(true)
    }

    fn sweep_step(&self) -> Result<bool, StoreError> {
        if self.fleet.read().sweep.left.is_empty() {
            return Ok(false);
        }
        let _tending = self.tending();
        let (after, begun, is_regrouping) = {
            let index = self.fleet.read();
            let is_regrouping = index.is_regrouping(self.now());
            (index.sweep.after.clone(), index.sweep.begun, is_regrouping)
        };
        let page = if is_regrouping {
            Page::Sketches(self.store.sketches(after.as_ref(), STEP)?)
        } else {
            Page::Outlines(self.outlines(after.as_ref(), STEP)?)
        };
        let now = self.now();
        let mut index = self.fleet.write();
        // Another change meanwhile began anew.
        if index.sweep.begun != begun {
            return Ok(true);
        }
        let last = match &page {
            Page::Sketches(hosts) => {
                for host in hosts {
                    index.sweep_sketch(self, host, now);
                }
                hosts.get(STEP - 1).map(|host| &host.id)
            }
            Page::Outlines(hosts) => {
                for host in hosts {
                    index.sweep(self, host, now);
                }
                hosts.get(STEP - 1).map(|host| &host.id)
            }
        };
        if let Some(last) = last {
            index.sweep.after = Some(last.clone());
            return Ok(!index.sweep.left.is_empty());
        }
        // Who was not found is gone, or came while this went on.
        let left = std::mem::take(&mut index.sweep.left);
        index.sweep.end();
        index.marked |= left;
        Ok(false)
    }

    /// A page of outlines, in the present era.
    pub(crate) fn outlines(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostOutline>, StoreError> {
        self.made(self.store.outline_page(after, limit)?)
    }

    /// The outlines of a page, in the present era.
    pub(super) fn made(&self, page: OutlinePage) -> Result<Vec<HostOutline>, StoreError> {
        let era = self.era();
        let mut page = page.outlines()?;
        for outline in page.iter_mut().flat_map(|host| &mut host.enrollments) {
            if outline.sync.era != era {
                outline.sync = std::mem::take(&mut outline.sync).in_era(era);
            }
        }
        Ok(page)
    }
}

/// Hosts of a step of a sweep, as whole as it needs them.
enum Page {
    Sketches(Vec<HostSketch>),
    Outlines(Vec<HostOutline>),
}

/// The hosts that a batch writes.
fn hosts_of(changes: &[Change]) -> BTreeSet<HostId> {
    let host = |change: &Change| match change {
        Change::Host { id, .. } | Change::Facts { id, .. } | Change::RemoveHost(id) => {
            Some(id.clone())
        }
        Change::Enrollment(record) => Some(record.id.host().clone()),
        Change::Profile(_)
        | Change::Raw { .. }
        | Change::Command(_)
        | Change::BuiltIn(_)
        | Change::Document { .. } => None,
    };
    changes.iter().filter_map(host).collect()
}
