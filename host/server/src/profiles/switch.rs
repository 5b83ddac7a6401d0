//! Switching profiles on and off, and deleting them.
//!
//! Knows nothing of hosts: what a switch means for them follows at their next contact.
//! Invariant: nothing here changes a version.

use mooring_mdm::ids::PayloadIdentifier;
use mooring_store::{Change, Origin, ProfileRecord};

use super::ProfileError;
use crate::change::{ChangeOptions, Changed};
use crate::core::Core;
use crate::shelf::Shelf;

impl Core {
    /// Enables or disables an uploaded profile, or a built-in with its settings.
    ///
    /// # Errors
    /// [`ProfileError`] if there is no such profile, it was deleted, the settings are wrong, or the
    /// change is held.
    pub fn switch(
        &self,
        identifier: &PayloadIdentifier,
        is_enabled: bool,
        settings: Option<&serde_json::Value>,
        options: &ChangeOptions,
    ) -> Result<Changed<()>, ProfileError> {
        let _change = self.change();
        let shelf = self.shelf();
        if self.judge.builtin(identifier).is_some() {
            return self.switch_builtin(&shelf, identifier, is_enabled, settings, options);
        }
        let mut record = known(&shelf, identifier)?.clone();
        if record.deleted_at.is_some() {
            return Err(ProfileError::Deleted(identifier.clone()));
        }
        if settings.is_some() {
            return Err(ProfileError::TakesNoSettings(identifier.clone()));
        }
        let mut changes = Vec::new();
        if record.is_enabled != is_enabled {
            record.is_enabled = is_enabled;
            record.versions.clear();
            changes.push(Change::Profile(record));
        }
        Ok(self.commit_change(changes, options)?)
    }

    /// Deletes an uploaded profile: it is desired absent for good, until it is pushed again.
    ///
    /// # Errors
    /// [`ProfileError`] if there is no such profile, it is built in, or the change is held.
    pub fn delete(
        &self,
        identifier: &PayloadIdentifier,
        options: &ChangeOptions,
    ) -> Result<Changed<()>, ProfileError> {
        let _change = self.change();
        let shelf = self.shelf();
        if self.judge.builtin(identifier).is_some() {
            return Err(ProfileError::IsBuiltIn(identifier.clone()));
        }
        let mut record = known(&shelf, identifier)?.clone();
        if record.origin != Origin::Uploaded {
            return Err(ProfileError::IsBuiltIn(identifier.clone()));
        }
        if let Some(binding) = self.plugins.set().maker(identifier) {
            return Err(ProfileError::IsMade {
                identifier: identifier.clone(),
                binding: binding.to_owned(),
            });
        }
        let mut changes = Vec::new();
        if record.deleted_at.is_none() {
            record.deleted_at = Some(self.clock.now());
            record.versions.clear();
            changes.push(Change::Profile(record));
        }
        Ok(self.commit_change(changes, options)?)
    }
}

fn known<'a>(
    shelf: &'a Shelf,
    identifier: &PayloadIdentifier,
) -> Result<&'a ProfileRecord, ProfileError> {
    let record = shelf.profiles.get(identifier);
    record.ok_or_else(|| ProfileError::NotFound(identifier.clone()))
}
