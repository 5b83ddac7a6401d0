//! Settings that are refused, each with its JSON pointer.

use mooring_baseline::Baseline;
use mooring_sdk::{Failure, Generator, Place, Severity};
use serde_json::{Value, json};

use crate::{ESCROW, all, generate};

/// The messages about settings, all of them errors about the document.
fn refused(settings: &str) -> Vec<String> {
    let findings = Baseline::check_settings(settings);
    for finding in &findings {
        assert_eq!(finding.severity, Severity::Error);
        assert_eq!(finding.rule, "settings");
        assert_eq!(finding.place, Place::Document);
        assert!(finding.hint.is_some(), "{finding:?}");
    }
    findings
        .into_iter()
        .map(|finding| finding.message)
        .collect()
}

/// Sound settings pass, from nothing to everything.
#[test]
fn accepted() {
    for settings in ["", " ", "{}", &all().to_string()] {
        assert!(refused(settings).is_empty(), "{settings}");
    }
}

/// Each kind of mistake is refused and named by its pointer, by the check and by the generator.
#[test]
fn mistakes() {
    for (settings, message) in [
        (json!([]), "/: the settings are no JSON object"),
        (json!({ "wifi": {} }), "/wifi: there is no such profile"),
        (
            json!({ "firewall": true }),
            "/firewall: this is no object of settings",
        ),
        (
            json!({ "firewall": null }),
            "/firewall: this is no object of settings",
        ),
        (
            json!({ "firewall": { "stealth": true } }),
            "/firewall/stealth: there is no such setting",
        ),
        (
            json!({ "firewall": { "stealth_mode": "yes" } }),
            "/firewall/stealth_mode: this is not true or false",
        ),
        (
            json!({ "passcode": { "min_length": 17 } }),
            "/passcode/min_length: this is not a whole number from 4 to 16",
        ),
        (
            json!({ "passcode": { "min_length": 6.5 } }),
            "/passcode/min_length: this is not a whole number from 4 to 16",
        ),
        (
            json!({ "passcode": { "max_age_days": null } }),
            "/passcode/max_age_days: this is not a whole number from 1 to 730",
        ),
        (
            json!({ "screenlock": { "module_name": "a\nb" } }),
            "/screenlock/module_name: this is not one line of 1 to 200 characters",
        ),
        (
            json!({ "filevault": { "escrow_certificate": "AAAA" } }),
            "/filevault/escrow_certificate: the bytes are not an X.509 certificate in DER",
        ),
    ] {
        assert_eq!(refused(&settings.to_string()), [message]);
        assert_eq!(
            generate("seed", &settings),
            Err(Failure::BadSettings(message.to_owned()))
        );
    }
}

/// Text that is no JSON is refused.
#[test]
fn no_json() {
    assert!(refused("{")[0].starts_with("/: the settings are no JSON: "));
}

/// All mistakes are reported at once, and one of them refuses every profile.
#[test]
fn all_at_once() {
    let mut settings = all();
    settings["firewall"]["a"] = json!(1);
    settings["passcode"]["history"] = json!(0);
    settings["wifi"] = json!({});
    assert_eq!(refused(&settings.to_string()).len(), 3);
    assert!(generate("seed", &settings).is_err());
}

/// `FileVault` without an escrow certificate is refused with the reason.
#[test]
fn filevault_needs_escrow() {
    let settings = json!({ "filevault": {} });
    let refused = refused(&settings.to_string());
    assert_eq!(refused.len(), 1);
    assert!(refused[0].starts_with("/filevault/escrow_certificate: FileVault needs"));
    assert!(matches!(
        generate("seed", &settings),
        Err(Failure::BadSettings(_))
    ));
}

/// A certificate with its private key is refused, and no message shows a value.
#[test]
fn secrets_stay_out_of_messages() {
    let secret = format!("{ESCROW}-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----");
    let settings: Value = json!({
        "filevault": { "escrow_certificate": secret },
        "screenlock": { "module_name": "SECRET\u{0}" },
    });
    let refused = refused(&settings.to_string());
    assert_eq!(refused.len(), 2);
    assert!(refused.iter().all(|message| !message.contains("SECRET")));
}
