//! Tests of the reader and the writer.

use std::fmt::Write;

use super::*;

pub(crate) mod properties;
mod tables;
mod tree;
mod view;

/// Reads `text` and renders each finding as `line:column rule`, warnings with `W` in front.
fn check(text: &[u8]) -> String {
    let show = |finding: &Finding| {
        let mark = if finding.severity == crate::finding::Severity::Warning {
            "W "
        } else {
            ""
        };
        assert!(finding.hint.is_some(), "{finding} names no fix");
        format!("{mark}{}:{} {}", finding.line, finding.column, finding.rule)
    };
    match read_xml(text, &ReaderLimits::default()) {
        Ok(read) => read.notices.iter().map(show).collect::<Vec<_>>().join(", "),
        Err(finding) => show(&finding),
    }
}

/// A whole document around `body`, which begins at line 2.
fn plist(body: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\">\n{body}\n</plist>\n")
}

fn table(cases: &[(&str, &str)]) {
    let mut wrong = String::new();
    for (text, expected) in cases {
        let found = check(text.as_bytes());
        if found != *expected {
            writeln!(
                wrong,
                "{text:?}\n  expected {expected:?}\n  found    {found:?}"
            )
            .unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

fn table_of_bodies(cases: &[(&str, &str)]) {
    let texts: Vec<_> = cases.iter().map(|(body, _)| plist(body)).collect();
    let cases: Vec<_> = texts
        .iter()
        .zip(cases)
        .map(|(text, (_, expected))| (text.as_str(), *expected))
        .collect();
    table(&cases);
}
