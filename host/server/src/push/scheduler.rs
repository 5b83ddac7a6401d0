//! The scheduler: makes a step when there is a reason to, and sends what it found.
//!
//! Knows nothing of what makes a device due. Invariants: a step never waits for a push, nor a push
//! for a step; at most ten steps a second; nothing of it runs once it was told to stop and its end
//! was awaited.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mooring_push::ApnsOptions;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::lanes::Lanes;
use super::look::{Begin, Found, Memory};
use super::send::send;
use crate::core::Core;
use crate::device::chain;

/// Before the first pass over all who have something to do: what devices that connect by themselves
/// get in this time needs no push.
const START_WAIT: Duration = Duration::from_secs(5);
/// Between two steps that nothing asked for.
const STEP: Duration = Duration::from_secs(1);
/// Between two steps of any kind: a wave leaves in small portions, and those whom it brings come
/// spread over the second.
const STEP_MIN: Duration = Duration::from_millis(100);
/// Ended tokens that are stored at once: a wave may meet thousands, and each takes a thread.
const ENDS_AT_ONCE: usize = 4;

/// Looks and sends.
pub(super) struct Scheduler {
    pub(super) core: Arc<Core>,
    pub(super) options: ApnsOptions,
    pub(super) is_stopping: AtomicBool,
    /// Held while an ended token is stored.
    pub(super) ends: Semaphore,
    /// Hosts drawn by the wave, and not looked at yet.
    pub(super) drawn: AtomicUsize,
    /// Held during a step.
    memory: Mutex<Memory>,
    lanes: Mutex<Lanes>,
}

impl Scheduler {
    pub(super) fn new(core: Arc<Core>, options: ApnsOptions) -> Self {
        core.contacts.open();
        let lanes = Lanes::new(options.limits.pushes_per_s);
        Self {
            core,
            options,
            is_stopping: AtomicBool::new(false),
            ends: Semaphore::new(ENDS_AT_ONCE),
            drawn: AtomicUsize::new(0),
            memory: Mutex::default(),
            lanes: Mutex::new(lanes),
        }
    }

    pub(super) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks at everybody who may have something to do, sends as many pushes as may leave now, and waits
/// for the answers.
pub(super) async fn once(scheduler: &Arc<Scheduler>) {
    // Nobody else is left to say it.
    let (_stop, stopped) = watch::channel(false);
    let mut sending = JoinSet::new();
    let mut begin = Begin::Now;
    loop {
        let looking = Arc::clone(scheduler);
        let looked = tokio::task::spawn_blocking(move || looking.look(begin)).await;
        let found = found(looked);
        begin = Begin::Not;
        let goes_on = found.has_more && found.is_open;
        spawn(scheduler, found, &mut sending, &stopped);
        if !goes_on {
            break;
        }
    }
    while let Some(sent) = sending.join_next().await {
        told_of(sent);
    }
}

/// Looks and sends until `stop` is true, or nobody is left to say so.
pub(super) async fn run(scheduler: Arc<Scheduler>, mut stop: watch::Receiver<bool>) {
    let mut sending = JoinSet::new();
    let mut looks = JoinSet::new();
    let mut tending = JoinSet::new();
    let stopped = stop.clone();
    let contacts = &scheduler.core.contacts;
    let mut ended = Instant::now();
    let first_pass = ended + START_WAIT;
    let mut tended = ended;
    let (mut is_woken, mut is_urgent) = (false, false);
    loop {
        let wait = if is_woken || is_urgent {
            STEP_MIN
        } else {
            STEP
        };
        tokio::select! {
            _ended = stop.wait_for(|stop| *stop) => break,
            Some(sent) = sending.join_next() => told_of(sent),
            Some(looked) = looks.join_next() => {
                let found = found(looked);
                is_urgent |= found.has_more;
                spawn(&scheduler, found, &mut sending, &stopped);
                ended = Instant::now();
            }
            Some(done) = tending.join_next() => {
                told_of(done);
                tended = Instant::now();
            }
            () = tokio::time::sleep_until(tended + STEP), if tending.is_empty() => {
                let scheduler = Arc::clone(&scheduler);
                tending.spawn_blocking(move || tend(&scheduler));
            }
            () = scheduler.core.wake.notified() => is_woken = true,
            () = contacts.wanted() => is_urgent = true,
            () = tokio::time::sleep_until(ended + wait), if looks.is_empty() => {
                let begin = match is_woken {
                    true => Begin::Now,
                    false if Instant::now() >= first_pass => Begin::InTime,
                    false => Begin::Not,
                };
                (is_woken, is_urgent) = (false, false);
                let looking = Arc::clone(&scheduler);
                looks.spawn_blocking(move || looking.look(begin));
            }
        }
    }
    scheduler.is_stopping.store(true, Ordering::Relaxed);
    while let Some(looked) = looks.join_next().await {
        drop(found(looked));
    }
    while let Some(done) = tending.join_next().await {
        told_of(done);
    }
    while let Some(sent) = sending.join_next().await {
        told_of(sent);
    }
}

/// Keeps what is known of the fleet up with the time and with new definitions, so that who has
/// something to do is found without anybody asking.
fn tend(scheduler: &Scheduler) {
    while !scheduler.is_stopping.load(Ordering::Relaxed) {
        match scheduler.core.tend_fleet() {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => {
                let error = chain(&error);
                tracing::error!(error, "hosts cannot be read to see what they have to do");
                return;
            }
        }
    }
    if let Err(error) = scheduler.core.tend_sets() {
        let error = chain(&error);
        tracing::error!(error, "profiles cannot be read to be judged together");
    }
}

fn spawn(
    scheduler: &Arc<Scheduler>,
    found: Found,
    sending: &mut JoinSet<()>,
    stop: &watch::Receiver<bool>,
) {
    for shot in found.shots {
        sending.spawn(send(Arc::clone(scheduler), shot, stop.clone()));
    }
}

fn found(looked: Result<Found, JoinError>) -> Found {
    looked.unwrap_or_else(|error| {
        tracing::error!(%error, "a step of pushing ended badly");
        Found::default()
    })
}

fn told_of(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "a task of pushing ended badly");
    }
}
