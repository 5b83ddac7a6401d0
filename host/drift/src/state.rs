//! What the server knows of one enrollment: the state that every decision is a function of.
//!
//! Knows nothing of how it is stored or shown. Invariants: at most one command is in flight;
//! sequence numbers only grow, across epochs too; order between events is told by sequence
//! numbers, never by time.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::device::ListedProfile;
use mooring_mdm::error_chain::ErrorEntry;
use mooring_mdm::ids::{CommandUuid, PayloadIdentifier, PayloadUuid};
use mooring_mdm::os::OsVersion;
use serde::{Deserialize, Serialize};

use crate::command::Command;
use crate::desired::Revision;
pub use crate::hardware::{Hardware, SERIALS_MAX};
use crate::policy::Timestamp;
use crate::set::ProfileSet;

/// Closed-as-lost changes that are remembered, so that a late report is told from a duplicate.
pub const LOST_MAX: usize = 8;

/// How far an enrollment has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Authenticate was seen, no `TokenUpdate` yet: no command may be sent.
    #[default]
    Authenticated,
    /// Managed.
    Enrolled,
    /// `CheckOut` was seen, or the host authenticated anew and this user channel has not.
    CheckedOut,
}

/// The last complete list of this epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Identifiers of ours and the uuids shown.
    pub set: ProfileSet,
    /// Everything else that was shown; at most [`UNMANAGED_MAX`] entries.
    pub unmanaged: Vec<ListedProfile>,
    /// The sequence number of the `ProfileList` it answers.
    pub sequence: u32,
    /// When it arrived.
    pub at: Timestamp,
}

/// Profiles of others that are remembered per enrollment; Macs have a handful.
pub const UNMANAGED_MAX: usize = 256;

/// The command that the device has, or had when last heard of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InFlight {
    /// Its sequence number.
    pub sequence: u32,
    /// The command.
    pub command: Command,
    /// When it was handed out.
    pub at: Timestamp,
    /// The command whose report it was the reply to; that report, repeated, gets it again.
    pub in_reply_to: Option<u32>,
    /// The same if somebody else made and named that command.
    pub in_reply_to_raw: Option<CommandUuid>,
}

/// A change whose outcome nobody knows: the device came back without a word about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its sequence number.
    pub sequence: u32,
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// What it was meant to reach.
    pub target: Target,
}

/// A change that the device acknowledged and no list has judged yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unproven {
    /// An installation of this revision.
    Installed(Revision),
    /// A removal.
    Removed,
}

/// What an attempt was meant to reach for one identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// This revision installed. The version counts too: content that is pushed again is new work.
    Present(Revision),
    /// Nothing installed.
    Absent,
}

/// Why a change did not come about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FailureReason {
    /// The device reported an error.
    Error {
        /// Its error chain, outermost first.
        chain: Vec<ErrorEntry>,
    },
    /// The device could not read the command.
    CommandFormatError {
        /// Its error chain, often empty.
        chain: Vec<ErrorEntry>,
    },
    /// The device acknowledged, but the list requested afterwards does not show the outcome.
    NotProven,
    /// The outcome was lost too often in a row.
    Lost,
    /// The device refuses to remove the profile, since this server does not manage it.
    NotManaged {
        /// Its error chain, outermost first.
        chain: Vec<ErrorEntry>,
    },
    /// The profile is for a user, and this kind of device has no user channel.
    NoUserChannel,
    /// The device's list of profiles cannot be taken as complete.
    IncompleteList {
        /// What is wrong with it.
        detail: String,
    },
}

/// What happened so far for one target on one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempts {
    /// What they were meant to reach. Other content starts anew.
    pub target: Target,
    /// Failed attempts.
    pub failed: u8,
    /// Lost outcomes in a row.
    pub lost: u8,
    /// The last failure, if any attempt failed.
    pub reason: Option<FailureReason>,
    /// When the next attempt is allowed.
    pub next: NextAttempt,
    /// The host's OS build at the last failure; another build allows a new attempt.
    pub build_version: Option<String>,
}

/// When a target may be attempted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextAttempt {
    /// At the next contact.
    Now,
    /// Not before this moment.
    At(Timestamp),
    /// Not until content, OS build or a person changes it.
    Parked,
}

/// The device's refusals to work right now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotNow {
    /// Whether this contact is over for profile work; the next Idle opens another.
    pub is_contact_over: bool,
    /// How many in a row.
    pub tally: u8,
    /// When to push, in case the device does not come back by itself.
    pub push_at: Timestamp,
}

/// Something asked for periodically: when it was answered, and when a failure allows a new try.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Periodic {
    /// When the last answer of this epoch came.
    pub answered_at: Option<Timestamp>,
    /// Failures in a row.
    pub failed: u8,
    /// After a failure: not before this moment.
    pub retry_at: Option<Timestamp>,
}

/// The sync state of one enrollment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncState {
    /// Counts Authenticates, from any number; every command belongs to one epoch.
    pub epoch: u32,
    /// How far the enrollment has come.
    pub phase: Phase,
    /// The sequence number of the last command handed out, 0 before the first.
    pub sequence: u32,
    /// The last complete list of this epoch. `None` is unknown, never empty.
    pub observed: Option<Observed>,
    /// What the device took from us in this epoch: acknowledged, or lost on the way and then shown
    /// by a list. It is forgotten when a list shows it gone.
    pub delivered: ProfileSet,
    /// Acknowledged changes that no list has judged.
    pub unproven: BTreeMap<PayloadIdentifier, Unproven>,
    /// The command in flight.
    pub in_flight: Option<InFlight>,
    /// Changes closed as lost, oldest first; at most [`LOST_MAX`].
    pub lost: Vec<Lost>,
    /// The highest sequence number closed as lost: a list requested later decides.
    pub last_lost: u32,
    /// A list was asked for when `sequence` had this value: one with a higher number answers.
    pub list_asked: Option<u32>,
    /// Failures of the list itself.
    pub list: Periodic,
    /// The state of the attributes; device channel only. Without an answer they are asked for.
    pub attributes: Periodic,
    /// The state of the renewal of the device's identity; device channel only.
    pub renewal: Periodic,
    /// Set while the device's last word on profile work was NotNow.
    pub not_now: Option<NotNow>,
    /// Attempts that have not succeeded.
    pub attempts: BTreeMap<PayloadIdentifier, Attempts>,
    /// The server's era in which it was last dealt with; in a later one it is observed anew.
    pub era: u32,
    /// How this epoch began.
    pub begun: Begun,
    /// Profiles that a person wants installed once more although they may be there.
    pub resend: BTreeSet<PayloadIdentifier>,
    /// The system on which a profile was installed that has keys which came later.
    pub installed_on: BTreeMap<PayloadIdentifier, OsVersion>,
    /// How often in a row a profile that was proven vanished from the host without our doing.
    pub contested: BTreeMap<PayloadIdentifier, u8>,
    /// Which device speaks for the host; device channel only. It outlives epochs.
    pub hardware: Hardware,
}

/// How an epoch began, as far as messages tell.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Begun {
    /// The host enrolled for the first time.
    #[default]
    Enrolled,
    /// It authenticated anew.
    Reenrolled,
    /// It authenticated anew and is being set up: it was erased.
    Wiped,
    /// It has another push magic or token without having authenticated, as after a restore of the
    /// device from a backup.
    Restored,
    /// This server lost track of it and observes it anew.
    Observed,
}

/// Times that a proven profile has to vanish before it counts as contested: once is an accident,
/// twice a mistake.
pub const CONTESTED_MIN: u8 = 3;

/// The low bits of an era are random, so that two which begin at the same old copy of a store are
/// not the same. Those above count the eras.
pub const ERA_RANDOM_BITS: u32 = 20;

impl SyncState {
    /// The state before anything was heard.
    pub fn new() -> Self {
        Self {
            epoch: 0,
            phase: Phase::Authenticated,
            sequence: 0,
            observed: None,
            delivered: ProfileSet::empty(),
            unproven: BTreeMap::new(),
            in_flight: None,
            lost: Vec::new(),
            last_lost: 0,
            list_asked: None,
            list: Periodic::default(),
            attributes: Periodic::default(),
            renewal: Periodic::default(),
            not_now: None,
            attempts: BTreeMap::new(),
            era: 0,
            begun: Begun::default(),
            resend: BTreeSet::new(),
            installed_on: BTreeMap::new(),
            contested: BTreeMap::new(),
            hardware: Hardware::default(),
        }
    }

    /// The state at the start of the next epoch: nothing is known, nothing of the old epoch can
    /// be sent or judged any more. The sequence goes on, so that no uuid can come twice.
    #[must_use]
    pub fn next_epoch(&self, phase: Phase) -> Self {
        let mut state = Self::new();
        state.epoch = self.epoch.wrapping_add(1);
        state.sequence = self.sequence;
        state.phase = phase;
        state.era = self.era;
        state.hardware = self.hardware.clone();
        state
    }

    /// The state in which a host is observed anew, since the server lost track of it: nothing that
    /// was seen counts any more, and what is in flight, if anything is, is forgotten. What failed
    /// stays known.
    #[must_use]
    pub fn observed_anew(&self) -> Self {
        Self {
            epoch: self.epoch,
            delivered: self.delivered_or_open(),
            attempts: self.attempts.clone(),
            resend: self.resend.clone(),
            installed_on: self.installed_on.clone(),
            contested: self.contested.clone(),
            begun: Begun::Observed,
            ..self.next_epoch(self.phase)
        }
    }

    /// What was delivered, and what may have been: the first list shows whether the very copy is
    /// there.
    fn delivered_or_open(&self) -> ProfileSet {
        let open = self.in_flight.as_ref().map(|open| &open.command);
        match open {
            Some(Command::InstallProfile {
                identifier,
                revision,
            }) => self.delivered.with(identifier, &revision.uuid),
            Some(
                Command::ProfileList
                | Command::DeviceInformation
                | Command::RemoveProfile { .. }
                | Command::RenewIdentity { .. }
                | Command::Raw { .. },
            )
            | None => self.delivered.clone(),
        }
    }

    /// The state in the server's era `era`: observed anew if it was last dealt with in another.
    /// The sequence goes on, since an era has names of its own.
    #[must_use]
    pub fn in_era(self, era: u32) -> Self {
        if self.era == era {
            return self;
        }
        let mut anew = self.observed_anew();
        anew.era = era;
        anew
    }

    /// The uuid that the host holds under `identifier` to the best of our knowledge: the last
    /// list, corrected by what was acknowledged since.
    pub fn uuid_of(&self, identifier: &PayloadIdentifier) -> Option<&PayloadUuid> {
        match self.unproven.get(identifier) {
            Some(Unproven::Installed(revision)) => Some(&revision.uuid),
            Some(Unproven::Removed) => None,
            None => self.listed_uuid(identifier),
        }
    }

    /// The uuid that the last complete list showed under `identifier`.
    pub fn listed_uuid(&self, identifier: &PayloadIdentifier) -> Option<&PayloadUuid> {
        let observed = self.observed.as_ref()?;
        observed.set.uuid_of(identifier).or_else(|| {
            // The identifier may have become ours after the list was taken.
            let other = observed
                .unmanaged
                .iter()
                .find(|p| p.identifier == *identifier);
            other.map(|profile| &profile.uuid)
        })
    }

    /// The attempts towards `target`, if there were any; those towards another target are void.
    pub fn attempts_for(
        &self,
        identifier: &PayloadIdentifier,
        target: &Target,
    ) -> Option<&Attempts> {
        self.attempts
            .get(identifier)
            .filter(|attempts| attempts.target == *target)
    }
}

impl Default for SyncState {
    fn default() -> Self {
        Self::new()
    }
}
