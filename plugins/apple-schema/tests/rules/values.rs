//! Cases of A002 to A005: single values.

use serde_json::{Value, json};

use crate::{Case, case, graded, on, payload, run};

fn dock(key: &str, value: &Value) -> Vec<Value> {
    vec![payload("com.apple.dock", json!({ key: value }))]
}

fn wifi(keys: Value) -> Vec<Value> {
    let mut whole = payload("com.apple.wifi.managed", json!({ "SSID_STR": "guests" }));
    let Value::Object(keys) = keys else {
        panic!("keys are an object")
    };
    whole.as_object_mut().unwrap().extend(keys);
    vec![whole]
}

pub(crate) const CASES: &[Case] = &[
    // A002: what a device converts, and what it does not.
    graded(
        || dock("autohide", &json!(1)),
        &["A002 warning"],
        &["A002 error"],
    ),
    graded(
        || dock("autohide", &json!("true")),
        &["A002 warning"],
        &["A002 error"],
    ),
    case(|| dock("autohide", &json!(2)), &["A002 error"]),
    case(|| dock("autohide", &json!("maybe")), &["A002 error"]),
    case(|| dock("tilesize", &json!("40")), &["A002 error"]),
    graded(
        || dock("tilesize", &json!(40.0)),
        &["A002 warning"],
        &["A002 error"],
    ),
    case(|| dock("tilesize", &json!(40)), &[]),
    case(|| dock("orientation", &json!(3)), &["A002 error"]),
    case(|| dock("persistent-apps", &json!({})), &["A002 error"]),
    graded(
        || {
            let keys = json!({"com.apple.autologout.AutoLogOutDelay": 60});
            vec![payload(".GlobalPreferences", keys)]
        },
        &["A002 warning"],
        &["A002 error"],
    ),
    case(
        || {
            let keys = json!({"PayloadContent": "MIIB", "PayloadCertificateFileName": "a.cer"});
            vec![payload("com.apple.security.root", keys)]
        },
        &["A002 error"],
    ),
    case(
        || {
            let mut found = payload("com.apple.dock", json!({}));
            found["PayloadDisplayName"] = json!(1);
            vec![found]
        },
        &["A002 error"],
    ),
    // A003
    case(|| wifi(json!({"EncryptionType": "WPA9"})), &["A003 error"]),
    case(|| wifi(json!({"EncryptionType": "wpa2"})), &["A003 error"]),
    case(|| wifi(json!({"EncryptionType": "WPA2"})), &[]),
    case(
        || wifi(json!({"EncryptionType": "{{attribute.wifi}}"})),
        &[],
    ),
    graded(
        || dock("orientation", &json!("top")),
        &["A003 warning"],
        &["A003 error"],
    ),
    on(
        "macOS 15.0",
        || {
            let icon = json!({"Type": "Application", "BundleID": "com.example.app"});
            vec![payload(
                "com.apple.homescreenlayout",
                json!({"Pages": [[icon]]}),
            )]
        },
        &["A011 error"],
    ),
    case(
        || {
            let icon = json!({"Type": "Application", "BundleID": "com.example.app"});
            vec![payload(
                "com.apple.homescreenlayout",
                json!({"Pages": [[icon]]}),
            )]
        },
        &[],
    ),
    // Values older than Apple's lists and bounds, which Macs take among preferences.
    graded(
        || {
            let controls = json!({"cd": ["eject", "alert"]});
            vec![payload(
                "com.apple.systemuiserver",
                json!({ "mount-controls": controls }),
            )]
        },
        &["A003 warning", "A008 info"],
        &["A003 error", "A008 info"],
    ),
    graded(
        || {
            let power = json!({"Display Sleep Timer": 0});
            let key = "com.apple.EnergySaver.desktop.ACPower";
            vec![payload("com.apple.MCX", json!({ key: power }))]
        },
        &["A004 warning"],
        &["A004 error"],
    ),
    // A004
    graded(
        || dock("tilesize", &json!(8)),
        &["A004 warning"],
        &["A004 error"],
    ),
    graded(
        || dock("tilesize", &json!(129)),
        &["A004 warning"],
        &["A004 error"],
    ),
    case(|| dock("tilesize", &json!(16)), &[]),
    case(
        || {
            let keys = json!({"maxFailedAttempts": 99});
            vec![payload("com.apple.mobiledevice.passwordpolicy", keys)]
        },
        &["A004 error"],
    ),
    // A005
    case(
        || wifi(json!({"PayloadCertificateUUID": "cert"})),
        &["A005 error"],
    ),
    case(
        || wifi(json!({"PayloadCertificateUUID": "5B3A6C04-6B0D-4B8B-8C5C-0C6C5D3F1A01"})),
        &[],
    ),
    case(|| wifi(json!({"MCCAndMNCs": ["26201"]})), &["A005 error"]),
    case(|| wifi(json!({"MCCAndMNCs": ["262010"]})), &[]),
];

/// Every case comes out as it says.
#[test]
fn cases() {
    run(CASES);
}

/// A number is shown as one, and a text in quotes.
#[test]
fn values_are_shown() {
    let message = |payloads: Vec<Value>| {
        let profile = crate::profile(&payloads);
        let found = crate::findings(&profile, &mooring_sdk::Context::default());
        found[0].message.clone()
    };
    let item = json!({"label": "a", "file-type": 7});
    let item = json!({"tile-type": "file-tile", "tile-data": item});
    let number = message(vec![payload(
        "com.apple.dock",
        json!({ "static-apps": [item] }),
    )]);
    assert!(
        number.contains("file-type of") && number.contains("is 7,"),
        "{number}"
    );
    let text = message(dock("orientation", &json!("7")));
    assert!(text.contains("is \"7\","), "{text}");
}

/// Values that have one safe answer carry it in the form that the host applies; others carry none.
#[test]
fn fixes() {
    let fix = |payloads: Vec<Value>| {
        let profile = crate::profile(&payloads);
        let found = crate::findings(&profile, &mooring_sdk::Context::default());
        let mut fixes = found.into_iter().flat_map(|finding| finding.extra);
        fixes.next().map(|(key, value)| {
            assert_eq!(key, "fix");
            value
        })
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(fix(dock("autohide", &json!(1))), some("value <true/>"));
    assert_eq!(fix(dock("autohide", &json!("NO"))), some("value <false/>"));
    assert_eq!(fix(dock("autohide", &json!(7))), None);
    assert_eq!(
        fix(dock("tilesize", &json!("40"))),
        some("value <integer>40</integer>")
    );
    assert_eq!(
        fix(dock("tilesize", &json!(40.0))),
        some("value <integer>40</integer>")
    );
    assert_eq!(fix(dock("AutoHide", &json!(true))), some("rename autohide"));
    assert_eq!(fix(dock("autohid", &json!(true))), None);
    assert_eq!(
        fix(wifi(json!({"EncryptionType": "wpa2"}))),
        some("value <string>WPA2</string>")
    );
    assert_eq!(fix(wifi(json!({"EncryptionType": "WPA9"}))), None);
}
