//! When devices make contact, and what the network does to their requests.
//!
//! Knows nothing of the server's answers. Invariants: a device that waits for a reply gets it or
//! gives up, once; a check-in is never delivered late, since no connection lives that long, and a
//! server without signatures could not tell it from a new one.

use std::rc::Rc;

use mooring_mdm::ids::Channel;

use super::queue::{Asked, Event, Place};
use super::{DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS, World};
use crate::check::{Rule, Violation};
use crate::device::{Next, Packet, Reply, Stage};
use crate::fault::Fault;
use crate::log::{Heard, Phase};

/// Length of the tag and the line break with which every message ends.
const LAST_TAG_BYTES: usize = "</plist>\n".len();
/// Requests in one contact: more than any host of a world has work for.
const EXCHANGES_MAX: u32 = 400;

impl World<'_> {
    /// The rhythm of a device: it comes by itself about 1.3 times a day.
    pub(super) fn wake(&mut self, place: Place) {
        let gap = match self.phase {
            Phase::Faults => self.rhythm.between(6 * HOUR_MS, 30 * HOUR_MS),
            Phase::Calm => self.rhythm.between(3 * HOUR_MS, 5 * HOUR_MS),
            Phase::Silence => self.rhythm.between(6 * HOUR_MS, 10 * HOUR_MS),
        };
        if self.devices[place].is_gone {
            return;
        }
        self.queue.at(self.now + gap, Event::Wake(place));
        self.make_contact(place);
    }

    /// Both channels make contact, unless the device is away.
    pub(super) fn make_contact(&mut self, place: Place) {
        let device = &self.devices[place];
        if device.is_gone || device.away_until > self.now {
            return;
        }
        let has_user = device.user.is_some();
        if self.phase == Phase::Faults {
            self.devices[place].tidy_up(self.now);
        }
        self.begin(place, Channel::Device);
        if has_user && (self.phase != Phase::Faults || self.rhythm.chance(800_000)) {
            let at = self.now + self.rhythm.between(SECOND_MS, MINUTE_MS);
            self.queue.at(at, Event::Begin(place, Channel::User));
        }
    }

    /// A channel makes contact, unless it is just making one.
    pub(super) fn begin(&mut self, place: Place, channel: Channel) {
        let device = &mut self.devices[place];
        if device.is_waiting(channel) || device.away_until > self.now {
            return;
        }
        let is_enrolled = device
            .side(channel)
            .is_some_and(|side| side.stage == Stage::Enrolled);
        let is_stray = is_enrolled
            && self
                .weather
                .strikes(Fault::StrayReport, 1_000, &mut self.network);
        let device = &mut self.devices[place];
        if is_stray {
            let packet = device.stray(channel);
            self.send(place, channel, packet);
        } else if let Some(packet) = device.begin(channel) {
            self.send(place, channel, packet);
        }
    }

    /// A request goes over the network.
    pub(super) fn send(&mut self, place: Place, channel: Channel, packet: Rc<Packet>) {
        let exchange = self.devices[place].exchange(channel);
        let asked = Asked {
            device: place,
            channel,
            exchange,
        };
        let is_connect = matches!(packet.heard, Heard::Idle | Heard::Result { .. });
        let (weather, random) = (&mut self.weather, &mut self.network);
        let gives_up_at = self.now + MINUTE_MS;
        let give_up = |packet: &Rc<Packet>| Event::GiveUp {
            asked,
            packet: Rc::clone(packet),
        };
        if weather.strikes(Fault::RequestDropped, 8_000, random) {
            self.queue.at(gives_up_at, give_up(&packet));
            return;
        }
        if is_connect && weather.strikes(Fault::Delayed, 3_000, random) {
            let at = self.now + random.between(10 * MINUTE_MS, 3 * DAY_MS);
            self.queue.at(gives_up_at, give_up(&packet));
            let asked = None;
            self.queue.at(at, Event::Arrive { asked, packet });
            return;
        }
        if weather.strikes(Fault::BodyCut, 500, random) {
            // The last line break could be missed without harm.
            let cut = random.place(packet.body.len().saturating_sub(LAST_TAG_BYTES));
            let packet = Rc::new(Packet {
                who: packet.who,
                body: packet.body.get(..cut).unwrap_or_default().to_vec(),
                heard: Heard::Unreadable,
            });
            let at = self.now + 200;
            let asked = Some(asked);
            self.queue.at(at, Event::Arrive { asked, packet });
            return;
        }
        let at = self.now + random.between(20, 500);
        let first = Rc::clone(&packet);
        self.queue.at(
            at,
            Event::Arrive {
                asked: Some(asked),
                packet: first,
            },
        );
        let asked = None;
        if weather.strikes(Fault::RequestRepeated, 4_000, random) {
            let packet = Rc::clone(&packet);
            self.queue.at(at, Event::Arrive { asked, packet });
        }
        if is_connect && weather.strikes(Fault::CopiedLate, 4_000, random) {
            let at = self.now + random.between(HOUR_MS, 5 * DAY_MS);
            self.queue.at(at, Event::Arrive { asked, packet });
        }
    }

    /// A reply reached the device.
    pub(super) fn take_reply(&mut self, asked: Asked, reply: Reply) {
        let Asked {
            device: place,
            channel,
            exchange,
        } = asked;
        let is_refused = matches!(reply, Reply::Status(400));
        let is_unavailable = matches!(reply, Reply::Status(503));
        let (weather, now) = (&mut self.weather, self.now);
        let device = &mut self.devices[place];
        if device.exchange(channel) != exchange {
            return;
        }
        match device.take(channel, reply, now, weather) {
            Next::Send(packet) => {
                if device
                    .side(channel)
                    .is_some_and(|side| side.length > EXCHANGES_MAX)
                {
                    let who = device.who(channel);
                    return self.complain(
                        Rule::EndlessContact,
                        who,
                        "the device is kept in one contact",
                    );
                }
                self.send(place, channel, packet);
            }
            Next::Over if is_refused => self.was_refused(place, channel),
            Next::Over if is_unavailable => {
                let at = self.now + self.rhythm.between(5 * MINUTE_MS, HOUR_MS);
                self.queue.at(at, Event::Begin(place, channel));
            }
            Next::Over => {}
        }
    }

    pub(super) fn give_up(&mut self, asked: Asked, packet: Rc<Packet>) {
        let device = &mut self.devices[asked.device];
        if device.exchange(asked.channel) != asked.exchange {
            return;
        }
        device.give_up(asked.channel, packet);
        if self.rhythm.chance(300_000) {
            let at = self.now + self.rhythm.between(5 * MINUTE_MS, HOUR_MS);
            self.queue.at(at, Event::Begin(asked.device, asked.channel));
        }
    }

    /// A device that the server does not know enrolls again, since its user is told to.
    fn was_refused(&mut self, place: Place, channel: Channel) {
        let device = &mut self.devices[place];
        let refused = device.side(channel).map_or(0, |side| side.refused);
        if refused < 2 && self.phase == Phase::Faults {
            return;
        }
        match channel {
            Channel::Device => device.enroll_again(),
            Channel::User => device.user_enrolls_again(),
        }
        let at = self.now + self.rhythm.between(MINUTE_MS, HOUR_MS);
        self.queue.at(at, Event::Begin(place, channel));
    }

    /// Something is wrong that the log alone cannot show.
    pub(super) fn complain(&mut self, rule: Rule, who: crate::log::Who, detail: &str) {
        self.book.keep(vec![Violation {
            rule,
            who: Some(who),
            detail: detail.to_owned(),
        }]);
    }
}
