//! Walks over every host of the store.
//!
//! Knows nothing of what is looked for. Invariants: every host comes once, in order of id, in the
//! present era; what cannot be read is an error and never a host less. A walk over a million
//! sketches or outlines takes a second or two, over whole records several: nothing that devices wait for walks.

use std::ops::ControlFlow;

use mooring_mdm::ids::HostId;
use mooring_store::{
    HOSTS_PAGE_MAX, HostOutline, HostRecord, HostSketch, OUTLINES_PAGE_MAX, StoreError,
};

use crate::core::Core;

impl Core {
    /// Visits every host, a page at a time.
    pub(crate) fn each_host(&self, mut visit: impl FnMut(&HostRecord)) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.hosts(after.as_ref(), HOSTS_PAGE_MAX)?;
            page.iter().for_each(&mut visit);
            match page.last() {
                Some(last) if page.len() == HOSTS_PAGE_MAX => after = Some(last.id.clone()),
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// Visits the sketch of every host.
    pub(crate) fn each_sketch(&self, mut visit: impl FnMut(&HostSketch)) -> Result<(), StoreError> {
        let mut after = None;
        loop {
            let page = self.store.sketches(after.as_ref(), OUTLINES_PAGE_MAX)?;
            page.iter().for_each(&mut visit);
            match page.last() {
                Some(last) if page.len() == OUTLINES_PAGE_MAX => after = Some(last.id.clone()),
                Some(_) | None => return Ok(()),
            }
        }
    }

    /// Visits the outline of every host.
    pub(crate) fn each_outline(
        &self,
        mut visit: impl FnMut(&HostOutline),
    ) -> Result<(), StoreError> {
        self.outlines_behind(None, |host| {
            visit(host);
            ControlFlow::Continue(())
        })
    }

    /// Visits outlines behind an id until `visit` has seen enough.
    pub(crate) fn outlines_behind(
        &self,
        after: Option<&HostId>,
        mut visit: impl FnMut(&HostOutline) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (mut after, era) = (after.cloned(), self.era());
        loop {
            let page = self.store.outlines(after.as_ref(), OUTLINES_PAGE_MAX)?;
            let (count, last) = (page.len(), page.last().map(|host| host.id.clone()));
            for mut host in page {
                enter_era(&mut host, era);
                if visit(&host).is_break() {
                    return Ok(());
                }
            }
            match last {
                Some(last) if count == OUTLINES_PAGE_MAX => after = Some(last),
                Some(_) | None => return Ok(()),
            }
        }
    }
}

/// What was seen before the server lost track counts no more.
fn enter_era(host: &mut HostOutline, era: u32) {
    for channel in &mut host.enrollments {
        if channel.sync.era != era {
            channel.sync = std::mem::take(&mut channel.sync).in_era(era);
        }
    }
}
