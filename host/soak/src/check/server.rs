//! Everything that one store knows: what administrators said, and each host's history.
//!
//! Knows nothing of answers. Invariant: a copy of it is what a copy of the store would know, so
//! that a server which starts over an old store is judged by what that store can tell.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::ids::Channel as Kind;

use super::bounds;
use super::channel::{About, Channel, Epoch, Phase};
use super::history::{Build, Fact, Moment};
use super::labels::Subject;
use super::wishes::Wishes;
use crate::log::{Action, Heard, Ordered, Reported, Told, Who};

/// One host.
#[derive(Debug, Clone, Default)]
pub(super) struct Host {
    device: Option<Channel>,
    user: Option<Channel>,
    told: Option<(Told, Moment)>,
    serial: Option<String>,
    earlier: BTreeSet<String>,
    /// Whether two devices speak for it in turn.
    pub(super) is_duplicate: bool,
}

impl Host {
    /// Notes a serial number. Another one is fine where the host authenticates, unless it was told
    /// before.
    fn notes_serial(&mut self, serial: &str, authenticates: bool) {
        if let Some(before) = self.serial.replace(serial.to_owned())
            && before != serial
        {
            self.is_duplicate |= !authenticates || self.earlier.contains(serial);
            self.earlier.insert(before);
        }
    }

    fn slot(&mut self, kind: Kind) -> &mut Option<Channel> {
        match kind {
            Kind::Device => &mut self.device,
            Kind::User => &mut self.user,
        }
    }

    /// One of its channels.
    pub(super) fn channel(&self, kind: Kind) -> Option<&Channel> {
        match kind {
            Kind::Device => self.device.as_ref(),
            Kind::User => self.user.as_ref(),
        }
    }

    /// Its build, if it ever told one.
    pub(super) fn build(&self, now: Moment) -> Option<Build> {
        let (told, when) = self.told.as_ref()?;
        Some(Build {
            name: told.build.clone(),
            is_sure: when.until(now).is_some_and(|age| age < bounds::TOLD_MS),
        })
    }
}

/// What a name was given to.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) who: Who,
    pub(super) epoch: Epoch,
    pub(super) command: Ordered,
    /// Counts the names that any server of the world gave. One that is given again, since an old copy
    /// was started, keeps its number.
    pub(super) number: u64,
}

/// What a message turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// A check-in of somebody who may send it.
    CheckIn,
    /// From somebody unknown: the server may refuse it.
    Stranger,
    /// From a channel that is known but not enrolled: there is no work for it.
    NotEnrolled,
    /// It asks for work.
    Idle,
    /// It reports.
    Report(About),
    /// It is no message.
    Unreadable,
}

/// What a store knows.
#[derive(Debug, Clone, Default)]
pub(super) struct Server {
    pub(super) wishes: Wishes,
    hosts: BTreeMap<u32, Host>,
    /// Every command name that was handed out, as far as this store can know.
    pub(super) given: BTreeMap<String, Given>,
    /// Names that were given in times that this store has forgotten.
    forgotten: BTreeMap<String, Given>,
    /// Those that were, when the server is thought to have begun a new era: if it could not store
    /// that, they still prove something.
    doubtful: BTreeSet<String>,
}

impl Server {
    /// A host's record.
    pub(super) fn host(&self, host: u32) -> Option<&Host> {
        self.hosts.get(&host)
    }

    /// A channel's record.
    pub(super) fn channel(&self, who: Who) -> Option<&Channel> {
        self.hosts.get(&who.host)?.channel(who.channel)
    }

    /// The same, to change it.
    pub(super) fn channel_mut(&mut self, who: Who) -> Option<&mut Channel> {
        self.hosts.get_mut(&who.host)?.slot(who.channel).as_mut()
    }

    /// The host as labels look at it.
    pub(super) fn subject(&self, host: u32, now: Moment) -> Subject<'_> {
        let told = self.hosts.get(&host).and_then(|host| host.told.as_ref());
        let told = told.map(|(told, when)| (told, *when));
        Subject { host, told, now }
    }

    /// Takes an administrator's change in.
    pub(super) fn note(&mut self, action: &Action, when: Moment) {
        self.wishes.note(action);
        match action {
            Action::RemovedHost { host } => {
                self.hosts.remove(host);
            }
            Action::Refreshed { host } => self.ask(*host, when, &Fact::Asked),
            Action::Resent { host, identifier } => {
                self.ask(*host, when, &Fact::AskedFor(identifier.clone()));
            }
            Action::Pushed { .. }
            | Action::Deleted { .. }
            | Action::Switched { .. }
            | Action::Assigned { .. }
            | Action::Members { .. }
            | Action::Labelled { .. }
            | Action::Paused
            | Action::Resumed
            | Action::Values { .. } => {}
        }
    }

    fn ask(&mut self, host: u32, when: Moment, fact: &Fact) {
        let Some(host) = self.hosts.get_mut(&host) else {
            return;
        };
        for channel in [&mut host.device, &mut host.user].into_iter().flatten() {
            channel.history.note(when, None, fact.clone());
        }
    }

    /// Takes a message in. `records` counts the records that any server ever made.
    pub(super) fn hear(
        &mut self,
        who: Who,
        message: &Heard,
        when: Moment,
        records: &mut u64,
    ) -> Sense {
        match message {
            Heard::Unreadable => Sense::Unreadable,
            Heard::Authenticate { told } => self.authenticate(who, told, when, records),
            Heard::TokenUpdate { magic, .. } => self.token_update(who, magic, when, records),
            Heard::CheckOut => self.check_out(who),
            Heard::Idle => {
                let build = self.build(who, when);
                match self.enrolled(who) {
                    Ok(channel) => {
                        channel.idle(when, build);
                        Sense::Idle
                    }
                    Err(sense) => sense,
                }
            }
            Heard::Result { uuid, outcome } => self.report(who, uuid, outcome, when),
        }
    }

    /// Whether a message comes from somebody whom the server has to answer.
    pub(super) fn must_take(&self, who: Who, message: &Heard) -> bool {
        let is_known = self.channel(who).is_some();
        match message {
            Heard::Unreadable => false,
            Heard::Authenticate { .. } => who.channel == Kind::Device,
            Heard::TokenUpdate { .. } => match who.channel {
                Kind::Device => is_known,
                Kind::User => {
                    let host = self.hosts.get(&who.host);
                    let device = host.and_then(|host| host.device.as_ref());
                    device.is_some_and(|device| device.phase == Phase::Enrolled)
                }
            },
            Heard::CheckOut => true,
            Heard::Idle | Heard::Result { .. } => is_known,
        }
    }

    fn build(&self, who: Who, now: Moment) -> Option<Build> {
        self.hosts.get(&who.host).and_then(|host| host.build(now))
    }

    fn enrolled(&mut self, who: Who) -> Result<&mut Channel, Sense> {
        let channel = self.channel_mut(who).ok_or(Sense::Stranger)?;
        match channel.phase {
            Phase::Enrolled => Ok(channel),
            Phase::Authenticated | Phase::Away => Err(Sense::NotEnrolled),
        }
    }

    fn authenticate(&mut self, who: Who, told: &Told, when: Moment, records: &mut u64) -> Sense {
        if who.channel == Kind::User {
            return Sense::Stranger;
        }
        let host = self.hosts.entry(who.host).or_default();
        host.told = Some((told.clone(), when));
        host.notes_serial(&told.serial, true);
        let device = host.device.get_or_insert_with(|| new_record(records));
        device.begin(Phase::Authenticated);
        if let Some(user) = &mut host.user {
            user.begin(Phase::Away);
        }
        Sense::CheckIn
    }

    fn token_update(&mut self, who: Who, magic: &str, when: Moment, records: &mut u64) -> Sense {
        let Some(host) = self.hosts.get_mut(&who.host) else {
            return Sense::Stranger;
        };
        let device = host.device.as_ref().map(|device| device.phase);
        if who.channel == Kind::User {
            if device != Some(Phase::Enrolled) {
                return Sense::Stranger;
            }
            host.user.get_or_insert_with(|| new_record(records));
        }
        let Some(channel) = host.slot(who.channel) else {
            return Sense::Stranger;
        };
        match channel.phase {
            Phase::Authenticated => channel.phase = Phase::Enrolled,
            Phase::Away => channel.begin(Phase::Enrolled),
            // Each enrollment has a magic of its own.
            Phase::Enrolled if channel.magic.as_deref().is_some_and(|known| known != magic) => {
                channel.begin(Phase::Enrolled);
            }
            // Its token may be another, which the log does not tell.
            Phase::Enrolled => {
                channel.history.note(when, None, Fact::MayHaveLostTrack);
            }
        }
        channel.magic = Some(magic.to_owned());
        Sense::CheckIn
    }

    fn check_out(&mut self, who: Who) -> Sense {
        let Some(host) = self.hosts.get_mut(&who.host) else {
            return Sense::Stranger;
        };
        if let Some(channel) = host.slot(who.channel) {
            channel.leave();
        }
        if let (Kind::Device, Some(user)) = (who.channel, &mut host.user) {
            user.leave();
        }
        Sense::CheckIn
    }

    fn report(&mut self, who: Who, name: &str, outcome: &Reported, when: Moment) -> Sense {
        let build = self.build(who, when);
        let channel = match self.enrolled(who) {
            Ok(channel) => channel,
            Err(sense) => return sense,
        };
        let epoch = channel.epoch;
        let is_forgotten = self
            .forgotten
            .get(name)
            .is_some_and(|given| (given.who, given.epoch) == (who, epoch));
        let is_doubtful = self.doubtful.contains(name);
        let Some(channel) = self.channel_mut(who) else {
            return Sense::Stranger;
        };
        let order = channel.history.find(name);
        let asks_attributes = order
            .and_then(|order| channel.history.order(order))
            .is_some_and(|order| order.command == Ordered::Information);
        let about = if is_doubtful && order.is_none() {
            About::MaybeFuture
        } else {
            channel.report(name, outcome, is_forgotten, (when, build))
        };
        if let (
            About::Open,
            true,
            Reported::Acknowledged {
                told: Some(told), ..
            },
        ) = (about, asks_attributes, outcome)
            && let Some(host) = self.hosts.get_mut(&who.host)
        {
            host.told = Some((told.clone(), when));
            host.notes_serial(&told.serial, false);
        }
        Sense::Report(about)
    }

    /// Nothing that was seen counts any more, of any host. Numbers are counted on from far above all
    /// that may have been given, so no name proves anything more.
    pub(super) fn lose_track(&mut self, when: Moment) {
        let forgotten = std::mem::take(&mut self.forgotten);
        self.doubtful.extend(forgotten.into_keys());
        for host in self.hosts.values_mut() {
            for channel in [&mut host.device, &mut host.user].into_iter().flatten() {
                channel.lose_track(when);
            }
        }
    }

    /// The same, if the server saw what the log does not tell.
    pub(super) fn may_have_lost_track(&mut self, when: Moment) {
        for host in self.hosts.values_mut() {
            for channel in [&mut host.device, &mut host.user].into_iter().flatten() {
                channel.history.note(when, None, Fact::MayHaveLostTrack);
            }
        }
    }

    /// An old copy was started as if nothing had happened, after `latest`.
    pub(super) fn rolled_back_from(&mut self, latest: &Self) {
        for (name, given) in latest.forgotten.iter().chain(&latest.given) {
            if !self.given.contains_key(name) {
                self.forgotten.insert(name.clone(), given.clone());
            }
        }
        let doubtful = latest.doubtful.iter();
        let doubtful = doubtful.filter(|name| !self.forgotten.contains_key(*name));
        self.doubtful.extend(doubtful.cloned());
    }

    /// The number that a name has, if it was given in times that this store has forgotten.
    pub(super) fn number(&self, name: &str) -> Option<u64> {
        self.forgotten.get(name).map(|given| given.number)
    }

    /// The server knows by now of everything that it numbered up to this name, in one enrollment:
    /// it gave the name once more, or a device proved it.
    pub(super) fn remembers(&mut self, name: &str) {
        let Some(Given {
            who, epoch, number, ..
        }) = self.forgotten.get(name).cloned()
        else {
            return;
        };
        self.forgotten
            .retain(|_, given| (given.who, given.epoch) != (who, epoch) || given.number > number);
    }

    /// An old copy was restored, after `latest`: nothing that was seen counts, and no name that was
    /// given may come again.
    pub(super) fn restored_from(&mut self, latest: &Self, when: Moment) {
        self.given.clone_from(&latest.given);
        self.lose_track(when);
    }
}

fn new_record(records: &mut u64) -> Channel {
    *records += 1;
    Channel::new(*records, Phase::Away)
}
