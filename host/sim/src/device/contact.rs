//! How a contact goes on and how it ends.
//!
//! Knows nothing of what was said. Invariant: a channel's contact ends in exactly one way.

use crate::message::{Request, Status};

/// What a device does after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It sends this and waits for the answer.
    Send(Request),
    /// The contact is over.
    Over(Ending),
}

/// How a contact of one channel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// There was none: the device is away, or the channel is not there yet.
    Silent,
    /// The server had nothing more, after a report with this status.
    Empty(Status),
    /// The server answered with this status, which is neither 200 nor a dismissal.
    Refused(u16),
    /// The server dismissed the device (401, or 403 unrecognized), or removed its enrollment profile.
    Unenrolled,
    /// The reply was no command.
    Undecodable,
    /// A command was carried out, but its report never left.
    Dropped,
    /// The connection broke.
    Lost,
    /// [`crate::EXCHANGES_MAX`] was reached.
    TooLong,
}

impl Ending {
    /// Whether the server had nothing to say to an Idle.
    pub fn is_idle(self) -> bool {
        self == Self::Empty(Status::Idle)
    }
}

/// How one contact went on both channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contact {
    /// The device channel.
    pub device: Ending,
    /// The user channel; [`Ending::Silent`] where there is none.
    pub user: Ending,
}
