//! The manifest and the rules say the same.

use std::collections::{BTreeMap, BTreeSet};

use mooring_sdk::Validator;
use mooring_security::Security;
use serde_json::{Value, json};

use crate::tables;

fn manifest() -> Value {
    serde_json::from_str(include_str!("../../manifest.json")).unwrap()
}

/// The severity of each rule that the manifest lists.
pub(crate) fn listed() -> BTreeMap<String, String> {
    let manifest = manifest();
    let rules = manifest["rules"].as_array().unwrap().iter();
    let text = |rule: &Value, key: &str| rule[key].as_str().unwrap().to_owned();
    rules
        .map(|rule| (text(rule, "id"), text(rule, "severity")))
        .collect()
}

/// The manifest lists exactly the rules that some case makes fire, with a severity they have.
#[test]
fn manifest_lists_the_rules() {
    let mut fired: BTreeSet<_> = tables().flat_map(|case| case.expected).collect();
    // The cases of X070 are about the top level: see `devices::removal`.
    fired.insert(&"X070 info");
    let mut rules: BTreeSet<_> = fired
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    rules.insert("settings");
    let listed = listed();
    let names: BTreeSet<_> = listed.keys().map(String::as_str).collect();
    assert_eq!(names, rules);
    for (rule, severity) in listed.iter().filter(|(rule, _)| *rule != "settings") {
        let line = format!("{rule} {severity}");
        assert!(
            fired.iter().any(|fired| **fired == line),
            "{line} never fires"
        );
    }
}

/// The whole catalogue is there, and each rule says why and what to do instead.
#[test]
fn catalogue_is_complete() {
    let ranges = [1..=8, 20..=27, 40..=48, 50..=57, 60..=62, 70..=86];
    let listed = listed();
    for number in ranges.into_iter().flatten() {
        assert!(
            listed.contains_key(&format!("X{number:03}")),
            "X{number:03}"
        );
    }
    for rule in manifest()["rules"].as_array().unwrap() {
        for key in ["text", "why", "instead"] {
            let text = rule[key].as_str().unwrap();
            let is_sentence = text.ends_with('.') && text.len() <= 300;
            assert!(is_sentence, "{key} of {}", rule["id"]);
        }
    }
}

/// Settings other than none are refused.
#[test]
fn no_settings() {
    for empty in ["", "{}", " { } ", "null"] {
        assert!(Security::check_settings(empty).is_empty(), "{empty}");
    }
    assert_eq!(Security::check_settings(r#"{"a": 1}"#)[0].rule, "settings");
}

/// The manifest's own test vectors come out as it says.
#[test]
fn self_tests() {
    let manifest = manifest();
    for vector in manifest["self_tests"].as_array().unwrap() {
        let xml = vector["profile_text"].as_str().unwrap();
        let read = plist::Value::from_reader_xml(xml.as_bytes()).unwrap();
        let profile = mooring_sdk::testing::profile(&crate::tree(&read).unwrap());
        let found = Security::validate(&profile, &mooring_sdk::Context::default()).unwrap();
        let rules: Vec<_> = found.into_iter().map(|finding| finding.rule).collect();
        assert_eq!(json!(rules), vector["expect"], "{}", vector["name"]);
    }
}
