//! Cases of A001, A006, A007 and A017, and of the frames around keys: variants and preferences.

use serde_json::{Value, json};

use crate::{Case, case, graded, payload, run};

const TCC: &str = "com.apple.TCC.configuration-profile-policy";

/// Preferences of one domain, forced.
fn preferences(domain: &str, settings: &Value) -> Vec<Value> {
    let content = json!({ domain: { "Forced": [{ "mcx_preference_settings": settings }] } });
    vec![payload(
        "com.apple.ManagedClient.preferences",
        json!({ "PayloadContent": content }),
    )]
}

fn tcc(entry: Value) -> Vec<Value> {
    let mut whole = json!({
        "Identifier": "com.example.app",
        "IdentifierType": "bundleID",
        "CodeRequirement": "anchor apple",
    });
    let Value::Object(entry) = entry else {
        panic!("an entry is an object")
    };
    whole.as_object_mut().unwrap().extend(entry);
    vec![payload(
        TCC,
        json!({ "Services": { "SystemPolicyAllFiles": [whole] } }),
    )]
}

/// A request for a certificate with one part of a name, which is a pair.
fn scep(pair: &Value) -> Vec<Value> {
    let content = json!({"URL": "https://example.com/scep", "Subject": [[pair]]});
    vec![payload(
        "com.apple.security.scep",
        json!({ "PayloadContent": content }),
    )]
}

/// A Dock with one item.
fn dock_item(tile: &Value) -> Vec<Value> {
    let item = json!({"tile-type": "file-tile", "tile-data": tile});
    vec![payload("com.apple.dock", json!({ "static-apps": [item] }))]
}

pub(crate) const CASES: &[Case] = &[
    // A001, at the top, deep inside, and where another key stands in.
    case(
        || vec![payload("com.apple.font", json!({}))],
        &["A001 error"],
    ),
    case(|| tcc(json!({})), &["A001 error"]),
    case(|| tcc(json!({"Allowed": true})), &[]),
    case(|| tcc(json!({"Authorization": "Allow"})), &[]),
    // What Macs do without.
    graded(
        || {
            vec![payload(
                "com.apple.screensaver",
                json!({"loginWindowIdleTime": 600}),
            )]
        },
        &[],
        &["A001 error"],
    ),
    // A Dock's own words stand in for those of Apple's data.
    case(
        || dock_item(&json!({"file-label": "Safari", "file-data": {"_CFURLStringType": 15}})),
        &[],
    ),
    graded(
        || dock_item(&json!({"label": "Safari", "url": "file:///Applications/Safari.app"})),
        &["A001 warning"],
        &["A001 error"],
    ),
    // A006: a slip, a key in the wrong case, a stranger, and a stranger among preferences.
    case(
        || vec![payload("com.apple.dock", json!({"autohid": true}))],
        &["A006 warning"],
    ),
    case(
        || vec![payload("com.apple.dock", json!({"AutoHide": true}))],
        &["A006 warning"],
    ),
    case(
        || {
            vec![payload(
                "com.apple.applicationaccess",
                json!({"somethingElse": true}),
            )]
        },
        &["A006 warning"],
    ),
    case(
        || vec![payload("com.apple.dock", json!({"somethingElse": true}))],
        &["A006 info"],
    ),
    case(
        || tcc(json!({"Allowed": true, "Alowed": true})),
        &["A006 warning"],
    ),
    case(
        || {
            vec![payload(
                "com.apple.dnsProxy.managed",
                json!({
                    "AppBundleIdentifier": "com.example.app",
                    "ProviderConfiguration": {"anything": 1},
                }),
            )]
        },
        &[],
    ),
    // A007
    case(|| scep(&json!(["CN"])), &["A007 error"]),
    case(|| scep(&json!(["CN", "x", "y"])), &["A007 error"]),
    case(|| scep(&json!(["CN", "x"])), &[]),
    // A017
    case(
        || vec![payload("com.apple.dock", json!({"autohide": false}))],
        &["A017 info"],
    ),
    case(
        || vec![payload("com.apple.dock", json!({"autohide": true}))],
        &[],
    ),
    // Preferences inside their frame: nothing is demanded, slips and types are seen.
    case(
        || preferences("com.apple.dock", &json!({"autohide": true})),
        &[],
    ),
    case(
        || preferences("com.apple.dock", &json!({"autohid": true})),
        &["A006 warning"],
    ),
    case(
        || preferences("com.apple.dock", &json!({"tilesize": "big"})),
        &["A002 error"],
    ),
    case(
        || preferences("com.apple.screensaver", &json!({"idleTime": 1})),
        &[],
    ),
    case(
        || preferences("com.example.app", &json!({"Anything": 1})),
        &[],
    ),
    // Several files of one type are taken together.
    case(
        || {
            let keys = json!({"DisableGuestAccount": true, "timeServer": "time.example.com"});
            vec![payload("com.apple.MCX", keys)]
        },
        &[],
    ),
    case(
        || {
            let keys = json!({
                "ExtensionIdentifier": "com.apple.AppSSOKerberos.KerberosExtension",
                "TeamIdentifier": "apple",
                "Type": "Credential",
                "Realm": "EXAMPLE.COM",
                "Hosts": ["example.com"],
                "ExtensionData": {"pwNotificationDay": 7},
            });
            vec![payload("com.apple.extensiblesso", keys)]
        },
        &["A006 warning"],
    ),
    case(
        || {
            let keys = json!({
                "ExtensionIdentifier": "com.example.sso",
                "TeamIdentifier": "ABCDE12345",
                "Type": "Redirect",
                "URLs": ["https://example.com"],
                "ExtensionData": {"anything": 7},
            });
            vec![payload("com.apple.extensiblesso", keys)]
        },
        &[],
    ),
    // A table that holds itself is walked as deep as the profile goes.
    case(
        || {
            let app = json!({"Type": "App", "BundleID": "com.example.app"});
            let folder = json!({"Type": "Folder", "DisplayName": "F", "Pages": [[app]]});
            let outer = json!({"Type": "Folder", "DisplayName": "F", "Pages": [[folder]]});
            vec![payload(
                "com.apple.homescreenlayout",
                json!({"Pages": [[outer]]}),
            )]
        },
        &[],
    ),
    case(
        || {
            let folder = json!({"Type": "Folder", "DisplayName": "F", "Pages": [[{"Type": 3}]]});
            vec![payload(
                "com.apple.homescreenlayout",
                json!({"Pages": [[folder]]}),
            )]
        },
        &["A002 error"],
    ),
];

/// Every case comes out as it says.
#[test]
fn cases() {
    run(CASES);
}
