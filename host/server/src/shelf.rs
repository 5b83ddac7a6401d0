//! The profiles in memory, with whom they are for: what the store keeps of them, and the catalog
//! that the engine works with.
//!
//! Knows nothing of uploads or plugins. Invariant: the catalog says exactly what the records say;
//! a shelf is never changed, a new one takes its place.

use std::collections::{BTreeMap, BTreeSet};

use mooring_drift::desired::{Catalog, CatalogProfile, Revision, Secrets};
use mooring_drift::personal::PersonalNames;
use mooring_drift::scope::Scope;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::profile::placeholder::ValueName;
use mooring_store::{BuiltInRecord, ProfileRecord, Store, StoreError, VersionRecord};

use crate::scope::{DeclaredValue, Definitions};

/// Every profile of this server.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// The records, tombstones included.
    pub profiles: BTreeMap<PayloadIdentifier, ProfileRecord>,
    /// What the administrator said about built-ins.
    pub builtins: BTreeMap<PayloadIdentifier, BuiltInRecord>,
    /// Labels and assignments.
    pub scope: Scope,
    /// The values that may differ from host to host.
    pub values: BTreeMap<ValueName, DeclaredValue>,
    /// The profiles with places for such values in their latest version.
    pub personal: BTreeSet<PayloadIdentifier>,
    /// The profiles for the engine.
    pub catalog: Catalog,
}

impl Shelf {
    /// Makes a shelf of what the store keeps.
    ///
    /// # Errors
    /// [`StoreError`] if something cannot be read.
    pub(crate) fn load(store: &dyn Store, names: &PersonalNames) -> Result<Self, StoreError> {
        let definitions = Definitions::load(store)?;
        let profiles = store.profiles()?.into_iter();
        let builtins = mooring_store::builtins(store)?.into_iter();
        let mut shelf = Self {
            profiles: profiles.map(|p| (p.identifier.clone(), p)).collect(),
            builtins: builtins.map(|b| (b.identifier.clone(), b)).collect(),
            scope: definitions.scope,
            values: definitions.values,
            ..Self::default()
        };
        shelf.index(names);
        Ok(shelf)
    }

    /// Makes what follows from the records.
    pub(crate) fn index(&mut self, names: &PersonalNames) {
        self.catalog = catalog(&self.profiles, names);
        let personal = self.profiles.values().filter(|profile| {
            let newest = latest(profile);
            newest.is_some_and(|version| !version.placeholders.is_empty())
        });
        self.personal = personal.map(|p| p.identifier.clone()).collect();
    }
}

/// The latest version of a profile; every stored profile has one.
pub fn latest(profile: &ProfileRecord) -> Option<&VersionRecord> {
    profile.versions.last()
}

/// Whether hosts should have the profile.
pub fn is_wanted(profile: &ProfileRecord) -> bool {
    profile.is_enabled && profile.deleted_at.is_none()
}

fn catalog(
    profiles: &BTreeMap<PayloadIdentifier, ProfileRecord>,
    names: &PersonalNames,
) -> Catalog {
    let known = profiles.iter().filter_map(|(identifier, profile)| {
        let newest = latest(profile)?;
        let made = profile.versions.iter().filter(|version| !version.is_signed);
        let was_personal = profile.versions.iter().any(|v| !v.placeholders.is_empty());
        let entry = CatalogProfile {
            channel: profile.channel,
            latest: Revision {
                version: newest.version,
                uuid: newest.uuid.clone(),
            },
            is_wanted: is_wanted(profile),
            // Unless somebody looked, there may be some.
            secrets: newest.secrets.unwrap_or(if newest.is_signed {
                Secrets::Fixed
            } else {
                Secrets::Encryptable
            }),
            made: made.map(|version| version.uuid.clone()).collect(),
            personal: was_personal.then(|| names.clone()),
            is_personal: !newest.placeholders.is_empty(),
            introduced: newest.introduced.clone(),
        };
        Some((identifier.clone(), entry))
    });
    Catalog {
        profiles: known.collect(),
    }
}
