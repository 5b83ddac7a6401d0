//! What is wrong with profiles together, as lines of text.
//!
//! Knows nothing of who found it. Invariant: a line begins with the profile that it is about, and its
//! version.

use mooring_server::api::{SetFindingDetail, SetPlace};
use std::fmt::Write as _;

use crate::findings;
use crate::text::{clean, count};

/// Findings under a title; nothing if there are none.
pub(crate) fn section(title: &str, found: &[SetFindingDetail]) -> String {
    if found.is_empty() {
        return String::new();
    }
    let lines: String = found.iter().map(line).collect();
    format!("\n{title}\n{lines}")
}

fn line(found: &SetFindingDetail) -> String {
    let name = found.about.as_ref().map(name).unwrap_or_default();
    let text = findings::render(&name, &found.finding);
    let mut lines = text.lines();
    let mut first = lines.next().unwrap_or_default().to_owned();
    if let Some(other) = &found.other {
        let (line, column) = (other.line, other.column);
        let _ = write!(first, " [{}:{line}:{column}]", name_of(other));
    }
    if found.hosts > 0 {
        let _ = write!(first, " ({})", count(found.hosts, "host"));
    }
    let mut shown = format!("  {first}\n");
    for line in lines {
        let _ = writeln!(shown, "  {line}");
    }
    shown
}

fn name(place: &SetPlace) -> String {
    format!("{} version {}", place.identifier, place.version)
}

fn name_of(place: &SetPlace) -> String {
    clean(&name(place))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that both profiles, their places and the number of hosts are told, with the advice.
    #[test]
    fn told() {
        let found: Vec<SetFindingDetail> = serde_json::from_str(
            r#"[{"severity":"error","rule":"R007","message":"two","hint":"keep one","line":3,
                "column":5,"source":"profile-set","hosts":2,
                "about":{"identifier":"com.example.b","version":4,"line":3,"column":5},
                "other":{"identifier":"com.example.a","version":1,"line":9,"column":7}}]"#,
        )
        .unwrap();
        assert_eq!(
            section("together with others", &found),
            "\ntogether with others\n  com.example.b version 4:3:5 error R007 two \
             [com.example.a version 1:9:7] (2 hosts)\n      hint: keep one\n"
        );
        assert_eq!(section("together with others", &[]), "");
    }
}
