//! Assignments: who is in, who is out, and who waits.

use mooring_drift::scope::place;
use mooring_drift::status::{ProfileStatus, Remark};
use mooring_mdm::ids::HostId;
use mooring_server::scope::ScopeError;
use mooring_tests::server::id;
use mooring_tests::{TestServer, settle};

use super::mac::Mac;
use super::{A, assign, by_rule, manual, members, options, push};

const INSTALL: &str = "InstallProfile com.harborworks.a";
const REMOVE: &str = "RemoveProfile com.harborworks.a";

/// Four hosts with the labels none, x, y, and x with y, against every mix of include-all,
/// include-any and exclude-any: each holds the profile exactly where the parts let it in, also
/// when the assignment changes from one to the next.
#[test]
fn a_table_of_parts() {
    let server = TestServer::new();
    manual(&server, &["x", "y"]);
    let mut macs: Vec<_> = (0..4).map(Mac::new).collect();
    for mac in &mut macs {
        mac.settle(&server);
    }
    let ids: Vec<_> = macs.iter().map(Mac::id).collect();
    members(&server, "x", &[ids[1].clone(), ids[3].clone()], &[]);
    members(&server, "y", &[ids[2].clone(), macs[3].serial()], &[]);
    push(&server, A, "1");
    for (assignment, holders) in [
        ("{}", [true, true, true, true]),
        (r#"{"include_all":["x"]}"#, [false, true, false, true]),
        (r#"{"include_all":["x","y"]}"#, [false, false, false, true]),
        (r#"{"include_any":["x","y"]}"#, [false, true, true, true]),
        (r#"{"exclude_any":["x"]}"#, [true, false, true, false]),
        (r#"{"exclude_any":["x","y"]}"#, [true, false, false, false]),
        (
            r#"{"include_any":["x"],"exclude_any":["y"]}"#,
            [false, true, false, false],
        ),
        (
            r#"{"include_all":["y"],"include_any":["x"]}"#,
            [false, false, false, true],
        ),
        (r#"{"percent":0}"#, [false, false, false, false]),
        (r#"{"percent":100}"#, [true, true, true, true]),
    ] {
        assign(&server, A, assignment);
        for (mac, holds) in macs.iter_mut().zip(holds_of(holders)) {
            mac.settle(&server);
            assert_eq!(mac.identifiers().len(), holds, "{assignment}");
        }
        server.assert_applied(4);
    }
}

fn holds_of(holders: [bool; 4]) -> [usize; 4] {
    holders.map(usize::from)
}

/// A host that gets a label gets the profile by one command, loses it by one when the label is
/// taken, and what it holds is proven each time.
#[test]
fn joining_and_leaving() {
    let server = TestServer::new();
    manual(&server, &["staff"]);
    push(&server, A, "1");
    assign(&server, A, r#"{"include_all":["staff"]}"#);
    let mut mac = Mac::new(0);
    mac.settle(&server);
    assert!(mac.identifiers().is_empty());
    assert!(server.profile_of(&mac.id(), A).is_none(), "not for it");
    members(&server, "staff", &[mac.id()], &[]);
    assert_eq!(mac.settle(&server), [INSTALL, "ProfileList"]);
    members(&server, "staff", &[], &[mac.id()]);
    assert_eq!(mac.settle(&server), [REMOVE, "ProfileList"]);
    assert!(mac.identifiers().is_empty());
    members(&server, "staff", &[], &[mac.id()]);
    assert!(mac.settle(&server).is_empty(), "once more changes nothing");
    server.assert_applied(1);
}

/// Where membership cannot be told nothing is sent, neither to bring the profile nor to take it; what
/// the device tells later decides.
#[test]
fn unknown_waits() {
    let server = TestServer::new();
    by_rule(&server, "ours", r#"host.name == "Harbor""#);
    push(&server, A, "1");
    let mut mac = Mac::new(0);
    // An empty name tells nothing.
    mac.told.insert("DeviceName", String::new());
    mac.settle(&server);
    assert_eq!(mac.identifiers(), [A]);
    assign(&server, A, r#"{"include_all":["ours"]}"#);
    for (name, holds) in [("", 1), ("Harbor", 1), ("Pier", 0), ("Harbor", 1)] {
        mac.told.insert("DeviceName", name.to_owned());
        server.refresh_host(&mac.id()).unwrap();
        mac.settle(&server);
        mac.settle(&server);
        assert_eq!(mac.identifiers().len(), holds, "{name:?}");
        let is_unknown = server
            .profile_of(&mac.id(), A)
            .is_some_and(|shown| shown.remark == Some(Remark::MembershipUnknown));
        assert_eq!(
            is_unknown,
            name.is_empty(),
            "{name:?} {:?}",
            server.host_detail(&mac.id()).unwrap().summary
        );
    }
}

/// A label that is not defined, or an attribute of a host that is not set, keeps the profile where
/// it is and from where it is not.
#[test]
fn undefined_attributes_wait() {
    let server = TestServer::new();
    super::declare(
        &server,
        "site",
        mooring_server::scope::ValueKind::Attribute,
        None,
    );
    push(&server, A, "1");
    let mut holder = Mac::new(0);
    holder.settle(&server);
    by_rule(&server, "oslo", r#"attributes.site == "oslo""#);
    assign(&server, A, r#"{"include_all":["oslo"]}"#);
    let mut newcomer = Mac::new(1);
    for mac in [&mut holder, &mut newcomer] {
        mac.settle(&server);
        let shown = server.profile_of(&mac.id(), A).expect("it is shown");
        assert_eq!(shown.status, ProfileStatus::Unknown);
        assert_eq!(shown.remark, Some(Remark::MembershipUnknown));
    }
    assert_eq!(holder.identifiers(), [A], "it stays");
    assert!(newcomer.identifiers().is_empty(), "it does not come");
    for (mac, site, holds) in [(&mut holder, "bergen", 0), (&mut newcomer, "oslo", 1)] {
        super::set_values(&server, &mac.id(), &[("site", site)]);
        mac.settle(&server);
        assert_eq!(mac.identifiers().len(), holds, "{site}");
    }
    server.assert_applied(2);
}

/// Platforms and ranges of systems: a device outside never gets the profile, and one that is
/// upgraded into the range gets it with the next list.
#[test]
fn systems() {
    let server = TestServer::new();
    push(&server, A, "1");
    assign(
        &server,
        A,
        r#"{"platforms":["macos"],"os_min":"14.4","os_max":"15"}"#,
    );
    let mut macs: Vec<_> = (0..5).map(Mac::new).collect();
    for (mac, system) in macs
        .iter_mut()
        .zip(["14.3.1", "14.4", "15.0", "15.7.2", "16.0"])
    {
        mac.runs(system, "1A");
        mac.settle(&server);
    }
    let holding: Vec<_> = macs.iter().map(|mac| mac.identifiers().len()).collect();
    assert_eq!(holding, [0, 1, 1, 1, 0]);
    let mut phone = Mac::new(5);
    phone.told.insert("Model", "iPhone15,2".to_owned());
    phone.runs("15.1", "19B74");
    phone.settle(&server);
    assert!(phone.identifiers().is_empty());
    server.assert_applied(6);
    macs[0].runs("15.1", "24B83");
    server.refresh_host(&macs[0].id()).unwrap();
    macs[0].settle(&server);
    macs[0].settle(&server);
    assert_eq!(macs[0].identifiers(), [A]);
}

/// A share takes the hosts whose place is below it; a larger share keeps all of those.
#[test]
fn percent() {
    let server = TestServer::new();
    push(&server, A, "1");
    let mut hosts: Vec<_> = (0..40).map(mooring_tests::Host::without_user).collect();
    let mut before = 0;
    for share in [0_u8, 10, 50, 100] {
        assign(&server, A, &format!(r#"{{"percent":{share}}}"#));
        settle(&server, &mut hosts);
        let is_in = |host: &&mooring_tests::Host| {
            place(&id(A), &HostId::parse(&host.id()).unwrap()) < share
        };
        let expected = hosts.iter().filter(is_in).count();
        let holding = hosts
            .iter()
            .filter(|host| host.identifiers() == [A])
            .count();
        assert_eq!(holding, expected, "{share} percent");
        assert!(holding >= before, "nobody is thrown out");
        before = holding;
        server.assert_applied(40);
    }
    let removed: usize = hosts.iter().map(|host| host.count("RemoveProfile")).sum();
    assert_eq!((before, removed), (40, 0));
}

/// An assignment names labels that there are; it may come before its profile, and the profile then
/// never goes to anybody else. Taking it back makes the profile one for every host.
#[test]
fn assigned_before_it_is_pushed() {
    let server = TestServer::new();
    let set = server.set_assignment(
        &id(A),
        Some(&serde_json::from_str(r#"{"include_any":["a","b"]}"#).unwrap()),
        &options(),
    );
    let error = set.unwrap_err();
    assert!(matches!(&error, ScopeError::UndefinedLabels { labels } if labels.len() == 2));
    assert_eq!(
        error.to_string(),
        "no label is called a, b; define it first (`label set NAME`)"
    );
    manual(&server, &["a", "b"]);
    assign(&server, A, r#"{"include_any":["a","b"]}"#);
    assert!(!server.assignment(&id(A)).unwrap().is_profile_known);
    assert_eq!(server.assignments().assignments.len(), 1);
    let mut mac = Mac::new(0);
    mac.settle(&server);
    push(&server, A, "1");
    assert!(mac.settle(&server).is_empty());
    assert!(server.assignment(&id(A)).unwrap().is_profile_known);
    server.set_assignment(&id(A), None, &options()).unwrap();
    assert_eq!(mac.settle(&server), [INSTALL, "ProfileList"]);
    let unknown = server.set_assignment(&id("com.harborworks.nothing"), None, &options());
    assert!(matches!(unknown, Err(ScopeError::NoProfile(_))));
}
