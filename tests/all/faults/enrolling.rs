//! Hosts that enroll again, leave, are removed, or were never here.

use mooring_server::hosts::HostError;
use mooring_server::limits::USERS_PER_HOST_MAX;
use mooring_sim::{Channel, Ending};
use mooring_tests::{Draft, Host, TestServer, fleet, settle, settle_one};

use super::{A, B, server};

/// A host that is wiped and enrolls again gets everything again, and its old reports count for
/// nothing.
#[test]
fn erased_and_enrolled_again() {
    let (server, mut host) = (server(), Host::new(0));
    let mut old = Vec::new();
    host.contact_through(&server, |_, request, reply| {
        old.push(request.clone());
        reply
    });
    settle_one(&server, &mut host);
    let epoch = |host: &Host| server.host_detail(&host.id()).unwrap().enrollments[0].epoch;
    let first = epoch(&host);
    host.take_work();
    host.device.erase();
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 2);
    assert_eq!(host.identifiers(), [A, B]);
    server.assert_applied(1);

    host.take_work();
    let before = server.host_detail(&host.id()).unwrap();
    assert_eq!(epoch(&host), first + 1);
    let reports = old
        .iter()
        .filter(|r| r.body.windows(11).any(|w| w == b"CommandUUID"));
    for report in reports {
        assert_eq!(host.say(&server, Channel::Device, report).status, 200);
    }
    assert!(host.take_work().is_empty());
    assert_eq!(server.host_detail(&host.id()).unwrap(), before);
}

/// Until a wiped host has listed its profiles it is unknown, and a deleted profile that it cannot
/// have any more is not removed from it.
#[test]
fn nothing_is_known_after_a_wipe() {
    let (server, mut host) = (server(), Host::without_user(0));
    settle_one(&server, &mut host);
    host.device.erase();
    server.remove(A);
    let mut unknown = 0;
    host.contact_through(&server, |_, _, reply| {
        unknown += server.counts().counts.unknown;
        reply
    });
    assert_eq!(unknown, 3, "Authenticate, TokenUpdate, Idle");
    settle_one(&server, &mut host);
    assert_eq!(host.count("RemoveProfile"), 0);
    assert_eq!(host.identifiers(), [B]);
    server.assert_applied(1);
}

/// A host that checks out is counted no more, cannot be refreshed, and gets everything when it
/// enrolls again.
#[test]
fn check_out_and_back() {
    let server = server();
    let mut hosts = fleet(2);
    settle(&server, &mut hosts);
    let leave = hosts[0].device.check_out();
    let reply = hosts[0].say(&server, Channel::Device, &leave);
    assert_eq!((reply.status, reply.body.len()), (200, 0));
    let summary = server.counts();
    assert_eq!((summary.hosts, summary.checked_out), (1, 1));
    assert!(summary.profiles.iter().all(|p| p.counts.applied == 1));
    let refused = server.refresh_host(&hosts[0].id());
    assert!(matches!(refused, Err(HostError::CheckedOut(_))));

    hosts[0].take_work();
    settle(&server, &mut hosts);
    assert_eq!(hosts[0].count("InstallProfile"), 2);
    server.assert_applied(2);
}

/// A host that was removed is refused with 400 until it enrolls again; it is never dismissed.
#[test]
fn removed_host() {
    let (server, mut host) = (server(), Host::new(0));
    settle_one(&server, &mut host);
    server.remove_host(&host.id()).unwrap();
    assert_eq!(server.counts().hosts, 0);
    assert!(matches!(
        server.host_detail(&host.id()),
        Err(HostError::NotFound(_))
    ));
    let contact = host.contact(&server);
    assert_eq!(contact.device, Ending::Refused(400));
    assert_eq!(contact.user, Ending::Refused(400));
    assert!(!host.device.is_unenrolled());
    assert_eq!(host.identifiers(), [A, B], "nothing is taken from it");

    host.device.erase();
    host.take_work();
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 2);
    server.assert_applied(1);
}

/// A device that never enrolled here is refused with 400 and leaves no trace.
#[test]
fn unknown_device() {
    let elsewhere = TestServer::new();
    let mut host = Host::new(0);
    settle_one(&elsewhere, &mut host);
    let server = server();
    for _ in 0..3 {
        let contact = host.contact(&server);
        assert_eq!(contact.device, Ending::Refused(400));
        assert_eq!(contact.user, Ending::Refused(400));
    }
    let leave = host.device.clone().check_out();
    assert_eq!(host.say(&server, Channel::Device, &leave).status, 200);
    let summary = server.counts();
    assert_eq!((summary.hosts, summary.checked_out), (0, 0));
}

/// User channels over the limit of one host are refused with 400; those that there are go on.
#[test]
fn too_many_users() {
    let (server, mut host) = (server(), Host::new(0));
    settle_one(&server, &mut host);
    let user = host.device.identity().user_id.clone();
    let mut token_update = None;
    let mut twin = Host::new(0);
    twin.contact_through(&TestServer::new(), |channel, request, reply| {
        if channel == Channel::User {
            token_update.get_or_insert_with(|| request.clone());
        }
        reply
    });
    let token_update = token_update.expect("a user channel begins with a token");
    let text = String::from_utf8(token_update.body.clone()).unwrap();
    for number in 1..USERS_PER_HOST_MAX + 3 {
        let mut request = token_update.clone();
        request.body = text
            .replace(&user, &format!("{number:08X}-0000-4000-8000-000000000000"))
            .into_bytes();
        let reply = host.say(&server, Channel::User, &request);
        let expected = if number < USERS_PER_HOST_MAX {
            200
        } else {
            400
        };
        assert_eq!(reply.status, expected, "user {number}");
    }
    server.push_taken(Draft::new(A, "second").xml());
    settle_one(&server, &mut host);
    let enrollments = server.host_detail(&host.id()).unwrap().enrollments;
    assert_eq!(enrollments.len(), 1 + USERS_PER_HOST_MAX);
}
