//! One simulated Mac: what it says next, and what it does with an answer.
//!
//! Knows nothing of connections or clocks: a caller carries requests and replies. Invariant: per
//! channel at most one request is open, and a change is carried out once per command uuid.

mod act;
mod contact;

use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use plist::Dictionary;

use crate::error_chain::ErrorChain;
use crate::faults::Faults;
use crate::identity::Identity;
use crate::message::{self, Channel, CheckIn, Reply, Request, Status};
use crate::profile::InstalledProfile;
use crate::random::SplitMix64;
use crate::side::{Progress, Side, Sides, Talk};
use crate::summary::Tally;

pub use contact::{Contact, Ending, Next};

/// Requests that a device sends in one contact before it gives up; a server that hands out more
/// commands than this at once is going in circles.
pub const EXCHANGES_MAX: u32 = 10_000;

/// What makes a device.
#[derive(Debug, Clone, Default)]
pub struct DeviceOptions {
    /// Of the fleet.
    pub seed: u64,
    /// Its number in the fleet.
    pub index: u32,
    /// Whether it has a managed user, and so a user channel.
    pub has_user: bool,
    /// How it misbehaves.
    pub faults: Faults,
}

/// A profile that the device's user is going to remove.
#[derive(Debug, Clone)]
struct Loss {
    channel: Channel,
    identifier: String,
    contacts_left: u32,
}

/// A simulated Mac.
#[derive(Debug, Clone)]
pub struct Device {
    pub(crate) index: u32,
    pub(crate) is_unenrolled: bool,
    pub(crate) sides: Sides,
    pub(crate) tally: Tally,
    seed: u64,
    identity: Identity,
    faults: Faults,
    random: SplitMix64,
    loss: Option<Loss>,
    polls: u32,
    is_away: bool,
}

impl Device {
    /// A device that is not enrolled yet.
    pub fn new(options: DeviceOptions) -> Self {
        let DeviceOptions {
            seed,
            index,
            has_user,
            faults,
        } = options;
        let has_user = has_user && !faults.is_without_user;
        let mut device = Self {
            index,
            is_unenrolled: false,
            sides: Sides::new(seed, index, has_user),
            tally: Tally::default(),
            seed,
            identity: Identity::derive(seed, index),
            random: SplitMix64::new(seed, "device", index),
            faults,
            loss: None,
            polls: 0,
            is_away: false,
        };
        device.lock(device.faults.locked_contacts);
        device
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether the server dismissed it; it never contacts again.
    pub fn is_unenrolled(&self) -> bool {
        self.is_unenrolled
    }

    /// Whether it has a managed user.
    pub fn has_user(&self) -> bool {
        self.sides.user.is_some()
    }

    /// How far a channel's enrollment is; nothing where there is no such channel.
    pub fn progress(&self, channel: Channel) -> Option<Progress> {
        self.sides.get(channel).map(|side| side.progress)
    }

    /// The profiles of a channel by identifier, its own two and the server's.
    pub fn profiles(&self, channel: Channel) -> impl Iterator<Item = &InstalledProfile> {
        self.sides
            .get(channel)
            .into_iter()
            .flat_map(|side| side.profiles.values().map(Arc::as_ref))
    }

    /// What was counted since the device was made.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Whether a fault is yet to come that only time (further contacts) brings about.
    pub fn has_fault_ahead(&self) -> bool {
        self.loss.is_some()
    }

    /// Its user removes a profile by hand; says whether it was there.
    pub fn user_removes(&mut self, channel: Channel, identifier: &str) -> bool {
        self.sides
            .get_mut(channel)
            .is_some_and(|side| side.profiles.remove(identifier).is_some())
    }

    /// Its user installs a profile by hand.
    ///
    /// # Errors
    /// The chain a Mac would give, if these bytes are no profile for that channel.
    pub fn user_installs(&mut self, channel: Channel, bytes: &[u8]) -> Result<(), ErrorChain> {
        let profile = crate::profile::read_profile(bytes, channel)?;
        if let Some(side) = self.sides.get_mut(channel) {
            side.keep(profile);
        }
        Ok(())
    }

    /// Locks both channels: for that many contacts profile changes are answered with `NotNow`.
    pub fn lock(&mut self, contacts: u32) {
        for side in self.sides.each_mut() {
            side.locked_contacts = contacts;
        }
    }

    /// The device is wiped: empty stores, nothing enrolled; its next contact is an Authenticate.
    pub fn erase(&mut self) {
        self.sides = Sides::new(self.seed, self.index, self.has_user());
        self.loss = None;
        self.is_unenrolled = false;
    }

    /// The user ends the management: the `CheckOut` to send. What MDM installed is gone; the next
    /// contact enrolls again.
    pub fn check_out(&mut self) -> Request {
        self.leave();
        message::check_in(&self.identity, Channel::Device, CheckIn::CheckOut)
    }

    /// Makes one contact: device channel, then user channel. `exchange` carries a request to the
    /// server and its reply back ([`Reply::lost`] where there is none).
    pub fn contact(&mut self, mut exchange: impl FnMut(Channel, Request) -> Reply) -> Contact {
        let mut one = |channel| match self.begin(channel) {
            None => Ending::Silent,
            Some(mut request) => loop {
                match self.answer(channel, &exchange(channel, request)) {
                    Next::Send(next) => request = next,
                    Next::Over(ending) => return ending,
                }
            },
        };
        Contact {
            device: one(Channel::Device),
            user: one(Channel::User),
        }
    }

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
        side.exchanges = 0;
        side.is_locked = side.locked_contacts > 0;
        side.locked_contacts = side.locked_contacts.saturating_sub(1);
        let progress = side.progress;
        self.tally.contacts += 1;
        self.come_due(channel);
        Some(match (progress, channel) {
            (Progress::New, Channel::Device) => self.check_in(channel, CheckIn::Authenticate),
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
        match reply.status {
            200 => {}
            0 => return self.fail(Ending::Lost),
            status => return self.fail(Ending::Refused(status)),
        }
        match talk {
            Talk::Quiet => Next::Over(Ending::Silent),
            Talk::Authenticate => {
                self.advance(channel, Progress::Authenticated);
                Next::Send(self.check_in(channel, CheckIn::TokenUpdate))
            }
            Talk::TokenUpdate => {
                self.advance(channel, Progress::Enrolled);
                Next::Send(self.open(channel))
            }
            Talk::Report {
                status,
                again: Some(request),
            } => {
                self.say(
                    channel,
                    Talk::Report {
                        status,
                        again: None,
                    },
                );
                Next::Send(request)
            }
            Talk::Report {
                status,
                again: None,
            } if reply.body.is_empty() => Next::Over(Ending::Empty(status)),
            Talk::Report { again: None, .. } => self.obey(channel, &reply.body),
        }
    }

    /// Gives equal profiles of many devices one place in memory.
    pub(crate) fn share_profiles(&mut self, shelf: &mut BTreeSet<Arc<InstalledProfile>>) {
        for side in self.sides.each_mut() {
            for profile in side.profiles.values_mut() {
                match shelf.get(profile) {
                    Some(known) => *profile = Arc::clone(known),
                    None => drop(shelf.insert(Arc::clone(profile))),
                }
            }
        }
    }

    fn say(&mut self, channel: Channel, talk: Talk) {
        if let Some(side) = self.sides.get_mut(channel) {
            side.talk = talk;
        }
    }

    fn advance(&mut self, channel: Channel, progress: Progress) {
        if let Some(side) = self.sides.get_mut(channel) {
            side.progress = progress;
        }
    }

    fn check_in(&mut self, channel: Channel, kind: CheckIn) -> Request {
        let talk = match kind {
            CheckIn::Authenticate => Talk::Authenticate,
            CheckIn::TokenUpdate => Talk::TokenUpdate,
            CheckIn::CheckOut => Talk::Quiet,
        };
        self.say(channel, talk);
        message::check_in(&self.identity, channel, kind)
    }

    /// The first report of a contact: Idle, or the stray one of a confused device.
    fn open(&mut self, channel: Channel) -> Request {
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

    fn report(
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

    fn skips_this_poll(&mut self) -> bool {
        self.polls = self.polls.wrapping_add(1);
        !self
            .polls
            .is_multiple_of(self.faults.polls_per_contact.max(1))
    }

    fn is_device_channel_quiet(&mut self, channel: Channel) -> bool {
        let is_quiet = channel == Channel::Device
            && self.sides.device.progress == Progress::Enrolled
            && self.faults.user_only_polls > 0;
        if is_quiet {
            self.faults.user_only_polls -= 1;
        }
        is_quiet
    }

    /// At the start of a contact: the user may have removed a profile since the last one.
    fn come_due(&mut self, channel: Channel) {
        let Some(loss) = self.loss.as_mut().filter(|loss| loss.channel == channel) else {
            return;
        };
        loss.contacts_left = loss.contacts_left.saturating_sub(1);
        if loss.contacts_left == 0
            && let Some(loss) = self.loss.take()
        {
            self.user_removes(loss.channel, &loss.identifier);
        }
    }

    fn fail(&mut self, ending: Ending) -> Next {
        self.tally.errors += 1;
        Next::Over(ending)
    }

    fn dismissed(&mut self) -> Next {
        self.leave();
        self.is_unenrolled = true;
        Next::Over(Ending::Unenrolled)
    }

    fn leave(&mut self) {
        self.loss = None;
        self.sides.each_mut().for_each(Side::leave);
    }
}
