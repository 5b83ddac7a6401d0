//! The rules over real profiles: how often each speaks, and no error that was not looked at.
//!
//! Reads `../shared/corpus` beside the checkout; where it is absent the tests say that they are
//! skipped. Reading is done by the `plist` crate, which is laxer than the host's reader: good
//! enough for trees, not for judging files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use mooring_apple_schema::AppleSchema;
use mooring_sdk::testing::profile;
use mooring_sdk::{Context, Finding, Grade, Severity, Validator};

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
fn judged(corpus: &Path, context: &Context) -> BTreeMap<String, Vec<Finding>> {
    let profiles = corpus.join("mobileconfig");
    let index = fs::read_to_string(profiles.join("INDEX.tsv")).unwrap();
    let paths = index
        .lines()
        .skip(1)
        .filter_map(|line| line.split('\t').next());
    let judge = |path: &str| {
        let read = plist::Value::from_file(profiles.join(path)).ok()?;
        let found = AppleSchema::validate(&profile(&tree(&read)?), context).unwrap();
        Some((path.to_owned(), found))
    };
    paths.filter_map(judge).collect()
}

/// Counts of findings by rule and severity, as lines.
fn counts(judged: &BTreeMap<String, Vec<Finding>>) -> Vec<String> {
    let mut counts: BTreeMap<(String, Severity), (usize, BTreeSet<&str>)> = BTreeMap::new();
    for (path, findings) in judged {
        for finding in findings {
            let key = (finding.rule.clone(), finding.severity);
            let (count, files) = counts.entry(key).or_default();
            *count += 1;
            files.insert(path);
        }
    }
    let lines = counts
        .into_iter()
        .map(|((rule, severity), (count, files))| {
            format!("{rule} {severity:?}: {count} in {} files", files.len())
        });
    lines.collect()
}

/// Where every error of the corpus is: a set of examples that a generator of documentation made,
/// with empty texts and zeros where values belong. All were looked at, and `host/docs/SCHEMA.md`
/// tells of them.
const BROKEN: &str = "mosen__profiledocs/source___static__examples__";

/// Every file of the corpus is judged in both grades, and the counts are printed. In
/// `device-lenient`, no file has an error but those that are known to be broken.
#[test]
fn real_profiles() {
    let Some(corpus) = corpus() else { return };
    for grade in [Grade::DeviceLenient, Grade::AppleStrict] {
        let context = Context {
            grade,
            ..Context::default()
        };
        let judged = judged(&corpus, &context);
        say(&format!("{}: {} files", grade.as_text(), judged.len()));
        for line in counts(&judged) {
            say(&format!("  {line}"));
        }
        assert!(judged.len() > 200, "only {} files", judged.len());
        for (path, findings) in &judged {
            let errors = findings
                .iter()
                .filter(|finding| finding.severity == Severity::Error);
            let is_known = path.starts_with(BROKEN) || grade == Grade::AppleStrict;
            assert!(is_known || errors.count() == 0, "{path}: {findings:#?}");
        }
    }
}

/// On Macs of a version of their time, enrolled in the usual way, real profiles for Macs have no
/// further errors but those of payloads that are not for Macs, or not for the device channel.
#[test]
fn real_profiles_on_a_mac() {
    let Some(corpus) = corpus() else { return };
    let context = crate::context("macOS 15.1 enrollment=device", Grade::DeviceLenient);
    let judged = judged(&corpus, &context);
    say(&format!(
        "macOS 15.1, device channel: {} files",
        judged.len()
    ));
    for line in counts(&judged) {
        say(&format!("  {line}"));
    }
    for (path, findings) in &judged {
        let mut errors = findings
            .iter()
            .filter(|finding| finding.severity == Severity::Error);
        let fine = |rule: &str| matches!(rule, "A009" | "A011" | "A013" | "A015");
        let is_known = path.starts_with(BROKEN) || errors.all(|finding| fine(&finding.rule));
        assert!(is_known, "{path}: {findings:#?}");
    }
}
