//! Why a push that was asked for did not leave, or was not taken.
//!
//! Invariant: no token, magic or key in a text.

use mooring_mdm::ids::EnrollmentId;
use mooring_push::{ApnsError, Cause, CertificateError, TargetError};
use mooring_store::StoreError;

/// Why there is no client for a topic.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The stored certificate cannot be used.
    #[error("the push certificate cannot be used")]
    Certificate(#[from] CertificateError),
    /// The push service cannot be addressed.
    #[error("the push service cannot be addressed")]
    Apns(#[from] ApnsError),
}

/// Why a push that was asked for did not leave, or was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PushNowError {
    /// Nobody of that name is enrolled, or it gave no token yet.
    #[error("{0} is not enrolled here, or has told no push token yet")]
    NotEnrolled(EnrollmentId),
    /// Apple said that its token is no longer valid.
    #[error("the push token of {0} is no longer valid, says Apple; its next TokenUpdate ends that")]
    Disabled(EnrollmentId),
    /// An administrator stopped all sending.
    #[error("an administrator stopped all sending; `mooring resume` lets it go on")]
    Paused,
    /// There is no certificate for its topic.
    #[error("no push certificate is set for the topic {0}")]
    NoCertificate(String),
    /// There is no client for its topic.
    #[error("no push can leave")]
    Client(#[from] ClientError),
    /// The device gave no usable token or magic.
    #[error("the device cannot be pushed")]
    Target(#[from] TargetError),
    /// APNs said that the token is no longer valid.
    #[error("the push token is no longer valid (410 Unregistered)")]
    Unregistered,
    /// APNs refused it.
    #[error("the push service refused the push: {status} {reason}")]
    Rejected {
        /// The HTTP status.
        status: u16,
        /// Apple's word.
        reason: String,
    },
    /// Too many pushes to this device.
    #[error("the push service takes no more pushes to this device for now (429)")]
    Throttled,
    /// APNs gave no answer about it.
    #[error("the push was not sent")]
    Unavailable(#[source] Cause),
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
    /// The server is stopping.
    #[error("the server is stopping")]
    Stopping,
}
