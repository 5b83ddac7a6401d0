//! The rules over real profiles: none crashes, and no sound file is refused.
//!
//! Reads `../shared/corpus` beside the checkout; where it is absent the tests say that they are
//! skipped. Reading is done by the `plist` crate, which is laxer than the host's reader: good
//! enough for trees, not for judging files.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use mooring_sdk::testing::profile;
use mooring_sdk::{Context, Finding, Severity, Validator};
use mooring_structure::Structure;

use crate::tree;

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
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
    let profiles = corpus.join("mobileconfig");
    let index = fs::read_to_string(profiles.join("INDEX.tsv")).unwrap();
    let paths = index
        .lines()
        .skip(1)
        .filter_map(|line| line.split('\t').next());
    let context = Context {
        extra: vec![("today".to_owned(), "2026-01-01".to_owned())],
        ..Context::default()
    };
    let judge = |path: &str| {
        let read = plist::Value::from_file(profiles.join(path)).ok()?;
        let found = Structure::validate(&profile(&tree(&read)?), &context).unwrap();
        Some((path.to_owned(), found))
    };
    paths.filter_map(judge).collect()
}

/// Files that are broken in the way that the rule names, each checked by eye.
const BROKEN: &[(&str, &str)] = &[
    (
        "Talieisin__mobileconfig-validator/tests__fixtures__invalid__missing-payload-uuid",
        "L001",
    ),
    (
        "Talieisin__mobileconfig-validator/tests__fixtures__invalid__wrong-outer-type",
        "T001",
    ),
    (
        "Talieisin__mobileconfig-validator/tests__fixtures__invalid__wrong-payload-version",
        "L002",
    ),
    (
        "google__santa/Testing__integration__configs__default",
        "T002",
    ),
    (
        "krypted__mobileconfigsigner/target__classes__profiletemplate",
        "T007",
    ),
];

/// Folders in which no file has an error of these rules.
const SOUND: &[&str] = &[
    "rtrouton__profiles",
    "paulmillr__encrypted-dns",
    "clburlison__profiles",
];

/// Prints how many findings each rule has, and checks the errors against those looked at.
fn count(judged: &BTreeMap<String, Vec<Finding>>) {
    let mut counts: BTreeMap<(&str, Severity), usize> = BTreeMap::new();
    let mut errors: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
    for (path, findings) in judged {
        for finding in findings {
            *counts.entry((&finding.rule, finding.severity)).or_default() += 1;
            if finding.severity == Severity::Error {
                let list = errors.entry(&finding.rule).or_default();
                list.push((path, &finding.message));
            }
        }
    }
    for ((rule, severity), count) in &counts {
        say(&format!("corpus: {rule} {severity:?} {count}"));
    }
    let found: Vec<_> = errors
        .iter()
        .map(|(rule, list)| (*rule, list.len()))
        .collect();
    assert_eq!(found, ERRORS, "{errors:#?}");
}

/// How many errors of a rule the corpus has. Each was looked at and is right.
const ERRORS: &[(&str, usize)] = &[
    ("L001", 57),
    ("L002", 1),
    ("R001", 1),
    ("T001", 8),
    ("T002", 60),
    ("T003", 4),
    ("T004", 4),
    ("T006", 5),
    ("T007", 1),
    ("T009", 5),
    ("T011", 9),
    // Another server's variable, in a file that the host's own reader refuses for a key.
    ("T024", 1),
];

/// Every file of the corpus is judged; broken files have their error, sound ones have none.
#[test]
fn real_profiles() {
    let Some(corpus) = corpus() else { return };
    let judged = judged(&corpus);
    assert!(
        judged.len() > 200,
        "only {} files could be read",
        judged.len()
    );
    count(&judged);
    let errors = |findings: &[Finding]| -> Vec<String> {
        let errors = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error);
        errors.map(|finding| finding.rule.clone()).collect()
    };
    for (path, rule) in BROKEN {
        let found = errors(&judged[&format!("{path}.mobileconfig")]);
        assert!(found.iter().any(|found| found == rule), "{path}: {found:?}");
    }
    for (path, findings) in &judged {
        let is_sound = SOUND.iter().any(|folder| path.starts_with(folder));
        assert!(
            !is_sound || errors(findings).is_empty(),
            "{path}: {findings:#?}"
        );
    }
}
