//! `mooring check --set`: files judged together, as the profiles of one host.
//!
//! Invariant: every finding about two files names both places, in every format.

use std::fs;
use std::path::Path;

use mooring_tests::Draft;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{check, out, report, rules};

/// A profile with a payload of which a host can have one.
fn dock(identifier: &str) -> Draft {
    Draft {
        payload_type: "com.apple.dock".to_owned(),
        ..Draft::new(identifier, "text")
    }
}

fn write(folder: &Path, name: &str, draft: &Draft) {
    fs::write(folder.join(name), draft.xml()).unwrap();
}

/// Two files that are fine alone and not together.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, identifier) in [
        ("a b.mobileconfig", "com.harborworks.a"),
        ("c.mobileconfig", "com.harborworks.c"),
    ] {
        write(folder.path(), name, &dock(identifier));
    }
    folder
}

/// What is wrong with two files is an error like others, with both places in every format, and
/// nobody hears of it without being asked.
#[test]
fn both_places_are_named() {
    let folder = folder();
    let path = folder.path();
    let alone = check(path, &["."]);
    assert_eq!(alone.status.code(), Some(0), "{}", out(&alone));
    let json = report(path, &[".", "--set", "--json"]);
    let found = &json["together"];
    assert_eq!(rules(found), ["R007"]);
    assert_eq!(found[0]["file"], "./c.mobileconfig");
    let (line, column) = (&found[0]["line"], &found[0]["column"]);
    let other = &found[0]["other"];
    assert_eq!(other["file"], "./a b.mobileconfig");
    assert!(other["line"].as_u64() > Some(0), "{other}");
    assert_eq!(json["errors"], 1);
    assert!(report(path, &[".", "--json"])["together"].is_null());

    let there = format!("./a b.mobileconfig:{}:{}", other["line"], other["column"]);
    let here = format!("./c.mobileconfig:{line}:{column} error R007");
    let human = check(path, &[".", "--set"]);
    assert_eq!(human.status.code(), Some(6));
    let human = out(&human);
    assert!(human.contains(&here) && human.contains(&there), "{human}");
    let shown = human.matches("<dict><key>PayloadType</key>").count();
    assert_eq!(shown, 2, "{human}");
    let short = out(&check(path, &[".", "--set", "--format", "short"]));
    assert!(short.contains(&here), "{short}");
    assert!(
        short.contains(&format!("\n    other: {there}\n")),
        "{short}"
    );
    let github = out(&check(path, &[".", "--set", "--format", "github"]));
    let end = format!(" (the other: {there})\n");
    assert!(github.ends_with(&end), "{github}");
    sarif(path, other);
}

fn sarif(path: &Path, other: &Value) {
    let sarif = report(path, &[".", "--set", "--format", "sarif"]);
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let result = results.last().unwrap();
    assert_eq!(result["ruleId"], "R007");
    let place = |location: &Value| location["physicalLocation"]["artifactLocation"]["uri"].clone();
    assert_eq!(place(&result["locations"][0]), "c.mobileconfig");
    let related = &result["relatedLocations"][0];
    assert_eq!(place(related), "a%20b.mobileconfig");
    let region = json!({"startLine": other["line"], "startColumn": other["column"]});
    assert_eq!(related["physicalLocation"]["region"], region);
    assert_eq!(related["id"], 1);
    let message = result["message"]["text"].as_str().unwrap();
    assert!(message.ends_with("](1))"), "{message}");
}

/// A rule that one of two profiles accepts is accepted for both, with the reason.
#[test]
fn one_of_two_accepts() {
    let folder = folder();
    let accepted = json!({"com.harborworks.a": {"R007": "a test host"}}).to_string();
    fs::write(folder.path().join(".mooring-accept"), accepted).unwrap();
    let output = check(folder.path(), &[".", "--set", "--format", "short"]);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
    let said = "(accepted error: a test host)";
    assert!(out(&output).contains(said), "{}", out(&output));
    let short = ["c.mobileconfig", "--set", "--accept", "R007=x", "."];
    let output = check(folder.path(), &short);
    assert_eq!(output.status.code(), Some(0), "{}", out(&output));
}

/// A file that is named twice is one profile, one without an identifier is nobody's namesake, and one
/// that cannot be read is told of and left out.
#[test]
fn members_of_the_set() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for name in ["a.mobileconfig", "b.mobileconfig"] {
        let draft = Draft {
            identifier: None,
            ..Draft::new(name, "text")
        };
        write(path, name, &draft);
    }
    let json = report(path, &["a.mobileconfig", ".", "--set", "--json"]);
    assert_eq!(json["together"], json!([]));
    fs::write(path.join("cut.mobileconfig"), "<plist><dict>").unwrap();
    let json = report(path, &[".", "--set", "--json"]);
    assert_eq!(json["together"], json!([]));
    assert!(json["errors"].as_u64() >= Some(1), "{json}");
}

/// A new version is judged beside the one that it takes the place of.
#[test]
fn versions_before() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let draft = dock("com.harborworks.a");
    write(old.path(), "a.mobileconfig", &draft);
    let changed = Draft {
        payload_uuid: "2A4EC50F-2332-4466-96E8-FDC5E8FC8511".to_owned(),
        ..draft
    };
    write(new.path(), "a.mobileconfig", &changed);
    let before = old.path().display().to_string();
    let json = report(new.path(), &[".", "--set", "--before", &before, "--json"]);
    assert_eq!(rules(&json["together"]), ["R010"]);
    let same = report(new.path(), &[".", "--set", "--before", ".", "--json"]);
    assert_eq!(same["together"], json!([]));
}

/// What makes no sense together, or cannot be read, is wrong usage.
#[test]
fn wrong_usage() {
    let folder = folder();
    let path = folder.path();
    fs::create_dir(path.join("empty")).unwrap();
    fs::write(path.join("cut"), "<plist><dict>").unwrap();
    for wrong in [
        [".", "--set", "--fix", "--info"],
        [".", "--info", "--before", "."],
        [".", "--set", "--before", "nothing"],
        [".", "--set", "--before", "empty"],
        [".", "--set", "--before", "cut"],
    ] {
        let output = check(path, &wrong);
        assert_eq!(output.status.code(), Some(64), "{wrong:?}");
    }
}
