//! The server without its sockets: the store, the profiles on the shelf, the plugins, the clock.
//!
//! Knows nothing of HTTP. Invariants: the shelf shows what the store holds; changes of profiles
//! happen one at a time; everything here blocks, so the edges call it off the reactor.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use mooring_drift::command::CommandNames;
use mooring_drift::personal::PersonalNames;
use mooring_drift::policy::{Policy, Timestamp};
use mooring_identity::attached::Signers;
use mooring_mdm::ids::{EnrollmentId, HostId};
use mooring_store::{EnrollmentRecord, HostRecord, Store, StoreError};
use tokio::sync::Notify;

use crate::clock::Clock;
use crate::device::{DeviceSettings, Payloads, Recent, queue};
use crate::enrollment::Enrollment;
use crate::events::Events;
use crate::fleet::Fleet;
use crate::impact::RemovalGuard;
use crate::judge::Judge;
use crate::pause;
use crate::plugins::{PluginTrust, Registry};
use crate::profiles::HeldBuiltIns;
use crate::push::contacts::Contacts;
use crate::set_findings::SetFindings;
use crate::shelf::Shelf;

/// Hosts that prove a rollback before the whole server observes anew.
const ROLLED_BACK_MAX: usize = 3;

/// The server without its sockets.
pub struct Core {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) policy: Policy,
    pub(crate) names: CommandNames,
    /// Names copies of profiles that hold a host's own values.
    pub(crate) personal: PersonalNames,
    pub(crate) clock: Clock,
    pub(crate) judge: Arc<Judge>,
    /// Plugins of others, and what they are bound to.
    pub(crate) plugins: Registry,
    /// Whose signatures of plugins count.
    pub(crate) plugin_trust: PluginTrust,
    /// Who signs profiles; anybody may, without.
    pub(crate) profile_signers: Option<Signers>,
    pub(crate) devices: DeviceSettings,
    /// Every host in memory.
    pub(crate) fleet: Arc<Fleet>,
    /// What is wrong with profiles that hosts would get together.
    pub(crate) sets: SetFindings,
    /// How devices enroll, if this server says how.
    pub(crate) enrollment: Option<Enrollment>,
    /// Who is told of what devices say, if anybody is.
    pub(crate) events: Option<Events>,
    /// When a change is held until it is confirmed.
    pub(crate) removal_guard: Option<RemovalGuard>,
    /// Built-ins whose newer output is held until somebody confirms it.
    pub(crate) held_builtins: HeldBuiltIns,
    shelf: RwLock<Arc<Shelf>>,
    /// Counts what changes the desired state of hosts, as soon as devices are answered by it: once
    /// a change is promised, what was decided from before is looked at again before it leaves.
    generation: AtomicU64,
    /// Held while profiles change, so that versions are counted without gaps.
    change: Mutex<()>,
    /// Held while the pause is switched; apart from `change`, since an emergency stop waits for
    /// nobody's plan.
    pausing: Mutex<()>,
    /// The newest signed messages of each enrollment, where more is known than the store has: an
    /// idle device in sync writes nothing. Bounded by
    /// the number of enrollments that the store holds.
    recent: Mutex<BTreeMap<EnrollmentId, Recent>>,
    /// Enrollments for which commands of others wait: most have none.
    queued: Mutex<BTreeSet<EnrollmentId>>,
    /// Says that there may be somebody to push to.
    pub(crate) wake: Arc<Notify>,
    /// Who came or got something to do, for those who push.
    pub(crate) contacts: Contacts,
    commands_sent: AtomicU64,
    /// Profiles as they stand in commands.
    pub(crate) payloads: Payloads,
    /// Whether an administrator stopped all sending.
    is_paused: AtomicBool,
    /// Enrollments of an earlier era are observed anew.
    era: AtomicU32,
    /// Hosts that proved, since the start, that the store forgot something.
    rolled_back: Mutex<BTreeSet<HostId>>,
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
    /// When a change is held until it is confirmed; never without.
    pub removal_guard: Option<RemovalGuard>,
    /// Whose signatures of plugins count; nobody's without.
    pub plugin_trust: PluginTrust,
    /// Who signs profiles: others are told of. Anybody may, without.
    pub profile_signers: Option<Signers>,
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
            removal_guard,
            plugin_trust,
            profile_signers,
        } = options;
        let events = keeps_events.then(|| Events::resume(&*store)).transpose()?;
        let identity = store.identity();
        let names = CommandNames::new(&identity.command_key, identity.incarnation);
        let personal = PersonalNames::new(&identity.command_key);
        let shelf = Shelf::load(&*store, &personal)?;
        let plugins = Registry::load(&*store, judge.runtime())?;
        let is_paused = AtomicBool::new(pause::is_paused(&*store)?);
        let era = mooring_store::era(&*store)?;
        // What waited when the server lost track may have been delivered since.
        queue::enter_era(&*store, era, clock.now())?;
        let queued = queue::enrollments(&*store)?;
        let era = AtomicU32::new(era);
        let core = Self {
            store,
            policy,
            names,
            personal,
            clock,
            judge,
            plugins,
            plugin_trust,
            profile_signers,
            devices,
            fleet: Arc::default(),
            sets: SetFindings::default(),
            enrollment,
            events,
            removal_guard,
            held_builtins: HeldBuiltIns::default(),
            shelf: RwLock::new(Arc::new(shelf)),
            generation: AtomicU64::new(0),
            change: Mutex::new(()),
            pausing: Mutex::new(()),
            recent: Mutex::new(BTreeMap::new()),
            queued: Mutex::new(queued),
            wake: Arc::new(Notify::new()),
            contacts: Contacts::default(),
            commands_sent: AtomicU64::new(0),
            payloads: Payloads::default(),
            is_paused,
            era,
            rolled_back: Mutex::new(BTreeSet::new()),
        };
        core.load_fleet()?;
        Ok(core)
    }

    /// One host, in the present era.
    pub(crate) fn host(&self, id: &HostId) -> Result<Option<HostRecord>, StoreError> {
        let host = self.store.host(id)?;
        Ok(host.map(|host| self.in_this_era(host)))
    }

    /// Those of these hosts that are there, in the present era.
    pub(crate) fn hosts_of(&self, ids: &[HostId]) -> Result<Vec<HostRecord>, StoreError> {
        let hosts = self.store.hosts_of(ids)?.into_iter();
        Ok(hosts.map(|host| self.in_this_era(host)).collect())
    }

    /// A page of hosts, in the present era.
    pub(crate) fn hosts(
        &self,
        after: Option<&HostId>,
        limit: usize,
    ) -> Result<Vec<HostRecord>, StoreError> {
        let hosts = self.store.hosts(after, limit)?.into_iter();
        Ok(hosts.map(|host| self.in_this_era(host)).collect())
    }

    /// What was seen before the server lost track counts no more.
    fn in_this_era(&self, mut host: HostRecord) -> HostRecord {
        let era = self.era.load(Ordering::Relaxed);
        for record in &mut host.enrollments {
            if record.sync.era != era {
                record.sync = std::mem::take(&mut record.sync).in_era(era);
            }
        }
        host
    }

    /// The present era.
    pub(crate) fn era(&self) -> u32 {
        self.era.load(Ordering::Relaxed)
    }

    /// A device reported on a command that this store does not know, though it made it. Three such
    /// hosts are no accident: an old copy of the store was started, and nothing in it is certain.
    pub(crate) fn note_rolled_back(&self, host: &HostId) {
        let mut hosts = self
            .rolled_back
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        hosts.insert(host.clone());
        tracing::error!(
            %host,
            "a device reports on a command that this store has forgotten: is it an old copy?"
        );
        if hosts.len() < ROLLED_BACK_MAX {
            return;
        }
        let begun = mooring_store::begin_era(self.era());
        let begun = begun.and_then(|(era, change)| {
            self.store.commit(vec![change])?;
            Ok(era)
        });
        match begun {
            Ok(era) => {
                self.era.store(era, Ordering::Relaxed);
                // If it fails, the next start does it.
                if let Err(error) = queue::enter_era(&*self.store, era, self.now()) {
                    tracing::error!(%error, "commands of others may be sent a second time");
                }
                hosts.clear();
                self.place_everybody();
                tracing::error!(
                    "this store is an old copy: every host is observed anew before it is changed"
                );
            }
            // The next such host tries again; each of them is observed anew in any case.
            Err(error) => tracing::error!(%error, "a new era could not be stored"),
        }
    }

    /// Whether an administrator stopped all sending.
    pub fn is_paused(&self) -> bool {
        self.is_paused.load(Ordering::SeqCst)
    }

    /// Notes what was stored of it.
    pub(crate) fn note_paused(&self, is_paused: bool) {
        self.is_paused.store(is_paused, Ordering::SeqCst);
        self.generation.fetch_add(1, Ordering::SeqCst);
        self.wake.notify_one();
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

    /// A number that is another one as soon as devices are answered by another desired state.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// The right to change profiles.
    pub(crate) fn change(&self) -> MutexGuard<'_, ()> {
        self.change.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The right to switch the pause.
    pub(crate) fn pausing(&self) -> MutexGuard<'_, ()> {
        self.pausing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads the profiles anew after a change was committed.
    pub(crate) fn restock(&self) -> Result<(), StoreError> {
        let shelf = Arc::new(Shelf::load(&*self.store, &self.personal)?);
        *self.shelf.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&shelf);
        self.restock_fleet(&shelf);
        self.generation.fetch_add(1, Ordering::SeqCst);
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
        self.fleet.saw(enrollment, now);
        self.contacts.note(enrollment);
    }

    pub(crate) fn forget_seen(&self, host: &HostId) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        recent.retain(|enrollment, _| enrollment.host() != host);
    }

    /// When an enrollment was last heard of; `stored` is what the store remembers.
    pub(crate) fn last_seen(&self, enrollment: &EnrollmentId, stored: Timestamp) -> Timestamp {
        let seen = self.fleet.last_seen(enrollment);
        seen.map_or(stored, |at| at.max(stored))
    }
}
