//! Settings that are refused or remarked on, each with its JSON pointer.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mooring_enrollment::Enrollment;
use mooring_sdk::{Failure, Finding, Generator, Place, Severity};
use serde_json::{Value, json};

use crate::{CA, acme, everything, generate, scep, with};

/// The findings about settings, all of them errors about the document.
fn refused(settings: &str) -> Vec<Finding> {
    let findings = Enrollment::check_settings(settings);
    for finding in &findings {
        assert_eq!(finding.severity, Severity::Error);
        assert_eq!(finding.rule, "settings");
        assert_eq!(finding.place, Place::Document);
        assert!(finding.hint.is_some(), "{finding:?}");
    }
    findings
}

/// One value at a pointer is refused with one message, by the check and by the generator.
fn check(base: &Value, pointer: &str, value: Value, message: &str) {
    let settings = with(base, pointer, value);
    let message = format!("{pointer}: {message}");
    let findings = refused(&settings.to_string());
    let messages: Vec<_> = findings.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(messages, [message.as_str()], "{settings}");
    let failure = generate("seed", &settings).unwrap_err();
    assert_eq!(failure, Failure::BadSettings(message));
}

/// Sound settings pass, from the least to everything.
#[test]
fn accepted() {
    for settings in [scep(), acme(), everything()] {
        assert_eq!(refused(&settings.to_string()), [], "{settings}");
    }
    for (pointer, value) in [
        ("/server_url", json!("http://127.0.0.1:8080/mdm")),
        ("/check_in_url", json!("http://[::1]:8080/checkin")),
        ("/identity/scep/url", json!("http://localhost:8080/scep")),
        ("/topic", json!("com.apple.mgmt.XServer.1-2")),
        (
            "/identity/scep/ca_fingerprint",
            json!(STANDARD.encode([1; 20])),
        ),
        ("/identity/scep/retries", json!(0)),
        ("/anchors", json!([])),
    ] {
        let settings = with(&scep(), pointer, value);
        assert_eq!(refused(&settings.to_string()), [], "{settings}");
    }
}

/// What is no JSON object is refused, and so is no text at all: there is nothing to fall back on.
#[test]
fn no_object() {
    for settings in ["", " ", "{", "[]", "null", "1"] {
        let findings = refused(settings);
        assert_eq!(findings.len(), 1, "{settings}");
        assert!(
            findings[0]
                .message
                .starts_with("/: the settings are no JSON")
        );
    }
}

/// Every required member is missed by name.
#[test]
fn missing() {
    let messages = |settings: Value| -> Vec<_> {
        let findings = refused(&settings.to_string()).into_iter();
        findings.map(|finding| finding.message).collect()
    };
    assert_eq!(
        messages(json!({})),
        [
            "/server_url: this setting is missing",
            "/topic: this setting is missing",
            "/identity: this setting is missing",
        ]
    );
    for (pointer, value, message) in [
        (
            "/identity",
            json!({}),
            "/identity/scep: neither scep nor acme is there",
        ),
        (
            "/identity",
            json!({ "scep": {} }),
            "/identity/scep/url: this setting is missing",
        ),
        (
            "/identity",
            json!({ "acme": {} }),
            "/identity/acme/directory_url: this setting is missing",
        ),
        (
            "/user_enrollment",
            json!({}),
            "/user_enrollment/managed_apple_id: this setting is missing",
        ),
    ] {
        assert_eq!(messages(with(&scep(), pointer, value)), [message]);
    }
}

/// An unknown member is named at every level, with the known name that is nearest.
#[test]
fn unknown_members() {
    let unknown = "there is no such setting";
    for (base, pointer, nearest) in [
        (scep(), "/display_nam", Some("display_name")),
        (scep(), "/checkInUrl", Some("check_in_url")),
        (scep(), "/password", None),
        (scep(), "/identity/scepp", Some("scep")),
        (scep(), "/identity/scep/keysize", Some("key_size")),
        (acme(), "/identity/acme/key_typ", Some("key_type")),
        (
            everything(),
            "/user_enrollment/managed_apple",
            Some("managed_apple_id"),
        ),
    ] {
        check(&base, pointer, json!(1), unknown);
        let settings = with(&base, pointer, json!(1)).to_string();
        let hint = refused(&settings).remove(0).hint.unwrap();
        let suggestion = hint.strip_prefix("did you mean ");
        let suggestion = suggestion.and_then(|rest| rest.split_once("? ").map(|(name, _)| name));
        assert_eq!(suggestion, nearest, "{pointer}");
        assert!(hint.contains("the settings here are "), "{hint}");
    }
}

/// URLs are refused at their member, each kind of them.
#[test]
fn urls() {
    let plain = "plain http is only for 127.0.0.0/8, [::1] and localhost";
    let url = json!("http://mdm.example.org/x");
    check(&scep(), "/server_url", url.clone(), plain);
    check(&scep(), "/check_in_url", url.clone(), plain);
    check(&scep(), "/identity/scep/url", url.clone(), plain);
    check(&acme(), "/identity/acme/directory_url", url, plain);
    let none = "this is not a URL that begins with https://";
    check(&scep(), "/server_url", json!("mdm.example.org"), none);
    check(&scep(), "/server_url", json!(""), none);
    check(&scep(), "/server_url", json!(null), "this is not a text");
    let login = "the URL has a user name or password";
    check(&scep(), "/server_url", json!("https://a:b@c/"), login);
    let fragment = "the URL has a fragment, which no server would see";
    check(&scep(), "/server_url", json!("https://a/#b"), fragment);
    let host = "the URL has no usable host name";
    check(&scep(), "/server_url", json!("https://"), host);
    let port = "the URL's port is not a number from 1 to 65535";
    check(&scep(), "/server_url", json!("https://a:0/"), port);
    let characters = "the URL has characters that must be written as %XX";
    check(&scep(), "/server_url", json!("https://a/ b"), characters);
    let long = json!(format!("https://a/{}", "b".repeat(2048)));
    check(&scep(), "/server_url", long, "the URL is over 2048 bytes");
}

/// Topics, names and accounts are refused if they are no such thing.
#[test]
fn texts() {
    let topic = "this is no push topic of device management";
    for text in [
        "com.example.app",
        "com.apple.mgmt.",
        "com.apple.mgmt.External.a b",
        "x.com.apple.mgmt.a",
    ] {
        check(&scep(), "/topic", json!(text), topic);
    }
    let line = |max: usize| format!("this is not one line of 1 to {max} characters");
    check(&scep(), "/topic", json!(7), &line(200));
    check(&scep(), "/organization", json!("o".repeat(65)), &line(64));
    check(&scep(), "/display_name", json!("a\nb"), &line(200));
    check(&scep(), "/display_name", json!(""), &line(200));
    check(&scep(), "/identity/scep/name", json!(true), &line(200));
    check(
        &acme(),
        "/identity/acme/client_identifier",
        json!([]),
        &line(200),
    );
    let account = "/user_enrollment/managed_apple_id";
    for text in ["ada", "@example.org", "ada@", "a@b@c", "a b@c"] {
        check(
            &everything(),
            account,
            json!(text),
            "this is no account name",
        );
    }
    check(&everything(), account, json!(null), &line(254));
}

/// No text takes a placeholder, into which the host would fill a secret that people then see.
#[test]
fn placeholders() {
    let message = "this has the beginning of a placeholder, two opening braces";
    let value = || json!("x {{mooring.challenge}}");
    for pointer in [
        "/organization",
        "/display_name",
        "/topic",
        "/identity/scep/name",
    ] {
        check(&scep(), pointer, value(), message);
    }
    check(
        &acme(),
        "/identity/acme/client_identifier",
        value(),
        message,
    );
    let account = "/user_enrollment/managed_apple_id";
    check(&everything(), account, value(), message);
}

/// Objects and flags of another type are refused.
#[test]
fn types() {
    let object = "this is no object of settings";
    for pointer in ["/identity", "/identity/scep", "/user_enrollment"] {
        check(&scep(), pointer, json!(true), object);
    }
    check(&acme(), "/identity/acme", json!(null), object);
    let flag = "this is not true or false";
    for key in [
        "sign_message",
        "user_channel",
        "bootstrap_token",
        "development",
    ] {
        check(&scep(), &format!("/{key}"), json!("yes"), flag);
    }
    check(&acme(), "/identity/acme/hardware_bound", json!(1), flag);
    check(&acme(), "/identity/acme/attest", json!(null), flag);
}

/// SCEP: numbers out of range and fingerprints that are none.
#[test]
fn scep_values() {
    let choices = "this is not one of the choices";
    for value in [json!(1024), json!(2049), json!("2048"), json!(2048.5)] {
        check(&scep(), "/identity/scep/key_size", value, choices);
    }
    let range = |high: i64| format!("this is not a whole number from 0 to {high}");
    check(&scep(), "/identity/scep/retries", json!(-1), &range(100));
    check(&scep(), "/identity/scep/retries", json!(101), &range(100));
    let delay = "/identity/scep/retry_delay";
    check(&scep(), delay, json!(3601), &range(3600));
    let fingerprint = "/identity/scep/ca_fingerprint";
    check(&scep(), fingerprint, json!("no!"), "this is not base64");
    check(&scep(), fingerprint, json!(1), "this is not base64");
    let length = "this is no fingerprint's length";
    check(
        &scep(),
        fingerprint,
        json!(STANDARD.encode([1; 16])),
        length,
    );
}

/// ACME: sizes that do not fit the kind of key, and what hardware cannot do.
#[test]
fn acme_values() {
    let choices = "this is not one of the choices";
    let (kind, size) = ("/identity/acme/key_type", "/identity/acme/key_size");
    let (bound, attest) = ("/identity/acme/hardware_bound", "/identity/acme/attest");
    check(&acme(), kind, json!("EC"), choices);
    check(&acme(), kind, json!(1), choices);
    for value in [192, 2048, 512] {
        check(&acme(), size, json!(value), choices);
    }
    let hardware = with(&acme(), bound, json!(true));
    check(&hardware, size, json!(521), choices);
    let rsa = with(&acme(), kind, json!("RSA"));
    for value in [256, 1024, 2056] {
        check(&rsa, size, json!(value), choices);
    }
    check(
        &rsa,
        bound,
        json!(true),
        "the Secure Enclave makes no RSA keys",
    );
    let soft = "only a hardware-bound key can be attested";
    check(&acme(), attest, json!(true), soft);
    check(&rsa, attest, json!(true), soft);
}

/// A device has one identity, so that two ways to it are refused.
#[test]
fn one_identity() {
    let url = json!({ "directory_url": "https://acme.example.org/directory" });
    let message = "there is scep already, and a device has one identity";
    check(&scep(), "/identity/acme", url, message);
}

/// Anchors are certificates in base64 DER, each once and not too many.
#[test]
fn anchors() {
    let ca = STANDARD.encode(CA);
    let check_at = |at: &str, value: Value, message: &str| {
        let findings = refused(&with(&scep(), "/anchors", value).to_string());
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0].message, format!("/anchors{at}: {message}"));
    };
    check_at("", json!(ca), "this is not a list");
    check_at(
        "",
        json!(vec![&ca; 9]),
        "there are more than 8 certificates",
    );
    check_at("/1", json!([ca, ca]), "this certificate is there twice");
    let none = "this is no X.509 certificate in base64 DER";
    let pem = format!("-----BEGIN CERTIFICATE-----\n{ca}\n-----END CERTIFICATE-----\n");
    for item in [json!("AAAA"), json!("no!"), json!(1), json!(pem)] {
        check_at("/0", json!([item]), none);
    }
}

/// What is accepted with a doubt is remarked on by the check and in the generator's notes.
#[test]
fn remarks() {
    for (pointer, value, rule) in [
        ("/identity/scep/key_size", json!(3072), "key-size"),
        ("/user_channel", json!(false), "user-channel"),
    ] {
        let settings = with(&scep(), pointer, value);
        let findings = Enrollment::check_settings(&settings.to_string());
        assert_eq!(findings.len(), 1);
        let finding = &findings[0];
        assert_eq!(
            (finding.rule.as_str(), finding.severity),
            (rule, Severity::Warning)
        );
        assert!(finding.message.starts_with(pointer) && finding.hint.is_some());
        let notes = generate("seed", &settings).unwrap().notes;
        assert!(notes.contains(finding), "{notes:?}");
    }
}

/// All mistakes are reported at once, and no message shows a value.
#[test]
fn all_at_once_without_values() {
    let mut settings = everything();
    settings["server_url"] = json!("https://SECRET@host/");
    settings["identity"]["scep"]["name"] = json!("SECRET\u{0}");
    settings["identity"]["scep"]["ca_fingerprint"] = json!("SECRET!");
    settings["user_enrollment"]["managed_apple_id"] = json!("SECRET");
    settings["anchors"] = json!(["SECRET"]);
    let findings = refused(&settings.to_string());
    assert_eq!(findings.len(), 5);
    assert!(
        findings
            .iter()
            .all(|f| !format!("{f:?}").contains("SECRET"))
    );
}
