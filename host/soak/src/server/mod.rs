//! The server under test: its real core over a store of the world, started and started again.
//!
//! Knows nothing of devices or schedules. Invariant: everything that the server is told and says
//! passes through here, and through whoever tampers with it.

mod store;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use mooring_drift::policy::{Policy, Timestamp};
use mooring_server::clock::Clock;
use mooring_server::core::{Core, CoreOptions};
use mooring_server::device::DeviceReply;
use mooring_server::judge::{Judge, JudgeError};
use mooring_store::{MemorySnapshot, MemoryStore, Store, StoreError};

use crate::log::Who;
use crate::museum::Tampering;

pub(crate) use store::{Failure, SoakStore};

/// Why a world cannot run at all.
#[derive(Debug, thiserror::Error)]
pub enum SoakError {
    /// The plugin runtime does not start.
    #[error("the plugin runtime does not start")]
    Judge(#[from] JudgeError),
    /// The server does not start over what it stored.
    #[error("the server does not start over what it stored")]
    Start(#[from] StoreError),
    /// An administrator's change failed twice in a row.
    #[error("an administrator's {what} failed twice in a row")]
    Change {
        /// The change.
        what: &'static str,
    },
}

/// No plugins at all: what they judge is not what is tested here. Shared by all worlds.
#[expect(
    clippy::default_trait_access,
    reason = "limits belong to a crate that is not needed here, and no plugin to them"
)]
fn judge() -> Result<Arc<Judge>, JudgeError> {
    static JUDGE: OnceLock<Arc<Judge>> = OnceLock::new();
    if let Some(judge) = JUDGE.get() {
        return Ok(Arc::clone(judge));
    }
    let judge = Arc::new(Judge::with_plugins([], Default::default())?);
    Ok(Arc::clone(JUDGE.get_or_init(|| judge)))
}

/// The server.
pub(crate) struct Server {
    core: Core,
    store: Arc<SoakStore>,
    /// How many copies of the store were taken.
    copies: u32,
    /// The newest of them.
    copy: Option<MemorySnapshot>,
    /// How often a copy was restored.
    restored: u8,
    clock: Arc<AtomicU64>,
    tampering: Box<dyn Tampering>,
}

impl Server {
    /// A new server, whose clock shows `now`.
    pub(crate) fn new(
        seed: u64,
        now: u64,
        mut tampering: Box<dyn Tampering>,
    ) -> Result<Self, SoakError> {
        let store = Arc::new(SoakStore::new(seed));
        let clock = Arc::new(AtomicU64::new(now));
        let core = start(&store, &clock, &mut *tampering)?;
        Ok(Self {
            core,
            store,
            copies: 0,
            copy: None,
            restored: 0,
            clock,
            tampering,
        })
    }

    /// Crashes and comes up again over what is stored.
    pub(crate) fn restart(&mut self) -> Result<(), SoakError> {
        self.core = start(&self.store, &self.clock, &mut *self.tampering)?;
        Ok(())
    }

    /// Takes a copy of the store and tells its number.
    pub(crate) fn take_copy(&mut self) -> Result<u32, SoakError> {
        self.copy = Some(self.store.snapshot()?);
        self.copies += 1;
        Ok(self.copies)
    }

    /// Whether there is no copy after this one.
    pub(crate) fn is_newest(&self, copy: u32) -> bool {
        self.copies == copy
    }

    /// Starts the newest copy as if nothing had happened.
    pub(crate) fn roll_back(&mut self) -> Result<(), SoakError> {
        if let Some(copy) = &self.copy {
            self.store = Arc::new(SoakStore::over(MemoryStore::from_snapshot(copy)));
            self.restart()?;
        }
        Ok(())
    }

    /// Restores the newest copy as the command line does, under a new incarnation.
    pub(crate) fn restore(&mut self) -> Result<(), SoakError> {
        if let Some(copy) = &self.copy {
            self.restored += 1;
            let mut incarnation = self.store.identity().incarnation;
            incarnation[15] = incarnation[15].wrapping_add(self.restored);
            self.store = Arc::new(SoakStore::over(copy.restored(incarnation)?));
            self.restart()?;
        }
        Ok(())
    }

    /// Sets the server's clock, in ms since 1970.
    pub(crate) fn set_clock(&self, at: u64) {
        self.clock.store(at, Ordering::Relaxed);
    }

    /// Answers one message.
    pub(crate) fn answer(&mut self, who: Who, body: &[u8]) -> DeviceReply {
        self.tampering.answer(&self.core, who, body)
    }

    /// What administrators speak to.
    pub(crate) fn core(&self) -> &Core {
        &self.core
    }

    /// What it stores into.
    pub(crate) fn store(&self) -> &SoakStore {
        &self.store
    }
}

fn start(
    store: &Arc<SoakStore>,
    clock: &Arc<AtomicU64>,
    tampering: &mut dyn Tampering,
) -> Result<Core, SoakError> {
    let shared: Arc<dyn Store> = Arc::clone(store) as _;
    let now = Arc::clone(clock);
    let clock = Clock::from_fn(move || Timestamp(now.load(Ordering::Relaxed)));
    let options = CoreOptions {
        policy: tampering.policy(Policy::default()),
        ..CoreOptions::default()
    };
    let (store, clock) = (tampering.store(shared), tampering.clock(clock));
    Ok(Core::new(store, judge()?, clock, options)?)
}
