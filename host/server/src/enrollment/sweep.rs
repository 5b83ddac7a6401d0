//! Forgets records of enrolling that nothing can come of any more.
//!
//! Knows nothing of why they were made. Invariants: a certificate that a host has, or that could
//! still be shown, is never forgotten; what changed meanwhile stays.

use std::sync::atomic::Ordering;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_drift::policy::Timestamp;
use mooring_identity::Certificate;
use mooring_store::{Change, DOCUMENTS_PAGE_MAX, KeyRange, StoreError};

use super::challenge::{Challenge, Purpose};
use super::leaf::Leaf;
use super::link::Link;
use crate::core::Core;
use crate::device::chain;
use crate::documents::{self, Document, Read};

const DAY_MS: u64 = 24 * 3_600_000;
/// How long links and their challenges are remembered after they expired, in ms.
const KEPT_MS: u64 = 30 * DAY_MS;
/// The same for the challenges of renewals, of which there is one for each host and renewal.
const RENEWAL_KEPT_MS: u64 = DAY_MS;
/// How long a certificate that no host has is remembered at least, in ms.
const LEAF_KEPT_MS: u64 = 400 * DAY_MS;

impl Core {
    /// Forgets what expired long ago, so that no kind of record piles up.
    ///
    /// # Errors
    /// [`StoreError`] if records cannot be read or deleted.
    pub(crate) fn sweep(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        if let Some(enrollment) = &self.enrollment {
            enrollment.swept_at.store(now.0, Ordering::Relaxed);
        }
        self.sweep_all(|link: &Link| link.expires_at.plus_ms(KEPT_MS) < now)?;
        self.sweep_all(|challenge: &Challenge| {
            let kept_ms = match challenge.purpose {
                Purpose::Link { .. } => KEPT_MS,
                Purpose::Renewal { .. } => RENEWAL_KEPT_MS,
            };
            challenge.expires_at.plus_ms(kept_ms) < now
        })?;
        self.sweep_all(|leaf: &Leaf| is_dead(leaf, now))
    }

    /// Does so at most once in 24 hours, for whoever enrolls to call.
    pub(crate) fn sweep_daily(&self) {
        let Some(enrollment) = &self.enrollment else {
            return;
        };
        let now = self.clock.now().0;
        let last = enrollment.swept_at.load(Ordering::Relaxed);
        if now.saturating_sub(last) < DAY_MS {
            return;
        }
        let order = Ordering::Relaxed;
        let swept_at = &enrollment.swept_at;
        // Of several at once one does it.
        if swept_at.compare_exchange(last, now, order, order).is_err() {
            return;
        }
        if let Err(error) = self.sweep() {
            tracing::warn!(error = %chain(&error), "old records could not be forgotten");
        }
    }

    fn sweep_all<D: Document>(&self, is_old: impl Fn(&D) -> bool) -> Result<(), StoreError> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let range = KeyRange {
                after: after.as_deref(),
                ..KeyRange::default()
            };
            let page = documents::page::<D>(&*self.store, range, DOCUMENTS_PAGE_MAX)?;
            let is_last = page.len() < DOCUMENTS_PAGE_MAX;
            after = page.last().map(|(key, _)| key.clone());
            let old = page.into_iter().filter(|(_, one)| is_old(&one.document));
            let old: Vec<Change> = old
                .map(|(key, one): (_, Read<D>)| one.deleted(&key))
                .collect();
            if !old.is_empty() {
                match self.store.commit(old) {
                    // Somebody came with one of them; the next sweep has the others.
                    Ok(()) | Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            if is_last {
                return Ok(());
            }
        }
    }
}

/// Whether no host has this certificate and nobody can be let in with it.
fn is_dead(leaf: &Leaf, now: Timestamp) -> bool {
    if leaf.host.is_some() || leaf.issued_at.plus_ms(LEAF_KEPT_MS) >= now {
        return false;
    }
    let issued = leaf.certificate.as_deref();
    let issued = issued.and_then(|text| STANDARD.decode(text).ok());
    let issued = issued.and_then(|der| Certificate::from_der(&der).ok());
    issued.is_none_or(|issued| issued.not_after_ms() < now.0)
}
