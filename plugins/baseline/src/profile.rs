//! Puts a built-in's payloads into a profile: the names around the settings.
//!
//! Knows nothing of what a payload does. Invariant: a payload's identifier is the profile's with the
//! slot behind it, its uuid is derived from seed, identifier and slot, and payloads keep the order
//! in which the built-in lists them.

use uuid::Uuid;

use crate::builtins::Builtin;
use mooring_sdk::plist::{self, Dictionary, Value};

/// The namespace of the uuids that this plugin derives; a random uuid, fixed for good.
const NAMESPACE: Uuid = Uuid::from_u128(0x3d0f_4c52_9a7e_4b1d_8c36_5e21_f0a9_47b8);

/// Who signs the profiles, as devices show it.
const ORGANIZATION: &str = "Mooring";

/// The slot of the profile itself; no payload may use it.
const TOP_SLOT: &str = "";

/// What names are derived from.
#[derive(Clone, Copy)]
pub(crate) struct Naming<'a> {
    pub(crate) seed: &'a str,
    pub(crate) identifier: &'static str,
}

impl Naming<'_> {
    /// The uuid of the payload in a slot, in capitals as Apple writes them.
    pub(crate) fn uuid(&self, slot: &str) -> String {
        // No part can hold the separator: identifiers and slots are ours, and the length stands
        // before the seed.
        let Self { seed, identifier } = self;
        let name = format!("{}\n{seed}\n{identifier}\n{slot}", seed.len());
        let uuid = Uuid::new_v5(&NAMESPACE, name.as_bytes());
        uuid.hyphenated().to_string().to_ascii_uppercase()
    }
}

/// One payload of a built-in.
pub(crate) struct Payload {
    /// Its place in the profile, fixed for good: identifier and uuid come from it.
    pub(crate) slot: &'static str,
    /// Apple's payload type.
    pub(crate) kind: &'static str,
    /// What devices show.
    pub(crate) name: &'static str,
    pub(crate) settings: Dictionary,
}

/// The profile of a built-in as XML.
pub(crate) fn write(builtin: &Builtin, naming: &Naming<'_>, payloads: &[Payload]) -> Vec<u8> {
    let content = payloads.iter().map(|payload| entries(payload, naming));
    plist::write(&vec![
        (
            "PayloadContent",
            Value::List(content.map(Value::Dictionary).collect()),
        ),
        ("PayloadDescription", builtin.description.into()),
        ("PayloadDisplayName", builtin.name.into()),
        ("PayloadIdentifier", naming.identifier.into()),
        ("PayloadOrganization", ORGANIZATION.into()),
        ("PayloadRemovalDisallowed", Value::Boolean(true)),
        ("PayloadScope", "System".into()),
        ("PayloadType", "Configuration".into()),
        ("PayloadUUID", Value::Text(naming.uuid(TOP_SLOT))),
        ("PayloadVersion", Value::Integer(1)),
    ])
}

fn entries(payload: &Payload, naming: &Naming<'_>) -> Dictionary {
    let identifier = format!("{}.{}", naming.identifier, payload.slot);
    let mut entries = payload.settings.clone();
    entries.extend([
        ("PayloadDisplayName", payload.name.into()),
        ("PayloadIdentifier", Value::Text(identifier)),
        ("PayloadOrganization", ORGANIZATION.into()),
        ("PayloadType", payload.kind.into()),
        ("PayloadUUID", Value::Text(naming.uuid(payload.slot))),
        ("PayloadVersion", Value::Integer(1)),
    ]);
    entries
}
