//! Cases of X003 and of X020 to X027.

use serde_json::{Value, json};

use crate::{Case, case, context, findings, profile_with};

const GOOD: &str = "identifier \"org.company.agent\" and anchor apple generic and certificate \
                    leaf[subject.OU] = ABCDE12345";

/// A payload with one entry for one service: a sound one, with changes.
fn grant(service: &str, changes: &Value) -> Value {
    grants(service, std::slice::from_ref(changes))
}

fn grants(service: &str, changes: &[Value]) -> Value {
    let entry = |changes: &Value| {
        let mut entry = json!({
            "Identifier": "org.company.agent",
            "IdentifierType": "bundleID",
            "CodeRequirement": GOOD,
            "Authorization": "Allow",
        });
        for (key, value) in changes.as_object().unwrap() {
            if value.is_null() {
                entry.as_object_mut().unwrap().remove(key);
            } else {
                entry[key] = value.clone();
            }
        }
        entry
    };
    let list: Vec<_> = changes.iter().map(entry).collect();
    json!({
        "PayloadType": "com.apple.TCC.configuration-profile-policy",
        "Services": { service: list },
    })
}

const FILES: &str = "SystemPolicyAllFiles";

pub(crate) const CLEAR_SECRETS: &[Case] = &[
    // X003
    case(
        || json!({"PayloadType": "com.apple.wifi.managed", "Password": "s3cr3t"}),
        &["X003 error"],
    ),
    case(
        || {
            json!({"PayloadType": "com.apple.wifi.managed", "Password": "s3cr3t",
                    "IsHotspot": true})
        },
        &["X003 warning"],
    ),
    case(
        || json!({"PayloadType": "com.apple.wifi.managed", "Password": "{{secret.wifi}}"}),
        &[],
    ),
    case(
        || json!({"PayloadType": "com.apple.wifi.managed", "Password": ""}),
        &[],
    ),
    case(
        || {
            json!({"PayloadType": "com.apple.vpn.managed",
                    "IKEv2": {"SharedSecret": {"$data": "736563726574"}}})
        },
        &["X003 error"],
    ),
    case(
        || json!({"PayloadType": "org.company.app", "clientSecret": "s3cr3t"}),
        &["X003 error"],
    ),
    case(
        || json!({"PayloadType": "org.company.app", "EnrollmentToken": "s3cr3t"}),
        &["X003 warning"],
    ),
    case(
        || {
            json!({"PayloadType": "org.company.app", "ForgotPassword": "Ask the help desk now",
                    "ResetPassword": "https://company.com/reset", "AskForPassword": true,
                    "UsePassword": "true", "XAuthPasswordEncryption": "Prompt"})
        },
        &[],
    ),
    case(
        || crate::preferences("org.company.app", "Forced", "Password", json!("s3cr3t")),
        &["X003 error"],
    ),
    case(
        || json!({"PayloadType": "org.company.app", "ApiKey": "s3cr3t"}),
        &["X003 error"],
    ),
    case(
        || json!({"PayloadType": "org.company.app", "passwd": "s3cr3t"}),
        &["X003 error"],
    ),
    case(
        || json!({"PayloadType": "org.company.app", "api_token": "s3cr3t"}),
        &["X003 error"],
    ),
    case(
        || json!({"PayloadType": "org.company.app", "mapsApiKey": "s3cr3t"}),
        &["X003 warning"],
    ),
    case(
        || json!({"PayloadType": "com.apple.wifi.managed", "Password": "{{host.serial}}"}),
        &["X003 warning"],
    ),
    case(
        || json!({"PayloadType": "com.apple.wifi.managed", "Password": "a{{ host.name }}-1"}),
        &["X003 warning"],
    ),
    case(
        || {
            json!({"PayloadType": "com.apple.wifi.managed",
                    "Password": "{{host.serial}}{{secret.wifi}}"})
        },
        &[],
    ),
    case(
        || json!({"PayloadType": "com.apple.wifi.managed", "Password": "{{attribute.wifi}}"}),
        &[],
    ),
];

pub(crate) const REQUIREMENTS: &[Case] = &[
    case(|| grant(FILES, &json!({})), &[]),
    // X020
    case(
        || grant(FILES, &json!({"CodeRequirement": ""})),
        &["X020 error"],
    ),
    case(
        || grant(FILES, &json!({"CodeRequirement": null})),
        &["X020 error"],
    ),
    case(
        || {
            grant(
                FILES,
                &json!({"CodeRequirement": format!("designated => {GOOD}")}),
            )
        },
        &["X020 error"],
    ),
    case(
        || {
            grant(
                FILES,
                &json!({"CodeRequirement": "", "Authorization": "Deny"}),
            )
        },
        &[],
    ),
    // X021
    case(
        || {
            grant(
                FILES,
                &json!({"CodeRequirement": "identifier \"org.company.agent\""}),
            )
        },
        &["X021 error"],
    ),
    case(
        || grant(FILES, &json!({"CodeRequirement": "anchor apple generic"})),
        &["X021 error"],
    ),
    // X022
    case(
        || {
            grant(
                FILES,
                &json!({"IdentifierType": "path", "Identifier": "/opt/agent"}),
            )
        },
        &["X022 warning"],
    ),
    // X025
    case(
        || grant(FILES, &json!({"Authorization": null})),
        &["X025 error"],
    ),
    case(
        || grant(FILES, &json!({"Allowed": true})),
        &["X025 warning"],
    ),
    case(
        || grant(FILES, &json!({"Authorization": null, "Allowed": 1})),
        &[],
    ),
    // X027
    case(|| grants(FILES, &[json!({}), json!({})]), &["X027 warning"]),
    case(
        || {
            grants(
                FILES,
                &[json!({}), json!({"Identifier": "org.company.other"})],
            )
        },
        &[],
    ),
];

const RECEIVER: [&str; 3] = [
    "AEReceiverIdentifier",
    "AEReceiverIdentifierType",
    "AEReceiverCodeRequirement",
];

pub(crate) const SERVICES: &[Case] = &[
    // X023
    case(
        || {
            grant(
                FILES,
                &json!({"Identifier": "com.apple.Terminal",
                    "CodeRequirement": "identifier \"com.apple.Terminal\" and anchor apple"}),
            )
        },
        &["X023 error"],
    ),
    case(
        || {
            grant(
                FILES,
                &json!({"Identifier": "/bin/sh", "IdentifierType": "path"}),
            )
        },
        &["X022 warning", "X023 error"],
    ),
    case(
        || {
            grant(
                FILES,
                &json!({"Identifier": "/usr/bin/env", "IdentifierType": "path"}),
            )
        },
        &["X022 warning", "X023 error"],
    ),
    case(
        || grant("Accessibility", &json!({"Identifier": "/usr/bin/ruby"})),
        &["X023 warning"],
    ),
    case(
        || grant("AddressBook", &json!({"Identifier": "com.apple.Terminal"})),
        &[],
    ),
    case(
        || {
            grant(
                FILES,
                &json!({"Identifier": "python3", "Authorization": "Deny"}),
            )
        },
        &[],
    ),
    // X024
    case(|| grant("Camera", &json!({})), &["X024 error"]),
    case(
        || {
            grant(
                "ListenEvent",
                &json!({"Authorization": null, "Allowed": true}),
            )
        },
        &["X024 error"],
    ),
    case(
        || {
            grant(
                "ScreenCapture",
                &json!({"Authorization": "AllowStandardUserToSetSystemService"}),
            )
        },
        &[],
    ),
    case(
        || grant("Microphone", &json!({"Authorization": "Deny"})),
        &[],
    ),
    // X026
    case(|| grant("AppleEvents", &json!({})), &["X026 error"]),
    case(
        || {
            let values = [
                "com.apple.finder",
                "bundleID",
                "identifier \"com.apple.finder\" and anchor apple",
            ];
            let fields: serde_json::Map<_, _> = RECEIVER
                .into_iter()
                .zip(values)
                .map(|(key, value)| (key.to_owned(), json!(value)))
                .collect();
            grant("AppleEvents", &Value::Object(fields))
        },
        &[],
    ),
];

/// A repeated entry that says the same may be removed; one that says otherwise needs a person.
#[test]
fn only_equal_entries_are_fixed() {
    let fix = |second: Value| {
        let profile = profile_with(grants(FILES, &[json!({}), second]));
        let found = findings(&profile, &context());
        let repeated = found
            .into_iter()
            .find(|finding| finding.rule == "X027")
            .unwrap();
        repeated.extra
    };
    let remove = ("fix".to_owned(), "remove".to_owned());
    assert_eq!(fix(json!({"Comment": "again"})), [remove]);
    assert_eq!(fix(json!({"Authorization": "Deny"})), []);
}
