//! Rules about two profiles: R005 to R009 and R014.

use crate::{Case, check, judged};

const DOCK: &str = r#"com.example.a A | {"PayloadType": "com.apple.dock", "PayloadIdentifier": "d",
    "PayloadUUID": "A1"}"#;
const DOCK_TOO: &str = r#"com.example.b B | {"PayloadType": "com.apple.dock",
    "PayloadIdentifier": "d", "PayloadUUID": "B1"}"#;
const DOCK_OF_USERS: &str = r#"com.example.b B User | {"PayloadType": "com.apple.dock",
    "PayloadIdentifier": "d", "PayloadUUID": "B1"}"#;
const WIFI: &str = r#"com.example.a A | {"PayloadType": "com.apple.wifi.managed",
    "PayloadUUID": "A1", "SSID_STR": "one"}"#;
const WIFI_TOO: &str = r#"com.example.b B | {"PayloadType": "com.apple.wifi.managed",
    "PayloadUUID": "B1", "SSID_STR": "two"}"#;

pub(crate) const CASES: &[Case] = &[
    Case::new("two networks", &[(WIFI, None), (WIFI_TOO, None)], &[]),
    Case::new("nothing at all", &[], &[]),
    Case::new(
        "one identifier twice",
        &[(WIFI, None), ("com.example.a B |", None)],
        &["R005 error 2 1"],
    ),
    Case::new(
        "one identifier for devices and users",
        &[
            ("com.example.a A |", None),
            ("com.example.a B User |", None),
        ],
        &["R009 error 2 1"],
    ),
    Case::new(
        "a payload's uuid in two profiles, in another case",
        &[
            (WIFI, None),
            (r#"com.example.b B | {"PayloadUUID": "a1"}"#, None),
        ],
        &["R006 error 2 1"],
    ),
    Case::new(
        "a profile's uuid is another one's payload's",
        &[
            (WIFI, None),
            (r#"com.example.b B | {"PayloadUUID": "A"}"#, None),
        ],
        &["R006 error 2 1"],
    ),
    Case::new(
        "uuids shared with two profiles",
        &[
            (WIFI, None),
            (WIFI_TOO, None),
            (
                r#"com.example.c C | {"PayloadUUID": "A1"}, {"PayloadUUID": "B1"},
                {"PayloadUUID": "A"}"#,
                None,
            ),
        ],
        &["R006 error 3 1", "R006 error 3 2"],
    ),
    Case::new(
        "a type that is there once",
        &[(DOCK, None), (DOCK_TOO, None)],
        &["R007 error 2 1"],
    ),
    Case::new(
        "the same on two channels",
        &[(DOCK, None), (DOCK_OF_USERS, None)],
        &[],
    ),
    Case::new(
        "removal passwords belong to their profiles",
        &[
            (
                r#"com.example.a A | {"PayloadType": "com.apple.profileRemovalPassword"}"#,
                None,
            ),
            (
                r#"com.example.b B | {"PayloadType": "com.apple.profileRemovalPassword"}"#,
                None,
            ),
        ],
        &[],
    ),
    Case::new(
        "a restriction with two values",
        &[
            (
                r#"com.example.a A | {"PayloadType": "com.apple.applicationaccess", "allowCamera": true}"#,
                None,
            ),
            (
                r#"com.example.b B | {"PayloadType": "com.apple.applicationaccess", "allowCamera": false}"#,
                None,
            ),
        ],
        &["R008 warning 2 1"],
    ),
    Case::new(
        "a restriction twice with one value, and others",
        &[
            (
                r#"com.example.a A | {"PayloadType": "com.apple.applicationaccess", "allowCamera": true,
                "list": ["a", {"b": 1, "c": 2}]}"#,
                None,
            ),
            (
                r#"com.example.b B | {"PayloadType": "com.apple.applicationaccess", "allowCamera": true,
                "list": ["a", {"c": 2, "b": 1}], "allowCloud": true}"#,
                None,
            ),
        ],
        &[],
    ),
    Case::new(
        "preferences of a domain with two values",
        &[
            (
                r#"com.example.a A | {"PayloadType": "com.apple.ManagedClient.preferences",
                "PayloadContent": {"com.example.app": {"Forced": [
                    {"mcx_preference_settings": {"Key": "one", "Other": 1}}]}}}"#,
                None,
            ),
            (
                r#"com.example.b B | {"PayloadType": "com.apple.ManagedClient.preferences",
                "PayloadContent": {"com.example.app": {"Forced": [
                    {"mcx_preference_settings": {"Key": "two"}}]},
                    "com.example.more": {"Forced": [
                    {"mcx_preference_settings": {"Other": 2}}]}}}"#,
                None,
            ),
        ],
        &["R008 warning 2 1"],
    ),
    Case::new(
        "two cellular settings of two types",
        &[
            (
                r#"com.example.a A | {"PayloadType": "com.apple.apn.managed"}"#,
                None,
            ),
            (
                r#"com.example.b B | {"PayloadType": "com.apple.cellular"}"#,
                None,
            ),
        ],
        &["R014 error 2 1"],
    ),
    Case::new(
        "three proxies",
        &[
            (
                r#"com.example.a A | {"PayloadType": "com.apple.proxy.http.global"}"#,
                None,
            ),
            (
                r#"com.example.b B | {"PayloadType": "com.apple.proxy.http.global"}"#,
                None,
            ),
            (
                r#"com.example.c C | {"PayloadType": "com.apple.proxy.http.global"}"#,
                None,
            ),
        ],
        &["R014 error 2 1", "R014 error 3 1"],
    ),
    Case::new(
        "notifications of one app",
        &[(ONE_APP, None), (SAME_APP, None)],
        &["R014 error 2 1"],
    ),
    Case::new(
        "notifications of two apps",
        &[(ONE_APP, None), (OTHER_APP, None)],
        &[],
    ),
    Case {
        platform: Some("iOS"),
        ..Case::new(
            "notifications of two apps on an iPhone",
            &[(ONE_APP, None), (OTHER_APP, None)],
            &["R014 error 2 1"],
        )
    },
];

const ONE_APP: &str = r#"com.example.a A | {"PayloadType": "com.apple.notificationsettings",
    "NotificationSettings": [{"BundleIdentifier": "one"}]}"#;
const SAME_APP: &str = r#"com.example.b B | {"PayloadType": "com.apple.notificationsettings",
    "NotificationSettings": [{"BundleIdentifier": "one"}]}"#;
const OTHER_APP: &str = r#"com.example.b B | {"PayloadType": "com.apple.notificationsettings",
    "NotificationSettings": [{"BundleIdentifier": "two"}]}"#;

/// Pairs of profiles break the rules that the cases name, and no others.
#[test]
fn pairs() {
    check(CASES);
}

/// The likely winner is named: the stricter of two restrictions, else what comes later; and no text
/// of a profile is shown.
#[test]
fn winners() {
    let messages = |members| -> Vec<String> {
        let found = judged(&Case::new("", members, &[]));
        found.into_iter().map(|finding| finding.message).collect()
    };
    let own = messages(&[
        (
            r#"com.example.a A | {"PayloadType": "com.apple.mobiledevice.passwordpolicy",
                "minLength": 12, "maxInactivity": 5, "allowSimple": false, "forcePIN": true}"#,
            None,
        ),
        (
            r#"com.example.b B | {"PayloadType": "com.apple.mobiledevice.passwordpolicy",
                "minLength": 8, "maxInactivity": 2, "allowSimple": true, "forcePIN": false}"#,
            None,
        ),
    ]);
    let ends = |message: &str, end: &str| assert!(message.ends_with(end), "{message}");
    assert_eq!(own.len(), 4);
    assert!(own[0].contains("has false and true"), "{}", own[0]);
    ends(
        &own[0],
        "the stricter value of \"com.example.a\" likely wins",
    );
    ends(
        &own[1],
        "the stricter value of \"com.example.a\" likely wins",
    );
    ends(
        &own[2],
        "the stricter value of \"com.example.b\" likely wins",
    );
    ends(
        &own[3],
        "the stricter value of \"com.example.a\" likely wins",
    );
    let own = messages(&[
        (
            r#"com.example.a A | {"PayloadType": "com.example.app", "Token": "s3cret"}"#,
            None,
        ),
        (
            r#"com.example.b B | {"PayloadType": "com.example.app", "Token": "0ther"}"#,
            None,
        ),
    ]);
    ends(
        &own[0],
        "likely that of \"com.example.b\", which is installed later",
    );
    assert!(!own[0].contains("s3cret") && !own[0].contains("0ther"));
}
