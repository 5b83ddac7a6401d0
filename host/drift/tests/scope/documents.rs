//! The documents of labels and assignments, read and written.

use mooring_drift::scope::{Assignment, LABELS_MAX, Label, LabelName, Reason};
use serde_json::{from_value, json, to_value};

use crate::{names, rule};

/// Both kinds of labels have the form of the API, and are written as they were read.
#[test]
fn labels() {
    for (document, label) in [
        (json!({"kind": "manual"}), Label::Manual),
        (
            json!({"kind": "rule", "rule": "host.os_version >= \"15.0\""}),
            rule("host.os_version >= \"15.0\""),
        ),
    ] {
        assert_eq!(from_value::<Label>(document.clone()).unwrap(), label);
        assert_eq!(to_value(&label).unwrap(), document);
    }
}

/// A wrong label is refused, a rule that cannot be read with its place and hint.
#[test]
fn wrong_labels() {
    for (document, expected) in [
        (
            json!({"kind": "manual", "rule": "true"}),
            "unknown field `rule`",
        ),
        (
            json!({"kind": "rule", "rule": "true", "x": 1}),
            "unknown field `x`",
        ),
        (json!({"kind": "rule"}), "missing field `rule`"),
        (json!({"kind": "both"}), "unknown variant `both`"),
        (json!({"rule": "true"}), "missing field `kind`"),
        (
            json!({"kind": "rule", "rule": "host.os_verion > '1'"}),
            "line 1, column 1: there is no host.os_verion (did you mean host.os_version?)",
        ),
    ] {
        let refused = from_value::<Label>(document.clone())
            .unwrap_err()
            .to_string();
        assert!(refused.contains(expected), "{document}: {refused}");
    }
}

/// Names of labels are short and plain, so that they fit into lists, paths and keys.
#[test]
fn label_names() {
    let longest = "a".repeat(64);
    for text in ["a", "0", "site-berlin_2.x", &longest] {
        assert_eq!(LabelName::parse(text).unwrap().as_str(), text);
    }
    for text in [
        "",
        "A",
        "-a",
        ".a",
        "_a",
        "a b",
        "a/b",
        "ä",
        "a\n",
        &"a".repeat(65),
    ] {
        assert!(LabelName::parse(text).is_err(), "{text:?}");
    }
}

/// An assignment is written without its empty parts and read back the same.
#[test]
fn assignments() {
    let document = json!({
        "include_all": ["a"], "include_any": ["b", "c"], "exclude_any": ["d"],
        "platforms": ["macos", "ios"], "os_min": "14.4.1", "os_max": "15", "percent": 10,
    });
    let read: Assignment = from_value(document.clone()).unwrap();
    assert_eq!(to_value(&read).unwrap(), document);
    assert_eq!(
        read.labels()
            .into_iter()
            .cloned()
            .collect::<std::collections::BTreeSet<_>>(),
        names(&["a", "b", "c", "d"])
    );
    let empty: Assignment = from_value(json!({})).unwrap();
    assert_eq!(
        (to_value(&empty).unwrap(), empty),
        (json!({}), Assignment::default())
    );
    // Every 15.1.x is within 15.
    from_value::<Assignment>(json!({"os_min": "15.1", "os_max": "15"})).unwrap();
}

/// An assignment that is too large or that no host can match is refused with the reason.
#[test]
fn wrong_assignments() {
    let labels = |count: usize| (0..count).map(|n| format!("l{n}")).collect::<Vec<_>>();
    from_value::<Assignment>(json!({"include_any": labels(LABELS_MAX)})).unwrap();
    for (document, expected) in [
        (json!({"include": ["a"]}), "unknown field `include`"),
        (json!({"include_all": ["A"]}), "begins with 'A'"),
        (
            json!({"exclude_any": labels(LABELS_MAX + 1)}),
            "exclude_any names 33 labels; at most 32",
        ),
        (
            json!({"include_all": ["a"], "exclude_any": ["a"]}),
            "label a is included and excluded",
        ),
        (
            json!({"include_any": ["a", "b"], "exclude_any": ["b"]}),
            "label b is included and excluded",
        ),
        (
            json!({"os_min": "15.1", "os_max": "15.0"}),
            "os_min is 15.1, which is later than os_max 15.0",
        ),
        (
            json!({"os_min": "16", "os_max": "15"}),
            "no host would match",
        ),
        (json!({"os_min": 15}), "invalid type: integer"),
        (json!({"os_max": "Sequoia"}), "\"Sequoia\" is not a version"),
        (
            json!({"platforms": ["linux"]}),
            "\"linux\" is not a platform",
        ),
        (
            json!({"percent": 101}),
            "percent is 101; it must be 0 to 100",
        ),
        (json!({"percent": -1}), "invalid value"),
        (json!({"percent": 300}), "invalid value"),
    ] {
        let refused = from_value::<Assignment>(document.clone())
            .unwrap_err()
            .to_string();
        assert!(refused.contains(expected), "{document}: {refused}");
    }
}

/// A reason is a document with three fields.
#[test]
fn reason() {
    let document =
        json!({"rule": "os", "truth": "unknown", "words": "host.os_version is not known"});
    let read: Reason = from_value(document.clone()).unwrap();
    assert_eq!(to_value(&read).unwrap(), document);
}
