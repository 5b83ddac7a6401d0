//! The server without its sockets: the store, the profiles on the shelf, the plugins, the clock.
//!
//! Knows nothing of HTTP. Invariants: the shelf shows what the store holds; changes of profiles
//! happen one at a time; everything here blocks, so the edges call it off the reactor.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use mooring_drift::command::CommandNames;
use mooring_drift::policy::{Policy, Timestamp};
use mooring_mdm::ids::EnrollmentId;
use mooring_store::{EnrollmentRecord, Store, StoreError};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::device::{DeviceSettings, Recent, queue};
use crate::enrollment::Enrollment;
use crate::events::Events;
use crate::judge::Judge;
use crate::push::contacts::Contacts;
use crate::shelf::Shelf;

/// The server without its sockets.
pub struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) policy: Policy,
    pub(crate) names: CommandNames,
    pub(crate) clock: Clock,
    pub(crate) judge: Arc<Judge>,
    pub(crate) devices: DeviceSettings,
    /// How devices enroll, if this server says how.
    pub(crate) enrollment: Option<Enrollment>,
    /// Who is told of what devices say, if anybody is.
    pub(crate) events: Option<Events>,
    shelf: RwLock<Arc<Shelf>>,
    /// Held for reading while a device is answered and for writing while the shelf changes: once
    /// a change of profiles is promised, no device gets what it was decided from before.
    gate: RwLock<()>,
    /// Held while profiles change, so that versions are counted without gaps.
    change: Mutex<()>,
    /// When each enrollment was last heard of: an idle device in sync writes nothing. Bounded by
    /// the number of enrollments that the store holds.
    seen: Mutex<BTreeMap<EnrollmentId, Timestamp>>,
    /// The newest signed messages of each enrollment, where more is known than the store has: an
    /// idle device in sync writes nothing. Bounded like `seen`.
    recent: Mutex<BTreeMap<EnrollmentId, Recent>>,
    /// Enrollments for which commands of others wait: most have none.
    queued: Mutex<BTreeSet<EnrollmentId>>,
    /// Says that there may be somebody to push to.
    pub(crate) wake: Arc<Notify>,
    /// Who came or got something to do, for those who push.
    pub(crate) contacts: Contacts,
    commands_sent: AtomicU64,
}

/// What a server is beside its store, plugins and time.
#[derive(Debug, Default)]
pub struct CoreOptions {
    /// The engine's intervals and bounds.
    pub policy: Policy,
    /// What administrators decide about devices as a whole.
    pub devices: DeviceSettings,
    /// How devices enroll, if this server says how.
    pub enrollment: Option<Enrollment>,
    /// Whether what devices say is kept for those who listen to it.
    pub keeps_events: bool,
}

impl std::fmt::Debug for Core {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Core")
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

impl Core {
    /// Puts the server together from what `store` holds.
    ///
    /// # Errors
    /// [`StoreError`] if the profiles cannot be read.
    pub fn new(
        store: Arc<dyn Store>,
        judge: Arc<Judge>,
        clock: Clock,
        options: CoreOptions,
    ) -> Result<Self, StoreError> {
        let CoreOptions {
            policy,
            devices,
            enrollment,
            keeps_events,
        } = options;
        let events = keeps_events.then(|| Events::resume(&*store)).transpose()?;
        let queued = queue::enrollments(&*store)?;
        let identity = store.identity();
        let names = CommandNames::new(&identity.command_key, identity.incarnation);
        let shelf = Shelf::new(store.profiles()?, mooring_store::builtins(&*store)?);
        Ok(Self {
            store,
            policy,
            names,
            clock,
            judge,
            devices,
            enrollment,
            events,
            shelf: RwLock::new(Arc::new(shelf)),
            gate: RwLock::new(()),
            change: Mutex::new(()),
            seen: Mutex::new(BTreeMap::new()),
            recent: Mutex::new(BTreeMap::new()),
            queued: Mutex::new(queued),
            wake: Arc::new(Notify::new()),
            contacts: Contacts::default(),
            commands_sent: AtomicU64::new(0),
        })
    }

    /// This moment.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The profiles as they are now.
    pub fn shelf(&self) -> Arc<Shelf> {
        Arc::clone(&self.shelf.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Commands handed out since the start.
    pub fn commands_sent(&self) -> u64 {
        self.commands_sent.load(Ordering::Relaxed)
    }

    pub(crate) fn count_command(&self) {
        self.commands_sent.fetch_add(1, Ordering::Relaxed);
    }

    /// Keeps the shelf as it is until a device is answered.
    pub(crate) fn contact_gate(&self) -> RwLockReadGuard<'_, ()> {
        self.gate.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to change profiles.
    pub(crate) fn change(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the profiles anew after a change was committed.
    pub(crate) fn restock(&self) -> Result<(), StoreError> {
        let builtins = mooring_store::builtins(&*self.store)?;
        let shelf = Arc::new(Shelf::new(self.store.profiles()?, builtins));
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = shelf;
        self.wake.notify_one();
        Ok(())
    }

    /// Whether commands of others wait for an enrollment.
    pub(crate) fn has_queue(&self, enrollment: &EnrollmentId) -> bool {
        let queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        queued.contains(enrollment)
    }

    /// Notes whether commands of others wait for an enrollment.
    pub(crate) fn note_queue(&self, enrollment: &EnrollmentId, is_waiting: bool) {
        let mut queued = self.queued.lock().unwrap_or_else(PoisonError::into_inner);
        if is_waiting {
            queued.insert(enrollment.clone());
        } else {
            queued.remove(enrollment);
        }
    }

    /// The newest signed messages of an enrollment.
    pub(crate) fn recent(
        &self,
        enrollment: &EnrollmentId,
        record: Option<&EnrollmentRecord>,
    ) -> Recent {
        let recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = Recent::of(record);
        match recent.get(enrollment) {
            // What is stored comes first: another message of the channel may just be answered.
            Some(known) if known.covers(&stored) => known.clone(),
            Some(_) | None => stored,
        }
    }

    /// Remembers them.
    pub(crate) fn keep_recent(&self, enrollment: &EnrollmentId, newest: Option<Recent>) {
        let Some(newest) = newest else {
            return;
        };
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.insert(enrollment.clone(), newest);
    }

    pub(crate) fn saw(&self, enrollment: &EnrollmentId, now: Timestamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get_mut(enrollment) {
            Some(at) => *at = now,
            None => {
                seen.insert(enrollment.clone(), now);
            }
        }
        drop(seen);
        self.contacts.note(enrollment);
    }

    pub(crate) fn forget_seen(&self, host: &mooring_mdm::ids::HostId) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|enrollment, _| enrollment.host() != host);
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|enrollment, _| enrollment.host() != host);
    }

    /// When an enrollment was last heard of; `stored` is what the store remembers.
    pub(crate) fn last_seen(&self, enrollment: &EnrollmentId, stored: Timestamp) -> Timestamp {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(enrollment)
            .copied()
            .map_or(stored, |at| at.max(stored))
    }
}
