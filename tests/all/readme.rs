//! The README's commands, run as they stand there.
//!
//! A `sh` block is a set-up line. In a `console` block lines after `$` are run in order in one
//! folder, and what follows must be what they print; `...` stands for anything, on a line or in it. A
//! `console` block without `$` shows what the set-up line before it prints. Knows nothing of what
//! the commands do. Invariant: nothing listens on a port that the README names; the system chooses.

mod session;

use std::fs;

pub(crate) use session::binary;
use session::{Session, matches};

use crate::tidy::root;

/// How both set-up lines begin, so that either works first.
const SET_UP: &str = "rustup target add wasm32-unknown-unknown && ";
/// Hosts of the demo in the README, and here, where it only has to work.
const DEMO_HOSTS: (&str, &str) = ("200", "20");

/// A fenced block: its language and its lines.
struct Block {
    language: String,
    lines: Vec<String>,
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("a README")
}

fn blocks(markdown: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in markdown.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(language), None) => {
                let language = language.to_owned();
                let lines = Vec::new();
                open = Some(Block { language, lines });
            }
            (None, Some(block)) => block.lines.push(line.to_owned()),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "the last block of the README is not closed");
    blocks
}

fn set_up_lines(blocks: &[Block]) -> Vec<&str> {
    let blocks = blocks.iter().filter(|block| block.language == "sh");
    let lines = blocks.flat_map(|block| &block.lines);
    let stripped = lines.map(|line| {
        let rest = line.strip_prefix(SET_UP);
        rest.unwrap_or_else(|| panic!("{line:?} does not begin with {SET_UP:?}"))
    });
    stripped.collect()
}

/// Two lines set everything up: one runs the demo, one the tests, and either may come first.
#[test]
fn two_lines_set_up() {
    let blocks = blocks(&readme());
    let [demo, tests] = set_up_lines(&blocks)[..] else {
        panic!("the README has other than two set-up lines");
    };
    assert!(demo.starts_with("cargo run -- demo "), "{demo}");
    assert_eq!(tests, "cargo test --workspace");
    for block in &blocks {
        let is_known = ["sh", "console", ""].contains(&block.language.as_str());
        assert!(is_known, "nobody runs a block of {:?}", block.language);
    }
}

/// `.ci/run` takes the test command from the README instead of having one of its own.
#[test]
fn ci_runs_the_test_command_of_the_readme() {
    let script = fs::read_to_string(root().join(".ci/run")).expect("a script for CI");
    let commands = script.lines().filter(|line| !line.starts_with('#'));
    let own = commands.filter(|line| line.trim_start().starts_with("cargo test"));
    assert_eq!(own.count(), 0, ".ci/run has a test command of its own");
    assert!(
        script.contains("README.md"),
        ".ci/run does not read the README"
    );
    // The pattern of .ci/run finds one line.
    let readme = readme();
    let found = readme
        .lines()
        .filter(|line| line.starts_with(SET_UP) && line.contains("cargo test"));
    assert_eq!(found.count(), 1);
}

/// Every example of the README prints what the README says, in order and in one folder.
#[test]
fn examples_print_what_they_say() {
    let (hosts, fewer) = DEMO_HOSTS;
    let mut session = Session::new();
    let mut set_up = String::new();
    for block in blocks(&readme()) {
        let lines: Vec<&str> = block.lines.iter().map(String::as_str).collect();
        match block.language.as_str() {
            "sh" => set_up = lines.join("\n").replace(SET_UP, ""),
            "console" if !lines.iter().any(|line| line.starts_with("$ ")) => {
                let command = set_up.replace("cargo run -- ", "mooring ");
                let expected = lines.join("\n").replace(hosts, fewer);
                session.run(&command.replace(hosts, fewer), &expected);
            }
            "console" => {
                let text = lines.join("\n");
                for step in text.split("$ ").filter(|step| !step.is_empty()) {
                    let (command, expected) = step.split_once('\n').unwrap_or((step, ""));
                    session.run(command, expected);
                }
            }
            _ => {}
        }
    }
    assert!(session.commands() >= 5, "the README lost its examples");
}

/// The comparison takes what the marks stand for, and nothing else.
#[test]
fn marks_stand_for_what_varies() {
    for (expected, actual) in [
        ("a\nb", "a\nb"),
        ("a\n...", "a\nb\nc"),
        ("a\n...", "a"),
        ("...\nc\n...", "a\nb\nc"),
        ("... in ... s", "12 commands in 3.4 s"),
        ("a", "a  \n"),
    ] {
        assert!(matches(expected, actual), "{expected:?} {actual:?}");
    }
    for (expected, actual) in [
        ("a", "a\nb"),
        ("a\nb", "a"),
        ("a\n...\nd", "a\nb\nc"),
        ("... in ... s", "12 commands at 3.4 s"),
        ("a ... b", "a b c"),
    ] {
        assert!(!matches(expected, actual), "{expected:?} {actual:?}");
    }
}
