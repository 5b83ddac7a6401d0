//! Rules about single files, line by line.
//!
//! Knows nothing of the crates' directions. Invariants: the words that are looked for are put
//! together here, so that this file does not contain them; an exemption has its reason beside it.

use super::SourceFile;

/// Most lines of a Rust file: what can be read in one sitting.
const LINES_MAX: usize = 400;

/// Files that are not written by hand.
const GENERATED: &str = "plugins/sdk/src/bindings/";

/// The only code that prints, with the reason.
const PRINTING: [&str; 2] = [
    // The one place that writes to the terminal.
    "host/cli/src/output.rs",
    // Cargo reads a build script's standard output.
    "host/builtin/guest-build/src/lib.rs",
];

/// Files that may hold words of unfinished work, because they look for them in profiles.
const SEEKING_LEFTOVERS: [&str; 3] = [
    "plugins/structure/src/leftovers.rs",
    "plugins/structure/manifest.json",
    "plugins/structure/tests/",
];

/// What the crates that decide must not touch, with the reason.
const IMPURE: [(&str, &str); 12] = [
    ("HashMap", "its order is random; use BTreeMap"),
    ("HashSet", "its order is random; use BTreeSet"),
    ("SystemTime", "time is an argument"),
    ("Instant::now", "time is an argument"),
    ("rand::", "randomness is an argument"),
    ("new_v4", "randomness is an argument"),
    ("now_v7", "randomness and time are arguments"),
    ("std::fs", "there is no I/O here"),
    ("std::net", "there is no I/O here"),
    ("std::env", "there is no I/O here"),
    ("std::thread", "nothing runs beside the caller here"),
    ("async fn", "nothing waits here"),
];

/// Everything that is wrong with any of the files.
pub(super) fn complaints(files: &[SourceFile]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files {
        complaints.extend(leftovers(file));
        if file.is_rust() && !file.path.starts_with(GENERATED) {
            complaints.extend(shape(file));
            complaints.extend(printing(file));
            complaints.extend(tests(file));
            complaints.extend(impurities(file));
        }
    }
    complaints
}

fn shape(file: &SourceFile) -> Vec<String> {
    let path = &file.path;
    let mut complaints = Vec::new();
    let lines = file.text.lines().count();
    if lines > LINES_MAX {
        complaints.push(format!(
            "{path} has {lines} lines: split it, {LINES_MAX} are the most"
        ));
    }
    if !file.text.starts_with("//!") {
        complaints.push(format!(
            "{path} does not begin with `//!`: say what it is, what it must not know, and its \
             invariant"
        ));
    }
    complaints
}

fn leftovers(file: &SourceFile) -> Vec<String> {
    let markers = [
        ["TO", "DO"],
        ["FIX", "ME"],
        ["HA", "CK"],
        ["To be ", "written"],
    ]
    .map(|halves| halves.concat());
    let macros = [["to", "do!("], ["unimplem", "ented!("], ["d", "bg!("]].map(|h| h.concat());
    if file.path == "Cargo.lock" || SEEKING_LEFTOVERS.iter().any(|p| file.path.starts_with(p)) {
        return Vec::new();
    }
    at_lines(file, |line| {
        let word = markers
            .iter()
            .chain(&macros)
            .find(|word| has_word(line, word))?;
        Some(format!("has {word}: finish it or open an issue"))
    })
}

fn printing(file: &SourceFile) -> Vec<String> {
    // A trial below `benches` is a program of its own, and printing figures is all it does.
    let is_trial = file.path.contains("/benches/");
    if file.is_test() || is_trial || PRINTING.contains(&file.path.as_str()) {
        return Vec::new();
    }
    let macros = ["println", "print", "eprintln", "eprint"].map(|name| format!("{name}!("));
    at_lines(file, |line| {
        let line = line.trim_start();
        let called = macros.iter().find(|call| has_word(line, call))?;
        let is_comment = line.starts_with("//");
        (!is_comment)
            .then(|| format!("has {called}): only host/cli/src/output.rs writes to the terminal"))
    })
}

fn impurities(file: &SourceFile) -> Vec<String> {
    let is_pure =
        file.path.starts_with("host/mdm/src/") || file.path.starts_with("host/drift/src/");
    if !is_pure || file.is_test() {
        return Vec::new();
    }
    at_lines(file, |line| {
        let (what, why) = IMPURE.iter().find(|(what, _)| has_word(line, what))?;
        Some(format!("has {what} in a pure crate: {why}"))
    })
}

fn tests(file: &SourceFile) -> Vec<String> {
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let mut complaints = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let place = format!("{}:{}", file.path, at + 1);
        if line.starts_with("#[ignore") || line.starts_with("/// ```ignore") {
            complaints.push(format!("{place} ignores a test: mend it or delete it"));
        }
        let is_test = *line == "#[test]" || line.starts_with("#[tokio::test");
        if is_test && !is_documented(&lines, at) {
            complaints.push(format!(
                "{place} is a test without a doc comment: its first line says what it proves"
            ));
        }
    }
    complaints
}

/// Whether a doc comment stands among the attributes around the line `at`.
fn is_documented(lines: &[&str], at: usize) -> bool {
    let belongs = |line: &&&str| line.starts_with("#[") || line.starts_with("///");
    let before = lines[..at].iter().rev().take_while(belongs);
    let after = lines[at + 1..].iter().take_while(belongs);
    before.chain(after).any(|line| line.starts_with("///"))
}

/// A complaint for each line of which `judge` has one, with its place.
fn at_lines(file: &SourceFile, judge: impl Fn(&str) -> Option<String>) -> Vec<String> {
    let lines = file.text.lines().enumerate();
    let judged = lines.filter_map(|(at, line)| Some((at + 1, judge(line)?)));
    judged
        .map(|(number, complaint)| format!("{}:{number} {complaint}", file.path))
        .collect()
}

/// Whether `word` stands in `line` and does not go on to the left or right.
fn has_word(line: &str, word: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let ends_open = word.ends_with(|c: char| !goes_on(c));
        !before.is_some_and(goes_on) && (ends_open || !after.is_some_and(goes_on))
    })
}

/// Each rule finds its sample, once, and leaves the others alone.
#[test]
fn wrong_files_are_found() {
    let check = |path: &str, text: &str, expected: &[&str]| {
        let found = complaints(&[SourceFile::new(path, text)]);
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for (one, part) in found.iter().zip(expected) {
            assert!(one.contains(part), "{one} lacks {part}");
        }
    };
    let marker = ["TO", "DO"].concat();
    check("host/a/src/b.rs", "//! Fine.\n", &[]);
    check(
        "host/a/src/b.rs",
        "fn f() {}\n",
        &["does not begin with `//!`"],
    );
    let long = "//! Long.\n".repeat(LINES_MAX + 1);
    check("host/a/src/b.rs", &long, &["401 lines"]);
    check(&format!("{GENERATED}x.rs"), &"\n".repeat(500), &[]);
    check(
        "README.md",
        &format!("x\n{marker}: x\n"),
        &["README.md:2 has"],
    );
    check("README.md", &format!("{marker}S x\n"), &[]);
    check(
        "host/a/src/b.rs",
        "//! A.\nprintln!(\"\");",
        &["b.rs:2 has println"],
    );
    check("host/a/src/b.rs", "//! println!(\"\");", &[]);
    check("host/a/tests/b.rs", "//! A.\nprintln!(\"\");", &[]);
    check(
        "host/drift/src/b.rs",
        "//! A.\nuse std::collections::HashMap;",
        &["BTreeMap"],
    );
    check("host/mdm/src/b.rs", "//! A.\nlet x = operand::y;", &[]);
    check("host/server/src/b.rs", "//! A.\nuse std::fs;", &[]);
    let bare = "//! A.\n\n#[test]\nfn f() {}";
    check("host/a/src/b.rs", bare, &["b.rs:3 is a test without"]);
    let documented = "//! A.\n\n/// Proves it.\n#[cfg(unix)]\n#[test]\nfn f() {}";
    check("host/a/src/b.rs", documented, &[]);
    let ignored = "//! A.\n\n/// Proves it.\n#[test]\n#[ignore]\nfn f() {}";
    check("host/a/src/b.rs", ignored, &["ignores a test"]);
}
