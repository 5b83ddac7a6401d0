//! The values of one host for the placeholders of a profile, and when a device may quote them.
//!
//! Knows nothing of profiles' bytes. Invariants: a value that is not declared, or declared as
//! another kind, is missing; an empty text that a device told is missing too. What may hold a
//! secret is left out whole, never searched for it.

use std::collections::{BTreeMap, BTreeSet};

use mooring_drift::command::Command;
use mooring_mdm::error_chain::ErrorEntry;
use mooring_mdm::profile::placeholder::{HostField, Placeholder, ValueName, check_value};
use mooring_mdm::report::Outcome;
use mooring_store::ProfileRecord;

use super::ValueKind;
use super::circumstances::Known;
use crate::core::Core;
use crate::shelf::Shelf;

/// What is kept in place of a description that may quote a secret.
const WORDS_NOT_KEPT: &str = "(not kept: the profile holds secrets)";

/// The values, or the names of those that are missing.
pub(crate) fn values_of<'a>(
    shelf: &Shelf,
    host: impl Into<Known<'a>>,
    placeholders: &BTreeSet<Placeholder>,
) -> Result<BTreeMap<Placeholder, String>, Vec<String>> {
    let host = host.into();
    let (mut values, mut missing) = (BTreeMap::new(), Vec::new());
    for placeholder in placeholders {
        match value_of(shelf, host, placeholder) {
            Some(value) => drop(values.insert(placeholder.clone(), value)),
            None => missing.push(placeholder.to_string()),
        }
    }
    if missing.is_empty() {
        Ok(values)
    } else {
        Err(missing)
    }
}

/// The attributes of a host that are declared, with the defaults of those that it has not.
pub(crate) fn attributes_of<'a>(
    shelf: &Shelf,
    host: impl Into<Known<'a>>,
) -> BTreeMap<ValueName, String> {
    let host = host.into();
    let declared = shelf.values.iter();
    let attributes = declared.filter(|(_, value)| value.kind == ValueKind::Attribute);
    let set = attributes.filter_map(|(name, declared)| {
        let value = host
            .facts
            .attributes
            .get(name)
            .or(declared.default.as_ref())?;
        Some((name.clone(), value.clone()))
    });
    set.collect()
}

/// Whether an attribute of this name is declared.
pub(crate) fn is_attribute(shelf: &Shelf, name: &ValueName) -> bool {
    let declared = shelf.values.get(name);
    declared.is_some_and(|declared| declared.kind == ValueKind::Attribute)
}

/// Whether a host has a value for a placeholder.
pub(crate) fn has_value<'a>(
    shelf: &Shelf,
    host: impl Into<Known<'a>>,
    placeholder: &Placeholder,
) -> bool {
    value_of(shelf, host.into(), placeholder).is_some()
}

impl Core {
    /// Whether the report on a command may quote a secret: some devices repeat what they could not
    /// install. `in_flight` is the command, or `None` if nobody knows which one it was.
    pub(crate) fn may_quote_secrets(&self, in_flight: Option<&Command>) -> bool {
        let shelf = self.shelf();
        match in_flight {
            Some(Command::InstallProfile { identifier, .. }) => {
                shelf.profiles.get(identifier).is_none_or(has_secret_places)
            }
            Some(
                Command::ProfileList
                | Command::DeviceInformation
                | Command::RemoveProfile { .. }
                | Command::RenewIdentity { .. }
                | Command::Raw { .. },
            ) => false,
            None => shelf.profiles.values().any(has_secret_places),
        }
    }

    /// The outcome with the domains and codes of its errors, and without the device's own words. No
    /// search for secrets would do: what a device quotes may be cut, or a value that was since replaced.
    pub(crate) fn without_words(outcome: Outcome) -> Outcome {
        let wordless = |chain: Vec<ErrorEntry>| {
            let wordless = chain.into_iter().map(|entry| ErrorEntry {
                description: WORDS_NOT_KEPT.to_owned(),
                ..entry
            });
            wordless.collect()
        };
        match outcome {
            Outcome::Error(chain) => Outcome::Error(wordless(chain)),
            Outcome::CommandFormatError(chain) => Outcome::CommandFormatError(wordless(chain)),
            other @ (Outcome::Acknowledged(_) | Outcome::NotNow) => other,
        }
    }
}

/// Whether a version of the profile has a place for a secret. A device may have any of them, and an
/// older one may come back.
fn has_secret_places(profile: &ProfileRecord) -> bool {
    let mut versions = profile.versions.iter();
    versions.any(|version| version.placeholders.iter().any(Placeholder::is_secret))
}

fn value_of(shelf: &Shelf, host: Known<'_>, placeholder: &Placeholder) -> Option<String> {
    let told = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let value = match placeholder {
        Placeholder::Host(HostField::Id) => Some(host.id.to_string()),
        Placeholder::Host(HostField::Serial) => told(&host.attributes.serial_number),
        Placeholder::Host(HostField::Name) => told(&host.attributes.device_name),
        Placeholder::Host(HostField::Model) => told(&host.attributes.model),
        Placeholder::Attribute(name) => {
            let declared = shelf.values.get(name)?;
            let declared = Some(declared).filter(|v| v.kind == ValueKind::Attribute)?;
            let own = host.facts.attributes.get(name);
            own.or(declared.default.as_ref()).cloned()
        }
        Placeholder::Secret(name) => {
            let declared = shelf.values.get(name)?;
            let declared = Some(declared).filter(|v| v.kind == ValueKind::Secret)?;
            let own = host.facts.secrets.get(name);
            own.or(declared.default.as_ref()).cloned()
        }
    };
    // A device that tells what no profile can hold tells nothing.
    value.filter(|value| check_value(value).is_ok())
}
