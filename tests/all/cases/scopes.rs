//! Hosts that move between groups: a group is a label, and what it gets an assignment.

use mooring_drift::scope::{Assignment, Label, LabelName};
use mooring_drift::state::NextAttempt;
use mooring_drift::status::{PendingReason, ProfileStatus, Remark, Status};
use mooring_mdm::profile::placeholder::ValueName;
use mooring_server::api::HostValuesWish;
use mooring_server::change::ChangeOptions;
use mooring_server::scope::{DeclaredValue, ValueKind};
use mooring_tests::server::id;
use mooring_tests::{Draft, TestServer};
use serde_json::json;

use super::puppet::Puppet;
use super::{A, B, C, push, server_with};

const NORTH: &str = "north";
const SOUTH: &str = "south";

fn by_test() -> ChangeOptions {
    ChangeOptions::by("test")
}

fn label(name: &str) -> LabelName {
    LabelName::parse(name).unwrap()
}

/// A label by hand, or by a rule.
fn define(server: &TestServer, name: &str, rule: Option<&str>) {
    let definition = match rule {
        Some(rule) => json!({"kind": "rule", "rule": rule}),
        None => json!({"kind": "manual"}),
    };
    let definition: Label = serde_json::from_value(definition).unwrap();
    server
        .set_label(&label(name), &definition, &by_test())
        .unwrap();
}

/// Assigns a profile as a document says it.
fn assign(server: &TestServer, identifier: &str, assignment: serde_json::Value) {
    let assignment: Assignment = serde_json::from_value(assignment).unwrap();
    server
        .set_assignment(&id(identifier), Some(&assignment), &by_test())
        .unwrap();
}

/// Gives a label to a host, or takes it.
fn member(server: &TestServer, name: &str, host: &Puppet, is_member: bool) {
    let (some, none) = ([host.id()], []);
    let (add, remove): (&[String], &[String]) = if is_member {
        (&some, &none)
    } else {
        (&none, &some)
    };
    server
        .change_members(&label(name), add, remove, &by_test())
        .unwrap();
}

/// A host moves from the one group to the other.
fn move_south(server: &TestServer, host: &Puppet) {
    member(server, SOUTH, host, true);
    member(server, NORTH, host, false);
}

/// Declares an attribute, without a value for anybody.
fn declare(server: &TestServer, name: &str) {
    let value = DeclaredValue {
        kind: ValueKind::Attribute,
        default: None,
    };
    server
        .declare_value(&ValueName::parse(name).unwrap(), &value, &by_test())
        .unwrap();
}

/// Sets an attribute of a host.
fn set(server: &TestServer, host: &Puppet, name: &str, value: &str) {
    let wish = HostValuesWish {
        set: [(ValueName::parse(name).unwrap(), value.to_owned())].into(),
        ..HostValuesWish::default()
    };
    server
        .set_host_values(&host.id(), &wish, &by_test())
        .unwrap();
}

/// A server with both groups and a host in the northern one, with A for the north, B for the south
/// and C for both.
fn two_groups() -> (TestServer, Puppet) {
    let server = server_with(&[A, B, C]);
    define(&server, NORTH, None);
    define(&server, SOUTH, None);
    assign(&server, A, json!({"include_any": [NORTH]}));
    assign(&server, B, json!({"include_any": [SOUTH]}));
    assign(&server, C, json!({"include_any": [NORTH, SOUTH]}));
    let mut host = Puppet::enrolled(1, &server);
    member(&server, NORTH, &host, true);
    host.settle(&server);
    assert_eq!(host.holds(), [A, C]);
    host.got.clear();
    (server, host)
}

/// A server on which A holds the group of each host, and a host in the north that has it.
fn by_value() -> (TestServer, Puppet) {
    let server = TestServer::new();
    declare(&server, "site");
    push(&server, A, "the site is {{attribute.site}}");
    let mut host = Puppet::enrolled(1, &server);
    set(&server, &host, "site", NORTH);
    host.settle(&server);
    server.assert_applied(1);
    host.got.clear();
    (server, host)
}

fn word(server: &TestServer, host: &Puppet, identifier: &str) -> Option<Status> {
    let shown = server.profile_of(&host.id(), identifier);
    shown.map(|profile| profile.status.word())
}

/// A host moves to another group, and the two have nothing in common but C: what is new to it is
/// installed, what was only the old group's is removed, and the counts move along (case A4).
#[test]
fn a04_another_group() {
    let (server, mut host) = two_groups();
    let count = |identifier: &str| {
        let profiles = server.counts().profiles;
        let found = profiles
            .into_iter()
            .find(|p| p.identifier.as_str() == identifier);
        found.map(|profile| profile.counts.applied)
    };
    assert_eq!((count(A), count(B)), (Some(1), Some(0)));
    move_south(&server, &host);
    assert_eq!(server.counts().counts.pending, 1);
    let expected = [
        format!("RemoveProfile {A}"),
        format!("InstallProfile {B}"),
        "ProfileList".to_owned(),
    ];
    assert_eq!(host.settle(&server), expected);
    assert_eq!(host.holds(), [B, C]);
    assert_eq!((count(A).unwrap_or(0), count(B)), (0, Some(1)));
    server.assert_applied(1);
}

/// What both groups have costs no command when a host moves, and its status stays (case A5).
#[test]
fn a05_in_both_groups() {
    let (server, mut host) = two_groups();
    let before = server.profile_of(&host.id(), C).unwrap();
    move_south(&server, &host);
    assert_eq!(server.profile_of(&host.id(), C).unwrap(), before);
    let work = host.settle(&server);
    assert!(!work.iter().any(|what| what.contains(C)), "{work:?}");
    assert_eq!(server.profile_of(&host.id(), C).unwrap(), before);
    // A host that is in both does not notice when it leaves one.
    member(&server, NORTH, &host, true);
    host.settle(&server);
    member(&server, SOUTH, &host, false);
    let work = host.settle(&server);
    assert!(!work.iter().any(|what| what.contains(C)), "{work:?}");
}

/// The same profile with the other group's value: one install over the top, and no removal
/// (case A6). Two profiles cannot share an identifier here; what differs from group to group is a
/// value.
#[test]
fn a06_another_value() {
    let (server, mut host) = by_value();
    let north = host.profiles[A].clone();
    set(&server, &host, "site", SOUTH);
    let expected = [format!("InstallProfile {A}"), "ProfileList".to_owned()];
    assert_eq!(host.settle(&server), expected);
    assert_ne!(host.profiles[A], north);
    server.assert_applied(1);
    set(&server, &host, "site", NORTH);
    host.settle(&server);
    assert_eq!(
        host.profiles[A], north,
        "the same value gives the same copy"
    );
    assert!(host.settle(&server).is_empty());
}

/// The move comes while the first copy is acknowledged and not proven yet: still no removal, and
/// one install of the other (case A7).
#[test]
fn a07_moved_before_the_proof() {
    let (server, mut host) = by_value();
    set(&server, &host, "site", "west");
    let install = host.idle(&server).unwrap();
    let proof = host.obey(&server, &install).unwrap();
    let reason = PendingReason::Acknowledged;
    assert_eq!(
        server.status_of(&host.id(), A),
        ProfileStatus::Pending { reason }
    );
    set(&server, &host, "site", SOUTH);
    let mut next = host.obey(&server, &proof);
    while let Some(order) = next {
        next = host.obey(&server, &order);
    }
    host.settle(&server);
    assert_eq!(host.count("InstallProfile"), 2, "{:#?}", host.got);
    assert_eq!(host.count("RemoveProfile"), 0);
    server.assert_applied(1);

    // By labels: what both groups have is not touched by a move in between.
    let (server, mut host) = two_groups();
    push(&server, C, "second");
    let install = host.idle(&server).unwrap();
    let proof = host.obey(&server, &install).unwrap();
    move_south(&server, &host);
    host.obey(&server, &proof);
    host.settle(&server);
    let about_c = host.got.iter().filter(|order| order.what().contains(C));
    assert_eq!(about_c.count(), 1, "{:#?}", host.got);
    server.assert_applied(1);
}

/// The move comes after the first copy was refused for good: the other copy is sent at once
/// (case A8).
#[test]
fn a08_moved_after_a_failure() {
    let (server, mut host) = by_value();
    set(&server, &host, "site", "nowhere");
    let install = host.idle(&server).unwrap();
    let next = host.error(&server, &install, &[("MCProfileErrorDomain", 1009)]);
    assert_eq!(next, None);
    let status = server.status_of(&host.id(), A);
    let is_parked = matches!(
        status,
        ProfileStatus::Failed {
            next_attempt: NextAttempt::Parked,
            ..
        }
    );
    assert!(is_parked, "{status:?}");
    assert!(host.settle(&server).is_empty());
    set(&server, &host, "site", SOUTH);
    assert_eq!(host.settle(&server)[0], format!("InstallProfile {A}"));
    server.assert_applied(1);
}

/// A profile for another kind of device costs a Mac nothing and is not among its profiles, and an
/// install that was put off is dropped when its host leaves the group (cases A2 and A22).
#[test]
fn a22_leaving_the_group() {
    let (server, mut host) = two_groups();
    push(&server, "com.harborworks.tablets", "first");
    assign(
        &server,
        "com.harborworks.tablets",
        json!({"platforms": ["ipados"]}),
    );
    push(&server, A, "second");
    let install = host.idle(&server).unwrap();
    assert_eq!(install.what(), format!("InstallProfile {A}"));
    assert_eq!(host.not_now(&server, &install), None);
    member(&server, NORTH, &host, false);
    member(&server, SOUTH, &host, true);
    let work = host.settle(&server);
    assert_eq!(host.count("InstallProfile"), 2, "A once, B once: {work:?}");
    assert_eq!(host.holds(), [B, C]);
    assert_eq!(word(&server, &host, "com.harborworks.tablets"), None);
    server.assert_applied(1);
}

/// A label of which nobody knows whether a host has it: with include-all the profile is not
/// installed, and a copy that is there is not removed; with include-any another label decides.
/// People read that it waits (case A34).
#[test]
fn a34_unknown_labels() {
    let server = server_with(&[A, B, C]);
    declare(&server, "site");
    define(&server, "by-site", Some("attributes.site == \"north\""));
    define(&server, "by-hand", None);
    assign(&server, A, json!({"include_all": ["by-site"]}));
    assign(&server, B, json!({"include_any": ["by-site", "by-hand"]}));
    let mut host = Puppet::enrolled(1, &server);
    member(&server, "by-hand", &host, true);
    host.settle(&server);
    assert_eq!(host.holds(), [B, C]);
    let shown = server.profile_of(&host.id(), A).unwrap();
    assert_eq!(shown.remark, Some(Remark::MembershipUnknown));
    assert_eq!(shown.status, ProfileStatus::Unknown);

    assign(&server, C, json!({"include_all": ["by-site"]}));
    assert!(host.settle(&server).is_empty(), "unknown removes nothing");
    assert_eq!(host.holds(), [B, C]);
    set(&server, &host, "site", NORTH);
    host.settle(&server);
    assert_eq!(host.holds(), [A, B, C]);
    set(&server, &host, "site", SOUTH);
    host.settle(&server);
    assert_eq!(host.holds(), [B]);
    server.assert_applied(1);
}

/// An excluded label of which nobody knows: what is not installed stays off, what is installed
/// stays on, and once it is known it acts at the next contact (case A35).
#[test]
fn a35_unknown_exclusions() {
    let server = server_with(&[B]);
    declare(&server, "retired");
    define(&server, "retired", Some("attributes.retired == \"yes\""));
    let mut host = Puppet::settled(1, &server);
    push(&server, A, "first");
    for identifier in [A, B] {
        assign(&server, identifier, json!({"exclude_any": ["retired"]}));
    }
    assert!(host.settle(&server).is_empty());
    assert_eq!(host.holds(), [B]);
    set(&server, &host, "retired", "no");
    assert_eq!(host.settle(&server)[0], format!("InstallProfile {A}"));
    set(&server, &host, "retired", "yes");
    host.settle(&server);
    assert_eq!(host.count("RemoveProfile"), 2);
    assert!(host.profiles.is_empty());
    server.assert_applied(1);
}

/// Secrets: another one resends the profiles that use it and no others; a profile that names one
/// that is not declared is refused, naming it; and a host without a value for one is blocked with
/// its name, alone (case A38).
#[test]
fn a38_secrets_and_missing_values() {
    let server = server_with(&[B]);
    let refused = server.push_one(Draft::new(A, "key {{secret.wifi}}").xml());
    assert_eq!(refused.version, None, "{refused:#?}");
    let complaint = &refused.findings[0].message;
    assert!(complaint.contains("wifi"), "{complaint}");

    let secret = DeclaredValue {
        kind: ValueKind::Secret,
        default: None,
    };
    let name = ValueName::parse("wifi").unwrap();
    server.declare_value(&name, &secret, &by_test()).unwrap();
    push(&server, A, "key {{secret.wifi}}");
    let mut hosts = [Puppet::enrolled(1, &server), Puppet::enrolled(2, &server)];
    set(&server, &hosts[0], "wifi", "correct horse");
    for host in &mut hosts {
        host.settle(&server);
    }
    assert_eq!((hosts[0].holds(), hosts[1].holds()), (vec![A, B], vec![B]));
    let blocked = server.profile_of(&hosts[1].id(), A).unwrap();
    let reason = PendingReason::Blocked;
    assert_eq!(blocked.status, ProfileStatus::Pending { reason });
    let Some(Remark::ValuesMissing { names }) = blocked.remark else {
        panic!("{blocked:?}");
    };
    assert_eq!(names, ["secret.wifi"]);
    assert_eq!(word(&server, &hosts[0], A), Some(Status::Applied));

    hosts[0].got.clear();
    set(&server, &hosts[0], "wifi", "battery staple");
    let expected = [format!("InstallProfile {A}"), "ProfileList".to_owned()];
    assert_eq!(hosts[0].settle(&server), expected);
    assert!(hosts[1].settle(&server).is_empty());
    let shown = format!("{:?}", server.host_profiles(&hosts[0].id()).unwrap());
    assert!(!shown.contains("staple"), "{shown}");
}
