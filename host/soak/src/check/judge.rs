//! Whether a command was called for, by what the server could know when it left.
//!
//! Knows nothing of what becomes of it. Invariant: each answer is judged by the history alone,
//! before the answer itself is part of it.

use super::bounds;
use super::channel::{About, Channel};
use super::history::{Moment, Sure, changed, installed};
use super::rule::Rule;
use super::server::{Sense, Server};
use super::tries::{Target, Verdict};
use super::wishes::Wish;
use crate::log::{Ordered, Who};

/// What is wrong, in words.
pub(super) type Fault = (Rule, String);

/// A command on its way out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outgoing<'a> {
    /// To whom.
    pub(super) who: Who,
    /// Its name.
    pub(super) name: &'a str,
    /// What it asks for.
    pub(super) command: &'a Ordered,
    /// When.
    pub(super) now: Moment,
    /// What the message was that it answers.
    pub(super) sense: Sense,
}

/// How a command stands to the one that is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is a new one.
    New,
    /// It is the open one, once more.
    Again,
}

impl Outgoing<'_> {
    /// Whether it may leave as one command among others: to somebody who may get work, one at a
    /// time, under a name of its own.
    pub(super) fn stand(&self, server: &Server, faults: &mut Vec<Fault>) -> Standing {
        let (name, command) = (self.name, self.command);
        let channel = match self.sense {
            Sense::Idle | Sense::Report(_) => server.channel(self.who),
            Sense::CheckIn | Sense::Stranger | Sense::NotEnrolled | Sense::Unreadable => None,
        };
        let Some(channel) = channel else {
            let detail = format!("{command:?} in answer to {:?}", self.sense);
            faults.push((Rule::SentToUnenrolled, detail));
            return Standing::New;
        };
        if server.wishes.is_paused {
            faults.push((Rule::SentWhilePaused, format!("{command:?} during a pause")));
        }
        let open = channel.open.and_then(|open| channel.history.order(open));
        if let Some(open) = open {
            if open.name == name && open.command == *command {
                if !self.may_repeat() {
                    let detail =
                        format!("{name} was handed out again in answer to {:?}", self.sense);
                    faults.push((Rule::NameReused, detail));
                }
                return Standing::Again;
            }
            let detail = format!(
                "{name} {command:?} while {} {:?} is open",
                open.name, open.command
            );
            faults.push((Rule::TwoInFlight, detail));
        }
        if let Some(given) = server.given.get(name) {
            let (who, before) = (given.who, &given.command);
            let detail = format!("{name} {command:?} was {before:?} of {who:?} before");
            faults.push((Rule::NameReused, detail));
        }
        self.fits_contact(server, channel, faults);
        Standing::New
    }

    /// Whether the message may be answered with what is open already.
    fn may_repeat(&self) -> bool {
        match self.sense {
            Sense::Report(about) => about != About::Open,
            Sense::Idle => matches!(self.command, Ordered::Other(_)),
            Sense::CheckIn | Sense::Stranger | Sense::NotEnrolled | Sense::Unreadable => false,
        }
    }

    fn fits_contact(&self, server: &Server, channel: &Channel, faults: &mut Vec<Fault>) {
        let command = self.command;
        let says_nothing = matches!(
            self.sense,
            Sense::Report(About::Nothing | About::MaybeFuture)
        );
        if says_nothing && channel.may_be_open.is_none() {
            let detail = format!("{command:?} in answer to a report that says nothing new");
            faults.push((Rule::StirredByDuplicate, detail));
        }
        if channel.is_busy && !matches!(command, Ordered::Other(_)) {
            let detail = format!("{command:?} after the device had said NotNow");
            faults.push((Rule::WorkAfterNotNow, detail));
        }
        if channel.in_contact > bounds::CONTACT_EXTRA + 2 * server.wishes.len() {
            let detail = format!("{} commands in one contact", channel.in_contact);
            faults.push((Rule::EndlessContact, detail));
        }
    }

    /// Whether there is a reason for it.
    pub(super) fn justify(&self, server: &Server, faults: &mut Vec<Fault>) {
        let Some(channel) = server.channel(self.who) else {
            return;
        };
        let fault = match self.command {
            Ordered::List => self.list(channel),
            Ordered::Information => self.information(channel),
            Ordered::Install { .. } | Ordered::Remove { .. } => self.change(server, channel),
            Ordered::Other(_) => None,
        };
        faults.extend(fault);
    }

    fn list(&self, channel: &Channel) -> Option<Fault> {
        let history = &channel.history;
        let due = history.is_list_due(self.now);
        if due == Sure::No && !history.has_unproven() {
            let detail = "a list, though nothing happened since the last one".to_owned();
            return Some((Rule::ListedWithoutReason, detail));
        }
        let is_list = |command: &Ordered| *command == Ordered::List;
        let tries = history.useless(is_list, false);
        too_early(&tries.verdict(self.now, None), "a list")
    }

    fn information(&self, channel: &Channel) -> Option<Fault> {
        if self.who.channel == mooring_mdm::ids::Channel::User {
            let detail = "attributes of the device, asked of a user".to_owned();
            return Some((Rule::AskedWithoutReason, detail));
        }
        if channel.history.was_just_told(self.now) {
            let detail = "attributes, though nothing happened since they were told".to_owned();
            return Some((Rule::AskedWithoutReason, detail));
        }
        let is_information = |command: &Ordered| *command == Ordered::Information;
        let tries = channel.history.useless(is_information, true);
        too_early(&tries.verdict(self.now, None), "attributes")
    }

    fn change(&self, server: &Server, channel: &Channel) -> Option<Fault> {
        let command = self.command;
        let identifier = changed(command)?;
        if server
            .host(self.who.host)
            .is_some_and(|host| host.is_duplicate)
        {
            let detail = format!("{command:?}, though two devices speak for the host");
            return Some((Rule::ChangedDuplicate, detail));
        }
        let subject = server.subject(self.who.host, self.now);
        let wish = server.wishes.wish(identifier, self.who.channel, &subject);
        let fault = match command {
            Ordered::Install { uuid, .. } => wished(wish.as_ref(), identifier, uuid),
            Ordered::Remove { .. } => unwished(wish.as_ref(), identifier),
            Ordered::List | Ordered::Information | Ordered::Other(_) => None,
        };
        fault
            .or_else(|| self.is_seen(channel))
            .or_else(|| self.is_needed(server, channel, identifier))
            .or_else(|| self.is_free(server, channel, identifier))
    }

    /// A complete list must say what is there.
    fn is_seen(&self, channel: &Channel) -> Option<Fault> {
        let command = self.command;
        if channel.history.last_list().is_none() {
            let detail = format!("{command:?} before any complete list of this enrollment");
            return Some((Rule::ChangedBeforeList, detail));
        }
        (channel.history.is_list_due(self.now) == Sure::Yes).then(|| {
            let detail = format!("{command:?} although only a fresh list can tell what is there");
            (Rule::ChangedBeforeFreshList, detail)
        })
    }

    /// What is there must be wrong, and ours to mend.
    fn is_needed(&self, server: &Server, channel: &Channel, identifier: &str) -> Option<Fault> {
        let held = channel.history.held(identifier);
        match (self.command, held) {
            (Ordered::Install { uuid, .. }, Some(held))
                if held == *uuid && !channel.history.is_asked_for(identifier) =>
            {
                let detail = format!("{identifier} {uuid}, which the host has");
                Some((Rule::InstalledTwice, detail))
            }
            (Ordered::Remove { .. }, None) => {
                let detail = format!("{identifier}, which the host does not have");
                Some((Rule::RemovedNothing, detail))
            }
            (Ordered::Remove { .. }, Some(held))
                if !channel.history.is_ours(identifier, false)
                    && !server.wishes.is_made(identifier, &held) =>
            {
                let detail = format!("{identifier} {held}, neither installed nor made here");
                Some((Rule::RemovedUnmanaged, detail))
            }
            _ => None,
        }
    }

    /// Earlier attempts must leave room for another.
    fn is_free(&self, server: &Server, channel: &Channel, identifier: &str) -> Option<Fault> {
        let uuid = installed(self.command);
        let edition = Some(server.wishes.edition(identifier));
        let target = Target {
            identifier,
            uuid,
            edition,
        };
        let build = server.host(self.who.host)?.build(self.now);
        let tries = channel.history.tries(target);
        match tries.verdict(self.now, build.as_ref()) {
            Verdict::Parked(failed) => {
                let detail = format!("{:?} after {failed} failures", self.command);
                Some((Rule::TriedTooOften, detail))
            }
            verdict @ (Verdict::Free | Verdict::Early(..)) => {
                too_early(&verdict, &format!("{:?}", self.command))
            }
        }
    }
}

fn too_early(verdict: &Verdict, what: &str) -> Option<Fault> {
    let Verdict::Early(failed, wait) = verdict else {
        return None;
    };
    let minutes = wait / bounds::MINUTE_MS;
    let detail = format!("{what} within {minutes} minutes of failure {failed}");
    Some((Rule::TriedTooEarly, detail))
}

fn wished(wish: Option<&Wish>, identifier: &str, uuid: &str) -> Option<Fault> {
    match wish {
        Some(Wish::Present(wanted) | Wish::Open(wanted)) if wanted == uuid => None,
        Some(Wish::Present(wanted) | Wish::Open(wanted)) => {
            let detail = format!("{identifier} {uuid} instead of {wanted}");
            Some((Rule::InstalledOldContent, detail))
        }
        Some(Wish::Waiting) => {
            let detail = format!("{identifier} {uuid}, which may not be for this host");
            Some((Rule::ChangedWhileUnknown, detail))
        }
        Some(Wish::Absent) | None => {
            let detail = format!("{identifier} {uuid}, which is not desired there");
            Some((Rule::InstalledUnwanted, detail))
        }
    }
}

fn unwished(wish: Option<&Wish>, identifier: &str) -> Option<Fault> {
    match wish {
        Some(Wish::Absent | Wish::Open(_)) => None,
        Some(Wish::Present(wanted)) => {
            let detail = format!("{identifier}, which is desired as {wanted}");
            Some((Rule::RemovedWanted, detail))
        }
        Some(Wish::Waiting) => {
            let detail = format!("{identifier}, which may be for this host");
            Some((Rule::ChangedWhileUnknown, detail))
        }
        None => {
            let detail = format!("{identifier}, which was never pushed here");
            Some((Rule::RemovedForeign, detail))
        }
    }
}
