//! What is special about one host: which profiles are not for it, which of them nobody can tell,
//! what its values make of them, and why it has to wait.
//!
//! Knows nothing of what the host has. Invariant: attributes that are too old say nothing.

use std::collections::BTreeMap;

use mooring_drift::desired::{Circumstances, Hold, Personal, Revision, System};
use mooring_drift::policy::Timestamp;
use mooring_drift::scope::{Subject, Truth};
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::os::{OsVersion, Platform};
use mooring_mdm::profile::placeholder::ValueName;
use mooring_store::HostRecord;

use super::values::{attributes_of, values_of};
use crate::core::Core;
use crate::device::{device_record, transport};
use crate::shelf::{Shelf, is_wanted, latest};

impl Core {
    /// The circumstances of a host at this moment.
    pub(crate) fn circumstances(&self, shelf: &Shelf, host: &HostRecord) -> Circumstances {
        let attributes = self.fresh_attributes(host);
        let mut circumstances = Circumstances {
            personal: self.personal(shelf, host),
            system: attributes.and_then(system),
            transport: transport(host),
            hold: self.hold(host),
            ..Circumstances::default()
        };
        let values = attributes_of(shelf, host);
        let memberships = shelf.scope.memberships(&subject(host, attributes, &values));
        for (identifier, truth) in memberships {
            match truth {
                Truth::Yes => {}
                Truth::Unknown => drop(circumstances.waiting.insert(identifier)),
                Truth::No => drop(circumstances.outside.insert(identifier)),
            }
        }
        circumstances
    }

    /// What the device told of itself, unless that is too old to say anything.
    pub(crate) fn fresh_attributes<'a>(&self, host: &'a HostRecord) -> Option<&'a Attributes> {
        let now: Timestamp = self.now();
        let told_at = host.attributes_at?;
        (!self.policy.is_attribute_old(told_at, now)).then_some(&host.attributes)
    }

    fn hold(&self, host: &HostRecord) -> Option<Hold> {
        if self.is_paused() {
            return Some(Hold::Paused);
        }
        let device = device_record(host)?;
        let is_contradicted = device.sync.hardware.is_contradicted;
        is_contradicted.then_some(Hold::Duplicate)
    }

    fn personal(&self, shelf: &Shelf, host: &HostRecord) -> BTreeMap<PayloadIdentifier, Personal> {
        let mut personal = BTreeMap::new();
        for identifier in &shelf.personal {
            let Some(profile) = shelf.profiles.get(identifier).filter(|p| is_wanted(p)) else {
                continue;
            };
            let Some(version) = latest(profile) else {
                continue;
            };
            let made = match values_of(shelf, host, &version.placeholders) {
                Ok(values) => Personal::Filled(Revision {
                    version: version.version,
                    uuid: self.personal.name(&version.uuid, &values),
                }),
                Err(missing) => Personal::Missing(missing),
            };
            personal.insert(identifier.clone(), made);
        }
        personal
    }
}

/// A host as rules see it.
pub(crate) fn subject<'a>(
    host: &'a HostRecord,
    attributes: Option<&'a Attributes>,
    values: &'a BTreeMap<ValueName, String>,
) -> Subject<'a> {
    Subject {
        host: &host.id,
        attributes,
        labels: &host.facts.labels,
        values,
    }
}

fn system(attributes: &Attributes) -> Option<System> {
    let platform = Platform::from_model(attributes.model.as_deref()?)?;
    let version = OsVersion::parse(attributes.os_version.as_deref()?).ok()?;
    Some(System { platform, version })
}
