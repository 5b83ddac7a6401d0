//! What should be installed: the latest enabled version of every profile, by channel.
//!
//! Knows nothing of hosts. Invariant: an identifier that this server ever assigned stays in the
//! catalog for good; if it is not present in the desired set it is *desired absent*.

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

/// A profile of this server, deleted ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogProfile {
    /// The channel it is delivered on.
    pub channel: Channel,
    /// The latest version.
    pub latest: Revision,
    /// Whether it should be installed: enabled and not deleted.
    pub is_wanted: bool,
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
}

impl<'a> Desired<'a> {
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
