//! What the catalog says of one profile, in numbers.
//!
//! Knows nothing of hosts. Invariant: two entries are equal only if no host can tell them apart.

use std::collections::BTreeSet;

use mooring_mdm::ids::{Channel, PayloadUuid};
use mooring_mdm::profile::introduced::Introduction;

use super::names::{Copy, NO_COPY};
use crate::desired::{CatalogProfile, Revision, Secrets};
use crate::personal::PersonalNames;

/// One profile of the catalog, or an identifier that is not in it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) terms: Terms,
    pub(super) latest: Option<Revision>,
    pub(super) introduced: BTreeSet<Introduction>,
    made: BTreeSet<PayloadUuid>,
    names: Option<PersonalNames>,
}

/// The part that every judgement looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Terms {
    /// Whether this server ever assigned it.
    pub(super) is_ours: bool,
    pub(super) is_wanted: bool,
    pub(super) is_personal: bool,
    pub(super) channel: Channel,
    pub(super) secrets: Secrets,
    pub(super) version: u32,
    /// The copy that should be there.
    pub(super) target: u32,
}

impl Entry {
    /// An identifier that is not in the catalog.
    pub(super) fn foreign() -> Self {
        Self {
            terms: Terms {
                is_ours: false,
                is_wanted: false,
                is_personal: false,
                channel: Channel::Device,
                secrets: Secrets::None,
                version: 0,
                target: NO_COPY,
            },
            latest: None,
            introduced: BTreeSet::new(),
            made: BTreeSet::new(),
            names: None,
        }
    }

    /// A profile of the catalog whose latest version is the copy `target`.
    pub(super) fn new(profile: &CatalogProfile, target: u32) -> Self {
        Self {
            terms: Terms {
                is_ours: true,
                is_wanted: profile.is_wanted,
                is_personal: profile.is_personal,
                channel: profile.channel,
                secrets: profile.secrets,
                version: profile.latest.version,
                target,
            },
            latest: Some(profile.latest.clone()),
            introduced: profile.introduced.clone(),
            made: profile.made.clone(),
            names: profile.personal.clone(),
        }
    }

    /// Whether the catalog says something else than this.
    pub(super) fn differs_from(&self, profile: &CatalogProfile) -> bool {
        let terms = &self.terms;
        !terms.is_ours
            || terms.is_wanted != profile.is_wanted
            || terms.is_personal != profile.is_personal
            || terms.channel != profile.channel
            || terms.secrets != profile.secrets
            || self.latest.as_ref() != Some(&profile.latest)
            || self.introduced != profile.introduced
            || self.is_made_otherwise(profile)
    }

    fn is_made_otherwise(&self, profile: &CatalogProfile) -> bool {
        self.made != profile.made || self.names.is_some() != profile.personal.is_some()
    }

    /// Whether copies have to be asked anew who made them.
    pub(super) fn makes_otherwise(&self, other: &Self) -> bool {
        self.made != other.made || self.names.is_some() != other.names.is_some()
    }

    /// Whether this server made a copy of this profile.
    pub(super) fn is_made(&self, copy: &Copy) -> bool {
        if copy.is_filled {
            return self.names.is_some() && self.made.contains(&copy.uuid);
        }
        let is_filled = |names: &PersonalNames| {
            let mut versions = self.made.iter();
            versions.any(|version| names.is_made(version, &copy.uuid))
        };
        self.made.contains(&copy.uuid) || self.names.as_ref().is_some_and(is_filled)
    }
}
