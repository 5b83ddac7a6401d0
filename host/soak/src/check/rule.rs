//! The rules that a server must keep, each under its own name and in words.
//!
//! Knows nothing of how they are checked. Invariant: one rule says one thing, so that its name
//! alone tells where to look.

use std::fmt;

/// What was broken. The letters are those of the invariants that the project states: S for what
/// must never happen, L for what must happen in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// S1: installed what is not desired there.
    InstalledUnwanted,
    /// S1: installed other content than the latest.
    InstalledOldContent,
    /// S1: installed what the host is known to have.
    InstalledTwice,
    /// S1: removed what the host is known not to have.
    RemovedNothing,
    /// S1: changed a host of which no complete list of this enrollment is known.
    ChangedBeforeList,
    /// S1: changed a host although something happened that only a fresh list can tell.
    ChangedBeforeFreshList,
    /// S1: changed a host that may or may not be meant: the label is unknown.
    ChangedWhileUnknown,
    /// S1: sent something while an administrator had stopped all sending.
    SentWhilePaused,
    /// S1: changed a host for which two devices speak in turn.
    ChangedDuplicate,
    /// S1: gave work to a channel that is not enrolled, or in answer to a check-in.
    SentToUnenrolled,
    /// S1: asked for a list that nothing called for.
    ListedWithoutReason,
    /// S1: asked for attributes that nothing called for.
    AskedWithoutReason,
    /// S3: removed what this server never assigned.
    RemovedForeign,
    /// S3: removed a copy that this server neither installed nor made.
    RemovedUnmanaged,
    /// S3: removed what is desired there.
    RemovedWanted,
    /// S4: handed out a command while another one was open.
    TwoInFlight,
    /// S4: gave a name to two commands, or handed a closed one out again.
    NameReused,
    /// S6: a report that is a duplicate, late, or of an unknown command brought new work.
    StirredByDuplicate,
    /// S6: a good message of an enrolled device was not answered with 200.
    RefusedDevice,
    /// Answered with a status that makes a device leave, or that means nothing to it.
    HarmfulStatus,
    /// Handed out work in a contact that the device had ended with `NotNow`.
    WorkAfterNotNow,
    /// Tried the same content again although it cannot succeed, or too often.
    TriedTooOften,
    /// Tried again, or asked again, before the wait was over.
    TriedTooEarly,
    /// More commands in one contact than there is work.
    EndlessContact,
    /// L1: a host that comes does not get what is desired.
    NeverReached,
    /// L1: a host that comes keeps what is not desired and is ours to remove.
    NeverRemoved,
    /// L2: a change, or a list that is not due, after everything was settled.
    NotSilent,
    /// The server's word about a profile is not what is true.
    StatusLies,
    /// The server's index of all hosts does not say what its store says.
    IndexLies,
}

impl Rule {
    /// Its name, in one word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InstalledUnwanted => "installed-unwanted",
            Self::InstalledOldContent => "installed-old-content",
            Self::InstalledTwice => "installed-twice",
            Self::RemovedNothing => "removed-nothing",
            Self::ChangedBeforeList => "changed-before-list",
            Self::ChangedBeforeFreshList => "changed-before-fresh-list",
            Self::ChangedWhileUnknown => "changed-while-unknown",
            Self::SentWhilePaused => "sent-while-paused",
            Self::ChangedDuplicate => "changed-duplicate",
            Self::SentToUnenrolled => "sent-to-unenrolled",
            Self::ListedWithoutReason => "listed-without-reason",
            Self::AskedWithoutReason => "asked-without-reason",
            Self::RemovedForeign => "removed-foreign",
            Self::RemovedUnmanaged => "removed-unmanaged",
            Self::RemovedWanted => "removed-wanted",
            Self::TwoInFlight => "two-in-flight",
            Self::NameReused => "name-reused",
            Self::StirredByDuplicate => "stirred-by-duplicate",
            Self::RefusedDevice => "refused-device",
            Self::HarmfulStatus => "harmful-status",
            Self::WorkAfterNotNow => "work-after-not-now",
            Self::TriedTooOften => "tried-too-often",
            Self::TriedTooEarly => "tried-too-early",
            Self::EndlessContact => "endless-contact",
            Self::NeverReached => "never-reached",
            Self::NeverRemoved => "never-removed",
            Self::NotSilent => "not-silent",
            Self::StatusLies => "status-lies",
            Self::IndexLies => "index-lies",
        }
    }

    /// Whether it says that a command was spurious: an installation or a removal that the naive
    /// model would not have sent.
    pub fn is_spurious(self) -> bool {
        match self {
            Self::InstalledUnwanted
            | Self::InstalledOldContent
            | Self::InstalledTwice
            | Self::RemovedNothing
            | Self::ChangedBeforeList
            | Self::ChangedBeforeFreshList
            | Self::ChangedWhileUnknown
            | Self::ChangedDuplicate
            | Self::RemovedForeign
            | Self::RemovedUnmanaged
            | Self::RemovedWanted
            | Self::TriedTooOften
            | Self::TriedTooEarly => true,
            Self::SentWhilePaused
            | Self::SentToUnenrolled
            | Self::ListedWithoutReason
            | Self::AskedWithoutReason
            | Self::TwoInFlight
            | Self::NameReused
            | Self::StirredByDuplicate
            | Self::RefusedDevice
            | Self::HarmfulStatus
            | Self::WorkAfterNotNow
            | Self::EndlessContact
            | Self::NeverReached
            | Self::NeverRemoved
            | Self::NotSilent
            | Self::StatusLies
            | Self::IndexLies => false,
        }
    }

    /// Whether it says that a command was lost: one that never came although it was called for.
    pub fn is_lost(self) -> bool {
        matches!(self, Self::NeverReached | Self::NeverRemoved)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
