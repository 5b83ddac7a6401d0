//! The shelf and the hosts as they would be after a change.
//!
//! Knows nothing of what that means for hosts. Invariant: it is what would be read back if the store
//! had made the change; a record that leaves versions out keeps them.

use std::collections::BTreeMap;

use mooring_drift::scope::LabelName;
use mooring_mdm::ids::{HostId, PayloadIdentifier};
use mooring_mdm::profile::placeholder::ValueName;
use mooring_store::{Change, HostFacts, ProfileRecord, Space, StoreError};

use crate::documents::{self, Document};
use mooring_drift::personal::PersonalNames;

use crate::shelf::Shelf;

/// What would be after a change.
pub(super) struct Prospect {
    /// The shelf, if it would be another one.
    pub(super) shelf: Option<Shelf>,
    /// What administrators would have said of hosts.
    pub(super) facts: BTreeMap<HostId, HostFacts>,
    /// Whether labels, assignments or values would be others.
    pub(super) is_scope_changed: bool,
    /// Whether values would be declared otherwise.
    pub(super) are_values_changed: bool,
}

impl Prospect {
    /// What follows from `changes`.
    pub(super) fn of(
        shelf: &Shelf,
        changes: &[Change],
        names: &PersonalNames,
    ) -> Result<Self, StoreError> {
        let mut prospect = Self {
            shelf: None,
            facts: BTreeMap::new(),
            is_scope_changed: false,
            are_values_changed: false,
        };
        for change in changes {
            match change {
                Change::Profile(record) => put_profile(prospect.changing(shelf), record),
                Change::BuiltIn(record) => {
                    let builtins = &mut prospect.changing(shelf).builtins;
                    builtins.insert(record.identifier.clone(), record.clone());
                }
                Change::Document {
                    space, key, value, ..
                } => prospect.put_document(shelf, *space, key, value.as_deref())?,
                Change::Facts { id, facts } => {
                    prospect.facts.insert(id.clone(), facts.clone());
                }
                // They are of no desired state.
                Change::Raw { .. }
                | Change::Host { .. }
                | Change::Enrollment(_)
                | Change::Command(_)
                | Change::RemoveHost(_) => {}
            }
        }
        if let Some(shelf) = &mut prospect.shelf {
            shelf.index(names);
        }
        Ok(prospect)
    }

    /// Whether anything could be removed from a host because of the change.
    pub(super) fn may_remove(&self, before: &Shelf) -> bool {
        if self.is_scope_changed || !self.facts.is_empty() {
            return true;
        }
        let Some(after) = &self.shelf else {
            return false;
        };
        before.catalog.profiles.iter().any(|(identifier, profile)| {
            let later = after.catalog.profiles.get(identifier);
            let stays = |later: &mooring_drift::desired::CatalogProfile| {
                later.is_wanted && later.channel == profile.channel
            };
            profile.is_wanted && !later.is_some_and(stays)
        })
    }

    fn changing(&mut self, shelf: &Shelf) -> &mut Shelf {
        self.shelf.get_or_insert_with(|| shelf.clone())
    }

    fn put_document(
        &mut self,
        shelf: &Shelf,
        space: Space,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), StoreError> {
        match space {
            Space::Label => {
                let labels = &mut self.changing(shelf).scope.labels;
                put(labels, |text| LabelName::parse(text).ok(), key, value)?;
            }
            Space::Assignment => {
                let name = |text: &str| PayloadIdentifier::parse(text).ok();
                put(
                    &mut self.changing(shelf).scope.assignments,
                    name,
                    key,
                    value,
                )?;
            }
            Space::Value => {
                self.are_values_changed = true;
                let values = &mut self.changing(shelf).values;
                put(values, |text| ValueName::parse(text).ok(), key, value)?;
            }
            // They are of no desired state; built-ins are no documents here.
            Space::BuiltIn
            | Space::Leaf
            | Space::Link
            | Space::Challenge
            | Space::PushCertificate
            | Space::RawCommand
            | Space::RawBody
            | Space::RawResult
            | Space::Outbox
            | Space::Setting
            | Space::Plugin
            | Space::PluginCode
            | Space::Binding
            | Space::LastKnown => return Ok(()),
        }
        self.is_scope_changed = true;
        Ok(())
    }
}

fn put_profile(shelf: &mut Shelf, record: &ProfileRecord) {
    let mut record = record.clone();
    let known = shelf.profiles.remove(&record.identifier);
    let mut versions: BTreeMap<u32, _> = known
        .into_iter()
        .flat_map(|known| known.versions)
        .map(|version| (version.version, version))
        .collect();
    for version in std::mem::take(&mut record.versions) {
        versions.insert(version.version, version);
    }
    record.versions = versions.into_values().collect();
    record.revision += 1;
    shelf.profiles.insert(record.identifier.clone(), record);
}

fn put<K: Ord, D: Document>(
    all: &mut BTreeMap<K, D>,
    name: impl Fn(&str) -> Option<K>,
    key: &[u8],
    value: Option<&[u8]>,
) -> Result<(), StoreError> {
    let named = std::str::from_utf8(key).ok().and_then(name);
    let named = named.ok_or_else(|| {
        let text = "its key is no name of such a document";
        StoreError::unreadable_document(D::SPACE, key, text)
    })?;
    match value {
        Some(value) => drop(all.insert(named, documents::decoded(key, value)?)),
        None => drop(all.remove(&named)),
    }
    Ok(())
}
