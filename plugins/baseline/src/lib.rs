//! The generator `baseline`: the profiles that come with Mooring.
//!
//! Firewall, Gatekeeper, passcode, screen lock and `FileVault`, each under its own fixed identifier, so
//! that a newer plugin updates what an older one made. The settings are one JSON object with one
//! member for each profile that is enabled; without a member a profile is not made, so without
//! settings there are none. It knows nothing of hosts, of storage or of what was made before.
//!
//! Invariant: the output depends on the seed and the settings alone. Identifiers depend on neither;
//! payload uuids on seed, identifier and slot, not on values: devices update a payload in place
//! where its uuid stays, and remove and add it where the uuid changes.

mod builtins;
mod certificate;
mod fields;
mod profile;

use mooring_sdk::{Context, Failure, Finding, Generator, Output};
use serde_json::{Map, Value};

use crate::builtins::{BUILTINS, Builtin};
use crate::fields::{Fields, refusal};
use crate::profile::Naming;

/// The plugin.
pub struct Baseline;

impl Generator for Baseline {
    fn check_settings(settings: &str) -> Vec<Finding> {
        match make("", settings) {
            Ok(_) => Vec::new(),
            Err(findings) => findings,
        }
    }

    fn generate(seed: &str, context: &Context) -> Result<Vec<Output>, Failure> {
        make(seed, &context.settings).map_err(|findings| {
            let messages: Vec<_> = findings
                .into_iter()
                .map(|finding| finding.message)
                .collect();
            Failure::BadSettings(messages.join("; "))
        })
    }
}

/// Makes what the settings enable, in the fixed order of the table, or says all that is wrong.
fn make(seed: &str, settings: &str) -> Result<Vec<Output>, Vec<Finding>> {
    let enabled = parse(settings)?;
    let mut outputs = Vec::new();
    let mut findings = unknown_names(&enabled);
    for builtin in BUILTINS {
        let Some(value) = enabled.get(builtin.key) else {
            continue;
        };
        match make_one(builtin, seed, value) {
            Ok(output) => outputs.push(output),
            Err(found) => findings.extend(found),
        }
    }
    if findings.is_empty() {
        Ok(outputs)
    } else {
        Err(findings)
    }
}

fn make_one(builtin: &Builtin, seed: &str, value: &Value) -> Result<Output, Vec<Finding>> {
    let Some(members) = value.as_object() else {
        let hint = "give {} for the defaults; leave the member out to have no such profile";
        let pointer = format!("/{}", builtin.key);
        return Err(vec![refusal(
            &pointer,
            "this is no object of settings",
            hint,
        )]);
    };
    let naming = Naming {
        seed,
        identifier: builtin.identifier,
    };
    let mut fields = Fields::new(builtin.key, members);
    let payloads = (builtin.payloads)(&mut fields, &naming);
    let findings = fields.finish();
    if !findings.is_empty() {
        return Err(findings);
    }
    Ok(Output {
        key: builtin.key.to_owned(),
        profile: profile::write(builtin, &naming, &payloads),
        notes: (builtin.notes)(),
    })
}

/// The settings' members; no text at all means none.
fn parse(settings: &str) -> Result<Map<String, Value>, Vec<Finding>> {
    let hint = "give a JSON object with one member for each profile to enable, such as \
                {\"firewall\": {}}";
    if settings.trim().is_empty() {
        return Ok(Map::new());
    }
    match serde_json::from_str(settings) {
        Ok(Value::Object(members)) => Ok(members),
        Ok(_) => Err(vec![refusal("/", "the settings are no JSON object", hint)]),
        Err(error) => {
            let message = format!("the settings are no JSON: {error}");
            Err(vec![refusal("/", &message, hint)])
        }
    }
}

fn unknown_names(enabled: &Map<String, Value>) -> Vec<Finding> {
    let is_known = |name: &str| BUILTINS.iter().any(|builtin| builtin.key == name);
    let unknown = enabled.keys().filter(|name| !is_known(name));
    let known: Vec<_> = BUILTINS.iter().map(|builtin| builtin.key).collect();
    let hint = format!("the profiles are {}", known.join(", "));
    unknown
        .map(|name| refusal(&format!("/{name}"), "there is no such profile", &hint))
        .collect()
}

mooring_sdk::export_generator!(Baseline, include_str!("../manifest.json"));
