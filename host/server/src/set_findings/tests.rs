//! Sets of files against the shipped rules, and the bounds of what is remembered.

use mooring_mdm::finding::{Finding, Severity};
use mooring_mdm::ids::{Channel, PayloadIdentifier};
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_plugin::Limits;

use super::table::{Found, Table};
use super::wanted::{Wanted, key};
use super::{SETS_MAX, SetEdition, SetMember, SetSaidOf};
use crate::api::SetFindingDetail;
use crate::judge::Judge;

fn profile(identifier: &str, uuid: char) -> SetMember {
    let uuid = |number: u8| {
        format!(
            "{}-0000-4000-8000-00000000000{number}",
            uuid.to_string().repeat(8)
        )
    };
    let xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\">\n<dict>\n\
         <key>PayloadContent</key><array>\n  <dict><key>PayloadType</key>\
         <string>com.apple.dock</string><key>PayloadUUID</key><string>{}</string></dict>\n</array>\n\
         <key>PayloadIdentifier</key><string>{identifier}</string>\n\
         <key>PayloadUUID</key><string>{}</string>\n</dict>\n</plist>\n",
        uuid(1),
        uuid(2)
    );
    let profile = Profile::parse(xml.as_bytes(), &ProfileLimits::default()).unwrap();
    SetMember {
        now: SetEdition::of_file(profile),
        before: None,
    }
}

/// Two files are judged together as a server would judge them, with the places in both; a plugin
/// that cannot answer is told of, and so is one that never asked.
#[test]
fn files_together() {
    let plugin = mooring_builtin::PROFILE_SET;
    let judge = Judge::with_plugins([(plugin.name, plugin.component)], Limits::default()).unwrap();
    let set = [profile("com.example.a", 'A'), profile("com.example.b", 'B')];
    let said = judge.judge_set(&set);
    assert_eq!(said.len(), 1, "{said:?}");
    let found = &said[0].finding;
    assert_eq!(
        (found.rule.as_str(), found.severity),
        ("R007", Severity::Error)
    );
    assert_eq!((found.line, found.column), (5, 3));
    assert_eq!(said[0].about, SetSaidOf::Member(1));
    assert_eq!(said[0].other, Some((SetSaidOf::Member(0), 5, 3)));
    assert!(judge.judge_set(&set[..1]).is_empty());
    let none = Judge::with_plugins([], Limits::default()).unwrap();
    assert!(none.judge_set(&set).is_empty());
}

fn wanted(identifier: &str, version: u32, channel: Channel) -> Wanted {
    Wanted {
        channel,
        identifier: PayloadIdentifier::parse(identifier).unwrap(),
        version,
    }
}

/// Another version, channel or order is another set.
#[test]
fn names_of_sets() {
    let (a, b) = (
        wanted("com.example.a", 1, Channel::Device),
        wanted("com.example.b", 1, Channel::Device),
    );
    let whole = key(&[a.clone(), b.clone()]);
    assert_eq!(whole, key(&[a.clone(), b.clone()]));
    for other in [
        vec![a.clone()],
        vec![b.clone(), a.clone()],
        vec![wanted("com.example.a", 2, Channel::Device), b.clone()],
        vec![wanted("com.example.a", 1, Channel::User), b],
    ] {
        assert_ne!(whole, key(&other));
    }
}

fn found(rule: &str) -> SetFindingDetail {
    SetFindingDetail {
        finding: Finding::host(Severity::Warning, rule, (0, 0), "text"),
        about: None,
        other: None,
        hosts: 0,
    }
}

fn set(number: usize) -> [u8; 32] {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&number.to_le_bytes());
    key
}

fn of(findings: Vec<SetFindingDetail>) -> Found {
    Found {
        findings,
        is_failed: false,
    }
}

/// What no listing meets is forgotten, hosts are counted anew by each, a failure is no answer for
/// long, and there is a bound on sets and on the findings of one.
#[test]
fn table_is_bounded() {
    let mut table = Table::default();
    table.begin(2);
    assert!(!table.count(&set(1), 5));
    table.keep(set(1), of(vec![found("R007")]));
    table.keep(set(2), of(vec![found("R007"); 1000]));
    assert!(table.count(&set(1), 5) && table.count(&set(1), 2) && table.count(&set(2), 1));
    table.end(mooring_drift::policy::Timestamp(7));
    assert_eq!(table.find(&set(1)).unwrap().hosts, 7);
    let large = table.find(&set(2)).unwrap();
    assert!(large.is_cut && large.findings.len() == 200);
    table.begin(1);
    assert!(table.count(&set(1), 3));
    table.end(mooring_drift::policy::Timestamp(8));
    assert_eq!(table.find(&set(1)).unwrap().hosts, 3);
    assert!(table.find(&set(2)).is_none());
    table.keep(set(1), of(vec![found("R008")]));
    assert_eq!(
        table.find(&set(1)).unwrap().findings[0].finding.rule,
        "R007"
    );
    let failed = Found {
        findings: vec![found("R007")],
        is_failed: true,
    };
    table.keep(set(3), failed);
    table.keep(set(4), of(vec![found("plugin-timeout")]));
    assert!(table.count(&set(3), 1) && table.count(&set(4), 1));
    table.begin(1);
    assert!(!table.count(&set(3), 1), "it is asked again");
    assert!(table.count(&set(4), 1), "a rule of that name is no failure");
    (0..=SETS_MAX).for_each(|number| table.keep(set(number), Found::default()));
    assert!(table.find(&set(SETS_MAX - 1)).is_some() && table.find(&set(SETS_MAX)).is_none());
    assert_eq!(table.in_use().count(), 2);
}
