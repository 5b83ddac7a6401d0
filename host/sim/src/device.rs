//! One simulated Mac: what it says next, and what it does with an answer.
//!
//! Knows nothing of connections or clocks: a caller carries requests and replies. Invariant: per
//! channel at most one request is open, and a change is carried out once per command uuid.

mod act;
mod contact;
mod habits;
mod membership;
mod talk;

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::error_chain::ErrorChain;
use crate::faults::Faults;
use crate::identity::Identity;
use crate::message::{self, Channel, CheckIn, Request};
use crate::profile::InstalledProfile;
use crate::random::SplitMix64;
use crate::side::{Progress, Sides};
use crate::summary::Tally;
use membership::Renewing;

pub use contact::{Contact, Ending, Next};
pub use habits::{Habits, OnRenewal};
pub(crate) use membership::Membership;

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
    /// Only of a device that was given an enrollment profile and an identity.
    pub(crate) membership: Option<Membership>,
    seed: u64,
    identity: Identity,
    faults: Faults,
    habits: Habits,
    random: SplitMix64,
    loss: Option<Loss>,
    /// The renewal that the caller is carrying out.
    renewing: Option<Renewing>,
    /// The command whose acknowledgement waits for a `TokenUpdate`.
    owed: Option<String>,
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
            membership: None,
            seed,
            identity: Identity::derive(seed, index),
            random: SplitMix64::new(seed, "device", index),
            faults,
            habits: Habits::default(),
            loss: None,
            renewing: None,
            owed: None,
            polls: 0,
            is_away: false,
        };
        device.lock(device.faults.locked_contacts);
        device
    }

    /// The same device with other habits.
    #[must_use]
    pub fn with_habits(mut self, habits: Habits) -> Self {
        self.habits = habits;
        self
    }

    /// What it does that not every device does.
    pub fn habits(&self) -> Habits {
        self.habits
    }

    /// Who it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Whether the server dismissed it; it never contacts again.
    pub fn is_unenrolled(&self) -> bool {
        self.is_unenrolled
    }

    /// Whether the server does not want its user (410 to `UserAuthenticate`).
    pub fn is_user_declined(&self) -> bool {
        self.sides
            .user
            .as_ref()
            .is_some_and(|side| side.is_declined)
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
        let opened = crate::profile::open(bytes, channel, self.credential())?;
        if let Some(side) = self.sides.get_mut(channel) {
            side.keep(opened.installed);
        }
        Ok(())
    }

    /// Locks both channels: for that many contacts profile changes are answered with `NotNow`.
    pub fn lock(&mut self, contacts: u32) {
        for side in self.sides.each_mut() {
            side.locked_contacts = contacts;
        }
    }

    /// The device is wiped: empty stores, no identity, nothing enrolled; its next contact is an
    /// Authenticate.
    pub fn erase(&mut self) {
        self.leave();
        self.sides = Sides::new(self.seed, self.index, self.has_user());
        self.membership = None;
        self.is_unenrolled = false;
    }

    /// The user ends the management: the `CheckOut` to send. What MDM installed is gone; the next
    /// contact enrolls again.
    pub fn check_out(&mut self) -> Request {
        self.leave();
        message::check_in(
            &self.identity,
            self.topic(),
            Channel::Device,
            CheckIn::CheckOut,
        )
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
}
