//! Hosts as administrators see them: status, counts, what is installed, refresh, removal.
//!
//! Knows nothing of HTTP. Invariants: every counted host has exactly one status; showing a host
//! changes nothing.

mod access;
mod change;
mod duplicate;
mod judgement;
mod listing;
mod resend;
mod summary;
mod view;
mod walk;
mod words;

use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::StoreError;

pub use listing::HostsQuery;
pub use resend::NotSent;

/// Why a host could not be shown or changed.
#[derive(Debug, thiserror::Error)]
pub enum HostError {
    /// No host has this id or serial number.
    #[error("no host {0} is known; `host list` shows those that are")]
    NotFound(String),
    /// Several hosts have this serial number.
    #[error("{count} hosts have the serial number {serial}; name one by its id")]
    Ambiguous {
        /// The serial number.
        serial: String,
        /// How many hosts have it.
        count: usize,
    },
    /// The host checked out, so it cannot be refreshed.
    #[error("host {0} has checked out; it has to enroll again first")]
    CheckedOut(String),
    /// The host was changed by somebody else each time it was tried.
    #[error("host {0} changes all the time; try again")]
    Busy(String),
    /// Another certificate is held than the one that is meant.
    #[error(
        "the certificate that is held for host {0} has another fingerprint; look at it again \
         (host show) and name it by its first 16 digits or more"
    )]
    OtherHeld(String),
    /// No certificate is held for the host.
    #[error("no certificate is held for host {0}; there is nothing to accept")]
    NothingHeld(String),
    /// The certificate that is held belongs to another host by now.
    #[error("the certificate held for host {0} enrolled another host meanwhile")]
    HeldElsewhere(String),
    /// Nothing says that two devices use the host's identity.
    #[error("nothing says that two devices speak for host {0}; there is nothing to settle")]
    OneDevice(String),
    /// No profile has this identifier.
    #[error("no profile {0} is known; `profile list` shows those that are")]
    NoProfile(PayloadIdentifier),
    /// The profile is not for the host.
    #[error("{identifier} is not sent to host {host}: {reason}")]
    NotSent {
        /// The profile.
        identifier: PayloadIdentifier,
        /// The host.
        host: String,
        /// Why.
        reason: NotSent,
    },
    /// The store failed.
    #[error("the store failed")]
    Store(#[from] StoreError),
}
