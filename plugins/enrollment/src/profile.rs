//! Puts the payloads into the profile: the names around the settings.
//!
//! Knows nothing of what a payload does. Invariant: a payload's identifier is the profile's with the
//! slot behind it, its uuid is derived from seed and slot, and the profile's own uuid from the seed
//! and everything in it.

use uuid::Uuid;

use crate::settings::Settings;
use crate::{anchors, management};
use mooring_sdk::plist::{self, Dictionary, Value};

/// The namespace of the uuids that this plugin derives; a random uuid, fixed for good.
const NAMESPACE: Uuid = Uuid::from_u128(0x7b52_d1c6_0e94_4f3a_b8d7_2c61_93fa_5e08);

/// The profile's identifier, fixed for good: by it a renewal replaces what a device has.
const IDENTIFIER: &str = "com.mooring.enrollment";

const DESCRIPTION: &str = "Enrolls this device for management by its organization.";

/// One payload.
pub(crate) struct Payload {
    /// Its place in the profile: identifier and uuid come from it.
    pub(crate) slot: String,
    /// Apple's payload type.
    pub(crate) kind: &'static str,
    /// What devices show.
    pub(crate) name: &'static str,
    pub(crate) settings: Dictionary,
}

/// A short name for some bytes, the same each time.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
    Uuid::new_v5(&NAMESPACE, bytes).simple().to_string()
}

/// The profile as XML. Anchors come first, then the identity, then what refers to it.
pub(crate) fn write(seed: &str, settings: &Settings) -> Vec<u8> {
    let identity = settings.identity.payload(&settings.organization);
    let identity_uuid = slot_uuid(seed, &identity.slot);
    let mut payloads: Vec<_> = settings
        .anchors
        .iter()
        .map(|der| anchors::payload(der))
        .collect();
    payloads.push(identity);
    payloads.push(management::payload(settings, &identity_uuid));
    let organization = settings.organization.as_str();
    let content = payloads
        .into_iter()
        .map(|payload| Value::Dictionary(named(payload, seed, organization)));
    let mut entries = vec![
        ("PayloadContent", Value::List(content.collect())),
        ("PayloadDescription", DESCRIPTION.into()),
        ("PayloadDisplayName", settings.display_name.as_str().into()),
        ("PayloadIdentifier", IDENTIFIER.into()),
        ("PayloadOrganization", organization.into()),
        ("PayloadScope", "System".into()),
        ("PayloadType", "Configuration".into()),
        ("PayloadVersion", Value::Integer(1)),
    ];
    let uuid = uuid(seed, "content", &plist::write(&entries));
    entries.push(("PayloadUUID", Value::Text(uuid)));
    plist::write(&entries)
}

fn named(payload: Payload, seed: &str, organization: &str) -> Dictionary {
    let identifier = format!("{IDENTIFIER}.{}", payload.slot);
    let mut entries = payload.settings;
    entries.extend([
        ("PayloadDisplayName", payload.name.into()),
        ("PayloadIdentifier", Value::Text(identifier)),
        ("PayloadOrganization", organization.into()),
        ("PayloadType", payload.kind.into()),
        ("PayloadUUID", Value::Text(slot_uuid(seed, &payload.slot))),
        ("PayloadVersion", Value::Integer(1)),
    ]);
    entries
}

fn slot_uuid(seed: &str, slot: &str) -> String {
    uuid(seed, "slot", slot.as_bytes())
}

/// A uuid in capitals, as Apple writes them. Two different triples have different names: the
/// seed's length stands before it, and no `of` holds the separator.
fn uuid(seed: &str, of: &str, bytes: &[u8]) -> String {
    let name = format!("{}\n{seed}\n{of}\n", seed.len());
    let uuid = Uuid::new_v5(&NAMESPACE, &[name.as_bytes(), bytes].concat());
    uuid.hyphenated().to_string().to_ascii_uppercase()
}
