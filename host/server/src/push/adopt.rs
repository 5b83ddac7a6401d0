//! Clients for the push certificates that there are.
//!
//! Knows nothing of who is pushed. Invariant: a certificate that is replaced loses its client, and
//! one that cannot be used is told once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mooring_drift::policy::Timestamp;
use mooring_push::{Apns, PushCertificate};
use mooring_store::StoreError;
use sha2::{Digest, Sha256};

use super::certificate::{StoredCertificate, days_left};
use super::error::ClientError;
use super::lanes::ClientId;
use super::scheduler::Scheduler;
use super::state::{CertificateState, UncertifiedTopic};
use crate::device::chain;

/// Between two warnings about the same certificate.
const WARNING_MS: u64 = 24 * 3_600_000;

/// What was told of certificates.
#[derive(Debug, Default)]
pub(super) struct Told {
    /// When a certificate was last warned about.
    warned_at: BTreeMap<String, Timestamp>,
    /// Stored certificates that cannot be used.
    unusable: BTreeSet<ClientId>,
    /// Topics without a certificate.
    uncertified: BTreeSet<String>,
}

impl Scheduler {
    /// Makes clients for certificates that are new and ends those of others. Says whether there is
    /// a new one: its lane is empty, so that everybody has to be looked at.
    pub(super) fn adopt_certificates(
        &self,
        told: &mut Told,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let stored = self.core.push_certificates()?;
        let mut has_new = false;
        for topic in self.lanes().topics() {
            if stored.iter().all(|(known, _)| *known != topic) {
                self.lanes().close(&topic);
            }
        }
        for (topic, stored) in &stored {
            match self.adopt(topic, stored) {
                Ok(is_new) => has_new |= is_new,
                Err(error) if told.unusable.insert(client_id(stored)) => {
                    tracing::error!(topic, error = %chain(&error), "no pushes for this topic");
                }
                Err(_) => {}
            }
            warn_of_end(topic, stored, told, now);
        }
        Ok(has_new)
    }

    /// Says whether the certificate was new.
    pub(super) fn adopt(
        &self,
        topic: &str,
        stored: &StoredCertificate,
    ) -> Result<bool, ClientError> {
        let id = client_id(stored);
        let known = self.lanes().client(topic);
        if known.is_some_and(|(known, _)| known == id) {
            return Ok(false);
        }
        let certificate = PushCertificate::from_pem(stored.pem.as_bytes())?;
        let client = Apns::new(&certificate, &self.options)?;
        self.lanes().open(topic, id, Arc::new(client));
        tracing::info!(topic, "pushes leave with this certificate from now on");
        Ok(true)
    }
}

impl Told {
    /// Each topic without a certificate is told once, and again after it had one in between.
    pub(super) fn uncertified(&mut self, found: &[UncertifiedTopic]) {
        self.uncertified
            .retain(|topic| found.iter().any(|found| found.topic == *topic));
        for UncertifiedTopic { topic, enrollments } in found {
            if self.uncertified.insert(topic.clone()) {
                let channels = enrollments;
                tracing::warn!(topic, channels, "no push certificate is set for this topic");
            }
        }
    }
}

fn warn_of_end(topic: &str, stored: &StoredCertificate, told: &mut Told, now: Timestamp) {
    let warned_at = told.warned_at.get(topic);
    if warned_at.is_some_and(|at| now.0.abs_diff(at.0) < WARNING_MS) {
        return;
    }
    // Looked at once a day, whether there is something to say or not.
    told.warned_at.insert(topic.to_owned(), now);
    let Ok(certificate) = PushCertificate::from_pem(stored.pem.as_bytes()) else {
        return;
    };
    let state = CertificateState::new(topic, days_left(certificate.not_after_ms(), now));
    if let Some(warning) = state.warning {
        tracing::warn!(topic, days_left = state.days_left, "{warning}");
    }
}

fn client_id(stored: &StoredCertificate) -> ClientId {
    Sha256::digest(&stored.pem).into()
}
