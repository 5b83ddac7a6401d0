//! The list of cases that this engine must get right is whole: each has a test of its name, or a
//! line saying where it is proven or why it cannot be.
//!
//! Knows nothing of what a case is about. Invariant: a complaint names the case and what to do.

use std::collections::{BTreeMap, BTreeSet};

use super::SourceFile;

/// Where the tests lie that are named for their cases.
const FOLDER: &str = "tests/all/cases/";

/// Rows of a table: a case, and where it is proven or why it is not.
pub(super) type Table<'a> = &'a [(&'a str, &'a str)];

/// A1 to A44, and F1 to F26.
fn all() -> Vec<String> {
    let expected = (1..=44).map(|number| format!("A{number}"));
    expected
        .chain((1..=26).map(|number| format!("F{number}")))
        .collect()
}

/// Everything that is wrong with the tests of cases and their two tables.
pub(super) fn complaints(
    files: &[SourceFile],
    untested: Table<'_>,
    elsewhere: Table<'_>,
) -> Vec<String> {
    let mut found = BTreeMap::<String, BTreeSet<&str>>::new();
    for file in files.iter().filter(|file| file.path.starts_with(FOLDER)) {
        for name in tests(&file.text) {
            if let Some(case) = case_of(name) {
                found.entry(case).or_default().insert("a test");
            }
        }
    }
    let mut complaints = Vec::new();
    for (table, rows) in [("UNTESTED", untested), ("ELSEWHERE", elsewhere)] {
        for (case, words) in rows {
            found.entry((*case).to_owned()).or_default().insert(table);
            if words.trim().is_empty() {
                complaints.push(format!("{case} is in {table} without a word: say why"));
            }
        }
    }
    complaints.extend(elsewhere.iter().filter_map(|row| missing(files, row)));
    let all = all();
    for case in &all {
        match found.get(case).map(BTreeSet::len) {
            None => complaints.push(format!(
                "{case} has neither a test in {FOLDER} nor a line in one of its two tables"
            )),
            Some(1) => {}
            Some(_) => complaints.push(format!("{case} is in several places: {:?}", found[case])),
        }
    }
    let strangers = found.keys().filter(|case| !all.contains(case));
    complaints.extend(strangers.map(|case| format!("{case} is no case: mend the name")));
    complaints
}

/// The names of the test functions in a text.
fn tests(text: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut is_test = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(name) = name_of(line).filter(|_| is_test) {
            names.push(name);
            is_test = false;
        }
    }
    names
}

/// The name of the function that begins on a line.
fn name_of(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split('(').next()
}

/// The case that a test is named for, such as `A7` for `a07_moved`.
fn case_of(name: &str) -> Option<String> {
    let (case, _) = name.split_once('_')?;
    let kind = case.chars().next()?;
    let number: u8 = case.get(1..)?.parse().ok()?;
    matches!(kind, 'a' | 'f').then(|| format!("{}{number}", kind.to_ascii_uppercase()))
}

/// What is wrong with a row that names a test elsewhere, as `path function`.
fn missing(files: &[SourceFile], (case, place): &(&str, &str)) -> Option<String> {
    let Some((path, function)) = place.split_once(' ') else {
        return Some(format!(
            "{case}: write {place:?} as a path, a space and a function"
        ));
    };
    let file = files.iter().find(|file| file.path == path);
    let is_there = file.is_some_and(|file| tests(&file.text).contains(&function));
    (!is_there).then(|| format!("{case}: there is no test {function} in {path}"))
}

/// Each way to lose a case is noticed.
#[test]
fn lost_cases_are_found() {
    let text = |names: &[&str]| -> String {
        let tests = names
            .iter()
            .map(|name| format!("#[test]\nfn {name}() {{}}\n"));
        tests.collect()
    };
    let every: Vec<_> = all()
        .iter()
        .filter(|case| !["A2", "F9"].contains(&case.as_str()))
        .map(|case| {
            let (kind, number) = case.split_at(1);
            format!("{}{number:0>2}_case", kind.to_lowercase())
        })
        .collect();
    let names: Vec<_> = every.iter().map(String::as_str).collect();
    let files = [
        SourceFile::new("tests/all/cases/all.rs", &text(&names)),
        SourceFile::new("host/store/src/tests.rs", &text(&["restored"])),
    ];
    let (why, place) = (
        [("A2", "no such hosts")],
        [("F9", "host/store/src/tests.rs restored")],
    );
    let none: [String; 0] = [];
    assert_eq!(complaints(&files, &why, &place), none);

    let count =
        |untested: Table<'_>, elsewhere: Table<'_>| complaints(&files, untested, elsewhere).len();
    assert_eq!(count(&[], &place), 1, "A2 is nowhere");
    assert_eq!(count(&[("A2", " ")], &place), 1, "no reason");
    assert_eq!(count(&[("A2", "x"), ("A3", "x")], &place), 1, "A3 is twice");
    assert_eq!(count(&why, &[("F9", "host/store/src/tests.rs gone")]), 1);
    assert_eq!(count(&why, &[("F9", "host/store/src/none.rs restored")]), 1);
    assert_eq!(count(&why, &[("F9", "restored")]), 1);
    assert_eq!(
        count(&[("A2", "x"), ("A45", "x")], &place),
        1,
        "no such case"
    );
}
