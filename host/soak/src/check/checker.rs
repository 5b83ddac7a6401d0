//! Judges a world while it runs: takes its log in, entry by entry.
//!
//! Knows nothing of why an entry was written. Invariants: a message changes the model when its
//! answer is known, and not at all if the server could not keep it; what the server forgot with an
//! old copy of its store, the model forgets too.

use std::collections::{BTreeMap, BTreeSet};

use super::channel::About;
use super::history::{Fact, Moment, Order, changed};
use super::judge::{Fault, Outgoing, Standing};
use super::rule::Rule;
use super::server::{Given, Sense, Server};
use super::settle;
use super::{Violation, bounds};
use crate::log::{Answered, DeviceTruth, Entry, Heard, Ordered, Phase, ServerEvent, Setup, Who};

/// A message that has no answer yet.
#[derive(Debug, Clone)]
struct Pending {
    when: Moment,
    who: Who,
    message: Heard,
    /// Whether what it changes was kept, where a commit failed.
    was_kept: Option<bool>,
}

/// Judges a world while it runs.
#[derive(Debug)]
pub struct Checker {
    server: Server,
    copies: BTreeMap<u32, Server>,
    records: u64,
    /// How many names were given.
    given: u64,
    jumps: u32,
    pending: Option<Pending>,
    /// Hosts that proved, since the server started, that its store is an old copy.
    proofs: BTreeSet<u32>,
    /// Those that may have, too.
    possible_proofs: BTreeSet<u32>,
    /// Changes after all was settled. Where two devices speak as one they are no fault, which only
    /// the end tells.
    noise: Vec<Violation>,
    phase: Phase,
    /// The server's clock at the newest entry.
    at: u64,
}

impl Checker {
    /// A checker for a world that begins like this.
    pub fn new(setup: &Setup) -> Self {
        Self {
            server: Server::default(),
            copies: BTreeMap::new(),
            records: 0,
            given: 0,
            jumps: 0,
            pending: None,
            proofs: BTreeSet::new(),
            possible_proofs: BTreeSet::new(),
            noise: Vec::new(),
            phase: Phase::Faults,
            at: setup.started_at,
        }
    }

    /// Takes one entry in and says what it broke.
    pub fn note(&mut self, entry: &Entry) -> Vec<Violation> {
        let mut violations = Vec::new();
        match entry {
            Entry::Admin { at, action } => {
                let when = self.moment(*at);
                self.server.note(action, when);
            }
            Entry::Heard { at, who, message } => {
                self.unanswered();
                self.pending = Some(Pending {
                    when: self.moment(*at),
                    who: *who,
                    message: message.clone(),
                    was_kept: None,
                });
            }
            Entry::Answered { who, answer } => self.answered(*who, answer, &mut violations),
            Entry::Server { at, event } => self.befell(*event, *at),
            Entry::Phase { at, phase } => {
                self.at = *at;
                self.phase = *phase;
            }
        }
        violations
    }

    /// Judges the end, by what the devices really are.
    pub fn settle(&mut self, devices: &[DeviceTruth]) -> Vec<Violation> {
        self.unanswered();
        let now = self.moment(self.at);
        let judge = |device| settle::judge(&self.server, device, now);
        let mut violations: Vec<_> = devices.iter().flat_map(judge).collect();
        let is_cloned = |violation: &Violation| {
            let mut cloned = devices.iter().filter(|device| device.is_cloned);
            cloned.any(|device| violation.who.is_some_and(|who| who.host == device.who.host))
        };
        violations.extend(self.noise.drain(..).filter(|noise| !is_cloned(noise)));
        violations
    }

    fn moment(&mut self, at: u64) -> Moment {
        self.at = at;
        Moment {
            at,
            jumps: self.jumps,
        }
    }

    fn befell(&mut self, event: ServerEvent, at: u64) {
        match event {
            ServerEvent::CommitFailed { was_stored } => {
                if let Some(pending) = &mut self.pending {
                    let before = pending.was_kept.unwrap_or(false);
                    pending.was_kept = Some(before || was_stored);
                }
            }
            ServerEvent::Restarted => {
                self.unanswered();
                self.proofs.clear();
                self.possible_proofs.clear();
            }
            ServerEvent::Copied { copy } => {
                self.copies.insert(copy, self.server.clone());
            }
            ServerEvent::RolledBack { copy } => {
                self.pending = None;
                self.proofs.clear();
                self.possible_proofs.clear();
                if let Some(mut old) = self.copies.get(&copy).cloned() {
                    old.rolled_back_from(&self.server);
                    self.server = old;
                }
            }
            ServerEvent::Restored { copy } => {
                self.pending = None;
                self.proofs.clear();
                self.possible_proofs.clear();
                let when = self.moment(at);
                if let Some(mut old) = self.copies.get(&copy).cloned() {
                    old.restored_from(&self.server, when);
                    self.server = old;
                }
            }
            ServerEvent::ClockJumped { .. } => self.jumps += 1,
        }
        self.at = at;
    }

    /// The message before got no answer that anybody saw.
    fn unanswered(&mut self) {
        let Some(pending) = self.pending.take() else {
            return;
        };
        if pending.was_kept == Some(false) {
            return;
        }
        let Pending {
            when, who, message, ..
        } = pending;
        let sense = self.server.hear(who, &message, when, &mut self.records);
        if let (Sense::Report(About::Future), Heard::Result { uuid, .. }) = (sense, &message) {
            self.server.remembers(uuid);
        }
        if let (Sense::Idle | Sense::Report(_), Some(channel)) =
            (sense, self.server.channel_mut(who))
        {
            if sense == Sense::Report(About::MaybeFuture) {
                channel.history.note(when, None, Fact::MayHaveLostTrack);
            }
            channel.may_be_open = channel.open.is_none().then_some(when);
        }
        if sense == Sense::Report(About::MaybeFuture) {
            self.note_possible_proof(who, when);
        }
    }

    fn answered(&mut self, who: Who, answer: &Answered, violations: &mut Vec<Violation>) {
        let Some(pending) = self.pending.take_if(|pending| pending.who == who) else {
            return;
        };
        if let Answered::Status(status) = answer {
            let fault = refused(&self.server, &pending, *status);
            violations.extend(fault.map(|(rule, detail)| Violation {
                rule,
                who: Some(who),
                detail,
            }));
            if pending.was_kept == Some(true) {
                self.pending = Some(pending);
                self.unanswered();
            }
            return;
        }
        let Pending { when, message, .. } = pending;
        let sense = self.server.hear(who, &message, when, &mut self.records);
        let sense = self.resolved(sense, who, answer, when);
        if let (Sense::Report(About::Future), Heard::Result { uuid, .. }) = (sense, &message) {
            self.server.remembers(uuid);
        }
        if let Answered::Command { uuid, command } = answer {
            let outgoing = Outgoing {
                who,
                name: uuid,
                command,
                now: when,
                sense,
            };
            let faults = self.judge(&outgoing);
            violations.extend(faults.into_iter().map(|(rule, detail)| Violation {
                rule,
                who: Some(who),
                detail,
            }));
        }
        if sense == Sense::Report(About::Future) {
            self.note_proof(who, when);
        }
    }

    fn judge(&mut self, outgoing: &Outgoing<'_>) -> Vec<Fault> {
        let mut faults = Vec::new();
        if outgoing.stand(&self.server, &mut faults) == Standing::Again {
            return faults;
        }
        // What was chosen when nobody saw it, and comes now, was called for then.
        let channel = self.server.channel(outgoing.who);
        let chosen = channel.and_then(|channel| channel.may_be_open);
        let at_that_time = Outgoing {
            now: chosen.unwrap_or(outgoing.now),
            ..*outgoing
        };
        at_that_time.justify(&self.server, &mut faults);
        let Outgoing {
            who,
            name,
            command,
            now,
            ..
        } = *outgoing;
        if self.phase == Phase::Silence && changed(command).is_some() {
            self.noise.push(Violation {
                rule: Rule::NotSilent,
                who: Some(who),
                detail: format!("{command:?} after all was settled"),
            });
        }
        self.send(who, name, command, now);
        faults
    }

    /// Where it depends on what nobody saw whether a report proves an old copy, the answer tells:
    /// after such a proof a list is asked for at once.
    fn resolved(&mut self, sense: Sense, who: Who, answer: &Answered, when: Moment) -> Sense {
        let is_paused = self.server.wishes.is_paused;
        let Some(channel) = self.server.channel_mut(who) else {
            return sense;
        };
        let open = channel.open.and_then(|open| channel.history.order(open));
        let is_new = match answer {
            Answered::Command { uuid, .. } => open.is_none_or(|open| open.name != *uuid),
            Answered::Empty | Answered::Status(_) => false,
        };
        if sense != Sense::Report(About::MaybeFuture) {
            return sense;
        }
        if is_new {
            channel.lose_track(when);
            return Sense::Report(About::Future);
        }
        if is_paused {
            channel.history.note(when, None, Fact::MayHaveLostTrack);
        }
        sense
    }

    /// After a few hosts proved that the store is an old copy, all are observed anew.
    fn note_proof(&mut self, who: Who, when: Moment) {
        self.proofs.insert(who.host);
        if self.proofs.len() >= bounds::PROOFS {
            self.proofs.clear();
            self.possible_proofs.clear();
            self.server.lose_track(when);
        }
    }

    /// The same where the log alone does not tell whether the server took a word for a proof.
    fn note_possible_proof(&mut self, who: Who, when: Moment) {
        self.possible_proofs.insert(who.host);
        if self.possible_proofs.union(&self.proofs).count() >= bounds::PROOFS {
            self.server.may_have_lost_track(when);
        }
    }

    fn send(&mut self, who: Who, name: &str, command: &Ordered, when: Moment) {
        let build = self.server.host(who.host).and_then(|host| host.build(when));
        let edition = changed(command).map_or(0, |id| self.server.wishes.edition(id));
        let Some(channel) = self.server.channel_mut(who) else {
            return;
        };
        let epoch = channel.epoch;
        let order = Order {
            name: name.to_owned(),
            command: command.clone(),
            edition,
        };
        channel.send(when, build, order);
        self.given += 1;
        let given = Given {
            who,
            epoch,
            command: command.clone(),
            number: self.server.number(name).unwrap_or(self.given),
        };
        self.server.remembers(name);
        self.server.given.insert(name.to_owned(), given);
    }
}

/// Whether a refusal may be.
fn refused(server: &Server, pending: &Pending, status: u16) -> Option<(Rule, String)> {
    let message = &pending.message;
    match status {
        400 if !server.must_take(pending.who, message) => None,
        // It could not keep what the message says.
        503 if pending.was_kept.is_some() => None,
        400 | 500..=599 => Some((
            Rule::RefusedDevice,
            format!("{status} for {message:?} of an enrolled device"),
        )),
        _ => Some((Rule::HarmfulStatus, format!("{status} for {message:?}"))),
    }
}
