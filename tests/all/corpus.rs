//! Real profiles from public repositories: each is taken, or refused with a rule and a place.

mod introduced;

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use mooring_mdm::finding::Severity;
use mooring_server::api::{PushOutcome, PushResult};
use mooring_server::profiles::Upload;
use mooring_sim::Channel;
use mooring_tests::corpus::{folder, profiles, say};
use mooring_tests::{TestServer, fleet, settle};

/// Profiles that the corpus has.
const FILES: usize = 239;

/// Reads every profile below a folder of the corpus.
fn uploads(root: &std::path::Path) -> Vec<Upload> {
    let read = |path: std::path::PathBuf| Upload {
        name: path.strip_prefix(root).unwrap().display().to_string(),
        bytes: fs::read(&path).unwrap(),
    };
    profiles(root).into_iter().map(read).collect()
}

fn push(server: &TestServer, uploads: &[Upload]) -> Vec<PushResult> {
    server.push(uploads, true).unwrap()
}

/// Checks one result, counts it by outcome, or by rule if it is refused.
#[track_caller]
fn count(result: &PushResult, counts: &mut BTreeMap<String, usize>) {
    let key = match result.outcome {
        PushOutcome::Created => "created".to_owned(),
        PushOutcome::Updated => "updated".to_owned(),
        PushOutcome::Unchanged => "unchanged".to_owned(),
        PushOutcome::Held => panic!("{result:#?}"),
        PushOutcome::Refused => {
            let first = &result.findings[0];
            assert_eq!(first.severity, Severity::Error, "{result:#?}");
            assert!(!first.rule.starts_with("plugin-"), "{result:#?}");
            // Two files against each other: the place is the other file, which is named.
            let has_place = first.line > 0 && first.column > 0;
            assert!(
                has_place || first.rule == "duplicate",
                "{}: {first}",
                result.name
            );
            format!("refused {}", first.rule)
        }
    };
    if result.outcome != PushOutcome::Refused {
        let errors = result
            .findings
            .iter()
            .filter(|f| f.severity == Severity::Error);
        assert_eq!(errors.count(), 0, "{result:#?}");
        assert!(result.identifier.is_some() && result.payload_uuid.is_some());
    }
    *counts.entry(key).or_default() += 1;
}

fn told(what: &str, counts: &BTreeMap<String, usize>, since: Instant) {
    let counts: Vec<_> = counts.iter().map(|(key, n)| format!("{n} {key}")).collect();
    let elapsed = since.elapsed().as_millis();
    say(&format!(
        "corpus, {what}: {} ({elapsed} ms)",
        counts.join(", ")
    ));
}

/// Every file of the corpus, pushed one by one, is taken or refused with a rule and a place; none
/// crashes, hangs or times out a plugin.
#[test]
fn one_by_one() {
    let Some(root) = folder("corpus::one_by_one") else {
        return;
    };
    let uploads = uploads(&root);
    assert_eq!(uploads.len(), FILES);
    let (server, mut counts, since) = (TestServer::new(), BTreeMap::new(), Instant::now());
    for upload in &uploads {
        let results = push(&server, std::slice::from_ref(upload));
        count(&results[0], &mut counts);
        if results[0].outcome != PushOutcome::Refused {
            let again = push(&server, std::slice::from_ref(upload));
            assert_eq!(again[0].outcome, PushOutcome::Unchanged, "{}", upload.name);
        }
    }
    assert_eq!(counts.values().sum::<usize>(), FILES);
    told("one by one", &counts, since);
}

/// The whole corpus in one push: a result for each file in order, the bad ones stop no other, and
/// what was stored is what the results say.
#[test]
fn all_at_once() {
    let Some(root) = folder("corpus::all_at_once") else {
        return;
    };
    let (uploads, server) = (uploads(&root), TestServer::new());
    let (mut counts, since) = (BTreeMap::new(), Instant::now());
    let results = push(&server, &uploads);
    assert_eq!(results.len(), uploads.len());
    let mut taken = 0;
    for (upload, result) in uploads.iter().zip(&results) {
        assert_eq!(upload.name, result.name);
        count(result, &mut counts);
        taken += usize::from(result.outcome == PushOutcome::Created);
    }
    let stored = server.profile_listing(true).profiles;
    let stored = stored.iter().filter(|p| p.version.is_some()).count();
    assert_eq!(stored, taken);
    told("at once", &counts, since);
}

/// A folder of real profiles ends applied on every device, on both channels.
#[test]
fn real_profiles_are_applied() {
    let Some(root) = folder("corpus::real_profiles_are_applied") else {
        return;
    };
    let (server, mut hosts) = (TestServer::new(), fleet(5));
    let results = push(&server, &uploads(&root.join("rtrouton__profiles")));
    let taken: Vec<_> = results
        .iter()
        .filter(|result| result.outcome == PushOutcome::Created)
        .map(|result| result.identifier.as_ref().unwrap().to_string())
        .collect();
    assert!(taken.len() > 50, "{}", taken.len());
    settle(&server, &mut hosts);
    server.assert_applied(5);
    for host in &hosts {
        let mut held = host.identifiers();
        held.extend(host.holds(Channel::User).into_keys());
        held.sort();
        let mut expected = taken.clone();
        expected.sort();
        assert_eq!(held, expected);
        assert_eq!(host.count("InstallProfile"), taken.len());
    }
}
