//! What a device does with a command, faults included.
//!
//! Knows nothing of how commands arrive. Invariant: a change that was carried out is remembered
//! before its report is made, so that no fault of reporting repeats it.

use plist::{Dictionary, Value};

use super::membership::Meaning;
use super::{Device, Ending, Loss, Next};
use crate::command::{Command, Order, query_answer};
use crate::error_chain::ErrorChain;
use crate::message::{Channel, Status};
use crate::side::Talk;

/// The part of a report that depends on the command.
struct Answer {
    status: Status,
    extra: Dictionary,
}

impl Answer {
    fn plain(status: Status) -> Self {
        Self {
            status,
            extra: Dictionary::new(),
        }
    }

    fn with(status: Status, key: &str, value: Value) -> Self {
        let mut answer = Self::plain(status);
        answer.extra.insert(key.to_owned(), value);
        answer
    }

    fn of_change(outcome: Result<(), ErrorChain>) -> Self {
        match outcome {
            Ok(()) => Self::plain(Status::Acknowledged),
            Err(chain) => Self::with(Status::Error, "ErrorChain", chain.to_value()),
        }
    }
}

impl Device {
    /// Obeys the command in a reply.
    pub(super) fn obey(&mut self, channel: Channel, body: &[u8]) -> Next {
        let Some(command) = Command::read(body) else {
            return self.fail(Ending::Undecodable);
        };
        *self
            .tally
            .commands
            .entry(command.request_type.clone())
            .or_default() += 1;
        if let Order::RemoveProfile { identifier } = &command.order
            && identifier == self.enrollment_identifier()
        {
            return self.dismissed();
        }
        let answer = match self.meaning(channel, &command) {
            Meaning::Ordinary => self.carry_out(channel, &command),
            Meaning::Renewal(profile) => return self.begin_renewal(&command.uuid, profile),
            Meaning::Refused(chain) => Answer::of_change(Err(chain)),
        };
        let Answer { status, extra } = answer;
        let may_go_astray = command.order.is_change() && status != Status::NotNow;
        if may_go_astray && self.faults.dropped_reports > 0 {
            self.faults.dropped_reports -= 1;
            return Next::Over(Ending::Dropped);
        }
        let request = self.report(channel, status, Some(&command.uuid), extra);
        if may_go_astray && self.faults.repeated_reports > 0 {
            self.faults.repeated_reports -= 1;
            self.say(
                channel,
                Talk::Report {
                    status,
                    again: Some(request.clone()),
                },
            );
        }
        Next::Send(request)
    }

    fn carry_out(&mut self, channel: Channel, command: &Command) -> Answer {
        match &command.order {
            Order::NotUnderstood => Answer::plain(Status::CommandFormatError),
            Order::DeviceInformation { queries } => {
                let known = queries.iter().filter_map(|name| {
                    query_answer(&self.identity, name).map(|value| (name.clone(), value))
                });
                let known = Value::Dictionary(known.collect());
                Answer::with(Status::Acknowledged, "QueryResponses", known)
            }
            Order::ProfileList { is_managed_only } => self.list(channel, *is_managed_only),
            Order::InstallProfile { .. } | Order::RemoveProfile { .. } => {
                self.change(channel, command)
            }
        }
    }

    fn list(&mut self, channel: Channel, is_managed_only: bool) -> Answer {
        if self.faults.refused_lists > 0 {
            self.faults.refused_lists -= 1;
            let text = "The profiles could not be read.";
            return Answer::of_change(Err(ErrorChain::new("MCMDMErrorDomain", 12010, text)));
        }
        let list = self
            .sides
            .get(channel)
            .map(|side| side.profile_list(is_managed_only));
        let list = list.unwrap_or_else(|| Value::Array(Vec::new()));
        Answer::with(Status::Acknowledged, "ProfileList", list)
    }

    /// Carries a change out, recalls how it ended, or postpones it while the channel is locked.
    fn change(&mut self, channel: Channel, command: &Command) -> Answer {
        let credential = self.credential().cloned();
        let Some(side) = self.sides.get_mut(channel) else {
            return Answer::plain(Status::CommandFormatError);
        };
        if let Some(outcome) = side.recall(&command.uuid) {
            self.tally.duplicates += 1;
            return Answer::of_change(outcome);
        }
        if side.is_locked {
            return Answer::plain(Status::NotNow);
        }
        let mut installed = None;
        let outcome = match &command.order {
            Order::InstallProfile { payload } => side
                .install(payload, channel, credential.as_ref(), &self.faults.failing)
                .map(|identifier| installed = Some(identifier)),
            Order::RemoveProfile { identifier } => side.remove(identifier),
            Order::ProfileList { .. } | Order::DeviceInformation { .. } | Order::NotUnderstood => {
                return Answer::plain(Status::CommandFormatError);
            }
        };
        side.remember(&command.uuid, &outcome);
        if let Some(identifier) = installed {
            self.may_lose(channel, identifier);
        }
        Answer::of_change(outcome)
    }

    /// The first profile installed on a device that loses one is the one to go.
    fn may_lose(&mut self, channel: Channel, identifier: String) {
        match self.faults.lose_after_contacts.take() {
            None => {}
            Some(0) => drop(self.user_removes(channel, &identifier)),
            Some(contacts_left) => {
                self.loss = Some(Loss {
                    channel,
                    identifier,
                    contacts_left,
                });
            }
        }
    }
}
