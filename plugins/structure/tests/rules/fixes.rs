//! Findings whose one safe answer a machine can give.

use mooring_sdk::Grade;
use serde_json::{Value, json};

use crate::{context, findings, remove, sound};

/// Checks that the first finding has the fix, or none for an empty text.
fn check(change: fn(&mut Value), expected: &str) {
    let mut profile = sound();
    change(&mut profile);
    let found = findings(&profile, &context(Grade::DeviceLenient));
    let fix = found[0].extra.iter().find(|(key, _)| key == "fix");
    let fix = fix.map_or("", |(_, value)| value.as_str());
    assert_eq!(fix, expected, "{found:#?}");
}

/// Where only one answer is safe, the finding carries it in the contract's words.
#[test]
fn safe_answers() {
    check(
        |p| p["PayloadType"] = json!("configuration"),
        "value <string>Configuration</string>",
    );
    check(
        |p| remove(p, "PayloadType"),
        "insert PayloadType <string>Configuration</string>",
    );
    check(
        |p| p["PayloadVersion"] = json!("1"),
        "value <integer>1</integer>",
    );
    check(
        |p| remove(p, "PayloadVersion"),
        "insert PayloadVersion <integer>1</integer>",
    );
    check(
        |p| p["PayloadScope"] = json!("system"),
        "value <string>System</string>",
    );
    check(
        |p| p["PayloadScope"] = json!("USER"),
        "value <string>User</string>",
    );
    check(
        |p| {
            remove(p, "PayloadScope");
            p["payloadScope"] = json!("System");
        },
        "rename PayloadScope",
    );
    check(|p| p["PayloadEnabled"] = json!(true), "remove");
    check(
        |p| p["PayloadUUID"] = json!("{81927370-ef79-8a72-978d-88ba36f52585}"),
        "value <string>81927370-ef79-8a72-978d-88ba36f52585</string>",
    );
    check(|p| p["PayloadUUID"] = json!("{81927370}"), "");
    check(
        |p| remove(&mut p["PayloadContent"][0], "PayloadVersion"),
        "insert PayloadVersion <integer>1</integer>",
    );
    check(
        |p| p["PayloadContent"][0]["PayloadVersion"] = json!(1.0),
        "value <integer>1</integer>",
    );
}

/// Where a person has to decide, there is none.
#[test]
fn no_guesses() {
    check(|p| p["PayloadScope"] = json!("everyone"), "");
    check(|p| p["PayloadType"] = json!("com.apple.dock"), "");
    check(|p| remove(p, "PayloadUUID"), "");
    // Renaming would make the key stand there twice.
    check(|p| p["payloadScope"] = json!("User"), "");
}
