//! The conversation of one channel: what a device says first, and how it takes an answer.
//!
//! Knows nothing of what commands do. Invariant: `talk` names the one request that is open.

use std::mem;

use plist::{Dictionary, Value};

use super::{Device, EXCHANGES_MAX, Ending, Next};
use crate::message::{self, Channel, CheckIn, Reply, Request, Status};
use crate::profile::read_plist;
use crate::random::SplitMix64;
use crate::side::{Progress, Talk};

/// A network user whom the server does not manage.
const GONE: u16 = 410;
/// Half of a digest, in octets.
const RESPONSE_BYTES: usize = 16;

impl Device {
    /// The first message of a contact, or nothing if the channel stays silent this time. Call it
    /// for the device channel first: that is also what counts as a poll of the whole device.
    pub fn begin(&mut self, channel: Channel) -> Option<Request> {
        if channel == Channel::Device {
            self.is_away = self.skips_this_poll();
        }
        if self.is_unenrolled || self.is_away || self.is_device_channel_quiet(channel) {
            return None;
        }
        if channel == Channel::User && self.sides.device.progress != Progress::Enrolled {
            return None;
        }
        let side = self.sides.get_mut(channel)?;
        if side.is_declined {
            return None;
        }
        side.exchanges = 0;
        side.is_locked = side.locked_contacts > 0;
        side.locked_contacts = side.locked_contacts.saturating_sub(1);
        let progress = side.progress;
        self.tally.contacts += 1;
        self.come_due(channel);
        Some(match (progress, channel) {
            (Progress::New, Channel::Device) => self.check_in(channel, CheckIn::Authenticate),
            (Progress::New, Channel::User) if self.habits.user_authenticates => {
                let digest_response = None;
                self.check_in(channel, CheckIn::UserAuthenticate { digest_response })
            }
            (Progress::New, Channel::User) | (Progress::Authenticated, _) => {
                self.check_in(channel, CheckIn::TokenUpdate)
            }
            (Progress::Enrolled, _) => self.open(channel),
        })
    }

    /// Takes the reply to the last message of a channel.
    pub fn answer(&mut self, channel: Channel, reply: &Reply) -> Next {
        let Some(side) = self.sides.get_mut(channel) else {
            return Next::Over(Ending::Silent);
        };
        let talk = mem::replace(&mut side.talk, Talk::Quiet);
        side.exchanges += 1;
        if side.exchanges > EXCHANGES_MAX {
            return self.fail(Ending::TooLong);
        }
        if reply.unenrolls() {
            return self.dismissed();
        }
        if reply.status == GONE && matches!(talk, Talk::UserAuthenticate { .. }) {
            side.is_declined = true;
            return Next::Over(Ending::Declined);
        }
        match reply.status {
            200 => self.go_on(channel, talk, &reply.body),
            0 => self.fail(Ending::Lost),
            status => self.fail(Ending::Refused(status)),
        }
    }

    fn go_on(&mut self, channel: Channel, talk: Talk, body: &[u8]) -> Next {
        match talk {
            Talk::Quiet => Next::Over(Ending::Silent),
            Talk::Authenticate => {
                self.advance(channel, Progress::Authenticated);
                Next::Send(self.check_in(channel, CheckIn::TokenUpdate))
            }
            Talk::UserAuthenticate { is_second } => {
                Next::Send(self.after_user_authenticate(channel, is_second, body))
            }
            Talk::TokenUpdate => {
                self.advance(channel, Progress::Enrolled);
                self.expect_bootstrap_token(channel);
                Next::Send(self.open(channel))
            }
            Talk::SetBootstrapToken => {
                self.note_escrow();
                Next::Send(self.open(channel))
            }
            Talk::GetBootstrapToken => {
                self.compare_bootstrap_token(body);
                Next::Send(self.open(channel))
            }
            Talk::Report {
                status,
                again: Some(request),
            } => {
                let again = None;
                self.say(channel, Talk::Report { status, again });
                Next::Send(request)
            }
            Talk::Report {
                status,
                again: None,
            } if body.is_empty() => self.rest(channel, status),
            Talk::Report { again: None, .. } => self.obey(channel, body),
        }
    }

    /// Nothing more to do: unless the device has a new identity that it has not shown yet.
    fn rest(&mut self, channel: Channel, status: Status) -> Next {
        if channel == Channel::Device && self.sides.device.progress == Progress::New {
            return Next::Send(self.check_in(channel, CheckIn::Authenticate));
        }
        Next::Over(Ending::Empty(status))
    }

    /// A challenge is answered once, even the empty one, and then the enrollment goes on.
    fn after_user_authenticate(
        &mut self,
        channel: Channel,
        is_second: bool,
        body: &[u8],
    ) -> Request {
        let challenge = read_plist(body)
            .as_ref()
            .and_then(Value::as_dictionary)
            .and_then(|reply| reply.get("DigestChallenge")?.as_string().map(str::to_owned));
        let Some(challenge) = challenge.filter(|_| !is_second) else {
            return self.check_in(channel, CheckIn::TokenUpdate);
        };
        let response = if challenge.is_empty() {
            String::new()
        } else {
            let octets = SplitMix64::new(self.seed, "digest response", self.index);
            octets
                .clone()
                .bytes(RESPONSE_BYTES)
                .iter()
                .fold(String::new(), |text, octet| text + &format!("{octet:02x}"))
        };
        let digest_response = Some(response.as_str());
        let request = self.check_in(channel, CheckIn::UserAuthenticate { digest_response });
        self.say(channel, Talk::UserAuthenticate { is_second: true });
        request
    }

    pub(super) fn say(&mut self, channel: Channel, talk: Talk) {
        if let Some(side) = self.sides.get_mut(channel) {
            side.talk = talk;
        }
    }

    fn advance(&mut self, channel: Channel, progress: Progress) {
        if let Some(side) = self.sides.get_mut(channel) {
            side.progress = progress;
        }
    }

    pub(super) fn check_in(&mut self, channel: Channel, kind: CheckIn<'_>) -> Request {
        let talk = match kind {
            CheckIn::Authenticate => Talk::Authenticate,
            CheckIn::TokenUpdate => Talk::TokenUpdate,
            CheckIn::UserAuthenticate { .. } => Talk::UserAuthenticate { is_second: false },
            CheckIn::SetBootstrapToken { .. } => Talk::SetBootstrapToken,
            CheckIn::GetBootstrapToken => Talk::GetBootstrapToken,
            CheckIn::CheckOut
            | CheckIn::DeclarativeManagement { .. }
            | CheckIn::GetToken { .. } => Talk::Quiet,
        };
        self.say(channel, talk);
        message::check_in(&self.identity, self.topic(), channel, kind)
    }

    /// What an enrolled channel says when nothing else is open: what it owes to the server, else
    /// Idle, or the stray report of a confused device.
    fn open(&mut self, channel: Channel) -> Request {
        if channel == Channel::Device
            && let Some(owed) = self.pay_debt()
        {
            return owed;
        }
        if self.faults.stray_reports == 0 {
            return self.report(channel, Status::Idle, None, Dictionary::new());
        }
        self.faults.stray_reports -= 1;
        let uuid = self.random.uuid();
        self.report(
            channel,
            Status::Acknowledged,
            Some(&uuid),
            Dictionary::new(),
        )
    }

    pub(super) fn report(
        &mut self,
        channel: Channel,
        status: Status,
        command_uuid: Option<&str>,
        extra: Dictionary,
    ) -> Request {
        *self
            .tally
            .reports
            .entry(status.as_str().to_owned())
            .or_default() += 1;
        self.say(
            channel,
            Talk::Report {
                status,
                again: None,
            },
        );
        message::report(&self.identity, channel, status, command_uuid, extra)
    }
}
