//! Cases of L001 to L010.

use serde_json::{Value, json};

use crate::{Case, add, case, graded, payload, remove, run};

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
    // L007
    graded(
        |p| p["PayloadContent"][0]["PayloadType"] = json!("com.apple.dockyard"),
        &["L007 warning"],
        &["L007 error"],
    ),
    graded(
        |p| p["PayloadContent"][0]["PayloadType"] = json!("COM.apple.dockyard"),
        &["L007 warning"],
        &["L007 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["PayloadType"] = json!("com.google.Chrome"),
        &["L007 warning"],
    ),
    case(
        |p| p["PayloadContent"][0]["PayloadType"] = json!("com.apple.Safari"),
        &[],
    ),
    case(
        |p| p["PayloadContent"][0]["PayloadType"] = json!(".GlobalPreferences"),
        &[],
    ),
    // L008
    case(
        |p| p["PayloadContent"][0]["PayloadType"] = json!("com.apple.Dock"),
        &["L008 error"],
    ),
    case(
        |p| p["PayloadContent"][0]["PayloadType"] = json!("com.apple.safari"),
        &["L008 error"],
    ),
    // L009
    case(
        |p| add(p, payload("com.apple.dock", "again")),
        &["L009 error"],
    ),
    case(|p| add(p, payload("com.apple.font", "again")), &[]),
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
    add(&mut profile, payload("com.apple.dock", "again"));
    let findings = crate::findings(&profile, &crate::context(mooring_sdk::Grade::default()));
    assert!(findings[0].message.contains("payload 3"), "{findings:?}");
    assert!(
        findings[0].message.contains("see payload 1"),
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
