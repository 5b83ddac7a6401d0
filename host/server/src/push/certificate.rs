//! The push certificates that administrators set.
//!
//! Knows nothing of APNs. Invariants: a certificate is kept with its key, which never leaves the
//! store but for APNs; the one that was set last is the one whose topic new devices get.

use mooring_drift::policy::Timestamp;
use mooring_push::{CertificateError as Unusable, PushCertificate};
use mooring_store::{DOCUMENTS_PAGE_MAX, KeyRange, Space, StoreError};
use serde::{Deserialize, Serialize};

use crate::api::PushCertificateDetail;
use crate::clock::rfc3339;
use crate::core::Core;
use crate::documents::{self, Document};

const DAY_MS: i64 = 24 * 3_600_000;

/// A push certificate with its key; its key in the store is the topic.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct StoredCertificate {
    /// Certificate and key, PEM.
    pub(crate) pem: String,
    /// When it was set.
    pub(crate) set_at: Timestamp,
}

impl Document for StoredCertificate {
    const SPACE: Space = Space::PushCertificate;
}

/// Why a push certificate is not taken or not there.
#[derive(Debug, thiserror::Error)]
pub enum PushCertificateError {
    /// It cannot be used.
    #[error("the push certificate cannot be used")]
    Unusable(#[from] Unusable),
    /// Nobody set one.
    #[error("no push certificate is set; set one with: mooring pushcert set FILE")]
    NotSet,
    /// There is none for this topic.
    #[error("no push certificate is set for the topic {0}")]
    NotFound(String),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}

impl Core {
    /// Sets a push certificate, in place of an older one for the same topic.
    ///
    /// # Errors
    /// [`PushCertificateError`] if it cannot be used or stored.
    pub fn set_push_certificate(
        &self,
        pem: &[u8],
    ) -> Result<PushCertificateDetail, PushCertificateError> {
        let certificate = PushCertificate::from_pem(pem)?;
        let stored = StoredCertificate {
            pem: certificate.to_pem(),
            set_at: self.clock.now(),
        };
        let change = documents::put(certificate.topic().as_bytes(), &stored)?;
        self.store.commit(vec![change])?;
        tracing::info!(topic = certificate.topic(), "a push certificate was set");
        self.wake.notify_one();
        Ok(detail(&certificate, &stored, self.clock.now()))
    }

    /// The push certificate for a topic, or the one that was set last.
    ///
    /// # Errors
    /// [`PushCertificateError`] if there is none.
    pub fn push_certificate(
        &self,
        topic: Option<&str>,
    ) -> Result<PushCertificateDetail, PushCertificateError> {
        let stored = match topic {
            Some(topic) => {
                let read = documents::read(&*self.store, topic.as_bytes())?;
                let missing = || PushCertificateError::NotFound(topic.to_owned());
                read.ok_or_else(missing)?.document
            }
            None => self
                .newest_certificate()?
                .map(|(_, stored)| stored)
                .ok_or(PushCertificateError::NotSet)?,
        };
        let certificate = PushCertificate::from_pem(stored.pem.as_bytes())?;
        Ok(detail(&certificate, &stored, self.clock.now()))
    }

    /// The topic that devices enroll with.
    pub(crate) fn push_topic(&self) -> Result<Option<String>, StoreError> {
        Ok(self.newest_certificate()?.map(|(topic, _)| topic))
    }

    /// Every push certificate, by topic.
    pub(crate) fn push_certificates(&self) -> Result<Vec<(String, StoredCertificate)>, StoreError> {
        let all = documents::page(&*self.store, KeyRange::default(), DOCUMENTS_PAGE_MAX)?;
        let named = all.into_iter().map(|(key, read)| {
            let topic = String::from_utf8_lossy(&key).into_owned();
            (topic, read.document)
        });
        Ok(named.collect())
    }

    fn newest_certificate(&self) -> Result<Option<(String, StoredCertificate)>, StoreError> {
        let all = self.push_certificates()?.into_iter();
        Ok(all.max_by_key(|(_, stored)| stored.set_at))
    }
}

fn detail(
    certificate: &PushCertificate,
    stored: &StoredCertificate,
    now: Timestamp,
) -> PushCertificateDetail {
    let not_after = certificate.not_after_ms();
    PushCertificateDetail {
        topic: certificate.topic().to_owned(),
        not_after: rfc3339(Timestamp(not_after)),
        days_left: days_left(not_after, now),
        set_at: rfc3339(stored.set_at),
    }
}

/// Whole days until then; negative once it is past.
pub(super) fn days_left(not_after_ms: u64, now: Timestamp) -> i64 {
    let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    (signed(not_after_ms) - signed(now.0)).div_euclid(DAY_MS)
}
