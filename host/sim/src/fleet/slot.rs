//! One device's place in a fleet: what the schedule must know of it.
//!
//! Knows nothing of time. Invariant: `is_idle` and `is_enrolled` are those of the last poll.

use super::poll::Traveller;
use super::schedule::Channels;
use super::wire::OwnLine;
use crate::device::{Contact, Device, Ending};
use crate::message::{Channel, Status};
use crate::random::SplitMix64;
use crate::side;

/// Contacts in a row, per channel, that must find nothing to do.
const IDLE_CONTACTS: u32 = 2;

/// One device's place in the fleet.
pub(super) struct Slot {
    /// Away while a contact runs.
    pub(super) device: Option<Box<Device>>,
    own: Option<Box<OwnLine>>,
    pub(super) jitter: SplitMix64,
    pub(super) polls: u64,
    pub(super) idle_device: u32,
    pub(super) idle_user: u32,
    pub(super) is_idle: bool,
    pub(super) is_enrolled: bool,
}

impl Slot {
    pub(super) fn new(device: Device) -> Self {
        Self {
            jitter: SplitMix64::new(u64::from(device.index), "jitter", device.index),
            polls: 0,
            idle_device: 0,
            idle_user: 0,
            is_idle: device.is_unenrolled(),
            is_enrolled: is_enrolled(&device),
            device: Some(Box::new(device)),
            own: None,
        }
    }

    /// The device and its connections, for a contact.
    pub(super) fn send_off(&mut self) -> Option<Traveller> {
        let own = self.own.take();
        self.device.take().map(|device| Traveller { device, own })
    }

    /// Forgets the last run's contacts.
    pub(super) fn restart(&mut self) {
        self.polls = 0;
        self.idle_device = 0;
        self.idle_user = 0;
        self.is_idle = self
            .device
            .as_ref()
            .is_some_and(|device| device.is_unenrolled());
    }

    /// Takes the device back. Counts idle contacts in a row; silence neither counts nor breaks the row.
    pub(super) fn note(&mut self, contact: Contact, back: Traveller) {
        let Traveller { device, own } = back;
        for (row, ending) in [
            (&mut self.idle_device, contact.device),
            (&mut self.idle_user, contact.user),
        ] {
            if ending != Ending::Silent {
                *row = if ending.is_idle() {
                    row.saturating_add(1)
                } else {
                    0
                };
            }
        }
        let is_user_idle =
            !device.has_user() || device.is_user_declined() || self.idle_user >= IDLE_CONTACTS;
        let is_quiet = self.idle_device >= IDLE_CONTACTS && is_user_idle;
        self.is_idle = device.is_unenrolled() || (is_quiet && !device.has_fault_ahead());
        self.take_back(Traveller { device, own });
    }

    /// Whether a contact on these channels left something undone that the device comes back for by
    /// itself, without being pushed.
    pub(super) fn is_restless(&self, channels: Channels, contact: Contact) -> bool {
        let Some(device) = &self.device else {
            return false;
        };
        let user_speaks = device.has_user() && !device.is_user_declined();
        let is_undone = |was_asked: bool, ending: Ending| match ending {
            Ending::Silent => was_asked,
            Ending::Empty(status) => status == Status::NotNow,
            Ending::Unenrolled | Ending::Declined => false,
            Ending::Refused(_)
            | Ending::Undecodable
            | Ending::Dropped
            | Ending::Lost
            | Ending::TooLong => true,
        };
        is_undone(channels.device, contact.device)
            || is_undone(channels.user && user_speaks, contact.user)
            || device.has_fault_ahead()
    }

    /// Takes the device back without a contact to note.
    pub(super) fn take_back(&mut self, back: Traveller) {
        self.is_enrolled = is_enrolled(&back.device);
        self.device = Some(back.device);
        self.own = back.own;
    }
}

fn is_enrolled(device: &Device) -> bool {
    device.progress(Channel::Device) == Some(side::Progress::Enrolled)
}
