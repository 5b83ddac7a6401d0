//! The rules over real profiles: none crashes, and every error was looked at.
//!
//! Reads `../shared/corpus` beside the checkout; where it is absent the test says that it is
//! skipped. Reading is done by the `plist` crate, which is laxer than the host's reader: good
//! enough for trees, not for judging files.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use mooring_sdk::testing::profile;
use mooring_sdk::{Context, Finding, Place, Severity, Validator};
use mooring_security::Security;

use crate::tree;

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/mobileconfig");
    if folder.is_dir() {
        return Some(folder);
    }
    let missing = folder.display();
    say(&format!(
        "SKIPPED: no corpus at {missing}, the rules were not run over real profiles"
    ));
    None
}

/// Writes past the capture of the test harness, so that a skip is seen in a green run as well.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

/// The findings about every file that can be read, by path inside the corpus.
fn judged(corpus: &Path) -> BTreeMap<String, Vec<Finding>> {
    let index = fs::read_to_string(corpus.join("INDEX.tsv")).unwrap();
    let paths = index
        .lines()
        .skip(1)
        .filter_map(|line| line.split('\t').next());
    let context = Context {
        extra: vec![("today".to_owned(), "2026-01-01".to_owned())],
        ..Context::default()
    };
    let judge = |path: &str| {
        let read = plist::Value::from_file(corpus.join(path)).ok()?;
        let profile = profile(&tree(&read)?);
        let found = Security::validate(&profile, &context).unwrap();
        for finding in &found {
            let Place::Node(index) = finding.place else {
                panic!("{path}: {finding:?}");
            };
            assert!(
                profile.document().node(index).is_some(),
                "{path}: {finding:?}"
            );
        }
        Some((path.to_owned(), found))
    };
    paths.filter_map(judge).collect()
}

/// How many files of the corpus have an error of a rule. Each was looked at and is right.
const ERRORS: &[(&str, usize)] = &[
    ("X001", 2),
    ("X003", 5),
    ("X021", 1),
    ("X040", 1),
    ("X043", 1),
    ("X074", 1),
];

/// Every file of the corpus is judged, and the errors are those that were looked at.
#[test]
fn real_profiles() {
    let Some(corpus) = corpus() else { return };
    let judged = judged(&corpus);
    assert!(
        judged.len() > 200,
        "only {} files could be read",
        judged.len()
    );
    let mut counts: BTreeMap<(String, Severity), usize> = BTreeMap::new();
    let mut errors: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (path, findings) in &judged {
        for finding in findings {
            *counts
                .entry((finding.rule.clone(), finding.severity))
                .or_default() += 1;
            if finding.severity == Severity::Error {
                let files = errors.entry(finding.rule.as_str()).or_default();
                if files.last() != Some(&path.as_str()) {
                    files.push(path);
                }
            }
        }
    }
    for ((rule, severity), count) in &counts {
        say(&format!("corpus: {rule} {severity:?} {count}"));
    }
    let found: Vec<_> = errors
        .iter()
        .map(|(rule, files)| (*rule, files.len()))
        .collect();
    assert_eq!(found, ERRORS, "{errors:#?}");
}
