//! Profiles that do not go together: found before a change is made, then on each profile and each
//! host, and gone with the change that caused it.

use std::sync::Arc;

use mooring_drift::scope::{Assignment, Label, LabelName};
use mooring_mdm::finding::Severity;
use mooring_plugin::Limits;
use mooring_server::api::{Level, SetFindingDetail};
use mooring_server::change::{ChangeOptions, Changed};
use mooring_server::judge::Judge;
use mooring_tests::server::id;
use mooring_tests::{Draft, Host, TestServer, settle};

const A: &str = "com.harborworks.a";
const B: &str = "com.harborworks.b";

fn judge() -> Arc<Judge> {
    let plugin = mooring_builtin::PROFILE_SET;
    let judge = Judge::with_plugins([(plugin.name, plugin.component)], Limits::default());
    Arc::new(judge.expect("the plugin loads"))
}

/// A profile with a payload of which a host can have one.
fn dock(identifier: &str, value: &str) -> String {
    let draft = Draft {
        payload_type: "com.apple.dock".to_owned(),
        ..Draft::new(identifier, value)
    };
    draft.xml()
}

fn label() -> LabelName {
    LabelName::parse("lab").expect("a name")
}

fn assign(server: &TestServer, identifier: &str, assignment: &str, is_plan: bool) -> Vec<String> {
    let assignment: Assignment = serde_json::from_str(assignment).expect("an assignment");
    let options = ChangeOptions {
        is_plan,
        ..ChangeOptions::by("test")
    };
    let set = server.set_assignment(&id(identifier), Some(&assignment), &options);
    match set.expect("an assignment that is taken") {
        Changed::Done(_) => Vec::new(),
        Changed::Planned(impact) => {
            assert!(!impact.is_together_cut);
            lines(&impact.together)
        }
    }
}

fn members(server: &TestServer, add: &[String], remove: &[String]) {
    let changed = server.change_members(&label(), add, remove, &ChangeOptions::by("test"));
    changed.expect("a change of members");
}

/// `rule about other hosts` of each.
fn lines(found: &[SetFindingDetail]) -> Vec<String> {
    let line = |found: &SetFindingDetail| {
        assert_eq!(found.finding.severity, Severity::Error);
        let name = |place: &Option<mooring_server::api::SetPlace>| {
            place.as_ref().map(|place| place.identifier.to_string())
        };
        let (about, other) = (name(&found.about), name(&found.other));
        let (about, other) = (about.unwrap_or_default(), other.unwrap_or_default());
        format!("{} {about} {other} {}", found.finding.rule, found.hosts)
    };
    found.iter().map(line).collect()
}

fn of_profile(server: &TestServer, identifier: &str) -> Vec<String> {
    let detail = server.profile_detail(&id(identifier)).expect("a profile");
    assert!(detail.together.is_complete && detail.together.as_of.is_some());
    lines(&detail.together.findings)
}

fn of_host(server: &TestServer, host: &Host) -> Vec<String> {
    let detail = server.host_detail(&host.id()).expect("a host");
    let why = server.why(&host.id(), &id(B)).expect("an answer");
    assert_eq!(detail.together, why.together);
    lines(&detail.together)
}

/// Two profiles with the same single payload are for a label: the plan says so, then each profile
/// and each host of the label; after one is for others, nobody says it any more.
#[test]
fn found_and_gone() {
    let server = TestServer::with_judge(judge());
    let set = server.set_label(&label(), &Label::Manual, &ChangeOptions::by("test"));
    set.expect("a label");
    for identifier in [A, B] {
        assign(&server, identifier, r#"{"include_all":["lab"]}"#, false);
    }
    server.push_taken(dock(A, "one"));
    let mut hosts: Vec<_> = (0..3).map(Host::without_user).collect();
    settle(&server, &mut hosts);
    members(&server, &[hosts[0].id(), hosts[1].id()], &[]);
    server.push_taken(dock(B, "two"));

    assert_eq!(of_profile(&server, A), [format!("R007 {B} {A} 2")]);
    assert_eq!(of_profile(&server, B), [format!("R007 {B} {A} 2")]);
    assert_eq!(of_host(&server, &hosts[0]), [format!("R007 {B} {A} 0")]);
    assert!(of_host(&server, &hosts[2]).is_empty());

    let everybody = assign(&server, B, "{}", true);
    assert!(
        everybody.is_empty(),
        "for the third it is the only one: {everybody:?}"
    );
    assign(&server, B, r#"{"exclude_any":["lab"]}"#, false);
    assert!(of_profile(&server, A).is_empty() && of_profile(&server, B).is_empty());
    assert!(of_host(&server, &hosts[0]).is_empty());

    let planned = assign(&server, B, "{}", true);
    assert_eq!(planned, [format!("R007 {B} {A} 2")]);
    assert!(of_profile(&server, B).is_empty(), "a plan changes nothing");
}

/// However many hosts get a set and however often it is asked for, it is judged once.
#[test]
fn judged_once() {
    let judge = judge();
    let server = TestServer::with_judge(Arc::clone(&judge));
    server.push_taken(dock(A, "one"));
    server.push_taken(dock(B, "two"));
    let mut hosts: Vec<_> = (0..5).map(Host::without_user).collect();
    settle(&server, &mut hosts);
    let before = judge.calls_made();
    for _ in 0..3 {
        assert_eq!(of_profile(&server, A), [format!("R007 {B} {A} 5")]);
        assert_eq!(of_host(&server, &hosts[4]), [format!("R007 {B} {A} 0")]);
    }
    assert_eq!(judge.calls_made(), before + 1);
}

/// Severity and reason of what is said of a profile and of a host, which is always the same.
fn weights(server: &TestServer, host: &Host) -> Vec<(Severity, Option<String>)> {
    let weight = |found: &SetFindingDetail| {
        let finding = &found.finding;
        let is_changed = finding.severity != Severity::Error;
        assert_eq!(finding.was, is_changed.then_some(Severity::Error));
        (finding.severity, finding.accepted.clone())
    };
    let all = |found: &[SetFindingDetail]| found.iter().map(weight).collect::<Vec<_>>();
    let of_host = server.host_detail(&host.id()).expect("a host").together;
    for identifier in [A, B] {
        let detail = server.profile_detail(&id(identifier)).expect("a profile");
        assert!(detail.together.is_complete);
        assert_eq!(all(&detail.together.findings), all(&of_host));
        let why = server.why(&host.id(), &id(identifier)).expect("an answer");
        assert_eq!(all(&why.together), all(&of_host));
    }
    all(&of_host)
}

/// What is shown of a set follows the policy and acceptances of the moment, with no set judged anew: a
/// rule that is off is gone, and one that is accepted in either of the two profiles says so.
#[test]
fn weighed_when_shown() {
    let judge = judge();
    let server = TestServer::with_judge(Arc::clone(&judge));
    server.push_taken(dock(A, "one"));
    server.push_taken(dock(B, "two"));
    let mut hosts = vec![Host::without_user(0)];
    settle(&server, &mut hosts);
    let weights = || weights(&server, &hosts[0]);
    assert_eq!(weights(), [(Severity::Error, None)]);
    let before = judge.calls_made();
    for (level, severity) in [
        (Level::Warning, Severity::Warning),
        (Level::Info, Severity::Info),
        (Level::Error, Severity::Error),
    ] {
        server.set_level("R007", level, "test").expect("a rule");
        assert_eq!(weights(), [(severity, None)]);
    }
    server
        .set_level("R007", Level::Off, "test")
        .expect("a rule");
    assert_eq!(weights(), []);
    server.reset_level("R007", "test").expect("a rule");
    for identifier in [A, B] {
        let accepted = server.accept_rule(&id(identifier), "R007", "on loan hosts", "test");
        accepted.expect("a rule");
        let reason = Some("on loan hosts".to_owned());
        assert_eq!(weights(), [(Severity::Info, reason)], "{identifier}");
        let revoked = server.revoke_rule(&id(identifier), "R007", "test");
        revoked.expect("it was accepted");
        assert_eq!(weights(), [(Severity::Error, None)]);
    }
    assert_eq!(judge.calls_made(), before, "no set was judged for it");
}

/// A plan weighs what it tells as the change itself would be shown.
#[test]
fn weighed_in_plans() {
    let server = TestServer::with_judge(judge());
    let set = server.set_label(&label(), &Label::Manual, &ChangeOptions::by("test"));
    set.expect("a label");
    assign(&server, B, r#"{"include_all":["lab"]}"#, false);
    server.push_taken(dock(A, "one"));
    server.push_taken(dock(B, "two"));
    settle(&server, &mut [Host::without_user(0)]);
    let planned = || {
        let everybody: Assignment = serde_json::from_str("{}").expect("an assignment");
        let options = ChangeOptions {
            is_plan: true,
            ..ChangeOptions::by("test")
        };
        let set = server.set_assignment(&id(B), Some(&everybody), &options);
        let Ok(Changed::Planned(impact)) = set else {
            panic!("{set:?}");
        };
        let found = impact.together.into_iter();
        let found = found.map(|found| (found.finding.severity, found.finding.accepted));
        found.collect::<Vec<_>>()
    };
    assert_eq!(planned(), [(Severity::Error, None)]);
    let accepted = server.accept_rule(&id(A), "R007", "on loan hosts", "test");
    accepted.expect("a rule");
    assert_eq!(
        planned(),
        [(Severity::Info, Some("on loan hosts".to_owned()))]
    );
    server
        .set_level("R007", Level::Off, "test")
        .expect("a rule");
    assert_eq!(planned(), []);
}
