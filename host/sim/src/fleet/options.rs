//! What makes a fleet and its run.
//!
//! Knows nothing of how a run goes.

use std::fmt;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use super::{FAR_AWAY, IDLE_RUN_MAX};
use crate::apns::ApnsHandle;
use crate::device::Habits;
use crate::faults::Behaviour;

/// How devices show who they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DeviceAuth {
    /// Not at all.
    #[default]
    None,
    /// By `Mdm-Signature`, over connections that all devices share.
    Signature,
    /// By their certificate in the TLS handshake, each over connections of its own; also by
    /// `Mdm-Signature` where the enrollment profile asks for it.
    Mtls,
}

/// An enrollment profile on its way, or why there is none, for people.
pub type ProfileFuture = Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send>>;

/// Where a device gets its enrollment profile.
#[derive(Clone)]
pub enum EnrollmentSource {
    /// Every device downloads it here; for a server with a static challenge.
    Url(String),
    /// Asked for each device, with its serial number and its UDID.
    Each(Arc<dyn Fn(String, String) -> ProfileFuture + Send + Sync>),
}

impl fmt::Debug for EnrollmentSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A URL may hold a one-time token.
        match self {
            Self::Url(_) => f.write_str("Url"),
            Self::Each(_) => f.write_str("Each"),
        }
    }
}

/// What makes a fleet and its run.
#[derive(Debug, Clone)]
pub struct FleetOptions {
    /// `http://HOST:PORT` or `https://HOST:PORT`, with a path if it is not `/mdm`. A device that has
    /// an enrollment profile goes to the addresses in there.
    pub device_url: String,
    /// Devices; a state file with more brings all of its own.
    pub hosts: u32,
    /// Makes the devices who they are; a state file's own seed goes before it.
    pub seed: u64,
    /// Time from the end of one contact to the next, in milliseconds, a quarter more or less.
    pub poll_ms: u64,
    /// Time over which the first contacts are spread, in milliseconds; `poll_ms` if absent.
    pub first_ms: Option<u64>,
    /// Wakes devices: a channel that is pushed makes contact at once, and a device that could not do
    /// what it was told comes back by itself soon. Without it devices poll every `poll_ms` and no
    /// more; with it they do that too.
    pub wake: Option<ApnsHandle>,
    /// Ends the run once every device's last two contacts, on each channel, got an empty reply
    /// right at the Idle.
    pub exit_when_idle: bool,
    /// Contacts at the same time.
    pub concurrency: usize,
    /// Who misbehaves and how; holds for this run, a state file keeps none of it.
    pub behaviours: Vec<Behaviour>,
    /// What all devices do that not every device does.
    pub habits: Habits,
    /// Where the fleet is kept from run to run, with the devices' private keys.
    pub state: Option<PathBuf>,
    /// Whether devices have a managed user.
    pub user_channel: bool,
    /// Polls that each device makes at most.
    pub polls_max: Option<u64>,
    /// How long the run takes at most; [`IDLE_RUN_MAX`] if it waits for idleness and no bound is
    /// given.
    pub time_max: Option<Duration>,
    /// How devices show who they are; all but `None` needs `enrollment`.
    pub auth: DeviceAuth,
    /// Certificates (PEM) of the authorities that the server's own certificate may come from;
    /// without them there is no TLS.
    pub ca_pem: Option<Vec<u8>>,
    /// Where devices get their enrollment profile, and by it their identity. Without it they
    /// enroll with a profile of their own and have none.
    pub enrollment: Option<EnrollmentSource>,
}

impl FleetOptions {
    /// The usual fleet of that size: seed 1, a poll every 500 ms, 64 contacts at once, no faults,
    /// no identities.
    pub fn new(device_url: impl Into<String>, hosts: u32) -> Self {
        Self {
            device_url: device_url.into(),
            hosts,
            seed: 1,
            poll_ms: 500,
            first_ms: None,
            wake: None,
            exit_when_idle: false,
            concurrency: 64,
            behaviours: Vec::new(),
            habits: Habits::default(),
            state: None,
            user_channel: true,
            polls_max: None,
            time_max: None,
            auth: DeviceAuth::None,
            ca_pem: None,
            enrollment: None,
        }
    }

    pub(super) fn time_max(&self) -> Duration {
        let is_bounded = self.polls_max.is_some() || !self.exit_when_idle;
        self.time_max
            .unwrap_or(if is_bounded { FAR_AWAY } else { IDLE_RUN_MAX })
    }
}
