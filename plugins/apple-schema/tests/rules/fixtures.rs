//! For each rule a payload and a target that break it, and the same with that one thing right.
//!
//! Invariants: every rule of the manifest has both, and putting the one thing right changes nothing
//! but that the rule is silent.

use std::collections::BTreeSet;

use mooring_apple_schema::AppleSchema;
use mooring_sdk::{Context, Grade, Validator};
use serde_json::{Value, json};

use crate::manifest::listed;
use crate::targets::RIGHTS;
use crate::{context, findings, line, payload, profile};

/// What breaks a rule, and what puts it right: another target, or another thing in the payload.
struct Fixture {
    rule: &'static str,
    wrong: fn() -> Value,
    mend: fn(&mut Value),
    /// The target where the payload is wrong, and the one where it is right.
    targets: [&'static str; 2],
}

/// A payload that is wrong anywhere.
const fn anywhere(rule: &'static str, wrong: fn() -> Value, mend: fn(&mut Value)) -> Fixture {
    Fixture {
        rule,
        wrong,
        mend,
        targets: ["", ""],
    }
}

/// A payload that is wrong on one target and right on another.
const fn by_target(
    rule: &'static str,
    wrong: fn() -> Value,
    targets: [&'static str; 2],
) -> Fixture {
    Fixture {
        rule,
        wrong,
        mend: |_| {},
        targets,
    }
}

fn wifi(key: &str, value: Value) -> Value {
    let mut payload = payload("com.apple.wifi.managed", json!({"SSID_STR": "guests"}));
    payload[key] = value;
    payload
}

fn firewall() -> Value {
    payload(
        "com.apple.security.firewall",
        json!({"EnableFirewall": true}),
    )
}

fn lock() -> Value {
    let app = json!({"Identifier": "com.example.app"});
    payload("com.apple.app.lock", json!({ "App": app }))
}

fn extensions() -> Value {
    let kind = "com.apple.syspolicy.kernel-extension-policy";
    payload(kind, json!({"AllowedTeamIdentifiers": ["ABCDE12345"]}))
}

fn scep(pair: &Value) -> Value {
    let content = json!({"URL": "https://example.com/scep", "Subject": [[pair]]});
    payload(
        "com.apple.security.scep",
        json!({ "PayloadContent": content }),
    )
}

const FIXTURES: &[Fixture] = &[
    anywhere(
        "L007",
        || payload("com.apple.nonsense", json!({"autohide": true})),
        |p| p["PayloadType"] = json!("com.apple.dock"),
    ),
    anywhere(
        "L008",
        || payload("com.apple.Dock", json!({"autohide": true})),
        |p| p["PayloadType"] = json!("com.apple.dock"),
    ),
    anywhere(
        "A001",
        || {
            payload(
                "com.apple.webClip.managed",
                json!({"URL": "https://example.com"}),
            )
        },
        |p| p["Label"] = json!("Example"),
    ),
    anywhere(
        "A002",
        || payload("com.apple.dock", json!({"tilesize": "40"})),
        |p| p["tilesize"] = json!(40),
    ),
    anywhere(
        "A003",
        || wifi("EncryptionType", json!("WPA9")),
        |p| p["EncryptionType"] = json!("WPA2"),
    ),
    anywhere(
        "A004",
        || {
            let kind = "com.apple.mobiledevice.passwordpolicy";
            payload(kind, json!({"maxFailedAttempts": 99}))
        },
        |p| p["maxFailedAttempts"] = json!(9),
    ),
    anywhere(
        "A005",
        || wifi("MCCAndMNCs", json!(["26201"])),
        |p| p["MCCAndMNCs"] = json!(["262010"]),
    ),
    anywhere(
        "A006",
        || payload("com.apple.dock", json!({"autohid": true})),
        |p| *p = payload("com.apple.dock", json!({"autohide": true})),
    ),
    anywhere(
        "A007",
        || scep(&json!(["CN", "a", "b"])),
        |p| *p = scep(&json!(["CN", "a"])),
    ),
    anywhere(
        "A017",
        || payload("com.apple.dock", json!({"autohide": false})),
        |p| p["autohide"] = json!(true),
    ),
    anywhere(
        "A018",
        || {
            let settings = json!({"DNSProtocol": "TLS"});
            payload(
                "com.apple.dnsSettings.managed",
                json!({ "DNSSettings": settings }),
            )
        },
        |p| p["DNSSettings"]["ServerName"] = json!("dns.example.com"),
    ),
    by_target(
        "A008",
        || payload("com.apple.systempreferences", json!({})),
        ["macOS 14.0", "macOS 12.6"],
    ),
    by_target(
        "A009",
        || {
            let keys = json!({"whiteListEnabled": true, "WhiteList": []});
            payload("com.apple.dashboard", keys)
        },
        ["macOS 11.0", "macOS 10.14"],
    ),
    by_target(
        "A010",
        || payload("com.apple.dock", json!({"windowtabbing": "manual"})),
        ["macOS 10.12", "macOS 10.15"],
    ),
    by_target("A011", lock, ["macOS 14.0", "iOS 17.0 supervised"]),
    by_target(
        "A012",
        lock,
        ["iOS 17.0 unsupervised", "iOS 17.0 supervised"],
    ),
    by_target("A013", firewall, ["macOS 14.0 user", "macOS 14.0"]),
    by_target(
        "A014",
        firewall,
        ["macOS 14.0 enrollment=user", "macOS 14.0 enrollment=device"],
    ),
    by_target(
        "A015",
        extensions,
        ["macOS 14.0 enrollment=local", "macOS 14.0 enrollment=ade"],
    ),
    by_target(
        "A016",
        extensions,
        ["macOS 14.0 enrollment=local", "macOS 14.0 enrollment=ade"],
    ),
    by_target(
        "A019",
        || payload("com.example.rights", json!({"on": true})),
        [
            "macOS 15.0 access-rights=2047",
            "macOS 15.0 access-rights=4095",
        ],
    ),
];

fn context_of(target: &str) -> Context {
    let mut context = context(target, Grade::DeviceLenient);
    if target.contains("access-rights") {
        let table = crate::table::of("com.example.rights", RIGHTS);
        context.extra.push(("schema".to_owned(), table));
    }
    context
}

fn judged(payloads: &[Value], target: &str) -> Vec<String> {
    let found = findings(&profile(payloads), &context_of(target));
    let mut lines: Vec<_> = found.iter().map(line).collect();
    lines.sort();
    lines.dedup();
    lines
}

/// Every rule of the manifest has a payload that breaks it, at the severity that the manifest says,
/// and the same payload put right, or on a target where it is right. There nothing of the rule is
/// found, and nothing that was not found before.
#[test]
fn every_rule_fails_and_passes() {
    // The rule about settings has no payload: its two fixtures are settings.
    let rules = |settings| AppleSchema::check_settings(settings).remove(0).rule;
    assert_eq!(rules(r#"{"a": 1}"#), "settings");
    assert!(AppleSchema::check_settings("{}").is_empty());
    let mut proven = BTreeSet::from(["settings".to_owned(), "L009".to_owned()]);
    // L009 is about two payloads: the second is of the type of the first, or of another.
    let [dock, finder] =
        ["com.apple.dock", "com.apple.finder"].map(|kind| payload(kind, json!({})));
    assert_eq!(judged(&[dock.clone(), dock.clone()], ""), ["L009 error"]);
    assert_eq!(judged(&[dock, finder], ""), [""; 0]);
    let listed = listed();
    for fixture in FIXTURES {
        let (rule, [wrong_target, right_target]) = (fixture.rule, fixture.targets);
        let mut payload = (fixture.wrong)();
        let wrong = judged(std::slice::from_ref(&payload), wrong_target);
        let own = format!("{rule} {}", listed[rule]);
        assert!(wrong.contains(&own), "{rule}: {wrong:?}");
        (fixture.mend)(&mut payload);
        let right = judged(&[payload], right_target);
        let is_new = |line: &&String| line.starts_with(rule) || !wrong.contains(line);
        assert_eq!(right.iter().find(is_new), None, "{rule}: {right:?}");
        proven.insert(rule.to_owned());
    }
    let listed: BTreeSet<_> = listed.into_keys().collect();
    assert_eq!(proven, listed, "a rule without fixtures, or without a rule");
}
