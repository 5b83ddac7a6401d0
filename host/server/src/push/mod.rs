//! Waking devices: the push certificate, and who is pushed when.
//!
//! Knows nothing of HTTP/2. Invariants: a push promises nothing and carries nothing; what a device
//! gets is decided when it connects; no answer to a push makes a device unmanaged.

mod adopt;
pub(crate) mod certificate;
pub(crate) mod contacts;
mod error;
mod lanes;
mod look;
mod scheduler;
mod send;
mod source;
mod state;
mod work;

use std::fmt;
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use mooring_mdm::ids::EnrollmentId;
use mooring_push::{ApnsOptions, PushCertificate};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::core::Core;
use crate::device::chain;
use scheduler::Scheduler;

pub use certificate::PushCertificateError;
pub use error::{ClientError, PushNowError};
pub use state::{CertificateState, PushAlarm, PushState, UncertifiedTopic};

/// Wakes devices for which there is something to do.
pub struct Pusher {
    scheduler: Arc<Scheduler>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl fmt::Debug for Pusher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pusher").finish_non_exhaustive()
    }
}

impl Pusher {
    /// One for the devices of `core`. It does nothing by itself before it is started.
    pub fn new(core: Arc<Core>, options: ApnsOptions) -> Arc<Self> {
        Arc::new(Self {
            scheduler: Arc::new(Scheduler::new(core, options)),
            task: Mutex::new(None),
        })
    }

    /// Begins to look for devices to push, until `stop` is true or nobody is left to say so. Must
    /// be called within a tokio runtime.
    pub fn start(&self, stop: watch::Receiver<bool>) {
        // Whatever changed before is found by the first look, which can wait.
        let _ = pin!(self.scheduler.core.wake.notified()).enable();
        #[expect(
            clippy::disallowed_methods,
            reason = "whoever stops the server waits for it"
        )]
        let task = tokio::spawn(scheduler::run(Arc::clone(&self.scheduler), stop));
        *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(task);
    }

    /// Waits until nothing of it runs any more, after it was told to stop.
    pub async fn stopped(&self) {
        let task = {
            let mut task = self.task.lock().unwrap_or_else(PoisonError::into_inner);
            task.take()
        };
        if let Some(task) = task
            && let Err(error) = task.await
        {
            tracing::error!(%error, "pushing ended badly");
        }
    }

    /// Looks at everybody who may have something to do, sends what may leave at this moment, and waits
    /// for the answers: what it does by itself once started, in one go.
    pub async fn tick(&self) {
        scheduler::once(&self.scheduler).await;
    }

    /// Pushes an enrollment at once, whether there is something to do or not. The text is Apple's
    /// name for the push, if it gave one.
    ///
    /// # Errors
    /// [`PushNowError`] if it did not leave or was not taken.
    pub async fn push_now(
        &self,
        enrollment: &EnrollmentId,
    ) -> Result<Option<String>, PushNowError> {
        send::send_now(&self.scheduler, enrollment).await
    }

    /// How pushing is, for people. Reads the store, so it blocks.
    pub fn state(&self) -> PushState {
        let certificates = self.certificates();
        let drawn = self.scheduler.drawn.load(Ordering::Relaxed);
        let lanes = self.scheduler.lanes();
        PushState {
            alarm: lanes.alarm(),
            waiting: lanes.len() + drawn,
            certificates,
            uncertified: lanes.uncertified(),
        }
    }

    fn certificates(&self) -> Vec<CertificateState> {
        let core = &self.scheduler.core;
        let stored = core.push_certificates().unwrap_or_else(|error| {
            tracing::error!(error = %chain(&error), "the push certificates cannot be read");
            Vec::new()
        });
        let states = stored.into_iter().filter_map(|(topic, stored)| {
            let certificate = PushCertificate::from_pem(stored.pem.as_bytes()).ok()?;
            let days = certificate::days_left(certificate.not_after_ms(), core.now());
            Some(CertificateState::new(&topic, days))
        });
        states.collect()
    }
}
