//! For each rule a change that breaks it, and the same change with that one thing right.
//!
//! Invariants: every rule of the manifest has both; the change that is right causes no finding of
//! the rule and none that the other did not cause.

use std::collections::BTreeSet;

use mooring_sdk::{Grade, Validator};
use mooring_structure::Structure;
use serde_json::{Value, json};

use crate::manifest::listed;
use crate::{add, context, judged, payload, remove, sound};

/// A rule, a change to the sound profile that breaks it, and what puts that right.
type Fixture = (&'static str, fn(&mut Value), fn(&mut Value));

const WIFI: &str = "com.apple.wifi.managed";
const PKCS12: &str = "com.apple.security.pkcs12";
const ROOT: &str = "com.apple.security.root";
const UUID: &str = "6C9E5B8A-4F0E-4C55-9C5B-0B0F7E1D2A33";

/// The first payload of the profile.
fn first(profile: &mut Value) -> &mut Value {
    &mut profile["PayloadContent"][0]
}

/// The payload behind those of the sound profile.
fn added(profile: &mut Value) -> &mut Value {
    &mut profile["PayloadContent"][2]
}

/// A network that names the certificate behind it, and a payload of this type as that.
fn network(profile: &mut Value, kind: &str) {
    let mut network = payload(WIFI, "wifi");
    network["PayloadCertificateUUID"] = payload("", "me")["PayloadUUID"].clone();
    add(profile, network);
    add(profile, payload(kind, "me"));
}

const TOP: &[Fixture] = &[
    (
        "T001",
        |p| p["PayloadType"] = json!("configuration"),
        |p| p["PayloadType"] = json!("Configuration"),
    ),
    (
        "T002",
        |p| p["PayloadVersion"] = json!("1"),
        |p| p["PayloadVersion"] = json!(1),
    ),
    (
        "T003",
        |p| p["PayloadIdentifier"] = json!(""),
        |p| p["PayloadIdentifier"] = json!("org.mooring.test"),
    ),
    (
        "T004",
        |p| remove(p, "PayloadUUID"),
        |p| p["PayloadUUID"] = json!(UUID),
    ),
    (
        "T005",
        |p| p["PayloadUUID"] = json!("6C9E5B8A4F0E4C559C5B0B0F7E1D2A33"),
        |p| p["PayloadUUID"] = json!(UUID),
    ),
    (
        "T006",
        |p| p["PayloadContent"] = json!({"0": payload("com.apple.dock", "dock")}),
        |p| p["PayloadContent"] = json!([payload("com.apple.dock", "dock")]),
    ),
    (
        "T007",
        |p| p["PayloadContent"] = json!([]),
        |p| p["PayloadContent"] = json!([payload("com.apple.dock", "dock")]),
    ),
    (
        "T008",
        |p| add(p, json!("com.apple.finder")),
        |p| *added(p) = payload("com.apple.finder", "finder"),
    ),
    (
        "T009",
        |p| p["PayloadScope"] = json!("user"),
        |p| p["PayloadScope"] = json!("User"),
    ),
    (
        "T010",
        |p| remove(p, "PayloadScope"),
        |p| p["PayloadScope"] = json!("System"),
    ),
    (
        "T011",
        |p| p["payloadRemovalDisallowed"] = json!(true),
        |p| {
            remove(p, "payloadRemovalDisallowed");
            p["PayloadRemovalDisallowed"] = json!(true);
        },
    ),
    (
        "T012",
        |p| p["SoftwareUpdate"] = json!(true),
        |p| {
            remove(p, "SoftwareUpdate");
            p["PayloadRemovalDisallowed"] = json!(true);
        },
    ),
    (
        "T013",
        |p| p["PayloadEnabled"] = json!(true),
        |p| {
            remove(p, "PayloadEnabled");
            first(p)["PayloadEnabled"] = json!(true);
        },
    ),
    (
        "T014",
        |p| p["PayloadIdentifier"] = json!("org.mooring.my test"),
        |p| p["PayloadIdentifier"] = json!("org.mooring.my-test"),
    ),
    (
        "T015",
        |p| p["PayloadDisplayName"] = json!(""),
        |p| p["PayloadDisplayName"] = json!("T"),
    ),
    (
        "T016",
        |p| remove(p, "PayloadOrganization"),
        |p| p["PayloadOrganization"] = json!("Mooring"),
    ),
];

const VALUES: &[Fixture] = &[
    // It is the first day of 2026.
    (
        "T017",
        |p| p["RemovalDate"] = json!({"$date": "2025-12-31T23:59:59Z"}),
        |p| p["RemovalDate"] = json!({"$date": "2026-12-31T23:59:59Z"}),
    ),
    (
        "T018",
        |p| p["DurationUntilRemoval"] = json!(0),
        |p| p["DurationUntilRemoval"] = json!(1),
    ),
    // The host is a Mac.
    (
        "T019",
        |p| p["TargetDeviceType"] = json!(1),
        |p| p["TargetDeviceType"] = json!(5),
    ),
    (
        "T020",
        |p| p["ConsentText"] = json!({"default": "Agree."}),
        |p| remove(p, "ConsentText"),
    ),
    (
        "T021",
        |p| {
            remove(p, "PayloadContent");
            p["IsEncrypted"] = json!(true);
        },
        |p| p["EncryptedPayloadContent"] = json!({"$data": "3080"}),
    ),
    (
        "T022",
        |p| p["HasRemovalPasscode"] = json!(true),
        |p| add(p, payload("com.apple.profileRemovalPassword", "removal")),
    ),
    (
        "T023",
        |p| p["PayloadOrganization"] = json!("YOUR COMPANY HERE"),
        |p| p["PayloadOrganization"] = json!("Your company"),
    ),
    (
        "T024",
        |p| first(p)["name"] = json!("{{host.colour}}"),
        |p| first(p)["name"] = json!("{{host.serial}}"),
    ),
    (
        "T025",
        |p| first(p)["PayloadIdentifier"] = json!("org.mooring.test.{{host.serial}}"),
        |p| {
            first(p)["PayloadIdentifier"] = json!("org.mooring.test.serial");
            first(p)["name"] = json!("{{host.serial}}");
        },
    ),
];

const PAYLOADS: &[Fixture] = &[
    (
        "L001",
        |p| remove(first(p), "PayloadVersion"),
        |p| first(p)["PayloadVersion"] = json!(1),
    ),
    (
        "L002",
        |p| first(p)["PayloadVersion"] = json!(2),
        |p| first(p)["PayloadVersion"] = json!(1),
    ),
    (
        "L003",
        |p| first(p)["PayloadUUID"] = p["PayloadUUID"].clone(),
        |p| first(p)["PayloadUUID"] = json!(UUID),
    ),
    (
        "L004",
        |p| first(p)["PayloadIdentifier"] = json!("org.mooring.test.font"),
        |p| first(p)["PayloadIdentifier"] = json!("org.mooring.test.font2"),
    ),
    (
        "L005",
        |p| first(p)["PayloadIdentifier"] = json!("org.mooring.test"),
        |p| first(p)["PayloadIdentifier"] = json!("org.mooring.test.1"),
    ),
    (
        "L006",
        |p| first(p)["PayloadIdentifier"] = json!("org.mooring.tests.dock"),
        |p| first(p)["PayloadIdentifier"] = json!("org.mooring.test.s.dock"),
    ),
    (
        "L010",
        |p| {
            for name in ["one", "two"] {
                let mut restrictions = payload("com.apple.applicationaccess", name);
                restrictions["allowCamera"] = json!(false);
                add(p, restrictions);
            }
        },
        |p| {
            remove(added(p), "allowCamera");
            added(p)["allowAirDrop"] = json!(false);
        },
    ),
    (
        "R001",
        |p| {
            network(p, PKCS12);
            added(p)["PayloadCertificateUUID"] = json!(UUID);
            // The certificate that is left over then breaks another rule.
            p["PayloadContent"][3]["PayloadType"] = json!(ROOT);
        },
        |p| {
            p["PayloadContent"][3]["PayloadType"] = json!(PKCS12);
            added(p)["PayloadCertificateUUID"] = p["PayloadContent"][3]["PayloadUUID"].clone();
        },
    ),
    (
        "R002",
        |p| network(p, ROOT),
        |p| p["PayloadContent"][3]["PayloadType"] = json!(PKCS12),
    ),
    (
        "R003",
        |p| {
            network(p, PKCS12);
            add(p, payload(PKCS12, "spare"));
        },
        |p| p["PayloadContent"][4]["PayloadType"] = json!(ROOT),
    ),
    (
        "R004",
        |p| {
            network(p, ROOT);
            added(p)["PayloadCertificateUUID"] = added(p)["PayloadUUID"].clone();
        },
        |p| {
            p["PayloadContent"][3]["PayloadType"] = json!(PKCS12);
            added(p)["PayloadCertificateUUID"] = p["PayloadContent"][3]["PayloadUUID"].clone();
        },
    ),
];

/// Every rule of the manifest has a change that breaks it, at the severity that the manifest says,
/// and the same change put right, in which all else that was found is found still, and nothing new.
#[test]
fn every_rule_fails_and_passes() {
    // The rule about settings has no profile: its two fixtures are settings.
    let rules = |settings| Structure::check_settings(settings).remove(0).rule;
    assert_eq!(rules(r#"{"a": 1}"#), "settings");
    assert!(Structure::check_settings("{}").is_empty());
    let mut proven = BTreeSet::from(["settings".to_owned()]);
    let (listed, lenient) = (listed(), context(Grade::DeviceLenient));
    for (rule, spoil, mend) in [TOP, VALUES, PAYLOADS].into_iter().flatten() {
        let mut profile = sound();
        spoil(&mut profile);
        let mut expected = judged(&profile, &lenient);
        let found = expected.len();
        expected.retain(|line| *line != format!("{rule} {}", listed[*rule]));
        assert_eq!(expected.len() + 1, found, "{rule}: {expected:?}");
        mend(&mut profile);
        assert_eq!(judged(&profile, &lenient), expected, "{rule}: {profile:#}");
        proven.insert((*rule).to_owned());
    }
    let listed: BTreeSet<_> = listed.into_keys().collect();
    assert_eq!(proven, listed, "a rule without fixtures, or without a rule");
}
