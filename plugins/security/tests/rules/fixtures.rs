//! For each rule a payload that breaks it, and the same payload with that one thing right.
//!
//! Invariants: every rule of the manifest has both, and putting the one thing right changes nothing
//! but that the rule is silent.

mod devices;
mod networks;

use std::collections::BTreeSet;

use mooring_sdk::Validator;
use mooring_security::Security;
use serde_json::{Value, json};

use crate::der::{LEAF, ROOT, Recipe, certificate, data, pkcs12};
use crate::manifest::listed;
use crate::{context, judged, profile_with};

/// A rule, a payload (or a profile) that breaks it, and what puts that right.
type Fixture = (&'static str, fn() -> Value, fn(&mut Value));

const WIFI: &str = "com.apple.wifi.managed";
const TCC: &str = "com.apple.TCC.configuration-profile-policy";
const REQUIREMENT: &str = "identifier \"org.company.agent\" and anchor apple generic and \
                           certificate leaf[subject.OU] = ABCDE12345";

fn wifi(key: &str, value: Value) -> Value {
    let mut payload = json!({"PayloadType": WIFI, "SSID_STR": "office", "EncryptionType": "WPA3"});
    payload[key] = value;
    payload
}

/// One entry for one service, with one thing changed.
fn grant(service: &str, key: &str, value: Value) -> Value {
    let mut entry = json!({"Identifier": "org.company.agent", "IdentifierType": "bundleID",
        "CodeRequirement": REQUIREMENT, "Authorization": "Allow"});
    entry[key] = value;
    json!({"PayloadType": TCC, "Services": { service: [entry] }})
}

/// The only entry of a service.
fn entry<'a>(payload: &'a mut Value, service: &str) -> &'a mut Value {
    &mut payload["Services"][service][0]
}

fn one(kind: &str, key: &str, value: Value) -> Value {
    let mut payload = json!({"PayloadType": kind});
    payload[key] = value;
    payload
}

fn certified(kind: &str, recipe: Recipe) -> Value {
    one(kind, "PayloadContent", data(&certificate(&recipe)))
}

fn identity(password: &str) -> Value {
    let mut payload = one(
        "com.apple.security.pkcs12",
        "PayloadContent",
        data(&pkcs12(true)),
    );
    payload["Password"] = json!(password);
    payload
}

const FILES: &str = "SystemPolicyAllFiles";

const CERTIFICATES: &[Fixture] = &[
    (
        "X001",
        || json!({"PayloadType": "com.apple.mdm"}),
        |p| p["PayloadType"] = json!("com.apple.mdm.other"),
    ),
    (
        "X002",
        || json!({"PayloadType": "com.apple.declarations"}),
        |p| p["PayloadType"] = json!("com.apple.declarations.other"),
    ),
    (
        "X003",
        || wifi("Password", json!("s3cr3t")),
        |p| p["Password"] = json!("{{secret.wifi}}"),
    ),
    (
        "X004",
        || identity("s3cr3t"),
        |p| p["Password"] = json!("{{secret.p12}}"),
    ),
    (
        "X005",
        || {
            let recipe = Recipe {
                not_after: "251231",
                ..LEAF
            };
            certified("com.apple.security.pkcs1", recipe)
        },
        |p| p["PayloadContent"] = data(&certificate(&LEAF)),
    ),
    (
        "X006",
        || one("com.apple.security.pkcs1", "PayloadContent", data(b"hello")),
        |p| p["PayloadContent"] = data(&certificate(&LEAF)),
    ),
    (
        "X007",
        || certified("com.apple.security.pem", ROOT),
        |p| p["PayloadContent"] = data(&certificate(&LEAF)),
    ),
    (
        "X008",
        || identity(""),
        |p| p["Password"] = json!("{{secret.p12}}"),
    ),
];

const GRANTS: &[Fixture] = &[
    (
        "X020",
        || grant(FILES, "CodeRequirement", json!("")),
        |p| entry(p, FILES)["CodeRequirement"] = json!(REQUIREMENT),
    ),
    (
        "X021",
        || grant(FILES, "CodeRequirement", json!("anchor apple generic")),
        |p| entry(p, FILES)["CodeRequirement"] = json!(REQUIREMENT),
    ),
    (
        "X022",
        || grant(FILES, "IdentifierType", json!("path")),
        |p| entry(p, FILES)["IdentifierType"] = json!("bundleID"),
    ),
    (
        "X023",
        || grant(FILES, "Identifier", json!("com.apple.Terminal")),
        |p| entry(p, FILES)["Identifier"] = json!("org.company.agent"),
    ),
    (
        "X024",
        || grant("Camera", "Authorization", json!("Allow")),
        |p| entry(p, "Camera")["Authorization"] = json!("Deny"),
    ),
    (
        "X025",
        || grant(FILES, "Allowed", json!(true)),
        |p| drop(entry(p, FILES).as_object_mut().unwrap().remove("Allowed")),
    ),
    (
        "X026",
        || grant("AppleEvents", "Authorization", json!("Allow")),
        |p| {
            let entry = entry(p, "AppleEvents");
            entry["AEReceiverIdentifier"] = json!("com.apple.finder");
            entry["AEReceiverIdentifierType"] = json!("bundleID");
            entry["AEReceiverCodeRequirement"] =
                json!("identifier \"com.apple.finder\" and anchor apple");
        },
    ),
    (
        "X027",
        || {
            let mut payload = grant(FILES, "Authorization", json!("Allow"));
            let again = payload["Services"][FILES][0].clone();
            payload["Services"][FILES]
                .as_array_mut()
                .unwrap()
                .push(again);
            payload
        },
        |p| p["Services"][FILES][1]["Identifier"] = json!("org.company.other"),
    ),
];

/// The profile that a fixture stands for.
fn whole(value: Value) -> Value {
    match value["PayloadType"].as_str() {
        Some("Configuration") => value,
        _ => profile_with(value),
    }
}

/// Every rule of the manifest has a payload that breaks it, at the severity that the manifest says,
/// and the same payload put right, in which all else that was found is found still, and nothing new.
#[test]
fn every_rule_fails_and_passes() {
    let tables = [
        CERTIFICATES,
        GRANTS,
        networks::NETWORKS,
        devices::POLICIES,
        devices::APPS,
    ];
    // The rule about settings has no payload: its two fixtures are settings.
    let rules = |settings| Security::check_settings(settings).remove(0).rule;
    assert_eq!(rules(r#"{"a": 1}"#), "settings");
    assert!(Security::check_settings("{}").is_empty());
    let mut proven = BTreeSet::from(["settings".to_owned()]);
    let listed = listed();
    for (rule, wrong, mend) in tables.into_iter().flatten() {
        let mut right = wrong();
        mend(&mut right);
        let mut expected = judged(&whole(wrong()), &context());
        let found = expected.len();
        expected.retain(|line| *line != format!("{rule} {}", listed[*rule]));
        assert_eq!(expected.len() + 1, found, "{rule}: {expected:?}");
        assert_eq!(judged(&whole(right), &context()), expected, "{rule}");
        proven.insert((*rule).to_owned());
    }
    let listed: BTreeSet<_> = listed.into_keys().collect();
    assert_eq!(proven, listed, "a rule without fixtures, or without a rule");
}
