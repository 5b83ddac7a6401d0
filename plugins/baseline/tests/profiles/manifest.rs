//! The manifest and the generator say the same.

use std::collections::BTreeSet;

use mooring_baseline::Baseline;
use mooring_sdk::Generator;
use serde_json::{Map, Value, json};

use crate::{ESCROW, all, generate, payloads, read, text};

fn manifest() -> Value {
    serde_json::from_str(include_str!("../../manifest.json")).unwrap()
}

/// The properties of one built-in's settings.
fn properties(manifest: &Value, key: &str) -> Map<String, Value> {
    let properties = &manifest["settings_schema"]["properties"][key]["properties"];
    properties.as_object().unwrap().clone()
}

/// Settings that enable one built-in with one member set.
fn with(key: &str, member: &str, value: &Value) -> String {
    let mut settings = json!({ key: {} });
    if key == "filevault" {
        settings[key]["escrow_certificate"] = json!(ESCROW);
    }
    settings[key][member] = value.clone();
    settings.to_string()
}

/// The list of profiles has the keys, identifiers, names and descriptions of what is made.
#[test]
fn profiles() {
    let manifest = manifest();
    let listed = manifest["profiles"].as_array().unwrap();
    let outputs = generate("seed", &all()).unwrap();
    assert_eq!(listed.len(), outputs.len());
    for (entry, output) in listed.iter().zip(&outputs) {
        let profile = read(output);
        assert_eq!(entry["key"], output.key);
        assert_eq!(entry["identifier"], text(&profile, "PayloadIdentifier"));
        assert_eq!(entry["name"], text(&profile, "PayloadDisplayName"));
        assert_eq!(entry["description"], text(&profile, "PayloadDescription"));
        let schema = &manifest["settings_schema"]["properties"][&output.key];
        assert_eq!(
            schema.get("required").unwrap_or(&json!([])),
            &entry["requires"]
        );
    }
}

/// The payload types of the manifest are those of the output.
#[test]
fn payload_types() {
    let manifest = manifest();
    let listed = manifest["payload_types"].as_array().unwrap().iter();
    let listed: BTreeSet<_> = listed
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    let outputs = generate("seed", &all()).unwrap();
    let payloads = outputs.iter().flat_map(|output| payloads(&read(output)));
    let made: BTreeSet<_> = payloads
        .map(|payload| text(&payload, "PayloadType").to_owned())
        .collect();
    assert_eq!(listed, made);
}

/// Writing down every default of the schema changes nothing.
#[test]
fn defaults() {
    let manifest = manifest();
    let mut settings = all();
    for (key, members) in settings.as_object_mut().unwrap() {
        for (member, schema) in properties(&manifest, key) {
            if let Some(default) = schema.get("default") {
                members[member] = default.clone();
            }
        }
    }
    assert_eq!(generate("seed", &settings), generate("seed", &all()));
}

/// The bounds of the schema are accepted, one step beyond is not, and no other type is.
#[test]
fn bounds() {
    let manifest = manifest();
    for key in all().as_object().unwrap().keys() {
        for (member, schema) in properties(&manifest, key) {
            let passes =
                |value: Value| Baseline::check_settings(&with(key, &member, &value)).is_empty();
            assert!(!passes(json!([])), "{key} {member}");
            let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
            if let (Some(low), Some(high)) = (bound("minimum"), bound("maximum")) {
                assert!(passes(json!(low)) && passes(json!(high)), "{key} {member}");
                assert!(
                    !passes(json!(low - 1)) && !passes(json!(high + 1)),
                    "{key} {member}"
                );
            } else if schema["type"] == "boolean" {
                assert!(
                    passes(json!(true)) && passes(json!(false)),
                    "{key} {member}"
                );
            }
        }
    }
}

/// The generator reads every setting of the schema, and the schema has every setting it reads.
#[test]
fn settings_are_listed() {
    let manifest = manifest();
    for key in all().as_object().unwrap().keys() {
        let refused = Baseline::check_settings(&with(key, "no-such-setting", &json!(1)));
        let hint = refused[0].hint.as_deref().unwrap();
        let (_, known) = hint.split_once(" are ").unwrap();
        let known: BTreeSet<_> = known.split(", ").map(str::to_owned).collect();
        let listed: BTreeSet<_> = properties(&manifest, key)
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        assert_eq!(known, listed, "{key}");
    }
}

/// The manifest's own test vectors come out as it says.
#[test]
fn self_tests() {
    let manifest = manifest();
    for vector in manifest["self_tests"].as_array().unwrap() {
        let (name, settings) = (&vector["name"], &vector["settings"]);
        let Some(seed) = vector["seed"].as_str() else {
            let findings = Baseline::check_settings(&settings.to_string());
            let rules: Vec<_> = findings.into_iter().map(|finding| finding.rule).collect();
            assert_eq!(json!(rules), vector["expect"], "{name}");
            continue;
        };
        if vector.get("fails").is_some() {
            let failure = generate(seed, settings).unwrap_err();
            assert!(
                matches!(failure, mooring_sdk::Failure::BadSettings(_)),
                "{name}"
            );
            continue;
        }
        let outputs = generate(seed, settings).unwrap();
        let (keys, notes): (Vec<_>, Vec<_>) =
            outputs.into_iter().map(|it| (it.key, it.notes)).unzip();
        let rules: Vec<_> = notes.into_iter().flatten().map(|note| note.rule).collect();
        assert_eq!(json!(keys), vector["makes"], "{name}");
        let expected = vector.get("expect").cloned().unwrap_or(json!([]));
        assert_eq!(json!(rules), expected, "{name}");
    }
}
