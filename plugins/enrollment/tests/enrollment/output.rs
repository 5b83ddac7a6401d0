//! The profile itself: names, uuids, keys and values.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mooring_enrollment::CHALLENGE;
use mooring_sdk::Severity;
use plist::Dictionary;
use serde_json::{Value, json};

use crate::{
    CA, SECOND, acme, everything, generate, payload, payloads, profile, read, scep, text, with,
};

/// All uuids of a profile, its own last.
fn uuids(profile: &Dictionary) -> Vec<String> {
    let mut uuids: Vec<_> = payloads(profile).iter().map(uuid).collect();
    uuids.push(uuid(profile));
    uuids
}

fn uuid(dictionary: &Dictionary) -> String {
    text(dictionary, "PayloadUUID").to_owned()
}

fn kinds(profile: &Dictionary) -> Vec<String> {
    let payloads = payloads(profile);
    let kinds = payloads.iter().map(|p| text(p, "PayloadType").to_owned());
    kinds.collect()
}

/// The challenge appears exactly once, as the whole value of its key.
#[test]
fn one_placeholder() {
    for (settings, key) in [(scep(), "Challenge"), (acme(), "ClientIdentifier")] {
        let output = generate("seed", &settings).unwrap();
        let xml = String::from_utf8(output.profile).unwrap();
        assert_eq!(xml.matches("{{").count(), 1);
        let lines: Vec<_> = xml.lines().map(str::trim).collect();
        let at = lines.iter().position(|line| line.contains(CHALLENGE));
        let at = at.unwrap();
        assert_eq!(lines[at - 1], format!("<key>{key}</key>"));
        assert_eq!(lines[at], format!("<string>{CHALLENGE}</string>"));
    }
}

/// The `com.apple.mdm` payload refers to the identity in the same profile, whichever it is.
#[test]
fn identity_reference() {
    for (settings, kind) in [
        (scep(), "com.apple.security.scep"),
        (acme(), "com.apple.security.acme"),
        (everything(), "com.apple.security.scep"),
    ] {
        let profile = profile(&settings);
        let mdm = payload(&profile, "com.apple.mdm");
        let identity = payload(&profile, kind);
        assert_eq!(text(&mdm, "IdentityCertificateUUID"), uuid(&identity));
    }
}

/// The rights are those for profiles and queries; none locks, erases or reconfigures a device.
#[test]
fn access_rights() {
    let mdm = payload(&profile(&scep()), "com.apple.mdm");
    let rights = mdm["AccessRights"].as_signed_integer().unwrap();
    assert_eq!(rights, 1 + 2 + 16 + 32 + 256 + 512 + 1024);
    for forbidden in [4, 8, 64, 128, 2048, 4096] {
        assert_eq!(rights & forbidden, 0, "{forbidden}");
    }
    let notes = generate("seed", &scep()).unwrap().notes;
    assert_eq!(notes.len(), 1);
    assert_eq!(
        (notes[0].rule.as_str(), notes[0].severity),
        ("access-rights", Severity::Info)
    );
}

/// User Enrollment names mode and account, and asks for no rights.
#[test]
fn user_enrollment() {
    let account = json!({ "managed_apple_id": "ada@example.org" });
    let settings = with(&scep(), "/user_enrollment", account);
    let mdm = payload(&profile(&settings), "com.apple.mdm");
    assert_eq!(text(&mdm, "EnrollmentMode"), "BYOD");
    assert_eq!(text(&mdm, "AssignedManagedAppleID"), "ada@example.org");
    assert!(!mdm.contains_key("AccessRights"));
    assert_eq!(generate("seed", &settings).unwrap().notes, []);
    let mdm = payload(&profile(&scep()), "com.apple.mdm");
    assert!(!mdm.contains_key("EnrollmentMode") && !mdm.contains_key("AssignedManagedAppleID"));
}

/// The capabilities follow their two settings, and an empty list is left out.
#[test]
fn capabilities() {
    let user = "com.apple.mdm.per-user-connections";
    let token = "com.apple.mdm.bootstraptoken";
    for (has_user, has_token, expected) in [
        (true, true, vec![user, token]),
        (true, false, vec![user]),
        (false, true, vec![token]),
        (false, false, vec![]),
    ] {
        let settings = with(&scep(), "/user_channel", json!(has_user));
        let settings = with(&settings, "/bootstrap_token", json!(has_token));
        let mdm = payload(&profile(&settings), "com.apple.mdm");
        let found = mdm.get("ServerCapabilities").map(|list| {
            let names = list.as_array().unwrap().iter();
            names.map(|name| name.as_string().unwrap()).collect()
        });
        assert_eq!(found, (!expected.is_empty()).then_some(expected));
    }
}

/// ACME: what each kind of key brings with it.
#[test]
fn acme_keys() {
    let made = |key: Value| {
        let mut settings = acme();
        let members = settings["identity"]["acme"].as_object_mut().unwrap();
        members.extend(key.as_object().unwrap().clone());
        let acme = payload(&profile(&settings), "com.apple.security.acme");
        let number = |key: &str| acme[key].as_signed_integer().unwrap();
        let flag = |key: &str| acme[key].as_boolean().unwrap();
        (
            text(&acme, "KeyType").to_owned(),
            number("KeySize"),
            number("UsageFlags"),
            flag("HardwareBound"),
            flag("Attest"),
        )
    };
    let ec = || "ECSECPrimeRandom".to_owned();
    assert_eq!(made(json!({})), (ec(), 256, 1, false, false));
    assert_eq!(
        made(json!({ "key_size": 384, "hardware_bound": true, "attest": true })),
        (ec(), 384, 1, true, true)
    );
    assert_eq!(
        made(json!({ "key_size": 521 })),
        (ec(), 521, 1, false, false)
    );
    let rsa = || "RSA".to_owned();
    assert_eq!(
        made(json!({ "key_type": "RSA" })),
        (rsa(), 2048, 5, false, false)
    );
    assert_eq!(
        made(json!({ "key_type": "RSA", "key_size": 4096 })),
        (rsa(), 4096, 5, false, false)
    );
}

/// A client identifier of the administrator's takes the place of the challenge.
#[test]
fn acme_client_identifier() {
    let settings = with(&acme(), "/identity/acme/client_identifier", json!("C02"));
    let acme = payload(&profile(&settings), "com.apple.security.acme");
    assert_eq!(text(&acme, "ClientIdentifier"), "C02");
}

/// Each anchor is a payload before everything else, with its bytes unchanged; its names stay when
/// other anchors come and go.
#[test]
fn anchors() {
    let anchored = |list: &[&[u8]]| {
        let list: Vec<_> = list.iter().map(|der| STANDARD.encode(der)).collect();
        profile(&with(&scep(), "/anchors", json!(list)))
    };
    let (both, one) = (anchored(&[CA, SECOND]), anchored(&[SECOND]));
    let root = "com.apple.security.root";
    let expected = [root, root, "com.apple.security.scep", "com.apple.mdm"];
    assert_eq!(kinds(&both), expected);
    for (payload, der) in payloads(&both).iter().zip([CA, SECOND]) {
        assert_eq!(payload["PayloadContent"].as_data(), Some(der));
    }
    assert_eq!(payloads(&both)[1], payloads(&one)[0]);
    let none = anchored(&[]);
    assert_eq!(kinds(&none), expected[2..]);
    assert_eq!(none, profile(&scep()));
}

/// The same seed and settings give the same bytes; another seed gives other uuids and the same
/// identifiers.
#[test]
fn determined_by_seed() {
    for settings in [scep(), acme(), everything()] {
        let made = |seed| generate(seed, &settings).unwrap();
        assert_eq!(made("a"), made("a"));
        let (a, b) = (read(&made("a")), read(&made("b")));
        let of_a: BTreeSet<_> = uuids(&a).into_iter().collect();
        assert_eq!(of_a.len(), payloads(&a).len() + 1);
        assert!(uuids(&b).iter().all(|uuid| !of_a.contains(uuid)));
        for (a, b) in payloads(&a).iter().zip(payloads(&b)) {
            assert_eq!(text(a, "PayloadIdentifier"), text(&b, "PayloadIdentifier"));
        }
    }
}

/// Other values leave the payloads' uuids alone, since a renewal must update them in place, and
/// change the profile's own, by which a newer profile is told from an older.
#[test]
fn uuids_follow_slots() {
    let (now, later) = (
        profile(&scep()),
        profile(&with(&scep(), "/identity/scep/key_size", json!(4096))),
    );
    let (now, later) = (uuids(&now), uuids(&later));
    assert_eq!(now[..2], later[..2]);
    assert_ne!(now[2], later[2]);
}
