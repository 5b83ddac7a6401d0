//! What is going to happen, in order of time.
//!
//! Knows nothing of what it means. Invariant: of two events of one moment, the one that was
//! scheduled first comes first.

use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::rc::Rc;

use mooring_mdm::ids::Channel;

use crate::device::{Packet, Reply};
use crate::log::Phase;

/// A device of the world, by its place.
pub(crate) type Place = usize;

/// A request of a device that waits for its reply.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) device: Place,
    pub(crate) channel: Channel,
    /// The channel's count of requests at that time.
    pub(crate) exchange: u32,
}

/// Something that is going to happen.
#[derive(Debug)]
pub(crate) enum Event {
    /// A device may make contact.
    Wake(Place),
    /// A device makes contact out of turn: it was pushed, or tries again.
    Poke(Place),
    /// A channel begins a contact.
    Begin(Place, Channel),
    /// A request arrives; nobody waits for the reply to a copy.
    Arrive {
        asked: Option<Asked>,
        packet: Rc<Packet>,
    },
    /// A reply arrives.
    Reply { asked: Asked, reply: Reply },
    /// A device waited long enough for a reply.
    GiveUp { asked: Asked, packet: Rc<Packet> },
    /// Something befalls a device.
    Incident(Place),
    /// A user appears on a device.
    UserAppears(Place),
    /// The server's clock jumps.
    Jump,
    /// A copy of the store is taken.
    Copy,
    /// That copy is started as if nothing had happened.
    RollBack { copy: u32 },
    /// That copy is restored.
    Restore { copy: u32 },
    /// An administrator begins to change things.
    Burst,
    /// An administrator changes one thing, and so many more after it.
    Change(u32),
    /// An administrator ends a pause.
    Resume,
    /// The next phase begins.
    Phase(Phase),
    /// It is over.
    End,
}

struct Due {
    at: u64,
    number: u64,
    event: Event,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    /// The earliest is the greatest, as the heap wants it.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.number).cmp(&(self.at, self.number))
    }
}

/// What is going to happen.
#[derive(Default)]
pub(crate) struct Queue {
    due: BinaryHeap<Due>,
    scheduled: u64,
}

impl Queue {
    /// Schedules an event, in ms of true time.
    pub(crate) fn at(&mut self, at: u64, event: Event) {
        self.scheduled += 1;
        let number = self.scheduled;
        self.due.push(Due { at, number, event });
    }

    /// The next event and its time.
    pub(crate) fn next(&mut self) -> Option<(u64, Event)> {
        self.due.pop().map(|due| (due.at, due.event))
    }
}
