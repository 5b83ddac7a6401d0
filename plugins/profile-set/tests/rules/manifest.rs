//! The manifest and the rules say the same.

use std::collections::BTreeSet;

use mooring_profile_set::ProfileSetRules;
use mooring_sdk::SetValidator;
use serde_json::Value;

use crate::{changes, pairs};

/// Each rule that the manifest lists, with its severity.
pub(crate) fn listed() -> BTreeSet<String> {
    let manifest: Value = serde_json::from_str(include_str!("../../manifest.json")).unwrap();
    let word = |rule: &Value, key: &str| rule[key].as_str().unwrap_or_default().to_owned();
    let rules = manifest["rules"].as_array().unwrap().iter();
    rules
        .map(|rule| {
            let has_words = !word(rule, "why").is_empty() && !word(rule, "instead").is_empty();
            assert!(has_words || rule["id"] == "settings", "{rule}");
            format!("{} {}", word(rule, "id"), word(rule, "severity"))
        })
        .collect()
}

/// The manifest lists exactly the rules that some case makes fire, with their severity, and the
/// whole catalogue from R005 to R014; each but the one about settings says why, and what instead.
#[test]
fn manifest_lists_the_rules() {
    let mut listed = listed();
    listed.remove("settings error");
    let cases = pairs::CASES.iter().chain(changes::CASES);
    let fired: BTreeSet<_> = cases
        .flat_map(|case| case.expect)
        .map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "))
        .collect();
    assert_eq!(listed, fired);
    let numbers: BTreeSet<_> = (5..=14).map(|number| format!("R{number:03}")).collect();
    let ids: BTreeSet<_> = listed.iter().map(|line| line[..4].to_owned()).collect();
    assert_eq!(ids, numbers);
}

/// Settings other than none are refused.
#[test]
fn no_settings() {
    for empty in ["", "{}", " { } ", "null"] {
        assert!(ProfileSetRules::check_settings(empty).is_empty(), "{empty}");
    }
    let refused = ProfileSetRules::check_settings(r#"{"a": 1}"#);
    assert_eq!(refused[0].rule, "settings");
}
