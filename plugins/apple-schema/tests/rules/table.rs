//! The table that the plugin reads: its own, one that the host hands over, and damaged ones.

use mooring_apple_schema::AppleSchema;
use mooring_sdk::testing::profile_from_json;
use mooring_sdk::{Context, Failure, Validator};
use serde_json::json;

use crate::{findings, line, payload, profile};

/// A type of a manifest.
const OTHER: &str = "=\tP\ns!Mode\t=Fast|Slow\ni?Count\t~1|9\nb?On\n";

/// A table with one type.
pub(crate) fn of(name: &str, body: &str) -> String {
    let index = format!("{name}\t0\t{}\n", body.len());
    let bytes = index.len();
    format!("mooring-schema 1\n# by hand\nindex 1 {bytes}\n{index}{body}")
}

fn with_schema(text: &str) -> Context {
    Context {
        extra: vec![("schema".to_owned(), text.to_owned())],
        ..Context::default()
    }
}

/// A table that the host hands over takes the place of the plugin's own: its types are known and
/// judged, and what manifests of users say is advice.
#[test]
fn another_table() {
    let context = with_schema(&of("com.example.app", OTHER));
    let judged = |keys| {
        let profile = profile(&[payload("com.example.app", keys)]);
        let found = findings(&profile, &context);
        found.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(
        judged(json!({"Mode": "Fast", "Count": 9, "Other": 1})),
        Vec::<String>::new()
    );
    assert_eq!(judged(json!({"Mode": "fast"})), ["A003 warning"]);
    assert_eq!(
        judged(json!({"Count": "x", "On": 1})),
        ["A002 warning", "A002 warning"]
    );
    assert_eq!(judged(json!({"Coutn": 1})), ["A006 warning"]);
    let dock = profile(&[payload("com.apple.dock", json!({"tilesize": "x"}))]);
    let found: Vec<_> = findings(&dock, &context).iter().map(line).collect();
    assert_eq!(found, ["L007 warning"]);
}

/// A damaged table is a failure of the plugin and not a verdict.
#[test]
fn damaged_table() {
    let profile = profile_from_json(&profile(&[]).to_string());
    for text in ["", "mooring-schema 2\n", "mooring-schema 1\nindex 3 400\nx"] {
        let failure = AppleSchema::validate(&profile, &with_schema(text)).unwrap_err();
        assert!(matches!(failure, Failure::Other(text) if text.contains("schema update")));
    }
}
