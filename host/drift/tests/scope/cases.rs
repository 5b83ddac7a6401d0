//! Assignments: what their parts say together, known, unknown and broken, with the reasons.

use mooring_drift::scope::{Assignment, Label, Scope, Truth};
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::os::{OsVersion, Platform};

use Truth::{No, Unknown, Yes};

use crate::{Host, names, profile, rule, scope};

/// Labels that a known host has and has not, one that a silent host makes unknown, and none
/// called `gone`.
fn labels() -> Vec<(&'static str, Label)> {
    vec![
        ("has", Label::Manual),
        ("has-not", Label::Manual),
        ("new", rule("host.os_version >= \"15.0\"")),
        ("old", rule("host.os_version < \"15.0\"")),
    ]
}

fn judged(host: &Host, assignment: Assignment) -> Truth {
    let scope = scope(&labels(), assignment);
    let subject = host.subject();
    let truth = scope.memberships(&subject)[&profile()];
    // The reasons say the same as the membership.
    let reasons = scope.why(&profile(), &subject);
    assert_eq!(Truth::all(reasons.iter().map(|reason| reason.truth)), truth);
    assert!(reasons.iter().all(|reason| !reason.words.is_empty()));
    truth
}

fn assigned(all: &[&str], any: &[&str], exclude: &[&str]) -> Assignment {
    Assignment {
        include_all: names(all),
        include_any: names(any),
        exclude_any: names(exclude),
        ..Assignment::default()
    }
}

/// A34: with include-all a broken or missing label leaves the profile as it is, unless another
/// label already says no; include-any goes by the labels that work, and broken ones alone are
/// unknown, so nothing is ever removed because of them.
#[test]
fn a34_broken_labels() {
    let host = Host::known().labelled(&["has"]);
    for (all, any, expected) in [
        (&["has"][..], &[][..], Yes),
        (&["has", "new"], &[], Yes),
        (&["has", "has-not"], &[], No),
        (&["has", "gone"], &[], Unknown),
        (&["gone"], &[], Unknown),
        (&["has-not", "gone"], &[], No),
        (&[], &["has", "gone"], Yes),
        (&[], &["new", "gone"], Yes),
        (&[], &["has-not", "gone"], Unknown),
        (&[], &["gone"], Unknown),
        (&[], &["has-not", "old"], No),
        (&["has"], &["gone", "new"], Yes),
        (&["gone"], &["has"], Unknown),
        (&["gone"], &["has-not"], No),
    ] {
        assert_eq!(
            judged(&host, assigned(all, any, &[])),
            expected,
            "{all:?} {any:?}"
        );
    }
}

/// A35: an excluded label that is unknown on a host leaves the profile as it is there, and when
/// it becomes known it acts at once; one that is undefined does the same.
#[test]
fn a35_unknown_exclusion() {
    let silent = Host::silent().labelled(&["has"]);
    for (host, exclude, expected) in [
        (&silent, &["old"][..], Unknown),
        (&Host::on("15.1"), &["old"], Yes),
        (&Host::on("14.7"), &["old"], No),
        (&silent, &["gone"], Unknown),
        (&silent, &["has"], No),
        (&silent, &["has", "old"], No),
        (&silent, &["has-not"], Yes),
        (&silent, &["has-not", "old"], Unknown),
    ] {
        assert_eq!(
            judged(host, assigned(&[], &[], exclude)),
            expected,
            "{exclude:?}"
        );
    }
}

/// A label that the rule decides is not given by hand, and one given by hand needs no facts.
#[test]
fn manual_and_dynamic_labels() {
    let host = Host::on("14.7").labelled(&["new", "has"]);
    assert_eq!(judged(&host, assigned(&["new"], &[], &[])), No);
    let silent = Host::silent().labelled(&["has"]);
    assert_eq!(judged(&silent, assigned(&["has"], &[], &["has-not"])), Yes);
    let known = scope(&labels(), Assignment::default());
    assert_eq!(
        known.has_label(&crate::name("gone"), &silent.subject()),
        Unknown
    );
    assert_eq!(
        known.has_label(&crate::name("new"), &silent.subject()),
        Unknown
    );
    assert_eq!(known.has_label(&crate::name("has"), &silent.subject()), Yes);
}

/// Platforms and versions let in and keep out known hosts; of a silent host they know nothing,
/// and a part that says no decides without them.
#[test]
fn systems() {
    let version = |text: &str| Some(OsVersion::parse(text).unwrap());
    let range = |min, max| Assignment {
        os_min: min,
        os_max: max,
        ..Assignment::default()
    };
    for (host, expected) in [("14.7.9", No), ("15.0", Yes), ("15.7.3", Yes), ("16.0", No)] {
        assert_eq!(
            judged(&Host::on(host), range(version("15"), version("15"))),
            expected
        );
    }
    assert_eq!(judged(&Host::on("26.1"), range(version("15.1"), None)), Yes);
    assert_eq!(judged(&Host::on("9.3"), range(None, version("15.1"))), Yes);
    assert_eq!(judged(&Host::silent(), range(version("1"), None)), Unknown);
    assert_eq!(
        judged(&Host::on("beta"), range(None, version("99"))),
        Unknown
    );

    let on = |platform| Assignment {
        platforms: [platform].into(),
        ..Assignment::default()
    };
    assert_eq!(judged(&Host::known(), on(Platform::MacOs)), Yes);
    assert_eq!(judged(&Host::known(), on(Platform::Ios)), No);
    assert_eq!(judged(&Host::silent(), on(Platform::MacOs)), Unknown);
    let nobody = Assignment {
        percent: Some(0),
        ..on(Platform::MacOs)
    };
    assert_eq!(judged(&Host::silent(), nobody), No);
}

/// An assignment without parts, and a profile without assignment, are for everyone.
#[test]
fn everyone() {
    assert_eq!(judged(&Host::silent(), Assignment::default()), Yes);
    let scope = scope(&labels(), Assignment::default());
    let other = PayloadIdentifier::parse("com.example.other").unwrap();
    let silent = Host::silent();
    assert_eq!(scope.memberships(&silent.subject()).get(&other), None);
    for identifier in [profile(), other] {
        let why = scope.why(&identifier, &silent.subject());
        assert_eq!(
            (why[0].rule.as_str(), why[0].truth, why.len()),
            ("everyone", Yes, 1)
        );
    }
    assert!(Scope::default().memberships(&silent.subject()).is_empty());
}

/// `why` has one reason for each part that is set, in words that name labels and facts.
#[test]
fn reasons() {
    let assignment = Assignment {
        platforms: [Platform::MacOs, Platform::IpadOs].into(),
        os_min: Some(OsVersion::parse("15").unwrap()),
        os_max: Some(OsVersion::parse("15.6").unwrap()),
        percent: Some(50),
        ..assigned(&["has", "new"], &["has-not", "gone"], &["old"])
    };
    let scope = scope(&labels(), assignment);
    let host = Host::known().labelled(&["has"]);
    let lines = |host: &Host| -> Vec<String> {
        let why = scope.why(&profile(), &host.subject());
        why.iter()
            .map(|r| format!("{} {}: {}", r.rule, r.truth, r.words))
            .collect()
    };
    assert_eq!(
        lines(&host),
        [
            "include_all yes: has: yes (the host was given it); \
             new: yes (host.os_version is 15.1, wanted >= 15.0)",
            "include_any unknown: gone: unknown (there is no such label); \
             has-not: no (the host was not given it)",
            "exclude_any yes: old: no (host.os_version is 15.1, wanted < 15.0)",
            "platforms yes: host.platform is macos, wanted one of macos, ipados",
            "os yes: host.os_version is 15.1, wanted 15 to 15.6",
            "percent no: the host has place 92 of 0 to 99 for this profile, wanted below 50",
        ]
    );
    assert_eq!(
        lines(&Host::silent())[2..5],
        [
            "exclude_any unknown: old: unknown (host.os_version is not known)",
            "platforms unknown: host.platform is not known, wanted one of macos, ipados",
            "os unknown: host.os_version is not known, wanted 15 to 15.6",
        ]
    );
}
