//! What the enrollment profile holds, and which settings are refused.

#![expect(clippy::unwrap_used, reason = "tests")]

mod golden;
mod manifest;
mod output;
mod settings;
mod structure;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mooring_enrollment::Enrollment;
use mooring_sdk::{Context, Failure, Generator, Output};
use plist::Dictionary;
use serde_json::{Value, json};

/// Two certificates made for these tests; nobody has their private keys.
pub(crate) const CA: &[u8] = include_bytes!("../../../sdk/tests/data/ca.der");
pub(crate) const SECOND: &[u8] = include_bytes!("../data/second.der");

/// The least that is accepted.
pub(crate) fn scep() -> Value {
    json!({
        "server_url": "https://mdm.example.org/mdm",
        "topic": "com.apple.mgmt.External.0f0e0d0c",
        "identity": { "scep": { "url": "https://mdm.example.org/scep" } },
    })
}

/// The least that is accepted with ACME.
pub(crate) fn acme() -> Value {
    let acme = json!({ "directory_url": "https://acme.example.org/directory" });
    with(&scep(), "/identity", json!({ "acme": acme }))
}

/// Every setting, with SCEP.
pub(crate) fn everything() -> Value {
    json!({
        "server_url": "https://mdm.example.org/mdm",
        "check_in_url": "https://mdm.example.org/checkin",
        "topic": "com.apple.mgmt.External.0f0e0d0c",
        "identity": { "scep": {
            "url": "https://mdm.example.org/scep",
            "name": "devices & <more>",
            "key_size": 4096,
            "ca_fingerprint": STANDARD.encode([7; 32]),
            "retries": 5,
            "retry_delay": 30,
        }},
        "organization": "Ada & Sons",
        "display_name": "Ada's devices",
        "anchors": [STANDARD.encode(CA), STANDARD.encode(SECOND)],
        "sign_message": false,
        "user_channel": true,
        "bootstrap_token": false,
        "user_enrollment": { "managed_apple_id": "ada@example.org" },
        "development": true,
    })
}

/// The settings with the member at a JSON pointer set.
pub(crate) fn with(settings: &Value, pointer: &str, value: Value) -> Value {
    let mut settings = settings.clone();
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    let parent = settings.pointer_mut(parent).unwrap().as_object_mut();
    parent.unwrap().insert(key.to_owned(), value);
    settings
}

pub(crate) fn generate(seed: &str, settings: &Value) -> Result<Output, Failure> {
    let context = Context {
        settings: settings.to_string(),
        ..Context::default()
    };
    let mut outputs = Enrollment::generate(seed, &context)?;
    assert_eq!(outputs.len(), 1);
    Ok(outputs.remove(0))
}

/// The profile, read back.
pub(crate) fn profile(settings: &Value) -> Dictionary {
    read(&generate("seed", settings).unwrap())
}

pub(crate) fn read(output: &Output) -> Dictionary {
    let read = plist::Value::from_reader_xml(output.profile.as_slice()).unwrap();
    read.into_dictionary().unwrap()
}

/// The payloads of a profile.
pub(crate) fn payloads(profile: &Dictionary) -> Vec<Dictionary> {
    let content = profile["PayloadContent"].as_array().unwrap().iter();
    content
        .map(|payload| payload.as_dictionary().unwrap().clone())
        .collect()
}

/// The one payload of a type.
pub(crate) fn payload(profile: &Dictionary, kind: &str) -> Dictionary {
    let mut found = payloads(profile);
    found.retain(|payload| text(payload, "PayloadType") == kind);
    assert_eq!(found.len(), 1, "{kind}");
    found.remove(0)
}

pub(crate) fn text<'a>(dictionary: &'a Dictionary, key: &str) -> &'a str {
    dictionary[key].as_string().unwrap()
}
