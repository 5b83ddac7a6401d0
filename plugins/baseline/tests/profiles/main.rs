//! What the built-in profiles hold, and which settings are refused.

#![expect(clippy::unwrap_used, reason = "tests")]

mod manifest;
mod output;
mod settings;
mod structure;

use mooring_baseline::Baseline;
use mooring_sdk::{Context, Failure, Generator, Output};
use plist::Dictionary;
use serde_json::{Value, json};

/// A certificate made for these tests; nobody has its private key.
pub(crate) const ESCROW: &str = include_str!("../data/escrow.pem");

/// Settings that enable everything with defaults.
pub(crate) fn all() -> Value {
    json!({
        "firewall": {},
        "gatekeeper": {},
        "passcode": {},
        "screenlock": {},
        "filevault": { "escrow_certificate": ESCROW },
    })
}

pub(crate) fn generate(seed: &str, settings: &Value) -> Result<Vec<Output>, Failure> {
    let context = Context {
        settings: settings.to_string(),
        ..Context::default()
    };
    Baseline::generate(seed, &context)
}

/// The one profile that the settings enable, read back.
pub(crate) fn profile(settings: &Value) -> Dictionary {
    let outputs = generate("seed", settings).unwrap();
    assert_eq!(outputs.len(), 1);
    read(&outputs[0])
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

pub(crate) fn text<'a>(dictionary: &'a Dictionary, key: &str) -> &'a str {
    dictionary[key].as_string().unwrap()
}
