//! Cases of L007 to L009.

use serde_json::json;

use crate::{Case, case, graded, on, payload, run};

pub(crate) const CASES: &[Case] = &[
    // L007: a slip in a name of Apple's, one that is like no other, and what passes.
    case(
        || vec![payload("com.apple.dokc", json!({}))],
        &["L007 error"],
    ),
    graded(
        || vec![payload("com.apple.nonsense.thing", json!({}))],
        &["L007 warning"],
        &["L007 error"],
    ),
    // An older type that ends otherwise than its successor is no slip.
    graded(
        || vec![payload("com.apple.familycontrols.timelimits", json!({}))],
        &["L007 warning"],
        &["L007 error"],
    ),
    case(|| vec![payload("com.apple.dock", json!({}))], &[]),
    case(|| vec![payload("com.apple.Safari", json!({}))], &[]),
    case(|| vec![payload("com.example.app", json!({}))], &[]),
    case(|| vec![payload("Settings", json!({}))], &["L007 warning"]),
    on(
        "iOS 17.0",
        || vec![payload("com.example.app", json!({}))],
        &["L007 warning"],
    ),
    // The pseudo types of the data are no payload types.
    case(
        || vec![payload("CommonPayloadKeys", json!({}))],
        &["L007 warning"],
    ),
    // L008
    case(
        || vec![payload("com.apple.Dock", json!({}))],
        &["L008 error"],
    ),
    case(
        || vec![payload("com.apple.safari", json!({}))],
        &["L008 error"],
    ),
    // L009
    case(
        || vec![payload("com.apple.dock", json!({})); 2],
        &["L009 error"],
    ),
    case(
        || {
            let font = payload("com.apple.font", json!({"Font": {"$data": "00"}}));
            vec![font; 2]
        },
        &[],
    ),
];

/// Every case comes out as it says.
#[test]
fn cases() {
    run(CASES);
}

/// L008 has one safe answer, and L007 names what is near.
#[test]
fn answers() {
    let judged = |kind: &str| {
        let profile = crate::profile(&[payload(kind, json!({}))]);
        let mut found = crate::findings(&profile, &mooring_sdk::Context::default());
        found.remove(0)
    };
    let fix = (
        "fix".to_owned(),
        "value <string>com.apple.dock</string>".to_owned(),
    );
    assert_eq!(judged("com.apple.DOCK").extra, [fix]);
    let near = judged("com.apple.wifi.manageed");
    assert!(
        near.hint
            .unwrap()
            .starts_with("com.apple.wifi.managed is one")
    );
    assert!(near.extra.is_empty());
}
