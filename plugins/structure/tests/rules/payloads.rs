//! Cases of L001 to L006 and L010.

use serde_json::{Value, json};

use crate::{Case, add, case, payload, remove, run};

/// The type that carries preferences of any domain, with one forced key.
fn preferences(name: &str, domain: &str, key: &str) -> Value {
    let mut found = payload("com.apple.ManagedClient.preferences", name);
    found["PayloadContent"] =
        json!({ domain: { "Forced": [{ "mcx_preference_settings": { key: 1 } }] } });
    found
}

fn with(kind: &str, name: &str, key: &str) -> Value {
    let mut found = payload(kind, name);
    found[key] = json!(true);
    found
}

pub(crate) const CASES: &[Case] = &[
    // L001
    case(
        |p| remove(&mut p["PayloadContent"][0], "PayloadType"),
        &["L001 error"],
    ),
    case(
        |p| remove(&mut p["PayloadContent"][0], "PayloadVersion"),
        &["L001 error"],
    ),
    case(
        |p| remove(&mut p["PayloadContent"][0], "PayloadIdentifier"),
        &["L001 error"],
    ),
    case(
        |p| remove(&mut p["PayloadContent"][1], "PayloadUUID"),
        &["L001 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["PayloadUUID"] = json!(""),
        &["L001 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["PayloadType"] = json!(3),
        &["L001 error"],
    ),
    // L002
    case(
        |p| p["PayloadContent"][0]["PayloadVersion"] = json!(2),
        &["L002 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["PayloadVersion"] = json!("1"),
        &["L002 error"],
    ),
    // L003
    case(
        |p| p["PayloadContent"][0]["PayloadUUID"] = json!("5b3a6c04-6b0d-4b8b-8c5c-0c6c5d3f1a01"),
        &["L003 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["PayloadUUID"] = p["PayloadContent"][1]["PayloadUUID"].clone(),
        &["L003 error"],
    ),
    // L004
    case(
        |p| p["PayloadContent"][1]["PayloadIdentifier"] = json!("org.mooring.test.dock"),
        &["L004 error"],
    ),
    case(
        |p| p["PayloadContent"][1]["PayloadIdentifier"] = json!("org.mooring.test.Dock"),
        &[],
    ),
    // L005
    case(
        |p| p["PayloadContent"][0]["PayloadIdentifier"] = json!("org.mooring.test"),
        &["L005 warning"],
    ),
    // L006
    case(
        |p| p["PayloadContent"][0]["PayloadIdentifier"] = json!("dock"),
        &["L006 info"],
    ),
    case(
        |p| p["PayloadContent"][0]["PayloadIdentifier"] = json!("org.mooring.tests.dock"),
        &["L006 info"],
    ),
    // L010
    case(
        |p| {
            add(p, with("com.apple.applicationaccess", "one", "allowCamera"));
            add(p, with("com.apple.applicationaccess", "two", "allowCamera"));
        },
        &["L010 warning"],
    ),
    case(
        |p| {
            add(p, with("org.company.app", "one", "Colour"));
            add(p, with("org.company.app", "two", "Colour"));
        },
        &["L010 warning"],
    ),
    case(
        |p| {
            add(p, preferences("one", "com.apple.mail", "a"));
            add(p, preferences("two", "com.apple.mail", "a"));
        },
        &["L010 warning"],
    ),
    case(
        |p| {
            add(p, preferences("one", "com.apple.mail", "a"));
            add(p, preferences("two", "com.apple.mail", "b"));
            add(p, preferences("three", "com.apple.security", "a"));
        },
        &[],
    ),
    case(
        |p| {
            add(p, with("com.apple.applicationaccess", "one", "allowCamera"));
            add(p, with("com.apple.applicationaccess", "two", "allowSiri"));
            add(p, with("com.apple.wifi.managed", "three", "AutoJoin"));
            add(p, with("com.apple.wifi.managed", "four", "AutoJoin"));
        },
        &[],
    ),
];

/// The payloads' rules find what they name, and nothing else.
#[test]
fn payload_cases() {
    run(CASES);
}

/// A collision is reported at the later payload and names the earlier.
#[test]
fn collision_names_the_first() {
    let mut profile = crate::sound();
    add(&mut profile, payload("com.apple.dock", "dock"));
    profile["PayloadContent"][2]["PayloadIdentifier"] = json!("org.mooring.test.other");
    let findings = crate::findings(&profile, &crate::context(mooring_sdk::Grade::default()));
    let message = &findings[0].message;
    assert!(
        message.contains("payload 3") && message.contains("payload 1"),
        "{findings:?}"
    );
}

/// A profile made of odd kinds throughout is judged without a panic.
#[test]
fn odd_kinds() {
    for odd in [
        json!(1),
        json!("x"),
        json!([]),
        json!({}),
        json!(true),
        json!(1.5),
    ] {
        let mut profile = crate::sound();
        for key in profile.as_object().unwrap().clone().keys() {
            profile[key] = odd.clone();
        }
        crate::findings(&profile, &crate::context(mooring_sdk::Grade::AppleStrict));
        crate::findings(&odd, &crate::context(mooring_sdk::Grade::AppleStrict));
    }
}
