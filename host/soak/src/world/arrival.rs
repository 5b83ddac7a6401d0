//! A message arrives at the server: it may crash before, during and after its answer.
//!
//! Knows nothing of devices. Invariant: the log has what the server was told and what it said, in
//! that order, and what befell it in between.

use std::rc::Rc;

use mooring_server::device::DeviceReply;

use super::queue::{Asked, Event};
use super::{MINUTE_MS, World};
use crate::check::Rule;
use crate::device::{Order, Packet, Reply};
use crate::fault::Fault;
use crate::log::{Answered, Entry, Phase, ServerEvent, Who};
use crate::server::{Failure, SoakError};

impl World<'_> {
    /// A message arrives; nobody waits for the reply to a copy.
    pub(super) fn arrive(
        &mut self,
        asked: Option<Asked>,
        packet: &Rc<Packet>,
    ) -> Result<(), SoakError> {
        if asked.is_none() && self.phase != Phase::Faults {
            return Ok(());
        }
        if self.weather.strikes(Fault::Crashed, 200, &mut self.trouble) {
            self.server.restart()?;
            self.note_server(ServerEvent::Restarted);
        }
        let at = self.server_now();
        let who = packet.who;
        let message = self.book.named(&packet.heard);
        self.book.note(&Entry::Heard { at, who, message });
        self.plan_failure();
        let reply = self.server.answer(who, &packet.body);
        self.note_failure();
        let gives_up = |packet: &Rc<Packet>| {
            asked.map(|asked| Event::GiveUp {
                asked,
                packet: Rc::clone(packet),
            })
        };
        if self
            .weather
            .strikes(Fault::CrashedBeforeReply, 200, &mut self.trouble)
        {
            self.server.restart()?;
            self.note_server(ServerEvent::Restarted);
            if let Some(event) = gives_up(packet) {
                self.queue.at(self.now + MINUTE_MS, event);
            }
            return Ok(());
        }
        let reply = self.read_reply(who, reply);
        self.note_answer(who, &reply);
        let Some(asked) = asked else {
            return Ok(());
        };
        if self
            .weather
            .strikes(Fault::ReplyDropped, 8_000, &mut self.network)
        {
            if let Some(event) = gives_up(packet) {
                self.queue.at(self.now + MINUTE_MS, event);
            }
            return Ok(());
        }
        let at = self.now + self.network.between(20, 300);
        self.queue.at(at, Event::Reply { asked, reply });
        Ok(())
    }

    /// The next commit may fail.
    pub(super) fn plan_failure(&mut self) {
        let (weather, random) = (&self.weather, &mut self.trouble);
        let store = self.server.store();
        if weather.may_strike(Fault::CommitFailed, 400, random) {
            store.plan(Failure::Before);
        } else if weather.may_strike(Fault::CommitFailedStored, 400, random) {
            store.plan(Failure::After);
        }
    }

    /// Notes whether a commit failed, and says so.
    pub(super) fn note_failure(&mut self) -> bool {
        let Some(failure) = self.server.store().struck() else {
            return false;
        };
        let was_stored = failure == Failure::After;
        self.weather.note(if was_stored {
            Fault::CommitFailedStored
        } else {
            Fault::CommitFailed
        });
        self.note_server(ServerEvent::CommitFailed { was_stored });
        true
    }

    fn read_reply(&mut self, who: Who, reply: DeviceReply) -> Reply {
        match reply {
            DeviceReply::Empty => Reply::Empty,
            DeviceReply::Command(body) => {
                let Some(order) = Order::read(&body) else {
                    self.complain(Rule::HarmfulStatus, who, "a reply that is no command");
                    return Reply::Empty;
                };
                Reply::Command(order)
            }
            other @ (DeviceReply::Plist(_)
            | DeviceReply::Json(_)
            | DeviceReply::Refused(_)
            | DeviceReply::Dismissed
            | DeviceReply::NoSuchDeclaration
            | DeviceReply::Declined
            | DeviceReply::Unavailable) => Reply::Status(other.status()),
        }
    }

    fn note_answer(&mut self, who: Who, reply: &Reply) {
        let answer = match reply {
            Reply::Empty => Answered::Empty,
            Reply::Command(order) => Answered::Command {
                uuid: self.book.name(&order.uuid),
                command: order.command.clone(),
            },
            Reply::Status(status) => Answered::Status(*status),
        };
        self.book.note(&Entry::Answered { who, answer });
    }
}
