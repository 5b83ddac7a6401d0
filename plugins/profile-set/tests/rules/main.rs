//! Every rule of the catalogue, with a set that breaks it and one that does not.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod changes;
mod fixtures;
mod manifest;
mod pairs;

use mooring_profile_set::ProfileSetRules;
use mooring_sdk::testing::edition_from_json;
use mooring_sdk::{
    Context, Device, Edition, Member, ProfileSet, SetFinding, SetSubject, SetValidator, Severity,
};

/// Profiles that one host would get, and the rules that they break.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// Each as it is now, and perhaps as it was before.
    pub(crate) members: &'static [(&'static str, Option<&'static str>)],
    pub(crate) gone: &'static [&'static str],
    pub(crate) platform: Option<&'static str>,
    /// `rule severity about other`, where a profile is `1`, `2`, ... or `gone 1`.
    pub(crate) expect: &'static [&'static str],
}

impl Case {
    pub(crate) const fn new(
        name: &'static str,
        members: &'static [(&'static str, Option<&'static str>)],
        expect: &'static [&'static str],
    ) -> Self {
        Self {
            name,
            members,
            gone: &[],
            platform: None,
            expect,
        }
    }
}

/// A profile from a few words: `identifier uuid scope`, and its payloads as JSON.
pub(crate) fn edition(version: u32, words: &str) -> Edition {
    let (head, payloads) = words.split_once('|').unwrap();
    let mut head = head.split_whitespace();
    let (identifier, uuid) = (head.next().unwrap(), head.next().unwrap());
    let scope = head.next().unwrap_or("System");
    edition_from_json(
        version,
        &format!(
            r#"{{"PayloadType": "Configuration", "PayloadIdentifier": "{identifier}",
                "PayloadUUID": "{uuid}", "PayloadScope": "{scope}",
                "PayloadContent": [{payloads}]}}"#
        ),
    )
}

pub(crate) fn judged(case: &Case) -> Vec<SetFinding> {
    let member = |(now, before): &(&str, Option<&str>)| Member {
        now: edition(2, now),
        before: before.map(|before| edition(1, before)),
    };
    let set = ProfileSet {
        members: case.members.iter().map(member).collect(),
        gone: case.gone.iter().map(|gone| edition(1, gone)).collect(),
    };
    let device = case.platform.map(|platform| Device {
        platform: platform.to_owned(),
        ..Device::default()
    });
    let context = Context {
        device,
        ..Context::default()
    };
    ProfileSetRules::validate_set(&set, &context).unwrap()
}

pub(crate) fn line(finding: &SetFinding) -> String {
    let severity = match finding.severity {
        Severity::Info => "info",
        Severity::Warning => "warning",
        Severity::Error => "error",
    };
    let name = |subject: SetSubject| match subject {
        SetSubject::Set => "set".to_owned(),
        SetSubject::Member(number) => (number + 1).to_string(),
        SetSubject::Gone(number) => format!("gone {}", number + 1),
    };
    let other = finding.other.as_ref();
    let other = other.map_or_else(String::new, |other| format!(" {}", name(other.subject)));
    let about = name(finding.about.subject);
    format!("{} {severity} {about}{other}", finding.rule)
}

pub(crate) fn check(cases: &[Case]) {
    for case in cases {
        let findings = judged(case);
        let lines: Vec<_> = findings.iter().map(line).collect();
        assert_eq!(lines, case.expect, "{}: {findings:#?}", case.name);
    }
}
