//! The manifest and the rules say the same.

use std::collections::{BTreeMap, BTreeSet};

use mooring_sdk::Validator;
use mooring_structure::Structure;
use serde_json::{Value, json};

use crate::TABLES;

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
    let fired: BTreeSet<_> = TABLES
        .into_iter()
        .flatten()
        .flat_map(|case| case.lenient)
        .collect();
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
    let envelope = (1..=25).map(|number| format!("T{number:03}"));
    let payloads = [1, 2, 3, 4, 5, 6, 10].map(|number| format!("L{number:03}"));
    let references = (1..=4).map(|number| format!("R{number:03}"));
    let listed = listed();
    for rule in envelope.chain(payloads).chain(references) {
        assert!(listed.contains_key(&rule), "{rule}");
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
        assert!(Structure::check_settings(empty).is_empty(), "{empty}");
    }
    assert_eq!(Structure::check_settings(r#"{"a": 1}"#)[0].rule, "settings");
}

/// The manifest's own test vectors come out as it says.
#[test]
fn self_tests() {
    let manifest = manifest();
    for vector in manifest["self_tests"].as_array().unwrap() {
        let xml = vector["profile_text"].as_str().unwrap();
        let read = plist::Value::from_reader_xml(xml.as_bytes()).unwrap();
        let profile = mooring_sdk::testing::profile(&crate::tree(&read).unwrap());
        let found = Structure::validate(&profile, &mooring_sdk::Context::default()).unwrap();
        let rules: Vec<_> = found.into_iter().map(|finding| finding.rule).collect();
        assert_eq!(json!(rules), vector["expect"], "{}", vector["name"]);
    }
}
