//! Making the index of what the store holds.
//!
//! Two hands take turns: while one reads a page the other looks at what it read and places it.
//! Knows nothing of how outlines are stored. Invariants: pages are placed in the order in which they
//! were read; nobody asks the index before it is whole.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use mooring_drift::classes::{ClassId, Filling};
use mooring_drift::desired::Circumstances;
use mooring_drift::policy::Timestamp;
use mooring_mdm::ids::HostId;
use mooring_store::{HostOutline, OutlinePage, StoreError};

use super::hand::{Batch, Hand};
use super::index::Index;
use super::mentions::Rules;
use super::outlook::{Moments, Surroundings};
use crate::core::Core;

/// Hosts of one page: some megabytes, so that what was read is still near when it is looked at.
const PAGE: usize = 2_000;
/// Between two lines of progress in the log.
const TOLD_EVERY: u64 = 100_000;
/// The turn of nobody: a hand has failed.
const OVER: u64 = u64::MAX;

/// How far reading has come.
#[derive(Debug, Default)]
struct Reading {
    after: Option<HostId>,
    /// Pages that were read.
    pages: u64,
    is_done: bool,
}

/// The index on its way.
#[derive(Debug)]
pub(super) struct Placing {
    index: Index,
    filling: Filling,
    /// Pages that were placed.
    turn: u64,
    latest: Timestamp,
}

/// What the hands share.
#[derive(Debug)]
struct Desk {
    rules: Rules,
    reading: Mutex<Reading>,
    placing: Mutex<Placing>,
    is_next: Condvar,
}

impl Core {
    /// Reads every host.
    ///
    /// # Errors
    /// [`StoreError`] if one cannot be read.
    pub(crate) fn load_fleet(&self) -> Result<(), StoreError> {
        let mut index = Index::new(self.shelf());
        let hosts = usize::try_from(self.store.host_count()?).unwrap_or_default();
        index.numbers.expect(hosts);
        index.slots.expect(hosts);
        let (mut first, mut second) = (Hand::new(index.user_keys()), Hand::new(index.user_keys()));
        let desk = Desk {
            rules: index.rules.clone(),
            reading: Mutex::default(),
            placing: Mutex::new(Placing::new(index)),
            is_next: Condvar::new(),
        };
        // Most fleets are one page.
        self.load_page(&desk, &mut first)?;
        if !lock(&desk.reading).is_done {
            thread::scope(|scope| {
                let other = scope.spawn(|| self.load_pages(&desk, &mut second));
                let loaded = self.load_pages(&desk, &mut first);
                let other = other.join();
                loaded.and(other.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            })?;
        }
        drop((first, second));
        let placing = desk.placing.into_inner();
        let index = placing.unwrap_or_else(PoisonError::into_inner).finish();
        tracing::info!(
            hosts = index.slots.known(),
            classes = index.classes.len(),
            "all hosts were read"
        );
        *self.fleet.write() = index;
        Ok(())
    }

    fn load_pages(&self, desk: &Desk, hand: &mut Hand) -> Result<(), StoreError> {
        while self.load_page(desk, hand)? {}
        Ok(())
    }

    /// Reads, looks at and places the next page; says whether there was one.
    fn load_page(&self, desk: &Desk, hand: &mut Hand) -> Result<bool, StoreError> {
        let _watch = Watch(desk);
        let Some((turn, page)) = self.read_page(&desk.reading)? else {
            return Ok(false);
        };
        let made = self.made(page).inspect_err(|_| desk.give_up())?;
        let batch = hand.look(self, &desk.rules, made);
        let mut placing = lock(&desk.placing);
        while placing.turn != turn && placing.turn != OVER {
            let waited = desk.is_next.wait(placing);
            placing = waited.unwrap_or_else(PoisonError::into_inner);
        }
        if placing.turn == OVER {
            return Ok(false);
        }
        placing.take(self, batch, hand);
        placing.turn += 1;
        desk.is_next.notify_all();
        Ok(true)
    }

    fn read_page(
        &self,
        reading: &Mutex<Reading>,
    ) -> Result<Option<(u64, OutlinePage)>, StoreError> {
        let mut reading = lock(reading);
        if reading.is_done {
            return Ok(None);
        }
        // Unless it goes well, nobody goes on.
        reading.is_done = true;
        let page = self.store.outline_page(reading.after.as_ref(), PAGE)?;
        reading.is_done = page.len() < PAGE;
        reading.after = page.last().cloned();
        reading.pages += 1;
        Ok(Some((reading.pages - 1, page)))
    }
}

impl Placing {
    pub(super) fn new(mut index: Index) -> Self {
        let empty = Index::default().classes;
        Self {
            filling: std::mem::replace(&mut index.classes, empty).fill(),
            index,
            turn: 0,
            latest: Timestamp::default(),
        }
    }

    /// Places a page.
    pub(super) fn take(&mut self, core: &Core, batch: Batch, hand: &mut Hand) {
        let mut whole = batch.whole.into_iter().peekable();
        let mut long = batch.long.into_iter().peekable();
        let mut users = batch.users.into_iter().peekable();
        let mut strangers = batch.strangers.into_iter().peekable();
        for (place, row) in batch.rows.iter().enumerate() {
            let id = long.next_if(|(of, _)| *of == place).map(|(_, id)| id);
            let number = self.index.append(row, id);
            while let Some((_, key)) = users.next_if(|(of, _)| *of == place) {
                self.index.append_user(number, key);
            }
            let kind = row
                .kind
                .and_then(|kind| hand.classes.get_mut(kind as usize));
            if let Some((_, host)) = whole.next_if(|(of, _)| *of == place) {
                let class = self.place(core, &host, batch.now);
                if let Some(kind) = kind {
                    *kind = Some(class);
                }
            } else if let Some(class) = kind.and_then(|kind| *kind) {
                self.filling.repeat(class);
            }
            while let Some((_, identifier)) = strangers.next_if(|(of, _)| *of == place) {
                self.filling.note_stranger(&identifier);
            }
        }
        self.latest = self.latest.max(batch.now);
        let hosts = self.index.slots.known();
        if hosts.is_multiple_of(TOLD_EVERY) {
            tracing::info!(hosts, "hosts were read");
        }
    }

    /// Places a host by itself.
    fn place(&mut self, core: &Core, host: &HostOutline, now: Timestamp) -> ClassId {
        let (rules, filling) = (self.index.rules.clone(), &mut self.filling);
        let mut moments = Moments::new(&core.policy, now);
        let around = Surroundings::of(core, &rules, host, &mut moments);
        let groups = &mut self.index.groups;
        let make =
            |circumstances: &Circumstances, has_users| filling.group(circumstances, has_users);
        let group = groups.of(core, &rules, around.known, around.fresh, now, make);
        filling.place(group, &around.channels(&mut moments))
    }

    /// The index of what was placed.
    pub(super) fn finish(self) -> Index {
        let (mut index, filling, latest) = (self.index, self.filling, self.latest);
        thread::scope(|scope| {
            let classes = scope.spawn(|| filling.finish());
            index.settle(latest);
            let classes = classes.join();
            index.classes = classes.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        });
        index
    }
}

impl Desk {
    /// Nobody goes on, since the turn of a page will not end.
    fn give_up(&self) {
        lock(&self.placing).turn = OVER;
        self.is_next.notify_all();
    }
}

/// Wakes who waits for a hand that panicked.
struct Watch<'a>(&'a Desk);

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.give_up();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
