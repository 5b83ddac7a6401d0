//! The scheduler: looks when there is a reason to, and sends what is due.
//!
//! Knows nothing of what makes a device due. Invariants: a look never waits for a push, nor a push
//! for a look; at most one look a second; nothing of it runs once it was told to stop and its end
//! was awaited.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mooring_push::ApnsOptions;
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use super::lanes::Lanes;
use super::look::{Memory, Scope};
use super::send::send;
use crate::core::Core;

/// Before the first look at everybody: what devices that connect by themselves get in this time
/// needs no push.
const START_WAIT: Duration = Duration::from_secs(5);
/// Between two looks at everybody that nothing asked for: retries and refreshes become due by time
/// alone.
const LOOK_INTERVAL: Duration = Duration::from_mins(5);
/// Between two looks of any kind, and the time in which what became due is sent.
const STEP: Duration = Duration::from_secs(1);

/// Looks and sends.
pub(super) struct Scheduler {
    pub(super) core: Arc<Core>,
    pub(super) options: ApnsOptions,
    pub(super) is_stopping: AtomicBool,
    /// Held during a look.
    pub(super) memory: Mutex<Memory>,
    lanes: Mutex<Lanes>,
    /// Enrollments by topics that have no certificate, as the last look at everybody found them.
    uncertified: Mutex<BTreeMap<String, usize>>,
}

impl Scheduler {
    pub(super) fn new(core: Arc<Core>, options: ApnsOptions) -> Self {
        core.contacts.open();
        Self {
            core,
            options,
            is_stopping: AtomicBool::new(false),
            memory: Mutex::default(),
            lanes: Mutex::default(),
            uncertified: Mutex::default(),
        }
    }

    pub(super) fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn uncertified(&self) -> MutexGuard<'_, BTreeMap<String, usize>> {
        let uncertified = self.uncertified.lock();
        uncertified.unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at everybody, sends what is due now, and waits for the answers.
pub(super) async fn once(scheduler: &Arc<Scheduler>) {
    let looking = Arc::clone(scheduler);
    let looked = tokio::task::spawn_blocking(move || looking.look(Scope::Everybody)).await;
    told_of(looked);
    // Nobody else is left to say it.
    let (_stop, stopped) = watch::channel(false);
    let mut sending = JoinSet::new();
    send_due(scheduler, &mut sending, &stopped);
    while let Some(sent) = sending.join_next().await {
        told_of(sent);
    }
}

/// Looks and sends until `stop` is true, or nobody is left to say so.
pub(super) async fn run(scheduler: Arc<Scheduler>, mut stop: watch::Receiver<bool>) {
    let mut sending = JoinSet::new();
    let mut looks = JoinSet::new();
    let mut step = tokio::time::interval(STEP);
    step.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut look_at = Instant::now() + START_WAIT;
    let mut earliest = Instant::now();
    let stopped = stop.clone();
    let contacts = &scheduler.core.contacts;
    // What becomes due by time alone is found by looking.
    let retry = Duration::from_millis(scheduler.core.policy.retry_first_ms).max(STEP);
    loop {
        send_due(&scheduler, &mut sending, &stopped);
        tokio::select! {
            _ended = stop.wait_for(|stop| *stop) => break,
            Some(sent) = sending.join_next() => told_of(sent),
            Some(looked) = looks.join_next() => told_of(looked),
            () = scheduler.core.wake.notified() => look_at = Instant::now(),
            () = contacts.wanted() => {}
            _now = step.tick() => {}
        }
        let now = Instant::now();
        let is_time = now >= look_at;
        if !looks.is_empty() || now < earliest || (!is_time && contacts.is_empty()) {
            continue;
        }
        earliest = now + STEP;
        let scope = if is_time {
            look_at = now + LOOK_INTERVAL.min(retry);
            Scope::Everybody
        } else {
            Scope::Noted
        };
        let looking = Arc::clone(&scheduler);
        looks.spawn_blocking(move || looking.look(scope));
    }
    scheduler.is_stopping.store(true, Ordering::Relaxed);
    while let Some(ended) = looks.join_next().await {
        told_of(ended);
    }
    while let Some(ended) = sending.join_next().await {
        told_of(ended);
    }
}

fn send_due(scheduler: &Arc<Scheduler>, sending: &mut JoinSet<()>, stop: &watch::Receiver<bool>) {
    let due = scheduler.lanes().take(scheduler.core.now());
    for ticket in due {
        sending.spawn(send(Arc::clone(scheduler), ticket, stop.clone()));
    }
}

fn told_of(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a part of pushing ended badly");
    }
}
