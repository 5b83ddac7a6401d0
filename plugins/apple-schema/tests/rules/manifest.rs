//! The manifest and the rules say the same.

use std::collections::{BTreeMap, BTreeSet};

use mooring_apple_schema::AppleSchema;
use mooring_sdk::Validator;
use serde_json::{Value, json};

use crate::all_cases;

/// The longest reason and advice, in bytes.
const PROSE_BYTES_MAX: usize = 300;

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

/// The manifest lists exactly the rules that some case makes fire, with a severity they have. A019
/// fires in a test of its own, with a table of its own.
#[test]
fn manifest_lists_the_rules() {
    let fired: BTreeSet<_> = all_cases()
        .flat_map(|case| case.lenient)
        .copied()
        .chain(["A019 warning", "settings error"])
        .collect();
    let rules: BTreeSet<_> = fired
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    let listed = listed();
    let names: BTreeSet<_> = listed.keys().map(String::as_str).collect();
    assert_eq!(names, rules);
    for (rule, severity) in &listed {
        let line = format!("{rule} {severity}");
        assert!(fired.contains(line.as_str()), "{line} never fires");
    }
}

/// The whole catalogue is there: L007 to L009 and A001 to A019.
#[test]
fn catalogue_is_complete() {
    let types = (7..=9).map(|number| format!("L{number:03}"));
    let content = (1..=19).map(|number| format!("A{number:03}"));
    let listed = listed();
    for rule in types.chain(content) {
        assert!(listed.contains_key(&rule), "{rule}");
    }
}

/// Every rule says why it is one and what to do instead, in a few sentences.
#[test]
fn rules_are_explained() {
    let manifest = manifest();
    assert_eq!(manifest["reads"], json!(["schema"]));
    for rule in manifest["rules"].as_array().unwrap() {
        for key in ["text", "why", "instead"] {
            let text = rule[key].as_str().unwrap();
            let fits = !text.is_empty() && text.len() <= PROSE_BYTES_MAX && text.ends_with('.');
            assert!(fits, "{key} of {}: {text}", rule["id"]);
        }
    }
}

/// Settings other than none are refused.
#[test]
fn no_settings() {
    for empty in ["", "{}", " { } ", "null"] {
        assert!(AppleSchema::check_settings(empty).is_empty(), "{empty}");
    }
    assert_eq!(
        AppleSchema::check_settings(r#"{"a": 1}"#)[0].rule,
        "settings"
    );
}

/// The manifest's own test vectors come out as it says.
#[test]
fn self_tests() {
    let manifest = manifest();
    for vector in manifest["self_tests"].as_array().unwrap() {
        let xml = vector["profile_text"].as_str().unwrap();
        let read = plist::Value::from_reader_xml(xml.as_bytes()).unwrap();
        let profile = mooring_sdk::testing::profile(&crate::tree(&read).unwrap());
        let found = AppleSchema::validate(&profile, &mooring_sdk::Context::default()).unwrap();
        let rules: Vec<_> = found.into_iter().map(|finding| finding.rule).collect();
        assert_eq!(json!(rules), vector["expect"], "{}", vector["name"]);
    }
}
