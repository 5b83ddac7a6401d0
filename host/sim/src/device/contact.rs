//! How a contact goes on and how it ends.
//!
//! Knows nothing of what was said. Invariant: a channel's contact ends in exactly one way.

use super::Device;
use crate::credential::Credential;
use crate::enrollment_profile::EnrollmentProfile;
use crate::message::{Channel, Reply, Request, Status};
use crate::scep::ScepFailure;

/// What a device does after an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// It sends this and waits for the answer.
    Send(Request),
    /// It was sent its enrollment profile anew: obtain an identity by the profile's SCEP payload
    /// and go on with [`Device::renewed`].
    Renew(Box<EnrollmentProfile>),
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
    /// The server does not manage this user (410 to `UserAuthenticate`).
    Declined,
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

impl Device {
    /// Makes one contact: device channel, then user channel. `exchange` carries a request to the
    /// server and its reply back ([`Reply::lost`] where there is none). A renewal of the identity
    /// fails: see [`Device::contact_renewing`].
    pub fn contact(&mut self, exchange: impl FnMut(Channel, Request) -> Reply) -> Contact {
        self.contact_renewing(exchange, |_, _| {
            let text = "this device has no way to it".to_owned();
            Err(ScepFailure::Unreachable { text })
        })
    }

    /// Makes one contact as [`Device::contact`] does. `renew` obtains a new identity by the SCEP
    /// payload of a profile; it is given the present one.
    pub fn contact_renewing(
        &mut self,
        mut exchange: impl FnMut(Channel, Request) -> Reply,
        mut renew: impl FnMut(
            &EnrollmentProfile,
            Option<&Credential>,
        ) -> Result<Credential, ScepFailure>,
    ) -> Contact {
        let mut one = |channel| {
            let Some(request) = self.begin(channel) else {
                return Ending::Silent;
            };
            let mut next = Next::Send(request);
            loop {
                next = match next {
                    Next::Send(request) => self.answer(channel, &exchange(channel, request)),
                    Next::Renew(profile) => {
                        let outcome = renew(&profile, self.credential());
                        self.renewed(outcome)
                    }
                    Next::Over(ending) => return ending,
                };
            }
        };
        Contact {
            device: one(Channel::Device),
            user: one(Channel::User),
        }
    }
}
