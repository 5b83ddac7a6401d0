//! Uploads that must not pass, and those that must be taken as they are.

use mooring_mdm::finding::Severity;
use mooring_server::api::PushOutcome;
use mooring_sim::Channel;
use mooring_tests::{Draft, Host, TestServer, settle_one};

use super::{A, B};

/// The largest profile: 5 MiB.
const PROFILE_BYTES_MAX: usize = 5 * 1024 * 1024;

/// The rules of the errors that a file is refused for.
#[track_caller]
fn refused(server: &TestServer, bytes: impl AsRef<[u8]>) -> Vec<String> {
    let result = server.push_one(bytes);
    assert_eq!(result.outcome, PushOutcome::Refused, "{result:#?}");
    assert_eq!(result.version, None);
    let errors = result.findings.iter();
    let errors = errors.filter(|finding| finding.severity == Severity::Error);
    errors
        .map(|finding| {
            assert!(!finding.message.is_empty());
            finding.rule.clone()
        })
        .collect()
}

/// Two files with one identifier in one push are both refused, and each answer names the other
/// file; a file with the name of another but an identifier of its own is taken, since names are
/// for people (case A14). An identifier belongs to the whole server: what else would go to another
/// group is an assignment of the one profile.
#[test]
fn a14_duplicates() {
    let server = TestServer::new();
    let (one, two) = (Draft::new(A, "one").xml(), Draft::new(A, "two").xml());
    let results = server.push_files(&[("one", &one), ("two", &two)]);
    for (result, other) in results.iter().zip(["two", "one"]) {
        assert_eq!(result.outcome, PushOutcome::Refused);
        assert_eq!(result.findings[0].rule, "duplicate");
        assert!(result.findings[0].message.contains(other), "{result:#?}");
    }
    assert_ne!(
        results[0].findings[0].message,
        results[1].findings[0].message
    );
    let namesake = Draft::new(B, "one").xml();
    let results = server.push_files(&[("one", &one), ("namesake", &namesake)]);
    for result in results {
        assert_eq!(result.outcome, PushOutcome::Created);
    }
}

/// What a server must not deliver is refused with the rule that it breaks: an identifier that is
/// the server's own, a payload that belongs to enrollment, a top level of another type, no
/// content, and what is no property list. A file without a display name is taken with a warning
/// (case A15). Disk encryption is not reserved here: no other part of this server sets it.
#[test]
fn a15_refused_with_the_reason() {
    let server = TestServer::new();
    let good = Draft::new(A, "one");
    let with_type = |payload_type: &str| {
        let payload_type = payload_type.to_owned();
        Draft {
            payload_type,
            ..good.clone()
        }
        .xml()
    };
    let named = |identifier: &str| Draft::new(identifier, "one").xml();
    let cases = [
        (named("com.mooring.builtin.firewall"), "reserved"),
        (named("com.mooring.builtin.new"), "reserved"),
        (with_type("com.apple.mdm"), "X001"),
        (good.xml().replace("Configuration", "Settings"), "T001"),
        (good.xml().replace("</array>", "</arrow>"), "P"),
        ("not a property list".to_owned(), "P"),
        (String::new(), "P"),
    ];
    for (text, rule) in cases {
        let rules = refused(&server, &text);
        let is_such = |found: &String| found == rule || (rule == "P" && found.starts_with('P'));
        assert!(rules.iter().any(is_such), "{rule} is not in {rules:?}");
    }
    assert!(
        server
            .profile_listing(true)
            .profiles
            .iter()
            .all(|p| p.version.is_none())
    );

    let nameless = good.xml().replace(
        "<key>PayloadDisplayName</key>\n\t<string>A profile of a test</string>",
        "",
    );
    let result = server.push_one(nameless);
    assert_eq!(result.outcome, PushOutcome::Created, "{result:#?}");
    assert!(result.findings.iter().any(|finding| finding.rule == "T015"));
}

/// An encrypted profile that names its payloads encrypted is told apart from one that only says
/// so, an empty profile is refused, and a signed one keeps its bytes and its own uuid
/// (case A16).
#[test]
fn a16_encrypted_empty_signed() {
    let server = TestServer::new();
    let good = Draft::new(A, "one").xml();
    let start = good.find("<array>").unwrap();
    let end = good.find("</array>").unwrap() + "</array>".len();
    let empty = format!("{}<array/>{}", &good[..start], &good[end..]);
    assert!(refused(&server, &empty).contains(&"T007".to_owned()));
    let says_so = good.replace(
        "<dict>\n\t<key>",
        "<dict><key>IsEncrypted</key><true/>\n\t<key>",
    );
    assert!(says_so != good && refused(&server, &says_so).contains(&"T021".to_owned()));

    let signed = include_bytes!("../../data/signed/morning.mobileconfig");
    let (_, uuid) = server.push_taken(signed);
    let identifier = mooring_tests::server::id("com.harborworks.signed");
    assert_eq!(server.raw(&identifier, None).unwrap(), signed);
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    assert_eq!(host.holds(Channel::Device)[identifier.as_str()], uuid);
    server.assert_applied(1);
}

/// One byte over the limit is refused for its size alone, whatever it holds: nothing looked at it.
/// At the limit it is looked at (case A17).
#[test]
fn a17_one_byte_too_many() {
    let server = TestServer::new();
    let mut text = Draft::new(A, "one").xml();
    text.push_str(&" ".repeat(PROFILE_BYTES_MAX - text.len()));
    let result = server.push_one(&text);
    assert_eq!(result.outcome, PushOutcome::Created, "{result:#?}");
    text.push(' ');
    let too_large = refused(&server, &text);
    let nonsense = vec![b'<'; PROFILE_BYTES_MAX + 1];
    assert_eq!(refused(&server, &nonsense), too_large);
    assert_eq!(too_large.len(), 1, "{too_large:?}");
}
