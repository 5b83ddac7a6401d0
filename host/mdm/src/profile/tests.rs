//! Tests of profiles: their containers, their identity, and the corpus.

mod containers;
mod corpus;
mod encrypt;
mod identity;
mod lookalike;
mod properties;
mod readings;
mod secret_values;

use super::*;

/// A plain profile with a payload.
const PLAIN: &[u8] = include_bytes!("testdata/plain.mobileconfig");
/// [`PLAIN`], signed with the certificate included:
/// `openssl smime -sign -nodetach -binary -outform DER -signer c.pem -inkey k.pem`.
const SIGNED: &[u8] = include_bytes!("testdata/signed.mobileconfig");

fn parse(bytes: &[u8]) -> Result<Profile, Finding> {
    Profile::parse(bytes, &ProfileLimits::default())
}

/// Renders findings as `line:column severity rule`.
fn shown<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let show = |finding: &Finding| {
        assert!(finding.hint.is_some(), "{finding} names no fix");
        format!(
            "{}:{} {} {}",
            finding.line, finding.column, finding.severity, finding.rule
        )
    };
    findings
        .into_iter()
        .map(show)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Parses and renders what was found, the notices or the refusal.
fn check(bytes: &[u8]) -> String {
    match parse(bytes) {
        Ok(profile) => shown(profile.notices()),
        Err(finding) => shown([&finding]),
    }
}

/// A profile with these lines in its top-level dictionary, the first of which is line 2.
fn profile(lines: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>\n{lines}\n</dict></plist>\n"
    )
}
