//! What a run counted, for people and for tests.
//!
//! Knows nothing of how a run goes. Invariant: every map is ordered, so that equal runs give equal
//! JSON but for `elapsed_ms`.

use std::collections::BTreeMap;

use serde::Serialize;

/// What one device did since it was made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Contacts begun, each channel on its own.
    pub contacts: u64,
    /// Commands received, duplicates included, by request type.
    pub commands: BTreeMap<String, u64>,
    /// Reports made, by status.
    pub reports: BTreeMap<String, u64>,
    /// Changes that came again under a command uuid already carried out.
    pub duplicates: u64,
    /// Exchanges that failed: no connection, a status other than 200, a reply that is no command.
    pub errors: u64,
    /// Identities that were renewed.
    pub renewals: u64,
    /// Bootstrap tokens read back that were not the one handed over, or were not there.
    pub bootstrap_mismatches: u64,
}

impl Tally {
    /// Adds another's counts.
    pub fn add(&mut self, other: &Self) {
        self.contacts += other.contacts;
        self.duplicates += other.duplicates;
        self.errors += other.errors;
        self.renewals += other.renewals;
        self.bootstrap_mismatches += other.bootstrap_mismatches;
        for (request_type, count) in &other.commands {
            *self.commands.entry(request_type.clone()).or_default() += count;
        }
        for (status, count) in &other.reports {
            *self.reports.entry(status.clone()).or_default() += count;
        }
    }
}

/// How a run stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Devices of the fleet.
    pub hosts: u32,
    /// Devices whose device channel is enrolled.
    pub enrolled: u32,
    /// Devices whose last two contacts on each channel got nothing right at the Idle.
    pub idle: u32,
    /// Counts of the whole run.
    pub tally: Tally,
    /// What the first of the errors was.
    pub first_error: Option<String>,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// Every device was idle (`exit_when_idle`), or dismissed by the server.
    Idle,
    /// The caller asked for it.
    Stopped,
    /// Every device made as many polls as it may (`polls_max`).
    PollsMax,
    /// Time was up (`time_max`).
    TimeMax,
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Devices of the fleet.
    pub hosts: u32,
    /// Devices whose device channel is enrolled at the end.
    pub enrolled: u32,
    /// Devices that left because the server dismissed them; never meant to happen by itself.
    pub unenrolled: u32,
    /// Contacts begun, each channel on its own.
    pub contacts: u64,
    /// Commands received, by request type.
    pub commands: BTreeMap<String, u64>,
    /// Reports made, by status; a profile that a device refused is an `Error` here.
    pub reports: BTreeMap<String, u64>,
    /// The `NotNow` among them.
    pub not_now: u64,
    /// Changes that came again under a command uuid already carried out.
    pub duplicates: u64,
    /// Exchanges that failed: no connection, a status other than 200, a reply that is no command.
    pub errors: u64,
    /// What the first of them was, for people.
    pub first_error: Option<String>,
    /// Identities that were renewed; absent from the JSON if there were none, as the next.
    #[serde(skip_serializing_if = "is_none")]
    pub renewals: u64,
    /// Bootstrap tokens read back that were not the one handed over.
    #[serde(skip_serializing_if = "is_none")]
    pub bootstrap_mismatches: u64,
    /// By identifier and payload uuid, how many devices hold a profile that the server installed,
    /// or installed over; a device counts once even if both its channels hold it. The enrollment
    /// profile and the one installed by hand, which every device has, are not the server's.
    pub profiles: BTreeMap<String, BTreeMap<String, u64>>,
    /// The seed of the fleet; the state file's, where there is one.
    pub seed: u64,
    /// Why the run ended.
    pub ended: Ended,
    /// How long it took, in milliseconds.
    pub elapsed_ms: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde passes a reference"
)]
fn is_none(count: &u64) -> bool {
    *count == 0
}
