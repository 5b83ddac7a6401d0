//! Uploads: identity, versions, and what is refused.

use mooring_mdm::finding::Severity;
use mooring_server::api::{PushOutcome, PushResult};
use mooring_tests::draft::uuid_of;
use mooring_tests::server::id;
use mooring_tests::{Draft, Host, TestServer, settle_one};

const MORNING: &[u8] = include_bytes!("../../data/signed/morning.mobileconfig");
const EVENING: &[u8] = include_bytes!("../../data/signed/evening.mobileconfig");

/// The first error of a refused file.
#[track_caller]
fn error(result: &PushResult) -> (&str, &str) {
    assert_eq!(result.outcome, PushOutcome::Refused, "{result:#?}");
    let first = &result.findings[0];
    assert_eq!(first.severity, Severity::Error);
    (&first.rule, &first.message)
}

/// Versions count 1, 2, 3, ...; earlier content again has the earlier uuid under a new version,
/// and a deleted identifier goes on counting.
#[test]
fn versions() {
    let server = TestServer::new();
    let one = Draft::new("com.harborworks.a", "one");
    let two = Draft::new("com.harborworks.a", "two");
    let (version, first) = server.push_taken(one.xml());
    assert_eq!(version, 1);
    let (version, second) = server.push_taken(two.xml());
    assert_eq!(version, 2);
    assert_ne!(first, second);
    assert_eq!(server.push_taken(one.xml()), (3, first.clone()));

    server.remove("com.harborworks.a");
    assert_eq!(server.push_one(one.xml()).outcome, PushOutcome::Created);
    assert_eq!(server.push_taken(one.xml()), (4, first));
    let detail = server.profile_detail(&id("com.harborworks.a")).unwrap();
    let versions: Vec<_> = detail.versions.iter().map(|v| v.version).collect();
    assert_eq!(versions, [4, 3, 2, 1]);
    for version in &detail.versions {
        let raw = server.raw(&id("com.harborworks.a"), Some(version.version));
        let raw = String::from_utf8(raw.unwrap()).unwrap();
        assert!(raw.contains(version.payload_uuid.as_str()));
    }
}

/// A deleted profile that is pushed again comes back to the hosts that lost it.
#[test]
fn deleted_and_pushed_again() {
    let server = TestServer::new();
    let draft = Draft::new("com.harborworks.a", "one");
    server.push_taken(draft.xml());
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    server.remove("com.harborworks.a");
    settle_one(&server, &mut host);
    assert!(host.identifiers().is_empty());
    server.push_taken(draft.xml());
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), ["com.harborworks.a"]);
    server.assert_applied(1);
}

/// A profile that is disabled stays disabled when new content is pushed.
#[test]
fn pushing_does_not_enable() {
    let server = TestServer::new();
    server.push_taken(Draft::new("com.harborworks.a", "one").xml());
    server.enable("com.harborworks.a", false);
    assert_eq!(
        server
            .push_taken(Draft::new("com.harborworks.a", "two").xml())
            .0,
        2
    );
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    assert!(host.identifiers().is_empty());
}

/// A file without an identifier gets one, is told which, and is found again by its content.
#[test]
fn found_again_by_content() {
    let server = TestServer::new();
    let nameless = Draft {
        identifier: None,
        ..Draft::new("com.harborworks.nameless", "one")
    };
    let first = server.push_one(nameless.xml());
    assert_eq!(first.outcome, PushOutcome::Created);
    let given = first.identifier.clone().unwrap();
    assert!(given.as_str().starts_with("com.mooring."));
    let notice = first.findings.iter().find(|f| f.rule == "T003").unwrap();
    assert!(notice.message.contains(given.as_str()), "{notice}");

    let again = server.push_one(nameless.xml_rearranged());
    assert_eq!(again.outcome, PushOutcome::Unchanged);
    assert_eq!(again.identifier, Some(given.clone()));

    let other = Draft {
        value: "two".to_owned(),
        ..nameless.clone()
    };
    assert_ne!(server.push_one(other.xml()).identifier, Some(given.clone()));

    server.remove(given.as_str());
    let back = server.push_one(nameless.xml());
    assert_eq!((back.identifier, back.version), (Some(given), Some(2)));
}

/// A file without an identifier never brings back a profile that its author named, and a folder
/// with both can be pushed again and again.
#[test]
fn nameless_beside_named() {
    let named = Draft::new("com.harborworks.named", "one");
    let nameless = Draft {
        identifier: None,
        ..named.clone()
    };
    let server = TestServer::new();
    let files = [("named", &named.xml()), ("nameless", &nameless.xml())];
    let first = server.push_files(&files);
    let given = first[1].identifier.clone().unwrap();
    assert_ne!(first[0].identifier, first[1].identifier);
    for result in server.push_files(&files) {
        assert_eq!(result.outcome, PushOutcome::Unchanged, "{result:#?}");
    }
    server.remove("com.harborworks.named");
    let again = server.push_one(nameless.xml());
    assert_eq!(
        (again.outcome, again.identifier),
        (PushOutcome::Unchanged, Some(given))
    );

    let server = TestServer::new();
    server.push_taken(named.xml());
    let found = server.push_one(nameless.xml());
    assert_eq!(
        found.outcome,
        PushOutcome::Unchanged,
        "the same profile, without its name"
    );
    server.remove("com.harborworks.named");
    let other = server.push_one(nameless.xml());
    assert!(
        other
            .identifier
            .unwrap()
            .as_str()
            .starts_with("com.mooring.")
    );
}

/// Two files with one identifier in one push are both refused, each naming the other, whatever
/// their order; the rest of the push is taken.
#[test]
fn duplicates_in_one_push() {
    let one = Draft::new("com.harborworks.a", "one").xml();
    let two = Draft::new("com.harborworks.a", "two").xml();
    let other = Draft::new("com.harborworks.b", "one").xml();
    for files in [
        [("one", &one), ("other", &other), ("two", &two)],
        [("two", &two), ("other", &other), ("one", &one)],
    ] {
        let server = TestServer::new();
        let results = server.push_files(&files);
        assert_eq!(error(&results[0]).0, "duplicate");
        assert!(error(&results[0]).1.contains(files[2].0));
        assert!(error(&results[2]).1.contains(files[0].0));
        assert_eq!(results[1].outcome, PushOutcome::Created);
        assert!(server.profile_detail(&id("com.harborworks.a")).is_err());
    }
    let server = TestServer::new();
    let nameless = Draft {
        identifier: None,
        ..Draft::new("com.harborworks.a", "one")
    };
    let results = server.push_files(&[("x", nameless.xml()), ("y", nameless.xml_rearranged())]);
    assert_eq!(error(&results[0]).0, "duplicate");
    assert_eq!(error(&results[1]).0, "duplicate");
}

/// One bad file of many changes nothing and does not stop the others; its finding names the place
/// and the way out.
#[test]
fn one_bad_file_of_many() {
    let server = TestServer::new();
    let known = server.push_taken(Draft::new("com.harborworks.p3", "known").xml());
    let mut files: Vec<_> = (0..6)
        .map(|n| {
            let draft = Draft::new(&format!("com.harborworks.p{n}"), "new");
            (format!("{n}.mobileconfig"), draft.xml())
        })
        .collect();
    files[3].1 = files[3].1.replace("</array>", "</arrow>");
    let files: Vec<_> = files.iter().map(|(n, t)| (n.as_str(), t)).collect();
    let results = server.push_files(&files);
    for (at, result) in results.iter().enumerate() {
        assert_eq!(result.name, files[at].0);
        if at == 3 {
            let (rule, _) = error(result);
            assert!(rule.starts_with('P'), "{rule}");
            let finding = &result.findings[0];
            assert!(finding.line > 1 && finding.column > 0, "{finding}");
        } else {
            assert_eq!(result.outcome, PushOutcome::Created);
        }
    }
    assert_eq!(
        server.push_taken(Draft::new("com.harborworks.p3", "known").xml()),
        known
    );
}

/// An upload in which nothing but inner uuids changed is held, changes nothing, and is taken once
/// that is said to be meant.
#[test]
fn changed_inner_uuids_are_held() {
    let server = TestServer::new();
    let draft = Draft::new("com.harborworks.a", "one");
    let known = server.push_taken(draft.xml());
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    host.take_work();
    let renumbered = Draft {
        payload_uuid: uuid_of("another", 3),
        ..draft.clone()
    };
    let held = server.push_one(renumbered.xml());
    assert_eq!(held.outcome, PushOutcome::Held);
    assert_eq!(held.findings[0].rule, "held");
    assert_eq!(server.push_taken(draft.xml()), known);
    settle_one(&server, &mut host);
    assert!(host.take_work().is_empty());

    let taken = server.push_accepting(renumbered.xml());
    assert_eq!(
        (taken.outcome, taken.version),
        (PushOutcome::Updated, Some(2))
    );
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 1);
    server.assert_applied(1);
}

/// Reserved identifiers, the enrollment's own payloads and a change of scope are refused with the
/// place and a way out.
#[test]
fn refused_uploads() {
    let server = TestServer::new();
    server.push_taken(Draft::new("com.harborworks.a", "one").xml());
    let refused = [
        (
            Draft::new("com.mooring.builtin.firewall", "one"),
            "reserved",
        ),
        (Draft::new("com.mooring.builtin.nosuch", "one"), "reserved"),
        (
            Draft {
                payload_type: "com.apple.mdm".to_owned(),
                ..Draft::new("com.harborworks.b", "one")
            },
            "X001",
        ),
        (
            Draft {
                scope: Some("User"),
                ..Draft::new("com.harborworks.a", "one")
            },
            "R009",
        ),
    ];
    for (draft, rule) in refused {
        let result = server.push_one(draft.xml());
        assert_eq!(error(&result).0, rule, "{result:#?}");
        let finding = &result.findings[0];
        assert!(finding.line > 0 && finding.hint.is_some(), "{finding}");
    }
    let listing = server.profile_listing(true).profiles;
    let versions = listing.iter().filter(|p| p.version.is_some());
    assert_eq!(versions.count(), 1, "nothing was stored");
}

/// A signed profile is delivered byte for byte under its own uuid; other content under that uuid
/// is refused.
#[test]
fn signed_profiles() {
    let server = TestServer::new();
    let (version, uuid) = server.push_taken(MORNING);
    assert_eq!(version, 1);
    let identifier = id("com.harborworks.signed");
    assert_eq!(server.raw(&identifier, None).unwrap(), MORNING);
    assert!(server.version_detail(&identifier, 1).unwrap().is_signed);
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    assert_eq!(
        host.holds(mooring_sim::Channel::Device)["com.harborworks.signed"],
        uuid
    );
    server.assert_applied(1);

    let result = server.push_one(EVENING);
    let (rule, message) = error(&result);
    assert_eq!(rule, "R006");
    assert!(message.contains("PayloadUUID"), "{message}");
    assert_eq!(server.push_one(MORNING).outcome, PushOutcome::Unchanged);

    server.remove("com.harborworks.signed");
    settle_one(&server, &mut host);
    assert!(host.identifiers().is_empty(), "it was installed from here");
}

/// A file that is refused for a reason of its own still makes the other file with its identifier a
/// duplicate: nobody can say which of the two was meant.
#[test]
fn duplicate_of_a_refused_file() {
    let server = TestServer::new();
    let known = server.push_taken(Draft::new("com.harborworks.a", "one").xml());
    let two = Draft::new("com.harborworks.a", "two");
    let for_users = Draft {
        scope: Some("User"),
        ..two.clone()
    };
    let results = server.push_files(&[("one", for_users.xml()), ("two", two.xml())]);
    assert_eq!(error(&results[1]).0, "duplicate");
    assert!(error(&results[1]).1.contains("one"));
    let one = Draft::new("com.harborworks.a", "one").xml();
    assert_eq!(server.push_taken(one), known);
}
