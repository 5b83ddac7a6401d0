//! What is special about one host: which profiles are not for it, which of them nobody can tell,
//! what its values make of them, and why it has to wait.
//!
//! Knows nothing of what the host has. Invariant: attributes that are too old say nothing.

use std::collections::BTreeMap;

use mooring_drift::desired::{Circumstances, Hold, Personal, Revision, System, Transport};
use mooring_drift::policy::Timestamp;
use mooring_drift::scope::{Subject, Truth};
use mooring_mdm::device::Attributes;
use mooring_mdm::ids::{Channel, HostId, PayloadIdentifier};
use mooring_mdm::os::{OsVersion, Platform};
use mooring_mdm::profile::placeholder::ValueName;
use mooring_store::{HostFacts, HostOutline, HostRecord, HostSketch, Via};

use super::values::{attributes_of, values_of};
use crate::core::Core;
use crate::device::device_record;
use crate::shelf::{Shelf, is_wanted, latest};

/// What decides about the circumstances of a host, wherever it was read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) id: &'a HostId,
    pub(crate) attributes: &'a Attributes,
    pub(crate) attributes_at: Option<Timestamp>,
    pub(crate) facts: &'a HostFacts,
    pub(crate) transport: Transport,
    /// Whether two devices speak for it in turn.
    pub(crate) is_contradicted: bool,
}

impl<'a> From<&'a HostRecord> for Known<'a> {
    fn from(host: &'a HostRecord) -> Self {
        let device = device_record(host);
        let access = device.map(|record| &record.access);
        let is_rsa = access.and_then(|access| access.pins.first());
        Self {
            id: &host.id,
            attributes: &host.attributes,
            attributes_at: host.attributes_at,
            facts: &host.facts,
            transport: transport_by(
                access.and_then(|access| access.via),
                is_rsa.is_some_and(|pin| pin.is_rsa),
            ),
            is_contradicted: device.is_some_and(|record| record.sync.hardware.is_contradicted),
        }
    }
}

impl<'a> From<&'a HostOutline> for Known<'a> {
    fn from(host: &'a HostOutline) -> Self {
        let device = host.enrollments.first();
        let device = device.filter(|outline| outline.id.channel() == Channel::Device);
        Self {
            id: &host.id,
            attributes: &host.attributes,
            attributes_at: host.attributes_at,
            facts: &host.facts,
            transport: transport_by(
                device.and_then(|outline| outline.via),
                device.is_some_and(|outline| outline.is_rsa),
            ),
            is_contradicted: device.is_some_and(|outline| outline.sync.hardware.is_contradicted),
        }
    }
}

impl<'a> Known<'a> {
    /// The same of a sketch, as far as it goes: what its channels tell is an argument, and that two
    /// devices speak for it is not known.
    pub(crate) fn of_sketch(host: &'a HostSketch, transport: Transport) -> Self {
        Self {
            id: &host.id,
            attributes: &host.attributes,
            attributes_at: host.attributes_at,
            facts: &host.facts,
            transport,
            is_contradicted: false,
        }
    }
}

impl<'a> From<&'a HostSketch> for Known<'a> {
    /// For questions to which channels are nothing.
    fn from(host: &'a HostSketch) -> Self {
        Self::of_sketch(host, Transport::default())
    }
}

/// How replies reach a host that proved who it is like this: what others could get holds no secrets
/// in clear. `is_rsa` says whether anything can be encrypted to it.
fn transport_by(via: Option<Via>, is_rsa: bool) -> Transport {
    match via {
        Some(Via::Signature | Via::Header) if is_rsa => Transport::Encrypted,
        Some(Via::Signature | Via::Header) => Transport::Open,
        Some(Via::Mtls | Via::None) | None => Transport::Private,
    }
}

impl Core {
    /// The circumstances of a host at this moment.
    pub(crate) fn circumstances<'a>(
        &self,
        shelf: &Shelf,
        host: impl Into<Known<'a>>,
    ) -> Circumstances {
        self.circumstances_at(shelf, host.into(), self.now())
    }

    /// The circumstances of a host at some moment.
    pub(crate) fn circumstances_at(
        &self,
        shelf: &Shelf,
        host: Known<'_>,
        now: Timestamp,
    ) -> Circumstances {
        let attributes = self.fresh_at(host, now);
        let mut circumstances = Circumstances {
            personal: self.personal_of(shelf, host),
            system: attributes.and_then(system),
            transport: host.transport,
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
    pub(crate) fn fresh_attributes<'a>(
        &self,
        host: impl Into<Known<'a>>,
    ) -> Option<&'a Attributes> {
        self.fresh_at(host.into(), self.now())
    }

    /// The same at some moment.
    pub(crate) fn fresh_at<'a>(&self, host: Known<'a>, now: Timestamp) -> Option<&'a Attributes> {
        let told_at = host.attributes_at?;
        (!self.policy.is_attribute_old(told_at, now)).then_some(host.attributes)
    }

    fn hold(&self, host: Known<'_>) -> Option<Hold> {
        if self.is_paused() {
            return Some(Hold::Paused);
        }
        host.is_contradicted.then_some(Hold::Duplicate)
    }

    fn personal_of(&self, shelf: &Shelf, host: Known<'_>) -> BTreeMap<PayloadIdentifier, Personal> {
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
    host: impl Into<Known<'a>>,
    attributes: Option<&'a Attributes>,
    values: &'a BTreeMap<ValueName, String>,
) -> Subject<'a> {
    let host = host.into();
    Subject {
        host: host.id,
        attributes,
        labels: &host.facts.labels,
        values,
    }
}

/// The system that the device told of, if it is one that is known.
pub(crate) fn system(attributes: &Attributes) -> Option<System> {
    let platform = Platform::from_model(attributes.model.as_deref()?)?;
    let version = OsVersion::parse(attributes.os_version.as_deref()?).ok()?;
    Some(System { platform, version })
}
