//! What a policy and acceptances make of findings, and how much of a line a finding is about.

use mooring_mdm::profile::{Profile, ProfileLimits};

use super::*;

/// A policy changes weights and keeps what the rule said; an accepted finding is shown and refuses
/// nothing; what is off is gone; other rules stay as they are.
#[test]
fn settling() {
    let found = |rule, severity| Finding {
        source: "a-plugin".to_owned(),
        ..Finding::host(severity, rule, (1, 1), "text")
    };
    let findings = vec![
        found("A001", Severity::Error),
        found("A002", Severity::Error),
        found("A003", Severity::Warning),
        found("A004", Severity::Warning),
        found("A005", Severity::Error),
        // The same rule, where the host itself refuses the file.
        Finding::host(Severity::Error, "A003", (1, 1), "text"),
    ];
    let policy = [
        ("A001", Level::Warning),
        ("A003", Level::Off),
        ("A004", Level::Error),
        ("A005", Level::Info),
    ];
    let policy = policy.map(|(rule, level)| (rule.to_owned(), level)).into();
    let accepted = [("A002".to_owned(), "only on loan hosts".to_owned())].into();
    let settled = settle(findings, &policy, &accepted);
    let shown = settled.iter().map(|one| {
        let (rule, now, was) = (one.rule.as_str(), one.severity, one.was);
        (rule, now, was, one.accepted.as_deref())
    });
    let (error, warning, info) = (Severity::Error, Severity::Warning, Severity::Info);
    assert_eq!(
        shown.collect::<Vec<_>>(),
        [
            ("A001", warning, Some(error), None),
            ("A002", info, Some(error), Some("only on loan hosts")),
            ("A004", error, Some(warning), None),
            ("A005", info, Some(error), None),
            ("A003", error, None, None),
        ]
    );
    assert!(refuses(&settled));
}

/// Every rule of the host says why and what to do, in as many words as a page has room for.
#[test]
fn host_rules_explain_themselves() {
    for rule in host_rules().values() {
        let texts = [&rule.why, &rule.instead];
        for text in texts.map(|text| text.as_deref().unwrap_or_default()) {
            assert!((10..=300).contains(&text.len()), "{}: {text}", rule.id);
        }
        assert_eq!(rule.source, HOST);
    }
}

/// A finding at a value gets the length of its key, one at an array's item that of the item, and
/// one at no value stays without.
#[test]
fn lengths() {
    let xml = "<?xml version=\"1.0\"?>\n<plist version=\"1.0\">\n<dict>\n\
               <key>PayloadIdentifier</key><string>com.example.a</string>\n\
               <key>PayloadDisplayName</key>\n<string>\u{e9}</string>\n\
               <key>List</key><array>\n<string>\u{e9}</string>\n<dict/></array>\n</dict>\n</plist>\n";
    let profile = Profile::parse(xml.as_bytes(), &ProfileLimits::default()).unwrap();
    let candidate = profile.identify(None).unwrap();
    let at = |line| Finding::host(Severity::Error, "A001", (line, 1), "text");
    let mut findings: Vec<_> = [3, 4, 5, 8, 9, 2].map(at).into();
    let place = |node| candidate.place(node);
    measure(&mut findings, candidate.document.nodes(), place);
    let lengths: Vec<_> = findings.iter().map(|finding| finding.length).collect();
    assert_eq!(lengths, [6, 28, 29, 18, 7, 0]);
}
