//! What should be installed: the latest enabled version of every profile, by channel.
//!
//! Knows nothing of hosts. Invariants: an identifier that this server ever assigned stays in the
//! catalog for good; if it is not present in the desired set it is *desired absent*; a profile
//! that may not travel as it would have to is still wanted, so nothing is removed because of it.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::ids::{Channel, PayloadIdentifier, PayloadUuid};

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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
}

/// Every profile that this server ever assigned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
        self.profiles
            .get(identifier)
            .is_some_and(|profile| profile.made.contains(uuid))
    }

    /// The desired state of one channel.
    pub fn desired(&self, channel: Channel) -> Desired<'_> {
        Desired {
            catalog: self,
            channel,
            transport: Transport::Private,
        }
    }
}

/// The desired state of one channel of a host.
#[derive(Debug, Clone, Copy)]
pub struct Desired<'a> {
    /// All profiles, to tell ours from others.
    pub catalog: &'a Catalog,
    /// The channel.
    pub channel: Channel,
    /// How its profiles would travel.
    pub transport: Transport,
}

impl<'a> Desired<'a> {
    /// The same, with profiles that travel like this.
    #[must_use]
    pub fn over(self, transport: Transport) -> Self {
        Self { transport, ..self }
    }

    /// Whether the latest version of a profile must not be sent, since somebody else could read
    /// its secrets on the way.
    pub fn is_blocked(&self, identifier: &PayloadIdentifier) -> bool {
        let profile = self.catalog.profiles.get(identifier);
        match (self.transport, profile.map(|profile| profile.secrets)) {
            (Transport::Private, _) | (_, None | Some(Secrets::None)) => false,
            (Transport::Encrypted, Some(secrets)) => secrets == Secrets::Fixed,
            (Transport::Open, Some(Secrets::Encryptable | Secrets::Fixed)) => true,
        }
    }

    /// The revision wanted under `identifier`; `None` means desired absent, or not ours.
    pub fn wanted(&self, identifier: &PayloadIdentifier) -> Option<&'a Revision> {
        let profile = self.catalog.profiles.get(identifier)?;
        (profile.is_wanted && profile.channel == self.channel).then_some(&profile.latest)
    }

    /// Every wanted profile, in order of identifier.
    pub fn iter(&self) -> impl Iterator<Item = (&'a PayloadIdentifier, &'a Revision)> + use<'a> {
        let channel = self.channel;
        self.catalog
            .profiles
            .iter()
            .filter(move |(_, profile)| profile.is_wanted && profile.channel == channel)
            .map(|(identifier, profile)| (identifier, &profile.latest))
    }
}
