//! The conversation of one channel: what a device says first, and how it goes on after a reply.
//!
//! Knows nothing of what commands do. Invariant: `talk` names the one request that is open.

use std::rc::Rc;

use mooring_mdm::ids::Channel;

use super::{Device, Order, Packet, Stage, Talk};
use crate::weather::Weather;

/// What came back.
#[derive(Debug)]
pub(crate) enum Reply {
    /// 200 and nothing else.
    Empty,
    /// 200 and a command.
    Command(Order),
    /// Any other status.
    Status(u16),
}

/// What a channel does after a reply.
#[derive(Debug)]
pub(crate) enum Next {
    /// It sends this.
    Send(Rc<Packet>),
    /// The contact is over.
    Over,
}

impl Device {
    /// The first message of a contact; `None` if the channel has nothing to say or nobody to say
    /// it.
    pub(crate) fn begin(&mut self, channel: Channel) -> Option<Rc<Packet>> {
        if channel == Channel::User && self.main.stage != Stage::Enrolled {
            return None;
        }
        let side = self.side_mut(channel)?;
        side.length = 0;
        if let Some(packet) = side.unsent.take() {
            side.talk = Talk::Report;
            side.exchange += 1;
            return Some(packet);
        }
        let (stage, owes_token) = (side.stage, side.owes_token);
        let packet = match (stage, channel) {
            (Stage::Out, Channel::Device) => return Some(self.say_authenticate()),
            (Stage::Out, Channel::User) | (Stage::Authenticated, _) => {
                return Some(self.say_token(channel));
            }
            (Stage::Enrolled, _) if owes_token => return Some(self.say_token(channel)),
            (Stage::Enrolled, _) => self.idle(channel),
        };
        Some(self.say(channel, Talk::Report, packet))
    }

    /// The message with which it leaves; everything that the server installed is gone with it.
    pub(crate) fn leave(&mut self) -> Rc<Packet> {
        let packet = self.check_out();
        let packet = self.say(Channel::Device, Talk::CheckOut, packet);
        self.unmanage();
        packet
    }

    /// A report on a command that nobody sent.
    pub(crate) fn stray(&mut self, channel: Channel) -> Rc<Packet> {
        let uuid = self.random.uuid();
        let outcome = crate::log::Reported::Acknowledged {
            profiles: None,
            told: None,
        };
        let packet = self.report(channel, &uuid, outcome);
        self.say(channel, Talk::Report, packet)
    }

    /// Takes the reply to the open request of a channel.
    pub(crate) fn take(
        &mut self,
        channel: Channel,
        reply: Reply,
        now: u64,
        weather: &mut Weather,
    ) -> Next {
        let Some(side) = self.side_mut(channel) else {
            return Next::Over;
        };
        let talk = std::mem::replace(&mut side.talk, Talk::Quiet);
        side.length += 1;
        match reply {
            Reply::Status(status) => {
                side.refused += u32::from(status == 400);
                return Next::Over;
            }
            Reply::Empty | Reply::Command(_) => side.refused = 0,
        }
        match talk {
            Talk::Quiet | Talk::CheckOut => Next::Over,
            Talk::Authenticate => {
                side.stage = Stage::Authenticated;
                Next::Send(self.say_token(channel))
            }
            Talk::TokenUpdate => {
                side.stage = Stage::Enrolled;
                side.owes_token = false;
                let packet = self.idle(channel);
                Next::Send(self.say(channel, Talk::Report, packet))
            }
            Talk::Report => match reply {
                Reply::Command(order) => match self.obey(channel, &order, now, weather) {
                    Some(packet) => Next::Send(self.say(channel, Talk::Report, packet)),
                    None => Next::Over,
                },
                Reply::Empty | Reply::Status(_) => Next::Over,
            },
        }
    }

    /// No reply came. Some reports are sent again at the next contact, some are forgotten.
    pub(crate) fn give_up(&mut self, channel: Channel, packet: Rc<Packet>) {
        let keeps = self.random.chance(500_000);
        let Some(side) = self.side_mut(channel) else {
            return;
        };
        let talk = std::mem::replace(&mut side.talk, Talk::Quiet);
        if keeps && talk == Talk::Report {
            side.unsent = Some(packet);
        }
    }

    /// The count of requests of a channel.
    pub(crate) fn exchange(&self, channel: Channel) -> u32 {
        self.side(channel).map_or(0, |side| side.exchange)
    }

    /// Whether a channel waits for a reply.
    pub(crate) fn is_waiting(&self, channel: Channel) -> bool {
        self.side(channel)
            .is_some_and(|side| side.talk != Talk::Quiet)
    }

    /// It does not wait for a reply any more.
    pub(crate) fn hang_up(&mut self, channel: Channel) {
        if let Some(side) = self.side_mut(channel) {
            side.talk = Talk::Quiet;
            side.exchange += 1;
        }
    }

    fn say_authenticate(&mut self) -> Rc<Packet> {
        let packet = self.authenticate();
        self.say(Channel::Device, Talk::Authenticate, packet)
    }

    fn say_token(&mut self, channel: Channel) -> Rc<Packet> {
        let packet = self.token_update(channel);
        self.say(channel, Talk::TokenUpdate, packet)
    }

    fn say(&mut self, channel: Channel, talk: Talk, packet: Packet) -> Rc<Packet> {
        if let Some(side) = self.side_mut(channel) {
            side.talk = talk;
            side.exchange += 1;
        }
        Rc::new(packet)
    }
}
