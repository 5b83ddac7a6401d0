//! The generator `{{name}}`: one profile that shows a text at the login window.
//!
//! Every uuid is derived from the seed, which stays the same for the life of a binding, so that the
//! same settings are the same profile.

use mooring_sdk::plist::{self, Value};
use mooring_sdk::{Context, Failure, Finding, Generator, Output};
use uuid::Uuid;

/// Stands in the manifest too.
const IDENTIFIER: &str = "{{id}}.login-text";

struct Plugin;

mooring_sdk::export_generator!(Plugin, include_str!("../manifest.json"));

impl Generator for Plugin {
    fn check_settings(settings: &str) -> Vec<Finding> {
        let wrong = text_of(settings).err();
        wrong
            .into_iter()
            .map(|why| Finding::error_document("settings", why))
            .collect()
    }

    fn generate(seed: &str, context: &Context) -> Result<Vec<Output>, Failure> {
        let text = text_of(&context.settings).map_err(Failure::BadSettings)?;
        Ok(vec![Output {
            key: "login-text".to_owned(),
            profile: plist::write(&profile(seed, &text)),
            notes: Vec::new(),
        }])
    }
}

/// The settings' only member.
fn text_of(settings: &str) -> Result<String, String> {
    let settings: serde_json::Value = serde_json::from_str(settings)
        .map_err(|error| format!("the settings are no JSON: {error}"))?;
    match settings.get("text").and_then(serde_json::Value::as_str) {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        Some(_) => Err("`text` is empty".to_owned()),
        None => Err("`text` is missing, or no text".to_owned()),
    }
}

fn profile(seed: &str, text: &str) -> plist::Dictionary {
    let payload = vec![
        ("PayloadType", "com.apple.loginwindow".into()),
        ("PayloadVersion", Value::Integer(1)),
        (
            "PayloadIdentifier",
            Value::Text(format!("{IDENTIFIER}.window")),
        ),
        ("PayloadUUID", Value::Text(uuid(seed, "window"))),
        ("PayloadDisplayName", "Login window".into()),
        ("LoginwindowText", text.into()),
    ];
    vec![
        ("PayloadType", "Configuration".into()),
        ("PayloadVersion", Value::Integer(1)),
        ("PayloadIdentifier", IDENTIFIER.into()),
        ("PayloadUUID", Value::Text(uuid(seed, "profile"))),
        ("PayloadDisplayName", "Text at the login window".into()),
        (
            "PayloadDescription",
            "Shows a text at the login window.".into(),
        ),
        ("PayloadOrganization", "Example".into()),
        ("PayloadScope", "System".into()),
        (
            "PayloadContent",
            Value::List(vec![Value::Dictionary(payload)]),
        ),
    ]
}

/// The same for the same seed, and another for every other.
fn uuid(seed: &str, what: &str) -> String {
    let name = format!("{seed}/{IDENTIFIER}/{what}");
    Uuid::new_v5(&Uuid::NAMESPACE_URL, name.as_bytes())
        .to_string()
        .to_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text is in the profile, and the uuids follow the seed.
    #[test]
    fn text_and_seed() {
        let context = Context {
            settings: r#"{"text": "Call 4711"}"#.to_owned(),
            ..Context::default()
        };
        let made = |seed| {
            let mut outputs = Plugin::generate(seed, &context).unwrap();
            String::from_utf8(outputs.remove(0).profile).unwrap()
        };
        assert!(made("a").contains("Call 4711"));
        assert_eq!(made("a"), made("a"));
        assert_ne!(made("a"), made("b"));
    }
}
