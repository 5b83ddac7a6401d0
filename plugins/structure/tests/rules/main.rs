//! Every rule of the catalogue: what breaks it, what comes near and passes.
//!
//! A case changes a sound profile and names all findings that this causes, so that a rule that
//! fires too often fails as well as one that is silent.

#![expect(clippy::unwrap_used, reason = "tests")]

mod corpus;
mod envelope;
mod fixes;
mod fixtures;
mod manifest;
mod payloads;
mod references;
mod values;

use mooring_sdk::testing::{Tree, profile_from_json};
use mooring_sdk::{Context, Device, Finding, Grade, Place, Severity, Validator};
use mooring_structure::Structure;
use serde_json::{Value, json};

/// One change to the sound profile, and the findings it must cause: rule and severity, sorted.
pub(crate) struct Case {
    pub(crate) change: fn(&mut Value),
    pub(crate) lenient: &'static [&'static str],
    pub(crate) strict: &'static [&'static str],
}

/// All tables of cases.
pub(crate) const TABLES: [&[Case]; 4] = [
    envelope::CASES,
    payloads::CASES,
    references::CASES,
    values::CASES,
];

/// A change that is judged alike in both grades.
pub(crate) const fn case(change: fn(&mut Value), expected: &'static [&'static str]) -> Case {
    Case {
        change,
        lenient: expected,
        strict: expected,
    }
}

/// A change that `apple-strict` judges otherwise.
pub(crate) const fn graded(
    change: fn(&mut Value),
    lenient: &'static [&'static str],
    strict: &'static [&'static str],
) -> Case {
    Case {
        change,
        lenient,
        strict,
    }
}

/// A profile without a finding.
pub(crate) fn sound() -> Value {
    json!({
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": "org.mooring.test",
        "PayloadUUID": "5B3A6C04-6B0D-4B8B-8C5C-0C6C5D3F1A01",
        "PayloadDisplayName": "Test",
        "PayloadDescription": "For tests.",
        "PayloadOrganization": "Mooring",
        "PayloadScope": "System",
        "PayloadContent": [payload("com.apple.dock", "dock"), payload("com.apple.font", "font")],
    })
}

/// A payload with its four names, under the sound profile's identifier.
pub(crate) fn payload(kind: &str, name: &str) -> Value {
    let byte = name.bytes().fold(0u8, u8::wrapping_add);
    json!({
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": format!("org.mooring.test.{name}"),
        "PayloadUUID": format!("A7F1C9D2-3E4B-4A6D-9B8F-2D1E0C3B4A{byte:02X}"),
    })
}

/// Takes a key out of a dictionary.
pub(crate) fn remove(dictionary: &mut Value, key: &str) {
    dictionary.as_object_mut().unwrap().remove(key).unwrap();
}

/// Adds a payload to the profile.
pub(crate) fn add(profile: &mut Value, payload: Value) {
    profile["PayloadContent"]
        .as_array_mut()
        .unwrap()
        .push(payload);
}

/// The context of every case: a Mac, on the first day of 2026.
pub(crate) fn context(grade: Grade) -> Context {
    Context {
        grade,
        device: Some(Device {
            platform: "macOS".to_owned(),
            ..Device::default()
        }),
        extra: vec![("today".to_owned(), "2026-01-01".to_owned())],
        ..Context::default()
    }
}

/// The findings about a profile.
pub(crate) fn findings(profile: &Value, context: &Context) -> Vec<Finding> {
    Structure::validate(&profile_from_json(&profile.to_string()), context).unwrap()
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

/// Runs the cases of one table in both grades.
pub(crate) fn run(cases: &[Case]) {
    for (index, case) in cases.iter().enumerate() {
        let mut profile = sound();
        (case.change)(&mut profile);
        for (grade, expected) in [
            (Grade::DeviceLenient, case.lenient),
            (Grade::AppleStrict, case.strict),
        ] {
            let judged = judged(&profile, &context(grade));
            assert_eq!(judged, expected, "case {index}, {grade:?}: {profile:#}");
        }
    }
}

/// The profile that all cases start from has no finding in either grade.
#[test]
fn sound_profile_passes() {
    run(&[case(|_| {}, &[])]);
}

/// Every finding says what to do, and points at a node that exists.
#[test]
fn findings_are_whole() {
    for case in TABLES.into_iter().flatten() {
        let mut profile = sound();
        (case.change)(&mut profile);
        let document = profile_from_json(&profile.to_string());
        for finding in findings(&profile, &context(Grade::DeviceLenient)) {
            let Place::Node(index) = finding.place else {
                panic!("{finding:?}");
            };
            assert!(document.document().node(index).is_some(), "{finding:?}");
            let hint = finding.hint.as_deref().unwrap_or_default();
            assert!(
                !hint.is_empty() && !finding.message.is_empty(),
                "{finding:?}"
            );
        }
    }
}

/// A rule that is broken very often is reported often enough, and other rules are still heard.
#[test]
fn repeated_findings_are_cut() {
    let mut profile = sound();
    for _ in 0..20_000 {
        add(&mut profile, json!({}));
    }
    profile["PayloadScope"] = json!("system");
    let found = findings(&profile, &context(Grade::DeviceLenient));
    assert_eq!(found.len(), 101);
    assert_eq!(found[0].rule, "T009");
    assert!(
        found[100]
            .message
            .ends_with("(further ones like it are not listed)")
    );
}
