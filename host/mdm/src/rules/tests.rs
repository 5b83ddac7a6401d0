//! The table of rules is complete, in order, and fit for people.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use super::*;

/// Every id of a rule that stands in a source file of this crate, but for tests.
fn ids_in(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "tests" {
                ids_in(&path, found);
            }
        } else if path.extension().is_some_and(|end| end == "rs")
            && !["tests.rs", "rules.rs", "finding.rs"].contains(&&*name)
        {
            let text = fs::read_to_string(&path).unwrap();
            let ids = text.split('"').filter(|part| is_id(part));
            found.extend(ids.map(str::to_owned));
        }
    }
}

fn is_id(text: &str) -> bool {
    let digits = text.strip_prefix(['P', 'S']).unwrap_or_default();
    digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// What this crate can report is in the table, and the table has nothing else but what is judged
/// where signatures are.
#[test]
fn every_rule_is_listed() {
    let mut reported = BTreeSet::new();
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    ids_in(&sources, &mut reported);
    reported.extend(["S003", "S004", "S005"].map(str::to_owned));
    let listed: BTreeSet<String> = HOST_RULES.iter().map(|rule| rule.id.to_owned()).collect();
    assert_eq!(reported, listed);
    assert_eq!(listed.len(), 24 + 9);
}

/// The rules are in order, so that one is found by its id, and their texts are short sentences.
#[test]
fn rules_are_for_people() {
    assert!(HOST_RULES.is_sorted_by(|a, b| a.id < b.id));
    for rule in HOST_RULES {
        assert_eq!(host_rule(rule.id), Some(rule));
        for text in [rule.text, rule.why, rule.instead] {
            assert!(
                text.ends_with('.') && text.len() <= 300,
                "{} {text}",
                rule.id
            );
            assert!(
                !text.contains("  ") && !text.contains('\n'),
                "{} {text}",
                rule.id
            );
        }
    }
    assert_eq!(host_rule("P025"), None);
}
