//! Installed plugins and bindings as the store keeps them.
//!
//! Knows nothing of what they do. Invariants: a plugin's parts of code are exactly those that its
//! record names; a binding's seed never changes.

use std::collections::BTreeMap;

use mooring_drift::policy::Timestamp;
use mooring_drift::scope::Assignment;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_plugin::{Class, Digest, Limits};
use mooring_store::{Change, Expected, Space, Store, StoreError};
use serde::{Deserialize, Serialize};

use crate::api::{BindingWish, PluginClass, PluginRole, Signer};
use crate::documents::Document;
use crate::limits::PLUGIN_PART_BYTES_MAX;

/// An installed plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PluginRecord {
    pub(crate) version: String,
    /// SHA-256 of the component, 64 digits.
    pub(crate) digest: String,
    /// How many parts the component is kept in.
    pub(crate) parts: u16,
    pub(crate) class: PluginClass,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) signed_by: Option<Signer>,
    pub(crate) installed_at: Timestamp,
    pub(crate) is_enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) previous_digest: Option<String>,
}

impl Document for PluginRecord {
    const SPACE: Space = Space::Plugin;
}

/// A binding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BindingRecord {
    /// What was asked for, with its role.
    pub(crate) wish: BindingWish,
    /// What a generator derives from.
    pub(crate) seed: String,
    /// The profiles that it made, by its key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) makes: BTreeMap<String, PayloadIdentifier>,
    /// Since when it is in quarantine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) quarantined_at: Option<Timestamp>,
}

impl Document for BindingRecord {
    const SPACE: Space = Space::Binding;
}

impl BindingRecord {
    /// The settings as the plugin gets them.
    pub(crate) fn settings(&self) -> String {
        let settings = self.wish.settings.as_ref();
        settings.map(ToString::to_string).unwrap_or_default()
    }

    /// What a call of it may cost.
    pub(crate) fn limits(&self, class: Class) -> Limits {
        let defaults = Limits::of(class);
        let wish = self.wish.limits;
        let memory = wish.memory_bytes.and_then(|bytes| bytes.try_into().ok());
        Limits {
            timeout: wish
                .timeout_ms
                .map_or(defaults.timeout, std::time::Duration::from_millis),
            memory_bytes: memory.unwrap_or(defaults.memory_bytes),
            ..defaults
        }
    }

    /// Whether it judges profiles together.
    pub(crate) fn judges_sets(&self) -> bool {
        self.wish.role == Some(PluginRole::SetValidator)
    }

    /// Whether it judges a profile with this assignment.
    pub(crate) fn judges(
        &self,
        identifier: &PayloadIdentifier,
        assignment: Option<&Assignment>,
    ) -> bool {
        let BindingWish {
            role,
            profiles,
            labels,
            ..
        } = &self.wish;
        if matches!(role, Some(PluginRole::Generator | PluginRole::SetValidator)) {
            return false;
        }
        let names = |pattern: &String| match pattern.strip_suffix('*') {
            Some(beginning) => identifier.as_str().starts_with(beginning),
            None => identifier.as_str() == pattern,
        };
        profiles.is_empty() && labels.is_empty()
            || profiles.iter().any(names)
            || labels.iter().any(|label| {
                assignment.is_none_or(|assignment| {
                    let Assignment {
                        include_all,
                        include_any,
                        ..
                    } = assignment;
                    include_all.is_empty() && include_any.is_empty()
                        || include_all.contains(label)
                        || include_any.contains(label)
                })
            })
    }
}

/// The class as the plugin runtime knows it.
pub(crate) fn class(class: PluginClass) -> Class {
    match class {
        PluginClass::Compiled => Class::Compiled,
        PluginClass::Interpreted => Class::Interpreted,
    }
}

/// Writes the parts of a component.
pub(super) fn put_code(digest: &str, component: &[u8]) -> Vec<Change> {
    let parts = component.chunks(PLUGIN_PART_BYTES_MAX).zip(0..);
    let parts = parts.map(|(part, number)| part_change(digest, number, Some(part.to_vec())));
    parts.collect()
}

/// Deletes them.
pub(super) fn delete_code(record: &PluginRecord) -> Vec<Change> {
    let parts = 0..record.parts;
    let parts = parts.map(|number| part_change(&record.digest, number, None));
    parts.collect()
}

/// How many parts a component has.
pub(super) fn parts(component: &[u8]) -> u16 {
    u16::try_from(component.len().div_ceil(PLUGIN_PART_BYTES_MAX)).unwrap_or(u16::MAX)
}

/// The component of a plugin; none if the store does not have exactly what was stored.
pub(super) fn read_code(
    store: &dyn Store,
    record: &PluginRecord,
) -> Result<Option<Vec<u8>>, StoreError> {
    let mut component = Vec::new();
    for number in 0..record.parts {
        let key = part_key(&record.digest, number);
        let part = mooring_store::document(store, Space::PluginCode, &key)?;
        component.extend(part.unwrap_or_default());
    }
    let is_whole = format!("{:x}", Digest::of(&component)) == record.digest;
    Ok(is_whole.then_some(component))
}

fn part_change(digest: &str, number: u16, value: Option<Vec<u8>>) -> Change {
    Change::Document {
        space: Space::PluginCode,
        key: part_key(digest, number),
        value,
        expected: Expected::Any,
    }
}

fn part_key(digest: &str, number: u16) -> Vec<u8> {
    format!("{digest}/{number:04x}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::OnFailure;

    fn binding(profiles: &[&str], labels: &[&str]) -> BindingRecord {
        let wish = serde_json::json!({
            "plugin": "com.example.x", "role": "validator", "profiles": profiles, "labels": labels,
        });
        BindingRecord {
            wish: serde_json::from_value(wish).unwrap(),
            seed: String::new(),
            makes: BTreeMap::new(),
            quarantined_at: None,
        }
    }

    /// Proves which profiles a binding judges: by name, by beginning, by label, or all; those that
    /// are for every host count to every label.
    #[test]
    fn coverage() {
        let id = |text: &str| PayloadIdentifier::parse(text).unwrap();
        let assigned = serde_json::json!({ "include_any": ["offices"] });
        let assigned: Assignment = serde_json::from_value(assigned).unwrap();
        let assignments = BTreeMap::from([(id("com.example.office"), assigned)]);
        for (profiles, labels, identifier, expected) in [
            (&[][..], &[][..], "com.example.office", true),
            (&["com.example.office"], &[], "com.example.office", true),
            (&["com.example.off"], &[], "com.example.office", false),
            (&["com.example.off*"], &[], "com.example.office", true),
            (&[], &["offices"], "com.example.office", true),
            (&[], &["homes"], "com.example.office", false),
            (&[], &["homes"], "com.example.everywhere", true),
            (&["com.other"], &["homes"], "com.example.office", false),
        ] {
            let identifier = id(identifier);
            let assignment = assignments.get(&identifier);
            let judges = binding(profiles, labels).judges(&identifier, assignment);
            assert_eq!(judges, expected, "{profiles:?} {labels:?} {identifier}");
        }
        let mut generator = binding(&[], &[]);
        assert_eq!(generator.wish.on_failure, OnFailure::Block);
        generator.wish.role = Some(PluginRole::Generator);
        assert!(!generator.judges(&id("com.example.office"), None));
    }

    /// Proves that a component comes out of its parts as it went in.
    #[test]
    fn parts_of_a_component() {
        let component = vec![7; PLUGIN_PART_BYTES_MAX + 1];
        assert_eq!(parts(&component), 2);
        assert_eq!(put_code("d", &component).len(), 2);
        assert_eq!(parts(&component[..PLUGIN_PART_BYTES_MAX]), 1);
    }
}
