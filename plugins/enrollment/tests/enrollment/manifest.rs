//! The manifest and the generator say the same.

use std::collections::BTreeSet;

use mooring_enrollment::Enrollment;
use mooring_sdk::Generator;
use serde_json::{Value, json};

use crate::{acme, everything, generate, payloads, profile, read, scep, text, with};

fn manifest() -> Value {
    serde_json::from_str(include_str!("../../manifest.json")).unwrap()
}

/// The schema of the object at a pointer of the settings.
fn schema(manifest: &Value, pointer: &str) -> Value {
    let mut schema = &manifest["settings_schema"];
    for key in pointer.split('/').filter(|key| !key.is_empty()) {
        schema = &schema["properties"][key];
    }
    schema.clone()
}

/// Every object that the settings have, with settings that have it.
fn objects() -> [(&'static str, Value); 5] {
    [
        ("", scep()),
        ("/identity", scep()),
        ("/identity/scep", scep()),
        ("/identity/acme", acme()),
        ("/user_enrollment", everything()),
    ]
}

/// It makes the enrollment profile, and no built-in that could be enabled.
#[test]
fn no_builtin() {
    let manifest = manifest();
    assert_eq!(manifest["profiles"], json!([]));
    assert_eq!(manifest["roles"], json!(["generator"]));
    let profile = profile(&scep());
    assert_eq!(
        text(&profile, "PayloadIdentifier"),
        "com.mooring.enrollment"
    );
    assert_eq!(generate("seed", &scep()).unwrap().key, "enrollment");
}

/// The payload types of the manifest are those of the output.
#[test]
fn payload_types() {
    let manifest = manifest();
    let listed = manifest["payload_types"].as_array().unwrap().iter();
    let listed: BTreeSet<_> = listed
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    let outputs = [everything(), acme()].map(|settings| generate("seed", &settings).unwrap());
    let payloads = outputs.iter().flat_map(|output| payloads(&read(output)));
    let made: BTreeSet<_> = payloads
        .map(|payload| text(&payload, "PayloadType").to_owned())
        .collect();
    assert_eq!(listed, made);
}

/// Every rule that findings and notes carry is listed, with its severity.
#[test]
fn rules() {
    let manifest = manifest();
    let listed = manifest["rules"].as_array().unwrap().iter();
    let listed: BTreeSet<_> = listed
        .map(|rule| {
            let severity = rule["severity"].as_str().unwrap();
            (rule["id"].as_str().unwrap().to_owned(), severity.to_owned())
        })
        .collect();
    let doubtful = with(&scep(), "/identity/scep/key_size", json!(3072));
    let doubtful = with(&doubtful, "/user_channel", json!(false));
    let mut findings = Enrollment::check_settings("{}");
    findings.extend(generate("seed", &doubtful).unwrap().notes);
    let reported: BTreeSet<_> = findings
        .into_iter()
        .map(|finding| {
            let severity = format!("{:?}", finding.severity).to_lowercase();
            (finding.rule, severity)
        })
        .collect();
    assert_eq!(listed, reported);
}

/// The generator reads every setting of the schema, and the schema has every setting it reads.
#[test]
fn settings_are_listed() {
    let manifest = manifest();
    for (pointer, settings) in objects() {
        let settings = with(&settings, &format!("{pointer}/0"), json!(1));
        let refused = Enrollment::check_settings(&settings.to_string());
        let hint = refused[0].hint.clone().unwrap();
        let (_, known) = hint.split_once(" are ").unwrap();
        let known: BTreeSet<_> = known.split(", ").map(str::to_owned).collect();
        let schema = schema(&manifest, pointer);
        let listed = schema["properties"].as_object().unwrap();
        let listed: BTreeSet<_> = listed.keys().cloned().collect();
        assert_eq!(known, listed, "{pointer}");
        assert_eq!(schema["additionalProperties"], false, "{pointer}");
    }
}

/// Writing down every default of the schema changes nothing; leaving out what it requires is
/// refused.
#[test]
fn defaults_and_required() {
    let manifest = manifest();
    for (pointer, settings) in objects() {
        let schema = schema(&manifest, pointer);
        for (member, of_member) in schema["properties"].as_object().unwrap() {
            let at = format!("{pointer}/{member}");
            if let Some(default) = of_member.get("default")
                && settings.pointer(&at).is_none()
            {
                let written = with(&settings, &at, default.clone());
                assert_eq!(generate("s", &written), generate("s", &settings), "{at}");
            }
        }
        for required in schema["required"].as_array().into_iter().flatten() {
            let mut without = settings.clone();
            let object = without.pointer_mut(pointer).unwrap().as_object_mut();
            object.unwrap().remove(required.as_str().unwrap()).unwrap();
            assert!(generate("s", &without).is_err(), "{pointer} {required}");
        }
    }
}

/// The bounds and choices of the schema are accepted, and one step beyond a bound is not.
#[test]
fn bounds() {
    let manifest = manifest();
    for (pointer, settings) in objects() {
        let schema = schema(&manifest, pointer);
        for (member, schema) in schema["properties"].as_object().unwrap() {
            let at = format!("{pointer}/{member}");
            let passes = |value: Value| generate("s", &with(&settings, &at, value)).is_ok();
            let bound = |name: &str| schema.get(name).and_then(Value::as_i64);
            if let (Some(low), Some(high)) = (bound("minimum"), bound("maximum")) {
                assert!(passes(json!(low)) && passes(json!(high)), "{at}");
                assert!(!passes(json!(low - 1)) && !passes(json!(high + 1)), "{at}");
            }
            // The sizes of ACME depend on the kind of key, which its own tests go through.
            if let Some(choices) = schema.get("enum")
                && at != "/identity/acme/key_size"
            {
                let choices = choices.as_array().unwrap();
                assert!(choices.iter().all(|choice| passes(choice.clone())), "{at}");
            }
        }
    }
}

/// The manifest's own test vectors come out as it says.
#[test]
fn self_tests() {
    let manifest = manifest();
    for vector in manifest["self_tests"].as_array().unwrap() {
        let (name, settings) = (&vector["name"], &vector["settings"]);
        let Some(seed) = vector["seed"].as_str() else {
            let findings = Enrollment::check_settings(&settings.to_string());
            let rules: Vec<_> = findings.into_iter().map(|finding| finding.rule).collect();
            assert_eq!(json!(rules), vector["expect"], "{name}");
            continue;
        };
        if vector.get("fails").is_some() {
            let failure = generate(seed, settings).unwrap_err();
            assert!(
                matches!(failure, mooring_sdk::Failure::BadSettings(_)),
                "{name}"
            );
            continue;
        }
        let outputs = [generate(seed, settings).unwrap()];
        let (keys, notes): (Vec<_>, Vec<_>) =
            outputs.into_iter().map(|it| (it.key, it.notes)).unzip();
        let rules: Vec<_> = notes.into_iter().flatten().map(|note| note.rule).collect();
        assert_eq!(json!(keys), vector["makes"], "{name}");
        let expected = vector.get("expect").cloned().unwrap_or(json!([]));
        assert_eq!(json!(rules), expected, "{name}");
    }
}
