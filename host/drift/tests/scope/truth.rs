//! Kleene's logic, written out.

use mooring_drift::scope::Truth::{self, No, Unknown, Yes};

const ALL: [Truth; 3] = [No, Unknown, Yes];

/// The tables of and, or and not are Kleene's.
#[test]
fn tables() {
    let and = [[No, No, No], [No, Unknown, Unknown], [No, Unknown, Yes]];
    let or = [[No, Unknown, Yes], [Unknown, Unknown, Yes], [Yes, Yes, Yes]];
    for (i, a) in ALL.into_iter().enumerate() {
        for (j, b) in ALL.into_iter().enumerate() {
            assert_eq!(a.and(b), and[i][j], "{a} and {b}");
            assert_eq!(a.or(b), or[i][j], "{a} or {b}");
            assert_eq!(Truth::all([a, b]), a.and(b));
            assert_eq!(Truth::any([a, b]), a.or(b));
            assert_eq!(!(a.and(b)), (!a).or(!b), "de Morgan, {a} and {b}");
        }
    }
    assert_eq!(ALL.map(|truth| !truth), [Yes, Unknown, No]);
    assert_eq!((Truth::all([]), Truth::any([])), (Yes, No));
}

/// The words of documents are those that people see.
#[test]
fn words() {
    for truth in ALL {
        let text = serde_json::to_string(&truth).unwrap();
        assert_eq!(text, format!("{:?}", truth.to_string()));
        assert_eq!(serde_json::from_str::<Truth>(&text).unwrap(), truth);
    }
}
