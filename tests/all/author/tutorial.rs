//! The tutorial's commands, run as they stand in `host/docs/PLUGINS.md`.
//!
//! In a `console` block lines after `$` are run, and what follows must be what they print to standard
//! output; `...` stands for anything. Knows nothing of what the commands do.

use std::path::PathBuf;

use super::workshop::Workshop;
use crate::tidy::root;

/// A command of the page, and what it prints.
struct Step {
    command: String,
    expected: String,
}

fn steps(page: &str) -> Vec<Step> {
    let blocks = page.split("```console\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap_or_default());
    let steps = blocks.flat_map(|block| block.split("$ ").skip(1));
    steps
        .map(|step| {
            let (command, expected) = step.split_once('\n').unwrap_or((step, ""));
            Step {
                command: command.to_owned(),
                expected: expected.to_owned(),
            }
        })
        .collect()
}

/// Whether the parts between the marks stand in `actual`, in order, and nothing else where there is
/// no mark.
fn is_like(expected: &str, actual: &str) -> bool {
    let (expected, mut rest) = (expected.trim_end(), actual.trim_end());
    let parts: Vec<&str> = expected.split("...").collect();
    for (at, part) in parts.iter().enumerate() {
        let (is_first, is_last) = (at == 0, at + 1 == parts.len());
        rest = match (is_first, is_last) {
            (true, true) => return rest == *part,
            (true, false) => match rest.strip_prefix(part) {
                Some(rest) => rest,
                None => return false,
            },
            (false, true) => return rest.ends_with(part),
            (false, false) => match rest.split_once(part) {
                Some((_, rest)) => rest,
                None => return false,
            },
        };
    }
    true
}

/// From nothing to a finding in five commands at most, and everything else that the tutorial shows
/// prints what it says.
#[test]
fn the_tutorial_does_what_it_says() {
    let page = std::fs::read_to_string(root().join("host/docs/PLUGINS.md")).expect("the page");
    let steps = steps(&page);
    let first = steps
        .iter()
        .position(|step| step.expected.contains(" error WIFI-RULES-1 "));
    assert!(
        first.expect("a finding") < 5,
        "the way to a finding got longer"
    );
    let workshop = Workshop::new("tutorial");
    let mut folder = PathBuf::new();
    for Step { command, expected } in &steps {
        if let Some(to) = command.strip_prefix("cd ") {
            folder = match to {
                ".." => folder.parent().expect("a folder").to_owned(),
                to => folder.join(to),
            };
            continue;
        }
        let ran = workshop.shell(&folder, command);
        // A profile with an error is what the tutorial is after.
        let is_finding = ran.code == 6 && command.contains("testdata");
        assert!(ran.code == 0 || is_finding, "`{command}`: {ran:#?}");
        assert!(
            is_like(expected, &ran.out),
            "`{command}` printed\n{}\nand the page says\n{expected}",
            ran.out
        );
    }
    assert!(steps.len() >= 10, "the tutorial lost its commands");
}

/// What the template makes is formatted, and its own tests pass without WebAssembly.
#[test]
fn the_template_is_a_tidy_crate() {
    let workshop = Workshop::new("tidy");
    for role in ["validator", "set-validator", "generator"] {
        let name = format!("tidy-{role}");
        workshop
            .plugin(&format!("new {name} --role {role}"))
            .expect(0);
        let folder = PathBuf::from(&name);
        let tested = workshop.shell(&folder, "cargo test --quiet").expect(0);
        assert!(tested.out.contains("1 passed"), "{tested:#?}");
        if workshop.shell(&folder, "cargo fmt --version").code == 0 {
            let name = format!("cargo fmt --check -p {name}");
            workshop.shell(&folder, &name).expect(0);
        }
    }
}

/// The comparison takes what the marks stand for, and nothing else.
#[test]
fn marks_stand_for_what_varies() {
    for (expected, actual) in [
        ("a\nb\n", "a\nb\n"),
        ("...\nb\n...", "a\n\nb\nc"),
        ("size ... bytes", "size 12 bytes"),
        ("...", ""),
    ] {
        assert!(is_like(expected, actual), "{expected:?} {actual:?}");
    }
    for (expected, actual) in [("a", "a\nb"), ("a ... c", "a b"), ("", "a")] {
        assert!(!is_like(expected, actual), "{expected:?} {actual:?}");
    }
}
