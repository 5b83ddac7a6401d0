//! Cases of A008 to A016 and A019: the same payloads for one target and another.

use mooring_sdk::{Context, Grade};
use serde_json::{Value, json};

use crate::{Case, case, on, payload, run};

const KEXT: &str = "com.apple.syspolicy.kernel-extension-policy";

fn dashboard() -> Vec<Value> {
    vec![payload(
        "com.apple.dashboard",
        json!({"whiteListEnabled": true, "WhiteList": []}),
    )]
}

fn lock() -> Vec<Value> {
    let app = json!({"Identifier": "com.example.app"});
    vec![payload("com.apple.app.lock", json!({ "App": app }))]
}

fn restrictions(key: &str) -> Vec<Value> {
    vec![payload(
        "com.apple.applicationaccess",
        json!({ key: false }),
    )]
}

pub(crate) const CASES: &[Case] = &[
    // A008: a payload and a key, by what is known of the target.
    on(
        "macOS 14.0",
        || vec![payload("com.apple.systempreferences", json!({}))],
        &["A008 warning"],
    ),
    on(
        "macOS 12.6",
        || vec![payload("com.apple.systempreferences", json!({}))],
        &[],
    ),
    on(
        "macOS",
        || vec![payload("com.apple.systempreferences", json!({}))],
        &["A008 info"],
    ),
    case(
        || vec![payload("com.apple.systempreferences", json!({}))],
        &["A008 info"],
    ),
    on(
        "macOS 15.1",
        || {
            vec![payload(
                "com.apple.SetupAssistant.managed",
                json!({"SkipSiriSetup": true}),
            )]
        },
        &["A008 warning"],
    ),
    // A009
    on("macOS 11.0", dashboard, &["A009 error"]),
    on("macOS 10.14", dashboard, &[]),
    on("macOS", dashboard, &["A009 warning"]),
    case(dashboard, &["A009 warning"]),
    // A010
    on(
        "macOS 10.12",
        || {
            vec![payload(
                "com.apple.dock",
                json!({"windowtabbing": "manual"}),
            )]
        },
        &["A010 warning"],
    ),
    on(
        "macOS 10.15.7",
        || {
            vec![payload(
                "com.apple.dock",
                json!({"windowtabbing": "manual"}),
            )]
        },
        &[],
    ),
    // A011: a payload and a key.
    on(
        "iOS 17.0",
        || vec![payload("com.apple.dock", json!({"autohide": true}))],
        &["A011 error"],
    ),
    on("macOS 14.0", lock, &["A011 error"]),
    on("iOS 17.0 supervised", lock, &[]),
    on(
        "iOS 17.0",
        || restrictions("allowDiskEncryption"),
        &["A006 warning"],
    ),
    on("macOS 15.0", || restrictions("allowAirDrop"), &[]),
    on(
        "macOS 15.0",
        || restrictions("allowAppClips"),
        &["A011 warning"],
    ),
    // A012: a payload and a key.
    on("iOS 17.0 unsupervised", lock, &["A012 error"]),
    on(
        "iOS 17.0 unsupervised",
        || restrictions("allowAppClips"),
        &["A012 warning"],
    ),
    on("iOS 17.0 supervised", || restrictions("allowAppClips"), &[]),
    // A013: a payload of one channel on the other.
    on("macOS 14.0 user", firewall, &["A013 error"]),
    on("macOS 14.0", firewall, &[]),
    on("macOS 14.0", webclip, &["A013 error"]),
    on("macOS 14.0 user", webclip, &[]),
    // A014
    on("macOS 14.0 enrollment=user", firewall, &["A014 error"]),
    on("macOS 14.0 enrollment=ade", firewall, &[]),
    on(
        "iOS 17.0 supervised enrollment=user",
        || restrictions("allowAirDrop"),
        &["A014 warning"],
    ),
    // A015 and A016
    on(
        "macOS 14.0 enrollment=local",
        kext,
        &["A015 error", "A016 error"],
    ),
    on("macOS 14.0 enrollment=device", kext, &[]),
    on(
        "macOS 14.0 enrollment=local",
        || vec![payload("com.apple.dock", json!({"autohide": true}))],
        &[],
    ),
];

fn firewall() -> Vec<Value> {
    vec![payload(
        "com.apple.security.firewall",
        json!({"EnableFirewall": true}),
    )]
}

fn webclip() -> Vec<Value> {
    let keys = json!({"URL": "https://example.com", "Label": "Example"});
    vec![payload("com.apple.webClip.managed", keys)]
}

fn kext() -> Vec<Value> {
    vec![payload(
        KEXT,
        json!({"AllowedTeamIdentifiers": ["ABCDE12345"]}),
    )]
}

/// Every case comes out as it says.
#[test]
fn cases() {
    run(CASES);
}

/// What a table says for A019, which Apple's profiles of today have no entry for.
pub(crate) const RIGHTS: &str = "=\t+mn10.7|aAllowAppInstallation|\nb?on\n";

/// A019 compares the right that a table names with those of the enrollment, and is silent where
/// either is not known.
#[test]
fn access_rights() {
    let judged = |rights: Option<&str>| {
        let mut context = crate::context("macOS 15.0", Grade::DeviceLenient);
        let table = crate::table::of("com.example.rights", RIGHTS);
        context.extra.push(("schema".to_owned(), table));
        let rights = rights.map(|bits| ("access-rights".to_owned(), bits.to_owned()));
        context.extra.extend(rights);
        rules(&context)
    };
    assert_eq!(judged(Some("4095")), Vec::<String>::new());
    assert_eq!(judged(Some("2047")), ["A019 warning"]);
    assert_eq!(judged(None), Vec::<String>::new());
}

fn rules(context: &Context) -> Vec<String> {
    let profile = crate::profile(&[payload("com.example.rights", json!({"on": true}))]);
    let found = crate::findings(&profile, context);
    found.iter().map(crate::line).collect()
}
