//! The server without its sockets: the store, the profiles on the shelf, the plugins, the clock.
//!
//! Knows nothing of HTTP. Invariants: the shelf shows what the store holds; changes of profiles
//! happen one at a time; everything here blocks, so the edges call it off the reactor.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use mooring_drift::command::CommandNames;
use mooring_drift::policy::{Policy, Timestamp};
use mooring_mdm::ids::EnrollmentId;
use mooring_store::{Store, StoreError};

use crate::clock::Clock;
use crate::judge::Judge;
use crate::shelf::Shelf;

/// The server without its sockets.
pub struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) policy: Policy,
    pub(crate) names: CommandNames,
    pub(crate) clock: Clock,
    pub(crate) judge: Arc<Judge>,
    shelf: RwLock<Arc<Shelf>>,
    /// Held for reading while a device is answered and for writing while the shelf changes: once
    /// a change of profiles is promised, no device gets what it was decided from before.
    gate: RwLock<()>,
    /// Held while profiles change, so that versions are counted without gaps.
    change: Mutex<()>,
    /// When each enrollment was last heard of: an idle device in sync writes nothing. Bounded by
    /// the number of enrollments that the store holds.
    seen: Mutex<BTreeMap<EnrollmentId, Timestamp>>,
    commands_sent: AtomicU64,
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
        policy: Policy,
        clock: Clock,
    ) -> Result<Self, StoreError> {
        let identity = store.identity();
        let names = CommandNames::new(&identity.command_key, identity.incarnation);
        let shelf = Shelf::new(store.profiles()?, store.builtins()?);
        Ok(Self {
            store,
            policy,
            names,
            clock,
            judge,
            shelf: RwLock::new(Arc::new(shelf)),
            gate: RwLock::new(()),
            change: Mutex::new(()),
            seen: Mutex::new(BTreeMap::new()),
            commands_sent: AtomicU64::new(0),
        })
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
        let shelf = Arc::new(Shelf::new(self.store.profiles()?, self.store.builtins()?));
        let _gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = shelf;
        Ok(())
    }

    pub(crate) fn saw(&self, enrollment: &EnrollmentId, now: Timestamp) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        match seen.get_mut(enrollment) {
            Some(at) => *at = now,
            None => {
                seen.insert(enrollment.clone(), now);
            }
        }
    }

    pub(crate) fn forget_seen(&self, host: &mooring_mdm::ids::HostId) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|enrollment, _| enrollment.host() != host);
    }

    /// When an enrollment was last heard of; `stored` is what the store remembers.
    pub(crate) fn last_seen(&self, enrollment: &EnrollmentId, stored: Timestamp) -> Timestamp {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(enrollment)
            .copied()
            .map_or(stored, |at| at.max(stored))
    }
}
