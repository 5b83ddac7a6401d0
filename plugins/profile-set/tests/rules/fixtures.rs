//! For each rule a set that breaks it, and the same set with that one thing right.
//!
//! Invariants: every rule of the manifest has both; a set that is right has no finding at all.

use std::collections::BTreeSet;

use mooring_profile_set::ProfileSetRules;
use mooring_sdk::SetValidator;

use crate::manifest::listed;
use crate::{Case, judged, line};

/// A rule, profiles that are right, one that is wrong beside them and what it should be, and the
/// version before that one, if the rule is about a change.
struct Fixture {
    rule: &'static str,
    others: &'static [(&'static str, Option<&'static str>)],
    wrong: &'static str,
    right: &'static str,
    before: Option<&'static str>,
}

/// Two profiles, of which the second is wrong.
const fn pair(
    rule: &'static str,
    others: &'static [(&'static str, Option<&'static str>)],
    wrong: &'static str,
    right: &'static str,
) -> Fixture {
    Fixture {
        rule,
        others,
        wrong,
        right,
        before: None,
    }
}

/// A profile that changes.
const fn change(
    rule: &'static str,
    before: &'static str,
    wrong: &'static str,
    right: &'static str,
) -> Fixture {
    Fixture {
        rule,
        others: &[],
        wrong,
        right,
        before: Some(before),
    }
}

const FIXTURES: &[Fixture] = &[
    pair(
        "R005",
        &[("com.example.a A |", None)],
        "com.example.a B |",
        "com.example.b B |",
    ),
    pair(
        "R006",
        &[(r#"com.example.a A | {"PayloadUUID": "A1"}"#, None)],
        r#"com.example.b B | {"PayloadUUID": "A1"}"#,
        r#"com.example.b B | {"PayloadUUID": "B1"}"#,
    ),
    pair(
        "R007",
        &[(
            r#"com.example.a A | {"PayloadType": "com.apple.dock", "PayloadUUID": "A1"}"#,
            None,
        )],
        r#"com.example.b B | {"PayloadType": "com.apple.dock", "PayloadUUID": "B1"}"#,
        r#"com.example.b B | {"PayloadType": "com.apple.finder", "PayloadUUID": "B1"}"#,
    ),
    pair(
        "R008",
        &[(
            r#"com.example.a A | {"PayloadType": "com.apple.applicationaccess", "allowCamera": true}"#,
            None,
        )],
        r#"com.example.b B | {"PayloadType": "com.apple.applicationaccess", "allowCamera": false}"#,
        r#"com.example.b B | {"PayloadType": "com.apple.applicationaccess", "allowCamera": true}"#,
    ),
    pair(
        "R009",
        &[("com.example.a A |", None)],
        "com.example.a B User |",
        "com.example.b B User |",
    ),
    change(
        "R010",
        r#"com.example.a A | {"PayloadType": "com.apple.dock", "PayloadIdentifier": "d",
            "PayloadUUID": "D"}"#,
        r#"com.example.a A2 | {"PayloadType": "com.apple.dock", "PayloadIdentifier": "d",
            "PayloadUUID": "D2", "autohide": true}"#,
        r#"com.example.a A2 | {"PayloadType": "com.apple.dock", "PayloadIdentifier": "d",
            "PayloadUUID": "D", "autohide": true}"#,
    ),
    change(
        "R011",
        r#"com.example.a A | {"PayloadType": "com.apple.wifi.managed", "SSID_STR": "one"}"#,
        "com.example.a A2 |",
        r#"com.example.a A2 | {"PayloadType": "com.apple.wifi.managed", "SSID_STR": "two"}"#,
    ),
    change(
        "R012",
        r#"com.example.a A |
            {"PayloadType": "com.apple.dock", "PayloadIdentifier": "d", "PayloadUUID": "D"},
            {"PayloadType": "com.apple.finder", "PayloadIdentifier": "f", "PayloadUUID": "F"}"#,
        r#"com.example.a A2 |
            {"PayloadType": "com.apple.finder", "PayloadIdentifier": "f", "PayloadUUID": "F"},
            {"PayloadType": "com.apple.dock", "PayloadIdentifier": "d", "PayloadUUID": "D"}"#,
        r#"com.example.a A2 |
            {"PayloadType": "com.apple.dock", "PayloadIdentifier": "d", "PayloadUUID": "D"},
            {"PayloadType": "com.apple.font", "PayloadIdentifier": "n", "PayloadUUID": "N"},
            {"PayloadType": "com.apple.finder", "PayloadIdentifier": "f", "PayloadUUID": "F"}"#,
    ),
    change(
        "R013",
        r#"com.example.a A | {"PayloadType": "com.apple.applicationaccess", "allowCamera": false}"#,
        r#"com.example.a A2 | {"PayloadType": "com.apple.applicationaccess", "allowCamera": true}"#,
        r#"com.example.a A2 | {"PayloadType": "com.apple.applicationaccess", "allowCamera": false,
            "allowAirDrop": false}"#,
    ),
    pair(
        "R014",
        &[(
            r#"com.example.a A | {"PayloadType": "com.apple.notificationsettings",
                "NotificationSettings": [{"BundleIdentifier": "one"}]}"#,
            None,
        )],
        r#"com.example.b B | {"PayloadType": "com.apple.notificationsettings",
            "NotificationSettings": [{"BundleIdentifier": "one"}]}"#,
        r#"com.example.b B | {"PayloadType": "com.apple.notificationsettings",
            "NotificationSettings": [{"BundleIdentifier": "two"}]}"#,
    ),
];

/// Rule and severity of what is found in a set with this profile in the place of the one that
/// differs.
fn found(fixture: &Fixture, profile: &'static str) -> Vec<String> {
    let mut members = fixture.others.to_vec();
    members.push((profile, fixture.before));
    let case = Case::new(fixture.rule, members.leak(), &[]);
    let words = |line: String| line.split(' ').take(2).collect::<Vec<_>>().join(" ");
    judged(&case).iter().map(line).map(words).collect()
}

/// Every rule of the manifest has a set that breaks it and nothing else, at the severity that the
/// manifest says, and the same set put right.
#[test]
fn every_rule_fails_and_passes() {
    // The rule about settings has no set: its two fixtures are settings.
    let rules = |settings| ProfileSetRules::check_settings(settings).remove(0).rule;
    assert_eq!(rules(r#"{"a": 1}"#), "settings");
    assert!(ProfileSetRules::check_settings("{}").is_empty());
    let mut proven = BTreeSet::from(["settings error".to_owned()]);
    for fixture in FIXTURES {
        let wrong = found(fixture, fixture.wrong);
        assert_eq!(wrong.len(), 1, "{}: {wrong:?}", fixture.rule);
        assert!(wrong[0].starts_with(fixture.rule), "{wrong:?}");
        let right = found(fixture, fixture.right);
        assert_eq!(right, [""; 0], "{}", fixture.rule);
        proven.extend(wrong);
    }
    assert_eq!(
        proven,
        listed(),
        "a rule without fixtures, or without a rule"
    );
}
