//! A lean Mac: it holds profiles, obeys and reports as a Mac does, and everything can happen to it.
//!
//! Knows nothing of the server, the network or time beyond "now". It shares no encoder and no
//! decoder with the server. Invariants: per channel at most one request is open; what it lists is
//! what it holds, unless a fault damages the list. `mooring-sim` has the full device; this one is
//! for millions of messages.

mod fortune;
mod message;
mod obey;
mod order;
mod talk;
mod xml;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use mooring_mdm::ids::Channel;

use crate::log::{Heard, Told, Who};
use crate::random::Random;

pub(crate) use order::Order;
pub(crate) use talk::{Next, Reply};

/// Version and build of macOS, in the order in which devices are upgraded.
const SYSTEMS: [(&str, &str); 8] = [
    ("13.7.1", "22H221"),
    ("14.4", "23E214"),
    ("14.6.1", "23G93"),
    ("14.7.1", "23H222"),
    ("15.0.1", "24A348"),
    ("15.1", "24B83"),
    ("15.2", "24C101"),
    ("26.0", "25A354"),
];
const MODELS: [&str; 4] = ["MacBookAir10,1", "Mac14,2", "Mac15,3", "Mac16,10"];

/// The profile that made the device a managed one, and one of its user.
const OWN_PROFILES: [&str; 2] = ["org.example.enrollment", "org.example.personal"];

/// A message as it leaves a device.
#[derive(Debug)]
pub(crate) struct Packet {
    /// Its sender.
    pub(crate) who: Who,
    /// Its bytes.
    pub(crate) body: Vec<u8>,
    /// What it says, with uuids as the server named them.
    pub(crate) heard: Heard,
}

/// How far a channel's enrollment is, as the device sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Nothing was said yet, or all is over.
    Out,
    /// Authenticate was answered.
    Authenticated,
    /// `TokenUpdate` was answered.
    Enrolled,
}

/// Who put a profile on the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The server.
    Server,
    /// The user or another tool. The device lets no server remove it.
    Other,
}

/// A profile on the device.
#[derive(Debug, Clone)]
pub(crate) struct Installed {
    pub(crate) uuid: String,
    pub(crate) origin: Origin,
}

/// An error for ever, until the system changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Only other content could help.
    Content,
    /// Looks as if another try could help.
    Transient,
}

/// What the open request of a channel is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Talk {
    Quiet,
    Authenticate,
    TokenUpdate,
    CheckOut,
    Report,
}

/// One channel of a device.
#[derive(Debug, Clone)]
pub(crate) struct Side {
    pub(crate) stage: Stage,
    pub(crate) profiles: BTreeMap<String, Installed>,
    /// Counts requests: a reply to an earlier one comes too late.
    pub(crate) exchange: u32,
    talk: Talk,
    /// Requests since the contact began.
    pub(crate) length: u32,
    /// A message that got no reply and is sent again at the next contact.
    unsent: Option<Rc<Packet>>,
    /// Whether the server must be told a new push magic.
    owes_token: bool,
    magic: u32,
    /// Contacts in a row that the server refused.
    pub(crate) refused: u32,
}

/// One physical device.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    /// Whom the server takes it for.
    pub(crate) host: u32,
    pub(crate) serial: String,
    model: &'static str,
    system: usize,
    /// The device channel.
    pub(crate) main: Side,
    /// The channel of its managed user.
    pub(crate) user: Option<Side>,
    /// In ms of true time.
    pub(crate) locked_until: u64,
    /// In ms of true time.
    pub(crate) away_until: u64,
    /// Whether it is gone for good.
    pub(crate) is_gone: bool,
    /// Whether another device uses the same identity, or did.
    pub(crate) is_cloned: bool,
    pub(crate) refuses: BTreeMap<String, Refusal>,
    pub(crate) keeps: BTreeSet<String>,
    is_being_set_up: bool,
    /// What its user removes again and again, and until when, in ms of true time.
    disliked: Option<(Channel, String, u64)>,
    backup: Option<Box<(Side, Option<Side>)>>,
    random: Random,
}

impl Side {
    fn new(random: &mut Random) -> Self {
        let own = OWN_PROFILES.map(|identifier| {
            let (uuid, origin) = (random.uuid(), Origin::Other);
            (identifier.to_owned(), Installed { uuid, origin })
        });
        Self {
            stage: Stage::Out,
            profiles: own.into_iter().collect(),
            exchange: 0,
            talk: Talk::Quiet,
            length: 0,
            unsent: None,
            owes_token: false,
            magic: 0,
            refused: 0,
        }
    }
}

impl Device {
    /// A new device that has yet to enroll.
    pub(crate) fn new(seed: u64, host: u32) -> Self {
        let mut random = Random::new(seed, "device", host);
        Self {
            host,
            serial: serial(&mut random),
            model: MODELS[random.place(MODELS.len())],
            system: random.place(5),
            main: Side::new(&mut random),
            user: None,
            locked_until: 0,
            away_until: 0,
            is_gone: false,
            is_cloned: false,
            refuses: BTreeMap::new(),
            keeps: BTreeSet::new(),
            is_being_set_up: false,
            disliked: None,
            backup: None,
            random,
        }
    }

    /// The channel's side, if the device has such a channel.
    pub(crate) fn side(&self, channel: Channel) -> Option<&Side> {
        match channel {
            Channel::Device => Some(&self.main),
            Channel::User => self.user.as_ref(),
        }
    }

    /// The same to be changed.
    pub(crate) fn side_mut(&mut self, channel: Channel) -> Option<&mut Side> {
        match channel {
            Channel::Device => Some(&mut self.main),
            Channel::User => self.user.as_mut(),
        }
    }

    /// One of its channels, as the server knows it.
    pub(crate) fn who(&self, channel: Channel) -> Who {
        Who {
            host: self.host,
            channel,
        }
    }

    /// What it tells of itself.
    pub(crate) fn told(&self) -> Told {
        let (os_version, build) = SYSTEMS[self.system];
        Told {
            os_version: os_version.to_owned(),
            build: build.to_owned(),
            serial: self.serial.clone(),
            model: self.model.to_owned(),
        }
    }
}

fn serial(random: &mut Random) -> String {
    const ALPHABET: &[u8] = b"0123456789CDFGHJKLMNPQRTVWXY";
    let letters = (0..10).map(|_| char::from(ALPHABET[random.place(ALPHABET.len())]));
    letters.collect()
}

/// The UDID of a host.
pub(crate) fn udid(host: u32) -> String {
    format!("50A4B00C-0000-4000-8000-{host:012X}")
}

/// The `UserID` of a host's managed user.
fn user_id(host: u32) -> String {
    format!("50A4B00C-0000-4000-9000-{host:012X}")
}
