//! Every real profile is accepted or refused with a rule and a place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::*;
use crate::plist::tests::properties::agrees;

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, found);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "mobileconfig")
        {
            found.push(path);
        }
    }
    found.sort();
}

/// Identifies a profile, and checks what must hold of every one.
fn check_accepted(path: &Path, bytes: &[u8], profile: Profile) {
    let given = PayloadIdentifier::parse("com.example.given").unwrap();
    let text = profile.text().to_vec();
    let tree = profile.document().clone();
    if let Ok(other) = ::plist::Value::from_reader_xml(text.as_slice()) {
        assert!(
            agrees(tree.root(), &other),
            "{}: read differently",
            path.display()
        );
    }
    let found = profile.identify(Some(given)).unwrap();
    assert_eq!(
        found.signed,
        found.raw == bytes && !bytes.starts_with(b"<"),
        "{}",
        path.display()
    );
    let again = match parse(&found.raw) {
        Ok(again) => again.identify(None).unwrap(),
        // A key in the wrong case got the right one beside it. Validators refuse it for that (T011).
        Err(finding) => return assert_eq!(finding.rule, "P023", "{}", path.display()),
    };
    assert_eq!((&again.uuid, &again.raw), (&found.uuid, &found.raw));
    assert_eq!(again.content, found.content);
    for (id, node) in (0..).zip(tree.nodes()) {
        let place = plist::LineIndex::new(&text).position(node.start() as usize);
        assert_eq!(found.place(id), place);
        let delivered = found.document.node(id).unwrap().node();
        assert_eq!(
            node.key.as_ref().map(|key| &key.text),
            delivered.key.as_ref().map(|key| &key.text)
        );
    }
}

/// The real profiles beside the checkout; a corpus that is absent is reported loudly.
#[expect(clippy::print_stderr, reason = "a skipped test must be seen")]
fn real_files() -> Vec<PathBuf> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/mobileconfig");
    let mut paths = Vec::new();
    files(&corpus, &mut paths);
    if paths.is_empty() {
        let corpus = corpus.display();
        eprintln!("SKIPPED: there is no corpus of real profiles at {corpus}");
    }
    paths
}

/// Every secret found in a real profile is under a key that a person would call one.
#[test]
#[expect(clippy::print_stderr, reason = "the counts are for people")]
fn real_secrets() {
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    let mut profiles = 0;
    for path in real_files() {
        let Ok(profile) = parse(&std::fs::read(path).unwrap()) else {
            continue;
        };
        let document = profile.document();
        let places = secrets::secret_places(document);
        profiles += u32::from(!places.is_empty());
        for id in places {
            let key = document.node(id).unwrap().node().key.clone().unwrap();
            *counts.entry(key.text).or_default() += 1;
        }
    }
    eprintln!("{profiles} real profiles have secrets: {counts:?}");
    let known = [
        "Password",
        "Challenge",
        "SharedSecret",
        "PayloadContent",
        "clientSecret",
    ];
    for key in counts.keys() {
        assert!(known.contains(&key.as_str()), "{key}");
    }
}

/// Reads the whole corpus of real profiles that lies beside the checkout.
#[test]
#[expect(clippy::print_stderr, reason = "refusals and counts are for people")]
fn real_profiles() {
    let paths = real_files();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for path in &paths {
        let bytes = std::fs::read(path).unwrap();
        match parse(&bytes) {
            Ok(profile) => {
                for notice in profile.notices() {
                    *counts
                        .entry(format!("{} {}", notice.severity, notice.rule))
                        .or_default() += 1;
                }
                *counts.entry("accepted".to_owned()).or_default() += 1;
                check_accepted(path, &bytes, profile);
            }
            Err(finding) => {
                assert!(
                    finding.line > 0 && finding.hint.is_some(),
                    "{}: {finding}",
                    path.display()
                );
                *counts
                    .entry(format!("refused {}", finding.rule))
                    .or_default() += 1;
                eprintln!("{}: {finding}", path.file_name().unwrap().display());
            }
        }
    }
    eprintln!("{} real profiles: {counts:?}", paths.len());
}
