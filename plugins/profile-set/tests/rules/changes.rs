//! Rules about a profile and the version before it: R010 to R013.

use crate::{Case, check};

const CERTIFIED: &str = r#"com.example.a A |
    {"PayloadType": "com.apple.wifi.managed", "PayloadIdentifier": "w", "PayloadUUID": "W",
     "PayloadCertificateUUID": "i"},
    {"PayloadType": "com.apple.security.scep", "PayloadIdentifier": "i", "PayloadUUID": "I"}"#;
const UNCERTIFIED: &str = r#"com.example.a A2 |
    {"PayloadType": "com.apple.wifi.managed", "PayloadIdentifier": "w", "PayloadUUID": "W",
     "PayloadCertificateUUID": "I"}"#;
const TURNED: &str = r#"com.example.a A2 |
    {"PayloadType": "com.apple.security.scep", "PayloadIdentifier": "i", "PayloadUUID": "I"},
    {"PayloadType": "com.example.new", "PayloadIdentifier": "n", "PayloadUUID": "N"},
    {"PayloadType": "com.apple.wifi.managed", "PayloadIdentifier": "w", "PayloadUUID": "w",
     "PayloadCertificateUUID": "I"}"#;
const RENAMED: &str = r#"com.example.a A2 |
    {"PayloadType": "com.apple.wifi.managed", "PayloadIdentifier": "w", "PayloadUUID": "W2",
     "PayloadCertificateUUID": "I"},
    {"PayloadType": "com.apple.security.scep", "PayloadIdentifier": "i", "PayloadUUID": "I"}"#;
const IDENTITY: &str = r#"com.example.i I9 |
    {"PayloadType": "com.apple.security.acme", "PayloadIdentifier": "i", "PayloadUUID": "I"}"#;
const EMPTY: &str = "com.example.a A2 |";
const WIFI: &str = r#"com.example.w B | {"PayloadType": "com.apple.wifi.managed"}"#;
const NARROW: &str = r#"com.example.a A |
    {"PayloadType": "com.apple.TCC.configuration-profile-policy", "Services": {
        "SystemPolicyAllFiles": [{"Identifier": "one", "Allowed": true}],
        "Camera": [{"Identifier": "two", "Allowed": false}]}},
    {"PayloadType": "com.apple.system-extension-policy", "AllowUserOverrides": false,
     "AllowedSystemExtensions": {"TEAM": ["a"]}},
    {"PayloadType": "com.apple.applicationaccess", "allowCamera": false, "forceX": true,
     "allowY": true}"#;
const NARROWER: &str = r#"com.example.a A2 |
    {"PayloadType": "com.apple.TCC.configuration-profile-policy", "Services": {
        "SystemPolicyAllFiles": [{"Identifier": "one", "Authorization": "Deny"}]}},
    {"PayloadType": "com.apple.system-extension-policy", "AllowUserOverrides": false},
    {"PayloadType": "com.apple.applicationaccess", "allowCamera": false, "forceX": true,
     "allowY": false}"#;
const BROAD: &str = r#"com.example.a A2 |
    {"PayloadType": "com.apple.TCC.configuration-profile-policy", "Services": {
        "SystemPolicyAllFiles": [{"Identifier": "one", "Allowed": true}],
        "Camera": [{"Identifier": "two", "Allowed": true}]}},
    {"PayloadType": "com.apple.system-extension-policy",
     "AllowedSystemExtensions": {"TEAM": ["a", "b"]}},
    {"PayloadType": "com.apple.servicemanagement",
     "Rules": [{"RuleType": "TeamIdentifier", "RuleValue": "TEAM"}]},
    {"PayloadType": "com.apple.applicationaccess", "allowCamera": true, "forceX": true}"#;

pub(crate) const CASES: &[Case] = &[
    Case::new("no change", &[(CERTIFIED, Some(CERTIFIED))], &[]),
    Case::new("no past", &[(CERTIFIED, None)], &[]),
    Case::new(
        "a payload with another uuid",
        &[(RENAMED, Some(CERTIFIED))],
        &["R010 warning 1"],
    ),
    Case::new(
        "another order, with a new payload between",
        &[(TURNED, Some(CERTIFIED))],
        &["R012 warning 1"],
    ),
    Case::new(
        "the identity of a network goes with a version",
        &[(UNCERTIFIED, Some(CERTIFIED))],
        &["R011 error 1 1"],
    ),
    Case::new(
        "the identity moves to another profile",
        &[(UNCERTIFIED, Some(CERTIFIED)), (IDENTITY, None)],
        &[],
    ),
    Case {
        gone: &[IDENTITY],
        ..Case::new(
            "the identity of a network goes with a profile",
            &[(UNCERTIFIED, None)],
            &["R011 error 1 gone 1"],
        )
    },
    Case::new(
        "a version without the last network",
        &[(EMPTY, Some(CERTIFIED))],
        &["R011 error 1"],
    ),
    Case {
        gone: &[WIFI],
        ..Case::new(
            "the last network goes",
            &[(EMPTY, None)],
            &["R011 error gone 1"],
        )
    },
    Case {
        gone: &[WIFI],
        ..Case::new("one of two networks goes", &[(CERTIFIED, None)], &[])
    },
    Case::new("what is narrower", &[(NARROWER, Some(NARROW))], &[]),
    Case::new(
        "what is broader",
        &[(BROAD, Some(NARROW))],
        &["R013 warning 1"],
    ),
];

/// Changes break the rules that the cases name, and no others.
#[test]
fn changes() {
    check(CASES);
}

/// What a broader version permits is named, the first few of it.
#[test]
fn what_is_broader() {
    let case = Case::new("", &[(BROAD, Some(NARROW))], &[]);
    assert_eq!(
        crate::judged(&case)[0].message,
        "\"com.example.a\" permits more than version 1: Camera for two, background items by \
         TeamIdentifier TEAM, the system extension b of TEAM and 2 more"
    );
}
