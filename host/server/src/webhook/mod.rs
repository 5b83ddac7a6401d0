//! The webhook: tells the administrator's own program of every event, in order, until it has
//! taken it.
//!
//! Knows nothing of devices or of what events mean. Invariants: an event leaves the outbox only
//! after a 2xx, or when it is refused for good; none is skipped for another; what waits is bounded
//! in number and bytes, and what is dropped is counted and logged. An event may be delivered twice, and has the same `event_id` then.
//!
//! The address is the administrator's, so it may be a private one. No proxy is taken from the
//! environment, and no redirect is followed.

mod client;
mod delivery;
mod refusals;

#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mooring_drift::policy::Timestamp;
use mooring_identity::Secret;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::core::Core;
use client::Client;
use delivery::Delivery;
use refusals::Refusals;

/// Events that may wait; when there are more, the oldest are dropped. At a few KiB each, half a
/// gigabyte, and some days of a fleet of thousands.
pub const OUTBOX_MAX: u64 = 100_000;
/// Bytes of the events that may wait (1 GiB); when there are more, the oldest are dropped. A
/// device may put megabytes into one.
pub const OUTBOX_BYTES_MAX: u64 = 1024 * 1024 * 1024;

/// Where events go.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// `http://` or `https://`.
    pub url: String,
    /// The key of the header `X-Hmac-Signature`; without one there is no such header.
    pub hmac_key: Option<Secret>,
    /// The authorities to trust instead of the public ones.
    pub ca_pem: Option<Vec<u8>>,
    /// Bounds.
    pub limits: WebhookLimits,
}

impl WebhookOptions {
    /// Events go to `url`, unsigned.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            hmac_key: None,
            ca_pem: None,
            limits: WebhookLimits::default(),
        }
    }
}

/// Bounds of the deliveries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookLimits {
    /// For one delivery with all it needs.
    pub timeout: Duration,
    /// Before the next try, after one that failed; doubled for each in a row.
    pub backoff_first: Duration,
    /// The longest such wait.
    pub backoff_max: Duration,
    /// Events that may wait.
    pub outbox_max: u64,
    /// Bytes of them.
    pub outbox_bytes_max: u64,
}

impl Default for WebhookLimits {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            backoff_first: Duration::from_secs(1),
            backoff_max: Duration::from_mins(5),
            outbox_max: OUTBOX_MAX,
            outbox_bytes_max: OUTBOX_BYTES_MAX,
        }
    }
}

/// Why events cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Not an address that events can be posted to.
    #[error(
        "{url:?} is no address for a webhook: write http://HOST[:PORT]/PATH or https://..., \
         without a user and password"
    )]
    Url {
        /// As given.
        url: String,
    },
    /// The given authorities are no PEM certificates.
    #[error("the authorities to trust for the webhook cannot be read, or there are none")]
    Authorities,
    /// TLS refuses its own settings.
    #[error("TLS cannot be set up for the webhook")]
    Tls {
        /// Why.
        source: rustls::Error,
    },
    /// The server was made without keeping events.
    #[error("this server keeps no events, so there is nothing to tell")]
    NoEvents,
}

/// How deliveries go.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WebhookState {
    /// Events that wait, about.
    pub waiting: u64,
    /// Bytes of them, about.
    pub waiting_bytes: u64,
    /// Why the last try failed, if it did.
    pub last_error: Option<String>,
    /// When an event was last taken.
    pub last_delivered_at: Option<Timestamp>,
    /// Events dropped since the start, since too many waited, or since they were refused for good.
    pub dropped: u64,
}

/// The task that delivers.
#[derive(Debug)]
pub struct Webhook {
    state: Arc<Mutex<WebhookState>>,
    task: JoinHandle<()>,
}

impl Webhook {
    /// Delivers what `core` keeps, until `stop` says true.
    ///
    /// # Errors
    /// [`WebhookError`] if that can never work.
    pub fn start(
        core: &Arc<Core>,
        options: WebhookOptions,
        stop: watch::Receiver<bool>,
    ) -> Result<Self, WebhookError> {
        let Some(wake) = core.events.as_ref().map(crate::events::Events::wake) else {
            return Err(WebhookError::NoEvents);
        };
        let limits = options.limits;
        let client = Client::new(options)?;
        let state = Arc::new(Mutex::new(WebhookState::default()));
        let delivery = Delivery {
            core: Arc::clone(core),
            client,
            limits,
            wake,
            stop,
            state: Arc::clone(&state),
            refusals: Refusals::default(),
        };
        #[expect(
            clippy::disallowed_methods,
            reason = "whoever started it waits for it in `stopped`"
        )]
        let task = tokio::spawn(delivery.run());
        Ok(Self { state, task })
    }

    /// How it goes.
    pub fn state(&self) -> WebhookState {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.clone()
    }

    /// Waits for the end, after it was told to stop. What was not delivered waits in the store.
    pub async fn stopped(self) {
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the webhook ended badly");
        }
    }
}
