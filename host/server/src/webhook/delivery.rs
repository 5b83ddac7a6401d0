//! The order of deliveries: what goes next, when to try again, what is dropped.
//!
//! Knows nothing of HTTP. Invariant: an event is deleted only after it was taken, after it was
//! refused with and without its payload, or by the bounds of the outbox.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mooring_store::{Change, Document, KeyRange, Space, StoreError};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::client::{Client, DeliveryError};
use super::refusals::{Refusals, is_refusal};
use super::{WebhookLimits, WebhookState};
use crate::core::Core;
use crate::device::chain;
use crate::events::Event;
use crate::{documents, events};

/// Events read at once. A few, since each may have megabytes; several, since deleting them is a
/// write to the disk.
const PAGE: usize = 16;
/// Events deleted at once when there are too many.
const DROP_PAGE: u64 = 1000;
/// How often the bound is looked after while nothing can be delivered.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// What delivers.
pub(super) struct Delivery {
    pub(super) core: Arc<Core>,
    pub(super) client: Client,
    pub(super) limits: WebhookLimits,
    pub(super) wake: Arc<Notify>,
    pub(super) stop: watch::Receiver<bool>,
    pub(super) state: Arc<Mutex<WebhookState>>,
    pub(super) refusals: Refusals,
}

/// Why nothing more is delivered for now.
#[derive(Debug, thiserror::Error)]
enum Hindrance {
    #[error("the outbox cannot be read or written")]
    Store(#[from] StoreError),
    #[error("an event was not taken")]
    Delivery(#[from] DeliveryError),
    #[error("work off the reactor was interrupted")]
    Interrupted,
}

impl Delivery {
    /// Delivers until it is told to stop.
    pub(super) async fn run(mut self) {
        let mut failures = 0;
        let mut stop = self.stop.clone();
        loop {
            let is_over = tokio::select! {
                result = self.round() => match result {
                    Ok(true) => {
                        failures = 0;
                        continue;
                    }
                    Ok(false) => self.wait_for_more().await,
                    Err(hindrance) => {
                        let wait = backoff(self.limits, failures);
                        failures += 1;
                        self.note(&hindrance, failures, wait);
                        self.wait_to_retry(wait).await
                    }
                },
                () = told(&mut stop) => true,
            };
            if is_over {
                return;
            }
        }
    }

    /// One page of events; whether there was any.
    async fn round(&mut self) -> Result<bool, Hindrance> {
        self.trim().await?;
        let page = self.page().await?;
        if page.is_empty() {
            self.state().waiting = 0;
            return Ok(false);
        }
        let mut taken = Vec::with_capacity(page.len());
        let (mut last, mut failure) = (None, None);
        for Document { key, value } in page {
            if let Err(error) = self.tell(&key, value).await {
                failure = Some(error);
                break;
            }
            last = Some(events::number(&key));
            taken.push(documents::delete(Space::Outbox, &key));
        }
        if let Some(last) = last {
            let count = taken.len() as u64;
            let core = Arc::clone(&self.core);
            off_reactor(move || core.store.commit(taken)).await?;
            self.gone_before(last.saturating_add(1));
            let mut state = self.state();
            state.last_delivered_at = Some(self.core.clock.now());
            state.waiting = state.waiting.saturating_sub(count);
        }
        if let Some(error) = failure {
            return Err(error.into());
        }
        self.state().last_error = None;
        Ok(true)
    }

    /// Delivers an event; without its payload if it was refused too often, and if that is refused
    /// too, not at all.
    async fn tell(&mut self, key: &[u8], value: Vec<u8>) -> Result<(), DeliveryError> {
        let size = value.len();
        if !self.refusals.is_enough(key) {
            let Err(error) = self.client.deliver(value.clone()).await else {
                return Ok(());
            };
            self.refusals.note(key, size, &error);
            if !self.refusals.is_enough(key) {
                return Err(error);
            }
        }
        let number = events::number(key);
        let told = match without_payload(&value) {
            Some(bytes) => self.client.deliver(bytes).await,
            None => Err(DeliveryError::Unreadable),
        };
        match told {
            Ok(()) => {
                self.refusals.helped(size);
                tracing::warn!(
                    number,
                    size,
                    "an event was refused and told without its payload"
                );
            }
            Err(error) if is_refusal(&error) || matches!(error, DeliveryError::Unreadable) => {
                self.state().dropped += 1;
                let error = chain(&error);
                tracing::error!(
                    number,
                    size,
                    error,
                    "an event was refused for good and dropped"
                );
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn gone_before(&self, number: u64) {
        if let Some(events) = &self.core.events {
            events.gone_before(number);
            self.state().waiting_bytes = events.waiting_bytes();
        }
    }

    async fn page(&self) -> Result<Vec<Document>, Hindrance> {
        let core = Arc::clone(&self.core);
        let read = move || {
            core.store
                .documents(Space::Outbox, KeyRange::default(), PAGE)
        };
        off_reactor(read).await
    }

    /// Drops the oldest events if they are too many or too large, and counts what waits. Numbers
    /// have few gaps, so the count is as good as one by one.
    async fn trim(&self) -> Result<(), Hindrance> {
        let Some(events) = &self.core.events else {
            return Ok(());
        };
        let next = events.next();
        let by_bytes = events.first_within(self.limits.outbox_bytes_max);
        let core = Arc::clone(&self.core);
        let read = move || core.store.documents(Space::Outbox, KeyRange::default(), 1);
        let Some(first) = off_reactor(read).await?.pop() else {
            return Ok(());
        };
        let first = events::number(&first.key);
        let waiting = next.saturating_sub(first);
        let by_count = waiting.saturating_sub(self.limits.outbox_max);
        let surplus = by_count.max(by_bytes.saturating_sub(first));
        let mut from = first;
        while from < first + surplus {
            let end = (from + DROP_PAGE).min(first + surplus);
            let batch = (from..end).map(drop_of).collect();
            let core = Arc::clone(&self.core);
            off_reactor(move || core.store.commit(batch)).await?;
            self.state().dropped += end - from;
            from = end;
        }
        self.gone_before(first + surplus);
        let kept = waiting.saturating_sub(surplus);
        self.state().waiting = kept;
        if surplus > 0 {
            tracing::error!(
                dropped = surplus,
                kept,
                "events were dropped: the webhook does not take them, and too many or too large ones wait"
            );
        }
        Ok(())
    }

    /// Waits for new events; true if it is time to stop.
    async fn wait_for_more(&mut self) -> bool {
        tokio::select! {
            () = self.wake.notified() => false,
            () = told(&mut self.stop) => true,
        }
    }

    /// Waits before the next try, and keeps the outbox within its bound meanwhile; true if it is
    /// time to stop.
    async fn wait_to_retry(&mut self, wait: Duration) -> bool {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            tokio::select! {
                () = tokio::time::sleep(left.min(LOOK_INTERVAL)) => {}
                () = told(&mut self.stop) => return true,
            }
            if let Err(hindrance) = self.trim().await {
                tracing::error!(error = %chain(&hindrance), "the outbox could not be bounded");
            }
        }
    }

    fn note(&self, hindrance: &Hindrance, failures: u32, wait: Duration) {
        let error = chain(hindrance);
        let waiting = self.state().waiting;
        tracing::warn!(error, failures, waiting, retry_in = ?wait, "the webhook is behind");
        self.state().last_error = Some(error);
    }

    fn state(&self) -> MutexGuard<'_, WebhookState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn without_payload(event: &[u8]) -> Option<Vec<u8>> {
    let event: Event = serde_json::from_slice(event).ok()?;
    serde_json::to_vec(&event.without_payload()).ok()
}

fn drop_of(number: u64) -> Change {
    documents::delete(Space::Outbox, &events::key(number))
}

fn backoff(limits: WebhookLimits, failures: u32) -> Duration {
    let factor = 1_u32 << failures.min(16);
    limits
        .backoff_first
        .saturating_mul(factor)
        .min(limits.backoff_max)
}

async fn off_reactor<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Hindrance> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|_| Hindrance::Interrupted)??)
}

/// Returns when it is time to stop, also if nobody is left to say so.
async fn told(stop: &mut watch::Receiver<bool>) {
    // An error means that the sender is gone.
    let _ = stop.wait_for(|is_over| *is_over).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that waits double from the first to the longest, and never overflow.
    #[test]
    fn waits_double() {
        let limits = WebhookLimits::default();
        let seconds = |failures| backoff(limits, failures).as_secs();
        assert_eq!(
            [0, 1, 2, 8, 9, u32::MAX].map(seconds),
            [1, 2, 4, 256, 300, 300]
        );
    }
}
