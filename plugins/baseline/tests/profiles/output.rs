//! The profiles themselves: names, uuids, keys and values.

use plist::Dictionary;
use serde_json::{Value, json};

use crate::{ESCROW, all, generate, payloads, profile, read, text};

/// A payload's own settings as `key=value` lines, in file order; data by its length.
fn settings(payload: &Dictionary) -> Vec<String> {
    let own = payload
        .iter()
        .filter(|(key, _)| !key.starts_with("Payload"));
    own.map(|(key, value)| format!("{key}={}", plain(value)))
        .collect()
}

fn plain(value: &plist::Value) -> String {
    match (
        value.as_string(),
        value.as_boolean(),
        value.as_signed_integer(),
    ) {
        (Some(text), _, _) => text.to_owned(),
        (_, Some(value), _) => value.to_string(),
        (_, _, Some(number)) => number.to_string(),
        _ => format!("{value:?}"),
    }
}

fn only(enabled: &Value) -> Vec<String> {
    let profile = profile(enabled);
    assert_eq!(payloads(&profile).len(), 1);
    settings(&payloads(&profile)[0])
}

/// Every profile has its fixed identifier, a scope and all the names that Apple demands.
#[test]
fn envelope() {
    let outputs = generate("seed", &all()).unwrap();
    let keys: Vec<_> = outputs.iter().map(|output| output.key.as_str()).collect();
    assert_eq!(
        keys,
        [
            "firewall",
            "gatekeeper",
            "passcode",
            "screenlock",
            "filevault"
        ]
    );
    for output in &outputs {
        let profile = read(output);
        let identifier = format!("com.mooring.builtin.{}", output.key);
        assert_eq!(text(&profile, "PayloadIdentifier"), identifier);
        assert_eq!(text(&profile, "PayloadType"), "Configuration");
        assert_eq!(text(&profile, "PayloadScope"), "System");
        assert_eq!(text(&profile, "PayloadOrganization"), "Mooring");
        assert_eq!(profile["PayloadVersion"].as_signed_integer(), Some(1));
        assert_eq!(profile["PayloadRemovalDisallowed"].as_boolean(), Some(true));
        assert!(!text(&profile, "PayloadDescription").is_empty());
        for payload in payloads(&profile) {
            assert!(text(&payload, "PayloadIdentifier").starts_with(&format!("{identifier}.")));
            assert!(!text(&payload, "PayloadDisplayName").is_empty());
            assert_eq!(payload["PayloadVersion"].as_signed_integer(), Some(1));
        }
    }
}

/// Only enabled profiles are made, in the fixed order whatever the order of the settings.
#[test]
fn only_what_is_enabled() {
    let keys = |settings: &Value| -> Vec<String> {
        let outputs = generate("seed", settings).unwrap();
        outputs.into_iter().map(|output| output.key).collect()
    };
    assert!(keys(&json!({})).is_empty());
    assert_eq!(keys(&json!({ "passcode": {} })), ["passcode"]);
    assert_eq!(
        keys(&json!({ "screenlock": {}, "firewall": {} })),
        ["firewall", "screenlock"]
    );
}

/// No settings text at all enables nothing.
#[test]
fn no_settings_no_profiles() {
    use mooring_sdk::{Context, Generator};
    let outputs = mooring_baseline::Baseline::generate("seed", &Context::default());
    assert!(outputs.unwrap().is_empty());
}

/// Firewall: defaults, and the opposite of each.
#[test]
fn firewall() {
    let defaults = only(&json!({ "firewall": {} }));
    let expected = [
        "EnableFirewall=true",
        "BlockAllIncoming=false",
        "EnableStealthMode=true",
        "AllowSigned=true",
        "AllowSignedApp=true",
    ];
    assert_eq!(defaults, expected);
    let changed = only(&json!({ "firewall": {
        "block_all_incoming": true,
        "stealth_mode": false,
        "allow_builtin_signed": false,
        "allow_downloaded_signed": false,
    }}));
    let expected = [
        "EnableFirewall=true",
        "BlockAllIncoming=true",
        "EnableStealthMode=false",
        "AllowSigned=false",
        "AllowSignedApp=false",
    ];
    assert_eq!(changed, expected);
}

/// Gatekeeper: a key newer than macOS 14 is written only if it is asked for.
#[test]
fn gatekeeper() {
    let defaults = only(&json!({ "gatekeeper": {} }));
    assert_eq!(
        defaults,
        ["EnableAssessment=true", "AllowIdentifiedDevelopers=true"]
    );
    let changed = only(&json!({ "gatekeeper": {
        "allow_identified_developers": false,
        "xprotect_malware_upload": false,
    }}));
    let expected = [
        "EnableAssessment=true",
        "AllowIdentifiedDevelopers=false",
        "EnableXProtectMalwareUpload=false",
    ];
    assert_eq!(changed, expected);
}

/// Passcode: defaults, and limits that have no default.
#[test]
fn passcode() {
    let defaults = only(&json!({ "passcode": {} }));
    let expected = [
        "forcePIN=true",
        "allowSimple=false",
        "requireAlphanumeric=true",
        "minLength=10",
        "minComplexChars=0",
        "maxFailedAttempts=11",
        "pinHistory=5",
        "minutesUntilFailedLoginReset=15",
    ];
    assert_eq!(defaults, expected);
    let changed =
        only(&json!({ "passcode": { "max_age_days": 365, "max_inactivity_minutes": 5 } }));
    assert_eq!(changed[..8], expected);
    assert_eq!(changed[8..], ["maxPINAgeInDays=365", "maxInactivity=5"]);
}

/// Screen lock: defaults, and a name that needs escaping.
#[test]
fn screenlock() {
    let defaults = only(&json!({ "screenlock": {} }));
    let expected = [
        "askForPassword=true",
        "askForPasswordDelay=5",
        "idleTime=600",
        "loginWindowIdleTime=1200",
        "moduleName=Flurry",
    ];
    assert_eq!(defaults, expected);
    let changed = only(&json!({ "screenlock": { "module_name": "Shells & <Sand>" } }));
    assert_eq!(changed[4], "moduleName=Shells & <Sand>");
}

/// `FileVault`: the escrow payload refers to the certificate beside it, which is the one given.
#[test]
fn filevault() {
    let profile = profile(&json!({ "filevault": { "escrow_certificate": ESCROW } }));
    let payloads = payloads(&profile);
    let types: Vec<_> = payloads
        .iter()
        .map(|payload| text(payload, "PayloadType"))
        .collect();
    let expected = [
        "com.apple.security.pkcs1",
        "com.apple.security.FDERecoveryKeyEscrow",
        "com.apple.MCX.FileVault2",
        "com.apple.MCX",
    ];
    assert_eq!(types, expected);
    let uuid = text(&payloads[0], "PayloadUUID");
    assert_eq!(text(&payloads[1], "EncryptCertPayloadUUID"), uuid);
    let pem: String = ESCROW
        .lines()
        .filter(|line| !line.starts_with("---"))
        .collect();
    let der = payloads[0]["PayloadContent"].as_data().unwrap();
    assert_eq!(pem, plist_base64(der));
    let expected = [
        "Enable=On",
        "Defer=true",
        "DeferDontAskAtUserLogout=true",
        "DeferForceAtUserLoginMaxBypassAttempts=3",
        "ShowRecoveryKey=false",
        "UseRecoveryKey=true",
    ];
    assert_eq!(settings(&payloads[2]), expected);
    assert_eq!(settings(&payloads[3]), ["dontAllowFDEDisable=true"]);
}

fn plist_base64(der: &[u8]) -> String {
    use base64::Engine;
    base64::engine::general_purpose::STANDARD.encode(der)
}

/// `FileVault`: what is not default is written, and a person is told who holds the keys.
#[test]
fn filevault_changed() {
    let outputs = generate(
        "seed",
        &json!({ "filevault": {
            "escrow_certificate": ESCROW,
            "location": "the help desk",
            "max_bypass_attempts": -1,
            "prevent_disable": false,
            "enable_in_setup_assistant": true,
        }}),
    )
    .unwrap();
    let payloads = payloads(&read(&outputs[0]));
    assert_eq!(payloads.len(), 3);
    assert_eq!(text(&payloads[1], "Location"), "the help desk");
    let settings = settings(&payloads[2]);
    assert_eq!(settings[3], "DeferForceAtUserLoginMaxBypassAttempts=-1");
    assert_eq!(settings[6], "ForceEnableInSetupAssistant=true");
    assert_eq!(outputs[0].notes[0].rule, "filevault-escrow");
}

fn uuids(seed: &str, settings: &Value) -> Vec<String> {
    let outputs = generate(seed, settings).unwrap();
    let read = outputs.iter().map(read);
    read.flat_map(|profile| {
        let mut uuids: Vec<_> = payloads(&profile).iter().map(uuid).collect();
        uuids.push(uuid(&profile));
        uuids
    })
    .collect()
}

fn uuid(dictionary: &Dictionary) -> String {
    text(dictionary, "PayloadUUID").to_owned()
}

/// The same seed and settings give the same bytes; another seed gives other uuids and otherwise
/// the same profile.
#[test]
fn determined_by_seed() {
    let (first, again) = (
        generate("a", &all()).unwrap(),
        generate("a", &all()).unwrap(),
    );
    assert_eq!(first, again);
    for (one, other) in first.iter().zip(generate("b", &all()).unwrap()) {
        assert_eq!(
            text(&read(one), "PayloadIdentifier"),
            text(&read(&other), "PayloadIdentifier")
        );
        assert_eq!(one.profile.len(), other.profile.len());
    }
    let (a, b) = (uuids("a", &all()), uuids("b", &all()));
    assert!(a.iter().all(|uuid| !b.contains(uuid)));
    let mut distinct = a.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), a.len());
}

/// Uuids stay when values change, so that a device updates the payload in place; they are pinned,
/// since another derivation would make every device remove and add every payload.
#[test]
fn uuids_are_stable() {
    let changed = json!({ "firewall": { "stealth_mode": false } });
    let uuids_now = uuids("seed", &json!({ "firewall": {} }));
    assert_eq!(uuids_now, uuids("seed", &changed));
    assert_eq!(
        uuids_now,
        [
            "793C66F6-290D-53F4-848D-B74BB325508A",
            "AFEB1ABA-6CBA-5A17-8D78-A9AA9295ADD7"
        ]
    );
}
