//! What must hold of any bytes that are given as a profile.
//!
//! Knows nothing of where the bytes come from. Invariant: a breach is a panic that says which.

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::plist::write_xml;
use mooring_mdm::profile::{Container, Profile, ProfileLimits};
use mooring_mdm::rules::host_rule;

/// Reads a file as a profile. A refusal names a rule of the host and a place in the file; what is
/// accepted is read back equal from the form that this host writes.
pub fn profile(bytes: &[u8]) -> Option<Profile> {
    let limits = ProfileLimits::default();
    let profile = match Profile::parse(bytes, &limits) {
        Ok(profile) => profile,
        Err(finding) => {
            assert_eq!(finding.severity, Severity::Error, "{finding}");
            let is_xml = bytes.trim_ascii_start().starts_with(b"<");
            check(&finding, is_xml.then_some(bytes));
            return None;
        }
    };
    for notice in profile.notices() {
        assert_ne!(notice.severity, Severity::Error, "{notice}");
        check(notice, Some(profile.text()));
    }
    for node in profile.document().nodes() {
        let end = u32::try_from(profile.text().len()).unwrap_or(u32::MAX);
        assert!(node.span.start < node.span.end && node.span.end <= end);
        assert!(node.text.start <= node.text.end && node.text.end <= node.span.end);
    }
    let written = write_xml(profile.document());
    if written.len() <= limits.reader.bytes {
        let again = Profile::parse(&written, &limits).expect("what is written is read");
        assert_eq!(
            again.content_digest(),
            profile.content_digest(),
            "it says another thing"
        );
        assert_eq!(again.container(), Container::Xml);
        assert_eq!(
            write_xml(again.document()),
            written,
            "it is written in another way"
        );
    }
    Some(profile)
}

/// A finding is of a listed rule, says what to do, and its place is one of the text.
fn check(finding: &Finding, text: Option<&[u8]>) {
    let is_listed = host_rule(&finding.rule).is_some() || finding.rule == "T001";
    assert!(is_listed && finding.hint.is_some(), "{finding}");
    assert!(finding.to_string().len() < 1000, "{finding}");
    let (line, column) = (finding.line as usize, finding.column as usize);
    assert_eq!(line == 0, column == 0, "{finding}");
    let Some(text) = text.filter(|_| line > 0) else {
        return;
    };
    let text = String::from_utf8_lossy(text);
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let found = text.split('\n').nth(line - 1);
    let columns = found.map(|line| line.chars().count());
    assert!(
        columns.is_some_and(|columns| column <= columns + 2),
        "{finding}"
    );
}
