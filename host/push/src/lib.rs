//! Wakes devices through the Apple Push Notification service (APNs).
//!
//! A push carries nothing but the device's magic: it makes the device connect, and what there is to
//! do is decided then. [`PushCertificate`] is who we are to Apple, [`Apns`] the connection, and
//! [`Pacer`] decides who is pushed when. The crate must not know what enrollments, profiles or
//! commands are, and stores nothing. Invariants: an answer never disables a device by itself, since
//! only its owner knows whether a 410 is newer than the device's token; and nothing here shows a
//! key, a token or a magic in an error, a log or a `Debug` text.

mod certificate;
mod client;
mod outcome;
mod pace;

pub use certificate::{CERTIFICATE_PEM_BYTES_MAX, CertificateError, PushCertificate};
pub use client::{APNS_URL, Apns, ApnsError, ApnsLimits, ApnsOptions, Target, TargetError};
pub use outcome::{Cause, EXPIRY_S, PushOutcome, REASON_CHARS_MAX, RETRY_AFTER_MAX};
pub use pace::{
    Alarm, COALESCE_MS, Errand, Health, LaneId, Meeting, Pacer, PacerOptions, PushKey, REPEATS_MS,
    Round, Sight, TokenBucket, WINDOW_MAX, Wave,
};
