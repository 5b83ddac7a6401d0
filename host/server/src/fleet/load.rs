//! Making the index of what the store holds.
//!
//! Knows nothing of how outlines are stored. Invariant: nobody asks before it is whole.

use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use mooring_store::{HostOutline, OUTLINES_PAGE_MAX, StoreError};

use super::index::Index;
use crate::core::Core;

/// Between two lines of progress in the log.
const TOLD_EVERY: u64 = 100_000;
/// Pages that are read ahead.
const AHEAD: usize = 2;

impl Core {
    /// Reads every host.
    ///
    /// # Errors
    /// [`StoreError`] if one cannot be read.
    pub(crate) fn load_fleet(&self) -> Result<(), StoreError> {
        let mut index = Index::new(self.shelf());
        let first = self.outlines(None, OUTLINES_PAGE_MAX)?;
        let is_last = first.len() < OUTLINES_PAGE_MAX;
        let after = first.last().map(|host| host.id.clone());
        if is_last {
            self.append(&mut index, &first);
        } else {
            // Reading and decoding is half of the work.
            thread::scope(|scope| {
                let (pages, read) = sync_channel(AHEAD);
                scope.spawn(move || {
                    let mut after = after;
                    loop {
                        let page = self.outlines(after.as_ref(), OUTLINES_PAGE_MAX);
                        let is_last = page.as_ref().map_or(true, |p| p.len() < OUTLINES_PAGE_MAX);
                        let last = page.as_ref().ok().and_then(|page| page.last());
                        after = last.map(|host| host.id.clone());
                        if pages.send(page).is_err() || is_last {
                            return;
                        }
                    }
                });
                self.append(&mut index, &first);
                self.append_all(&mut index, &read)
            })?;
            index.shrink();
        }
        *self.fleet.write() = index;
        Ok(())
    }

    fn append_all(
        &self,
        index: &mut Index,
        pages: &Receiver<Result<Vec<HostOutline>, StoreError>>,
    ) -> Result<(), StoreError> {
        for page in pages {
            self.append(index, &page?);
            let hosts = index.slots.known();
            if hosts.is_multiple_of(TOLD_EVERY) {
                tracing::info!(hosts, "hosts were read");
            }
        }
        tracing::info!(
            hosts = index.slots.known(),
            classes = index.classes.len(),
            "all hosts were read"
        );
        Ok(())
    }

    fn append(&self, index: &mut Index, page: &[HostOutline]) {
        let now = self.now();
        for host in page {
            index.append(self, host, now);
        }
    }
}
