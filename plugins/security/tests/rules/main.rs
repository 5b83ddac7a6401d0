//! Every rule of the catalogue: what breaks it, what comes near and passes.
//!
//! A case is a payload in a profile that is sound otherwise, and names all findings that it causes,
//! so that a rule that fires too often fails as well as one that is silent.

#![expect(clippy::unwrap_used, reason = "tests")]

mod certificates;
mod corpus;
mod der;
mod devices;
mod fixtures;
mod manifest;
mod networks;
mod secrets;

use mooring_sdk::testing::{Tree, profile_from_json};
use mooring_sdk::{Context, Device, Finding, Place, Severity, Validator};
use mooring_security::Security;
use serde_json::{Value, json};

/// A payload, and the findings that it must cause: rule and severity, sorted, each once.
pub(crate) struct Case {
    pub(crate) payload: fn() -> Value,
    pub(crate) expected: &'static [&'static str],
}

/// A case.
pub(crate) const fn case(payload: fn() -> Value, expected: &'static [&'static str]) -> Case {
    Case { payload, expected }
}

/// All tables of cases.
const TABLES: &[&[Case]] = &[
    certificates::AUTHORITIES,
    certificates::LIFETIMES,
    certificates::IDENTITIES,
    secrets::CLEAR_SECRETS,
    secrets::REQUIREMENTS,
    secrets::SERVICES,
    networks::WIRELESS,
    networks::PROXIES,
    networks::TUNNELS,
    networks::ROUTES,
    devices::POLICIES,
    devices::CODE,
    devices::LOGIN,
    devices::IDENTITIES,
];

/// Every case of every table.
pub(crate) fn tables() -> impl Iterator<Item = &'static Case> {
    TABLES.iter().copied().flatten()
}

/// A profile with one payload.
pub(crate) fn profile_with(payload: Value) -> Value {
    profile_of(vec![payload])
}

/// A profile with some payloads, to each of which the names are added.
pub(crate) fn profile_of(payloads: Vec<Value>) -> Value {
    let named = |(index, mut payload): (usize, Value)| {
        payload["PayloadVersion"] = json!(1);
        payload["PayloadIdentifier"] = json!(format!("org.mooring.test.{index}"));
        payload["PayloadUUID"] = json!(format!("A7F1C9D2-3E4B-4A6D-9B8F-2D1E0C3B4A{index:02X}"));
        payload
    };
    json!({
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": "org.mooring.test",
        "PayloadUUID": "5B3A6C04-6B0D-4B8B-8C5C-0C6C5D3F1A01",
        "PayloadDisplayName": "Test",
        "PayloadScope": "System",
        "PayloadContent": payloads.into_iter().enumerate().map(named).collect::<Vec<_>>(),
    })
}

/// One payload of preferences: one domain with one frequency and one key.
pub(crate) fn preferences(domain: &str, frequency: &str, key: &str, value: Value) -> Value {
    let mut settings = json!({});
    settings[key] = value;
    json!({
        "PayloadType": "com.apple.ManagedClient.preferences",
        "PayloadContent": { domain: { frequency: [{ "mcx_preference_settings": settings }] } },
    })
}

/// The context of every case: a Mac that is not supervised, on the first day of 2026.
pub(crate) fn context() -> Context {
    Context {
        device: Some(Device {
            platform: "macOS".to_owned(),
            supervised: Some(false),
            ..Device::default()
        }),
        extra: vec![("today".to_owned(), "2026-01-01".to_owned())],
        ..Context::default()
    }
}

/// The findings about a profile.
pub(crate) fn findings(profile: &Value, context: &Context) -> Vec<Finding> {
    Security::validate(&profile_from_json(&profile.to_string()), context).unwrap()
}

/// Rule and severity of the findings, sorted, each once.
pub(crate) fn judged(profile: &Value, context: &Context) -> Vec<String> {
    let mut lines: Vec<_> = findings(profile, context).iter().map(line).collect();
    lines.sort();
    lines.dedup();
    lines
}

fn line(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    format!("{} {severity}", finding.rule)
}

/// The tree of a property list that was read; `None` if it holds what a profile cannot.
pub(crate) fn tree(value: &plist::Value) -> Option<Tree> {
    Some(match value {
        plist::Value::Dictionary(entries) => Tree::Dictionary(
            entries
                .iter()
                .map(|(key, value)| Some((key.clone(), tree(value)?)))
                .collect::<Option<_>>()?,
        ),
        plist::Value::Array(items) => Tree::Array(items.iter().map(tree).collect::<Option<_>>()?),
        plist::Value::String(text) => Tree::String(text.clone()),
        plist::Value::Boolean(value) => Tree::Boolean(*value),
        plist::Value::Real(number) => Tree::Real(*number),
        plist::Value::Data(bytes) => Tree::Data(bytes.clone()),
        plist::Value::Date(date) => Tree::Date(date.to_xml_format()),
        plist::Value::Integer(number) => match (number.as_signed(), number.as_unsigned()) {
            (Some(number), _) => Tree::Integer(number.into()),
            (_, Some(number)) => Tree::Integer(number.into()),
            _ => return None,
        },
        plist::Value::Uid(_) | _ => return None,
    })
}

/// Every case causes the findings that it names, and no others.
#[test]
fn cases() {
    for case in tables() {
        let profile = profile_with((case.payload)());
        assert_eq!(judged(&profile, &context()), case.expected, "{profile:#}");
    }
}

/// Every finding says what to do, and points at a node that exists.
#[test]
fn findings_are_whole() {
    for case in tables() {
        let profile = profile_with((case.payload)());
        let document = profile_from_json(&profile.to_string());
        for finding in findings(&profile, &context()) {
            let hint = finding.hint.as_deref().unwrap_or_default();
            assert!(
                !hint.is_empty() && !finding.message.is_empty(),
                "{finding:?}"
            );
            let Place::Node(index) = finding.place else {
                panic!("{finding:?}");
            };
            assert!(document.document().node(index).is_some(), "{finding:?}");
        }
    }
}

/// No message and no hint repeats a secret or an address.
#[test]
fn secrets_stay_secret() {
    const SECRETS: [&str; 4] = ["s3cr3t", "PRIVATE KEY", "company.com/", "alert("];
    let mut seen = 0;
    for case in tables() {
        let profile = profile_with((case.payload)());
        let text = profile.to_string();
        for finding in findings(&profile, &context()) {
            let said = format!("{finding:?}");
            for secret in SECRETS.iter().filter(|secret| text.contains(**secret)) {
                seen += 1;
                assert!(!said.contains(secret), "{said}");
            }
        }
    }
    assert!(seen > 10, "only {seen} cases hold a secret");
}

/// A rule that is broken very often is reported often enough, and other rules are still heard.
#[test]
fn repeated_findings_are_cut() {
    let clip = || json!({"PayloadType": "com.apple.webClip.managed", "URL": "file:///a"});
    let mut payloads = vec![clip(); 500];
    payloads.push(json!({"PayloadType": "com.apple.mdm"}));
    let found = findings(&profile_of(payloads), &context());
    assert_eq!(found.len(), 101);
    assert_eq!(found[0].rule, "X001");
    assert!(
        found[100]
            .message
            .ends_with("(further ones like it are not listed)")
    );
}

/// A profile made of odd kinds throughout is judged without a panic.
#[test]
fn odd_kinds() {
    for odd in [
        json!(1),
        json!("x"),
        json!([]),
        json!({}),
        json!(true),
        json!(1.5),
    ] {
        findings(&odd, &context());
        for case in tables() {
            let payload = (case.payload)();
            for key in payload.as_object().unwrap().keys() {
                let mut payload = payload.clone();
                if key != "PayloadType" {
                    payload[key] = odd.clone();
                }
                findings(&profile_with(payload), &context());
            }
        }
    }
}
