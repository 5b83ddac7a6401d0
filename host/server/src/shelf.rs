//! The profiles in memory: what the store keeps of them, and the catalog the engine works with.
//!
//! Knows nothing of uploads or plugins. Invariant: the catalog says exactly what the records say;
//! a shelf is never changed, a new one takes its place.

use std::collections::BTreeMap;

use mooring_drift::desired::{Catalog, CatalogProfile, Revision, Secrets};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::{BuiltInRecord, ProfileRecord, VersionRecord};

/// Every profile of this server.
#[derive(Debug, Clone, Default)]
pub struct Shelf {
    /// The records, tombstones included.
    pub profiles: BTreeMap<PayloadIdentifier, ProfileRecord>,
    /// What the administrator said about built-ins.
    pub builtins: BTreeMap<PayloadIdentifier, BuiltInRecord>,
    /// The same for the engine.
    pub catalog: Catalog,
}

impl Shelf {
    /// Makes a shelf of what the store keeps.
    pub fn new(
        profiles: impl IntoIterator<Item = ProfileRecord>,
        builtins: impl IntoIterator<Item = BuiltInRecord>,
    ) -> Self {
        let by_identifier = |profile: ProfileRecord| (profile.identifier.clone(), profile);
        let profiles: BTreeMap<_, _> = profiles.into_iter().map(by_identifier).collect();
        let builtins = builtins
            .into_iter()
            .map(|record| (record.identifier.clone(), record));
        let catalog = catalog(&profiles);
        Self {
            profiles,
            builtins: builtins.collect(),
            catalog,
        }
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

fn catalog(profiles: &BTreeMap<PayloadIdentifier, ProfileRecord>) -> Catalog {
    let known = profiles.iter().filter_map(|(identifier, profile)| {
        let newest = latest(profile)?;
        let made = profile.versions.iter().filter(|version| !version.is_signed);
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
        };
        Some((identifier.clone(), entry))
    });
    Catalog {
        profiles: known.collect(),
    }
}
