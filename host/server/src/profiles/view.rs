//! Profiles as documents of the API.
//!
//! Knows nothing of routes. Invariant: nothing here changes anything.

use mooring_mdm::ids::{Channel, PayloadIdentifier};
use mooring_mdm::profile::Digest;
use mooring_store::{Origin, ProfileRecord, StoreError, VersionRecord};

use super::ProfileError;
use crate::api::{
    Counts, ProfileDetail, ProfileListing, ProfileOrigin, ProfileSummary, ProfileSwitch, SetReport,
    VersionDetail,
};
use crate::clock::rfc3339;
use crate::core::Core;
use crate::judge::BuiltIn;
use crate::plugins::made_by;
use crate::shelf::{Shelf, latest};

impl Core {
    /// All profiles, built-ins that were never enabled included.
    pub fn profile_listing(&self, with_deleted: bool) -> ProfileListing {
        let shelf = self.shelf();
        let stored = shelf
            .profiles
            .values()
            .filter(|p| with_deleted || p.deleted_at.is_none());
        let mut profiles: Vec<_> = stored.map(summary).collect();
        let dormant = self.judge.builtins().iter();
        let dormant = dormant.filter(|b| !shelf.profiles.contains_key(&b.identifier));
        profiles.extend(dormant.map(dormant_summary));
        profiles.sort_by(|a, b| a.identifier.cmp(&b.identifier));
        ProfileListing { profiles }
    }

    /// One profile with all its versions.
    ///
    /// # Errors
    /// [`ProfileError::NotFound`], or the store's error while counting hosts.
    pub fn profile_detail(
        &self,
        identifier: &PayloadIdentifier,
    ) -> Result<ProfileDetail, ProfileError> {
        let shelf = self.shelf();
        let settings = shelf.builtins.get(identifier);
        let settings = settings.and_then(|record| serde_json::from_str(&record.settings).ok());
        let assignment = shelf.scope.assignments.get(identifier).cloned();
        if let Some(record) = shelf.profiles.get(identifier) {
            return Ok(ProfileDetail {
                summary: summary(record),
                hosts: self.counts_of(identifier)?,
                assignment,
                deleted_at: record.deleted_at.map(rfc3339),
                settings,
                versions: record.versions.iter().rev().map(version_detail).collect(),
                together: self.set_report(identifier)?,
            });
        }
        let builtin = self.judge.builtin(identifier);
        let builtin = builtin.ok_or_else(|| ProfileError::NotFound(identifier.clone()))?;
        Ok(ProfileDetail {
            summary: dormant_summary(builtin),
            hosts: Counts::default(),
            assignment,
            deleted_at: None,
            settings,
            versions: Vec::new(),
            together: SetReport::default(),
        })
    }

    /// One version of a profile.
    ///
    /// # Errors
    /// [`ProfileError`] if there is no such profile or version.
    pub fn version_detail(
        &self,
        identifier: &PayloadIdentifier,
        version: u32,
    ) -> Result<VersionDetail, ProfileError> {
        find_version(&self.shelf(), identifier, Some(version)).map(version_detail)
    }

    /// The bytes of a version (the latest if none is named), as they are delivered.
    ///
    /// # Errors
    /// [`ProfileError`] if there is no such profile or version, or the store fails.
    pub fn raw(
        &self,
        identifier: &PayloadIdentifier,
        version: Option<u32>,
    ) -> Result<Vec<u8>, ProfileError> {
        let version = find_version(&self.shelf(), identifier, version)?.version;
        let missing = || ProfileError::NoSuchVersion {
            identifier: identifier.clone(),
            version,
        };
        self.store.raw(identifier, version)?.ok_or_else(missing)
    }

    fn counts_of(&self, identifier: &PayloadIdentifier) -> Result<Counts, StoreError> {
        let profiles = self.summary()?.profiles;
        let own = profiles
            .into_iter()
            .find(|profile| profile.identifier == *identifier);
        Ok(own.map(|profile| profile.counts).unwrap_or_default())
    }
}

fn find_version<'a>(
    shelf: &'a Shelf,
    identifier: &PayloadIdentifier,
    version: Option<u32>,
) -> Result<&'a VersionRecord, ProfileError> {
    let record = shelf.profiles.get(identifier);
    let record = record.ok_or_else(|| ProfileError::NotFound(identifier.clone()))?;
    let found = match version {
        None => latest(record),
        Some(number) => record.versions.iter().find(|v| v.version == number),
    };
    let version = version.unwrap_or(1);
    found.ok_or_else(|| ProfileError::NoSuchVersion {
        identifier: identifier.clone(),
        version,
    })
}

fn summary(record: &ProfileRecord) -> ProfileSummary {
    let newest = latest(record);
    ProfileSummary {
        identifier: record.identifier.clone(),
        name: newest.and_then(|version| version.display_name.clone()),
        version: newest.map(|version| version.version),
        payload_uuid: newest.map(|version| version.uuid.clone()),
        state: match (record.deleted_at, record.is_enabled) {
            (Some(_), _) => ProfileSwitch::Deleted,
            (None, true) => ProfileSwitch::Enabled,
            (None, false) => ProfileSwitch::Disabled,
        },
        channel: record.channel,
        origin: match &record.origin {
            Origin::Uploaded => match newest.and_then(made_by) {
                Some(binding) => ProfileOrigin::Generated {
                    binding: binding.to_owned(),
                },
                None => ProfileOrigin::Uploaded,
            },
            Origin::BuiltIn { plugin } => ProfileOrigin::BuiltIn {
                plugin: plugin.clone(),
            },
        },
    }
}

fn dormant_summary(builtin: &BuiltIn) -> ProfileSummary {
    ProfileSummary {
        identifier: builtin.identifier.clone(),
        name: Some(builtin.name.clone()),
        version: None,
        payload_uuid: None,
        state: ProfileSwitch::Disabled,
        channel: Channel::Device,
        origin: ProfileOrigin::BuiltIn {
            plugin: builtin.plugin.clone(),
        },
    }
}

fn version_detail(version: &VersionRecord) -> VersionDetail {
    VersionDetail {
        version: version.version,
        payload_uuid: version.uuid.clone(),
        uploaded_uuid: version.uploaded_uuid.clone(),
        uploaded_sha256: Digest::from_bytes(version.uploaded_digest).to_string(),
        is_signed: version.is_signed,
        name: version.display_name.clone(),
        scope: version.scope.clone(),
        payload_types: version.payload_types.clone(),
        bytes: version.bytes,
        source_name: version.source_name.clone(),
        uploaded_at: rfc3339(version.uploaded_at),
        uploaded_by: version.uploaded_by.clone(),
        findings: version.findings.clone(),
    }
}
