//! A device's report on a command, and its request for the next one (the "connect" message).
//!
//! Knows nothing of which commands were sent. Invariant: a list of profiles is `Ok` only if every
//! entry was read; a cut or damaged one is [`IncompleteList`], never a shorter list.
//!
//! See <https://developer.apple.com/documentation/devicemanagement/commands-and-queries>.

use crate::device::{Attributes, ListedProfile};
use crate::error_chain::ErrorEntry;
use crate::ids::{CommandUuid, EnrollmentId};

/// What the device came with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connect {
    /// The channel that speaks.
    pub enrollment: EnrollmentId,
    /// What it says.
    pub report: Report,
}

/// What a device says when it connects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// `Idle`: it asks for work.
    Idle,
    /// It reports on a command.
    Result {
        /// The command.
        uuid: CommandUuid,
        /// The outcome.
        outcome: Outcome,
    },
}

/// How a command ended on the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// `Acknowledged`, with what the command asked for.
    Acknowledged(Answer),
    /// `Error`.
    Error(Vec<ErrorEntry>),
    /// `CommandFormatError`.
    CommandFormatError(Vec<ErrorEntry>),
    /// `NotNow`: the device does not keep the command.
    NotNow,
}

/// What an acknowledgement carries beside its status.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// `ProfileList`, if the answer has one.
    pub profiles: Option<Result<Vec<ListedProfile>, IncompleteList>>,
    /// `QueryResponses` of `DeviceInformation`, if the answer has them.
    pub attributes: Option<Attributes>,
}

/// Why a list of profiles says nothing about what is absent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("entry {entry} of the ProfileList {reason}")]
pub struct IncompleteList {
    /// The entry, counted from 0.
    pub entry: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}
