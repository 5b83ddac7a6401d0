//! When each device makes contact next, and on which channels.
//!
//! Knows nothing of devices, and has no clock. Invariant: a device that is in contact is not sent
//! off again before it is back; a push is never forgotten, also not one that comes meanwhile.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::mem;

use tokio::time::Instant;

use crate::message::Channel;

/// The channels of one contact.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Channels {
    pub(super) device: bool,
    pub(super) user: bool,
}

impl Channels {
    /// Both, as when a device connects by itself.
    pub(super) const ALL: Self = Self {
        device: true,
        user: true,
    };

    fn is_none(self) -> bool {
        self == Self::default()
    }
}

/// One device's place.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    /// When it connects by itself.
    poll_at: Option<Instant>,
    /// Which entry of the heap counts; others are left from before it was woken.
    due_at: Option<Instant>,
    woken: Channels,
    is_away: bool,
}

/// What to do now.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Send this device off, to talk on these channels.
    Go(usize, Channels),
    /// Nothing before then.
    Wait(Instant),
    /// Nothing that is known of.
    Nothing,
}

/// When each device makes contact next.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    places: Vec<Place>,
    due: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl Schedule {
    /// For so many devices, none of which makes contact yet.
    pub(super) fn new(devices: usize) -> Self {
        Self {
            places: vec![Place::default(); devices],
            due: BinaryHeap::new(),
        }
    }

    /// The device is back, or there from the start, and connects by itself then, or never again.
    pub(super) fn back(&mut self, index: usize, poll_at: Option<Instant>, now: Instant) {
        let Some(place) = self.places.get_mut(index) else {
            return;
        };
        place.is_away = false;
        place.poll_at = poll_at;
        let Some(poll_at) = poll_at else {
            place.due_at = None;
            return;
        };
        let at = if place.woken.is_none() { poll_at } else { now };
        place.due_at = Some(at);
        self.due.push(Reverse((at, index)));
    }

    /// A channel was pushed.
    pub(super) fn wake(&mut self, index: usize, channel: Channel, now: Instant) {
        let Some(place) = self.places.get_mut(index) else {
            return;
        };
        match channel {
            Channel::Device => place.woken.device = true,
            Channel::User => place.woken.user = true,
        }
        let is_asleep = place.due_at.is_some_and(|at| at > now);
        if !place.is_away && is_asleep {
            place.due_at = Some(now);
            self.due.push(Reverse((now, index)));
        }
    }

    /// What to do now. A device that it names is away until [`Self::back`].
    pub(super) fn turn(&mut self, now: Instant) -> Turn {
        while let Some(&Reverse((at, index))) = self.due.peek() {
            let place = self.places.get_mut(index);
            let Some(place) = place.filter(|place| place.due_at == Some(at)) else {
                self.due.pop();
                continue;
            };
            if at > now {
                return Turn::Wait(at);
            }
            self.due.pop();
            place.due_at = None;
            place.is_away = true;
            let woken = mem::take(&mut place.woken);
            let is_poll = place.poll_at.is_some_and(|at| at <= now);
            let channels = if is_poll { Channels::ALL } else { woken };
            return Turn::Go(index, channels);
        }
        Turn::Nothing
    }

    /// When a device connects by itself, as it was before its contact.
    pub(super) fn poll_at(&self, index: usize) -> Option<Instant> {
        self.places.get(index)?.poll_at
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DEVICE: Channels = Channels {
        device: true,
        user: false,
    };

    /// Proves that a push brings a device forward on its channel alone, that one during a contact
    /// is kept for the next, and that the poll after it is where it was.
    #[test]
    fn pushes_go_first() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut schedule = Schedule::new(2);
        assert_eq!(schedule.turn(start), Turn::Nothing);
        schedule.back(0, Some(at(30)), start);
        schedule.back(1, Some(at(20)), start);
        assert_eq!(schedule.turn(start), Turn::Wait(at(20)));

        schedule.wake(0, Channel::Device, at(1));
        schedule.wake(0, Channel::Device, at(1));
        assert_eq!(schedule.turn(at(1)), Turn::Go(0, DEVICE));
        assert_eq!(schedule.turn(at(1)), Turn::Wait(at(20)));
        schedule.wake(0, Channel::Device, at(2));
        assert_eq!(schedule.turn(at(2)), Turn::Wait(at(20)));
        schedule.back(0, schedule.poll_at(0), at(3));
        assert_eq!(schedule.turn(at(3)), Turn::Go(0, DEVICE));
        schedule.back(0, schedule.poll_at(0), at(4));

        assert_eq!(schedule.turn(at(30)), Turn::Go(1, Channels::ALL));
        assert_eq!(schedule.turn(at(30)), Turn::Go(0, Channels::ALL));
        assert_eq!(schedule.turn(at(30)), Turn::Nothing);
        schedule.back(1, None, at(31));
        schedule.wake(1, Channel::User, at(31));
        assert_eq!(schedule.turn(at(99)), Turn::Nothing, "it is over");
    }
}
