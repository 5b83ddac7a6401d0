//! What should be installed: the latest enabled version of every profile, by channel, but for what
//! the circumstances of a host make of it.
//!
//! Knows nothing of what a host has. Invariants: an identifier that this server ever assigned stays
//! in the catalog for good; if it is not wanted it is *desired absent*, unless nobody knows
//! whether it is wanted: then nothing is done about it; a profile that may not travel as it would
//! have to, or lacks a value, is not removed because of that.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::ids::{Channel, PayloadIdentifier, PayloadUuid};
use mooring_mdm::os::{OsVersion, Platform};
use mooring_mdm::profile::introduced::{Introduction, has_later, is_news};

use crate::personal::PersonalNames;

/// One version of a profile, as the drift engine knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revision {
    /// The profile's version, counted 1, 2, 3, ... per identifier.
    pub version: u32,
    /// The uuid under which a device lists it.
    pub uuid: PayloadUuid,
}

/// Whether a profile holds secrets, and what can be done to keep them on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Secrets {
    /// It holds none.
    #[default]
    None,
    /// Its payloads can be encrypted to the device.
    Encryptable,
    /// It is signed, so its bytes cannot be changed.
    Fixed,
}

/// How replies reach an enrollment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub enum Transport {
    /// Only the device can read them.
    #[default]
    Private,
    /// Somebody else might get them, but the device has an identity that can be encrypted to.
    Encrypted,
    /// Somebody else might get them, and nothing can be encrypted to the device.
    Open,
}

/// A profile of this server, deleted ones included.
#[derive(Debug, Clone)]
pub struct CatalogProfile {
    /// The channel it is delivered on.
    pub channel: Channel,
    /// The latest version.
    pub latest: Revision,
    /// Whether it should be installed: enabled and not deleted.
    pub is_wanted: bool,
    /// Whether the latest version holds secrets.
    pub secrets: Secrets,
    /// Every uuid that this server *made* for it: a device that lists one has our copy. The own
    /// uuid of a signed upload is not among them, since anyone may have installed that file.
    pub made: BTreeSet<PayloadUuid>,
    /// Recognises the uuids of copies with a host's own values, if any version ever had such.
    pub personal: Option<PersonalNames>,
    /// Whether the latest version has values of each host's own.
    pub is_personal: bool,
    /// The systems that brought the keys of the latest version.
    pub introduced: BTreeSet<Introduction>,
}

/// Every profile that this server ever assigned.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    /// By identifier.
    pub profiles: BTreeMap<PayloadIdentifier, CatalogProfile>,
}

impl Catalog {
    /// Whether this server ever assigned `identifier`.
    pub fn is_ours(&self, identifier: &PayloadIdentifier) -> bool {
        self.profiles.contains_key(identifier)
    }

    /// Whether `uuid` under `identifier` is a copy that this server made.
    pub fn is_made(&self, identifier: &PayloadIdentifier, uuid: &PayloadUuid) -> bool {
        self.profiles.get(identifier).is_some_and(|profile| {
            let is_personal = |names: &PersonalNames| {
                let mut versions = profile.made.iter();
                versions.any(|version| names.is_made(version, uuid))
            };
            profile.made.contains(uuid) || profile.personal.as_ref().is_some_and(is_personal)
        })
    }

    /// The desired state of one channel of a host in these circumstances.
    pub fn desired<'a>(
        &'a self,
        channel: Channel,
        circumstances: &'a Circumstances,
    ) -> Desired<'a> {
        Desired {
            catalog: self,
            channel,
            circumstances,
        }
    }
}

/// What makes one host differ from one that should have every profile as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Profiles that are not for it.
    pub outside: BTreeSet<PayloadIdentifier>,
    /// Profiles of which nobody knows whether they are for it.
    pub waiting: BTreeSet<PayloadIdentifier>,
    /// What its own values make of profiles that have places for them.
    pub personal: BTreeMap<PayloadIdentifier, Personal>,
    /// Its system, if that is known.
    pub system: Option<System>,
    /// How its profiles would travel.
    pub transport: Transport,
    /// Why it gets no changes for now.
    pub hold: Option<Hold>,
}

/// What a host's values make of a profile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Personal {
    /// This revision: its uuid is the host's own.
    Filled(Revision),
    /// These values are missing, by the names of their placeholders.
    Missing(Vec<String>),
}

/// The system that a host runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct System {
    /// Which kind.
    pub platform: Platform,
    /// Which version.
    pub version: OsVersion,
}

/// Why a host gets no changes, whatever is desired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// An administrator stopped all sending.
    Paused,
    /// Two devices speak for it in turn; what one of them has says nothing of the other.
    Duplicate,
}

/// What is desired under one identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish<'a> {
    /// This revision should be there.
    Present(&'a Revision),
    /// It is for this host, but cannot be made for it: these values are missing.
    Lacking(&'a [String]),
    /// Nobody knows; what is there stays, what is not there is not installed.
    Waiting,
    /// Nothing should be there.
    Absent,
}

/// The desired state of one channel of a host.
#[derive(Debug, Clone, Copy)]
pub struct Desired<'a> {
    /// All profiles, to tell ours from others.
    pub catalog: &'a Catalog,
    /// The channel.
    pub channel: Channel,
    /// What is special about the host.
    pub circumstances: &'a Circumstances,
}

impl<'a> Desired<'a> {
    /// Whether the latest version of a profile must not be sent, since somebody else could read
    /// its secrets on the way.
    pub fn is_blocked(&self, identifier: &PayloadIdentifier) -> bool {
        let profile = self.catalog.profiles.get(identifier);
        let secrets = profile.map(|profile| profile.secrets);
        match (self.circumstances.transport, secrets) {
            (Transport::Private, _) | (_, None | Some(Secrets::None)) => false,
            (Transport::Encrypted, Some(secrets)) => secrets == Secrets::Fixed,
            (Transport::Open, Some(Secrets::Encryptable | Secrets::Fixed)) => true,
        }
    }

    /// What is desired under `identifier`; one that is not ours is desired absent.
    pub fn wish(&self, identifier: &PayloadIdentifier) -> Wish<'a> {
        let profile = self.catalog.profiles.get(identifier);
        profile.map_or(Wish::Absent, |profile| self.wish_of(identifier, profile))
    }

    fn wish_of(&self, identifier: &PayloadIdentifier, profile: &'a CatalogProfile) -> Wish<'a> {
        let circumstances = self.circumstances;
        if !profile.is_wanted
            || profile.channel != self.channel
            || circumstances.outside.contains(identifier)
        {
            return Wish::Absent;
        }
        if circumstances.waiting.contains(identifier) {
            return Wish::Waiting;
        }
        if !profile.is_personal {
            return Wish::Present(&profile.latest);
        }
        match circumstances.personal.get(identifier) {
            Some(Personal::Filled(revision)) => Wish::Present(revision),
            Some(Personal::Missing(names)) => Wish::Lacking(names),
            // Without its values it would be somebody else's profile.
            None => Wish::Lacking(&[]),
        }
    }

    /// The revision wanted under `identifier`. `None` does not mean that it should be absent: see
    /// [`Desired::is_unwanted`].
    pub fn wanted(&self, identifier: &PayloadIdentifier) -> Option<&'a Revision> {
        match self.wish(identifier) {
            Wish::Present(revision) => Some(revision),
            Wish::Lacking(_) | Wish::Waiting | Wish::Absent => None,
        }
    }

    /// Whether nothing should be there under `identifier`.
    pub fn is_unwanted(&self, identifier: &PayloadIdentifier) -> bool {
        self.wish(identifier) == Wish::Absent
    }

    /// Everything that is not desired absent, in order of identifier.
    pub fn wishes(&self) -> impl Iterator<Item = (&'a PayloadIdentifier, Wish<'a>)> + use<'a> {
        let desired = *self;
        let all = desired.catalog.profiles.iter();
        all.map(move |(identifier, profile)| (identifier, desired.wish_of(identifier, profile)))
            .filter(|(_, wish)| *wish != Wish::Absent)
    }

    /// Every wanted revision, in order of identifier.
    pub fn iter(&self) -> impl Iterator<Item = (&'a PayloadIdentifier, &'a Revision)> + use<'a> {
        self.wishes().filter_map(|(identifier, wish)| match wish {
            Wish::Present(revision) => Some((identifier, revision)),
            Wish::Lacking(_) | Wish::Waiting | Wish::Absent => None,
        })
    }

    /// Whether the host's system has come to know a key of the profile since it was installed on
    /// `installed_on`: until then the device had ignored it.
    pub fn is_news(&self, identifier: &PayloadIdentifier, installed_on: &OsVersion) -> bool {
        let profile = self.catalog.profiles.get(identifier);
        let system = self.circumstances.system.as_ref();
        profile.zip(system).is_some_and(|(profile, system)| {
            let System { platform, version } = system;
            is_news(&profile.introduced, *platform, installed_on, version)
        })
    }

    /// The host's system, if a later one brings a key of the profile.
    pub fn system_to_outgrow(&self, identifier: &PayloadIdentifier) -> Option<&'a OsVersion> {
        let profile = self.catalog.profiles.get(identifier)?;
        let system = self.circumstances.system.as_ref()?;
        has_later(&profile.introduced, system.platform, &system.version).then_some(&system.version)
    }
}
