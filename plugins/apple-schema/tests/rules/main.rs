//! Every rule of the plugin: what breaks it, and what comes near and passes.
//!
//! A case is a list of payloads and a target, with all findings that they cause in both grades, so
//! that a rule that fires too often fails as well as one that is silent.

#![expect(clippy::unwrap_used, reason = "tests")]

mod conditions;
mod corpus;
mod fixtures;
mod keys;
mod manifest;
mod table;
mod targets;
mod types;
mod values;

use mooring_apple_schema::AppleSchema;
use mooring_sdk::testing::{Tree, profile_from_json};
use mooring_sdk::{Context, Device, Finding, Grade, Severity, Validator};
use serde_json::{Value, json};

/// Payloads, where they go, and the findings that they must cause: rule and severity, sorted.
pub(crate) struct Case {
    pub(crate) target: &'static str,
    pub(crate) payloads: fn() -> Vec<Value>,
    pub(crate) lenient: &'static [&'static str],
    pub(crate) strict: &'static [&'static str],
}

/// A case without a target that both grades judge alike.
pub(crate) const fn case(payloads: fn() -> Vec<Value>, expected: &'static [&'static str]) -> Case {
    on("", payloads, expected)
}

/// The same with a target: words such as `macOS 14.1 user supervised enrollment=local`.
pub(crate) const fn on(
    target: &'static str,
    payloads: fn() -> Vec<Value>,
    expected: &'static [&'static str],
) -> Case {
    Case {
        target,
        payloads,
        lenient: expected,
        strict: expected,
    }
}

/// A case that `apple-strict` judges otherwise.
pub(crate) const fn graded(
    payloads: fn() -> Vec<Value>,
    lenient: &'static [&'static str],
    strict: &'static [&'static str],
) -> Case {
    Case {
        target: "",
        payloads,
        lenient,
        strict,
    }
}

/// Every case there is.
pub(crate) fn all_cases() -> impl Iterator<Item = &'static Case> {
    let tables = [
        types::CASES,
        keys::CASES,
        values::CASES,
        targets::CASES,
        conditions::CASES,
    ];
    tables.into_iter().flatten()
}

/// A payload of a type with these keys beside its four names.
pub(crate) fn payload(kind: &str, keys: Value) -> Value {
    let mut payload = json!({
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": "org.mooring.test.payload",
        "PayloadUUID": "A7F1C9D2-3E4B-4A6D-9B8F-2D1E0C3B4A05",
    });
    let Value::Object(keys) = keys else {
        panic!("keys are an object")
    };
    payload.as_object_mut().unwrap().extend(keys);
    payload
}

/// A profile of these payloads.
pub(crate) fn profile(payloads: &[Value]) -> Value {
    json!({
        "PayloadType": "Configuration",
        "PayloadVersion": 1,
        "PayloadIdentifier": "org.mooring.test",
        "PayloadUUID": "5B3A6C04-6B0D-4B8B-8C5C-0C6C5D3F1A01",
        "PayloadContent": payloads,
    })
}

/// The context that the words of a case stand for.
pub(crate) fn context(words: &str, grade: Grade) -> Context {
    let mut context = Context {
        grade,
        ..Context::default()
    };
    let mut device = Device {
        channel: "device".to_owned(),
        ..Device::default()
    };
    for word in words.split_whitespace() {
        match word {
            "user" => "user".clone_into(&mut device.channel),
            "supervised" => device.supervised = Some(true),
            "unsupervised" => device.supervised = Some(false),
            word => match word.split_once('=') {
                Some((key, value)) => context.extra.push((key.to_owned(), value.to_owned())),
                None if word.starts_with(char::is_numeric) => {
                    device.os_version = Some(word.to_owned());
                }
                None => word.clone_into(&mut device.platform),
            },
        }
    }
    if !device.platform.is_empty() {
        context.device = Some(device);
    }
    context
}

/// The findings about a profile.
pub(crate) fn findings(profile: &Value, context: &Context) -> Vec<Finding> {
    AppleSchema::validate(&profile_from_json(&profile.to_string()), context).unwrap()
}

/// Rule and severity of a finding.
pub(crate) fn line(finding: &Finding) -> String {
    let severity = match finding.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    format!("{} {severity}", finding.rule)
}

/// Runs the cases of one table in both grades.
pub(crate) fn run(cases: &[Case]) {
    for (index, case) in cases.iter().enumerate() {
        let profile = profile(&(case.payloads)());
        for (grade, expected) in [
            (Grade::DeviceLenient, case.lenient),
            (Grade::AppleStrict, case.strict),
        ] {
            let found = findings(&profile, &context(case.target, grade));
            let mut lines: Vec<_> = found.iter().map(line).collect();
            lines.sort();
            lines.dedup();
            assert_eq!(
                lines, expected,
                "case {index}, {grade:?}: {found:#?} {profile:#}"
            );
        }
    }
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

/// Every finding says what to do.
#[test]
fn findings_have_hints() {
    for case in all_cases() {
        let profile = profile(&(case.payloads)());
        for finding in findings(&profile, &context(case.target, Grade::DeviceLenient)) {
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
    let mut payloads = vec![payload("com.apple.font", json!({})); 5_000];
    payloads.push(payload("com.apple.dock", json!({"tilesize": "x"})));
    let found = findings(&profile(&payloads), &Context::default());
    assert_eq!(found.len(), 101);
    assert!(
        found[99]
            .message
            .ends_with("(further ones like it are not listed)")
    );
    assert_eq!(found[100].rule, "A002");
}

/// A payload of very many unknown keys, and very many payloads of unknown types, end soon: looking
/// for what was meant is limited.
#[test]
fn strangers_are_cheap() {
    let mut many = payload("com.apple.applicationaccess", json!({}));
    for number in 0..20_000 {
        many[format!("allowSomethingElse{number}")] = json!(true);
    }
    let mut payloads = vec![many];
    payloads.extend((0..5_000).map(|n| payload(&format!("com.apple.stranger{n}"), json!({}))));
    let found = findings(&profile(&payloads), &Context::default());
    assert_eq!(found.len(), 200);
}
