//! Changes that cross with commands on their way: the device ends with what is desired last.

use mooring_sim::Channel;
use mooring_tests::host::read_command;
use mooring_tests::{Draft, Host, TestServer, settle_one};

use super::{A, B, server};

/// One contact in which `change` happens once, while the first command that starts with `what` is
/// on its way to the device.
fn contact_with(server: &TestServer, host: &mut Host, what: &str, change: impl Fn()) {
    let mut is_done = false;
    host.contact_through(server, |channel, _, reply| {
        if !is_done && !reply.body.is_empty() {
            let sent = read_command(channel, &reply.body);
            if sent.what.starts_with(what) {
                is_done = true;
                change();
            }
        }
        reply
    });
    assert!(is_done, "{what} was never on its way");
}

/// A profile edited while its install is in flight: the newer version follows, without a removal.
#[test]
fn edited_while_installing() {
    let (server, mut host) = (server(), Host::without_user(0));
    contact_with(&server, &mut host, "InstallProfile", || {
        server.push_taken(Draft::new(A, "second").xml());
    });
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 3);
    assert_eq!(host.count("RemoveProfile"), 0);
    let (_, uuid) = server.push_taken(Draft::new(A, "second").xml());
    assert_eq!(host.holds(Channel::Device)[A], uuid);
    server.assert_applied(1);
}

/// A profile deleted while its install is in flight is removed afterwards.
#[test]
fn deleted_while_installing() {
    let (server, mut host) = (server(), Host::without_user(0));
    contact_with(&server, &mut host, "InstallProfile", || server.remove(A));
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 2);
    assert_eq!(host.count("RemoveProfile"), 1);
    assert_eq!(host.identifiers(), [B]);
    server.assert_applied(1);
}

/// A profile deleted while the device says NotNow is never installed.
#[test]
fn deleted_during_not_now() {
    let (server, mut host) = (server(), Host::without_user(0));
    settle_one(&server, &mut host);
    server.push_taken(Draft::new("com.harborworks.c", "first").xml());
    host.device.lock(1);
    host.contact(&server);
    assert_eq!(host.count("InstallProfile"), 3);
    server.remove("com.harborworks.c");
    host.take_work();
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 0);
    assert_eq!(host.identifiers(), [A, B]);
    server.assert_applied(1);
}

/// A profile pushed again while its removal is in flight comes back.
#[test]
fn restored_while_removing() {
    let (server, mut host) = (server(), Host::without_user(0));
    settle_one(&server, &mut host);
    server.remove(A);
    host.take_work();
    contact_with(&server, &mut host, "RemoveProfile", || {
        server.push_taken(Draft::new(A, "first").xml());
    });
    settle_one(&server, &mut host);
    let work = host.take_work();
    assert_eq!(
        work,
        [
            "RemoveProfile com.harborworks.a",
            "InstallProfile com.harborworks.a",
            "ProfileList",
        ]
    );
    server.assert_applied(1);
}

/// A profile restored before its removal was handed out never leaves the device.
#[test]
fn restored_before_removing() {
    let (server, mut host) = (server(), Host::without_user(0));
    settle_one(&server, &mut host);
    host.take_work();
    server.remove(A);
    assert_eq!(server.counts().counts.pending, 1);
    server.push_taken(Draft::new(A, "first").xml());
    settle_one(&server, &mut host);
    assert!(host.take_work().is_empty());
    server.assert_applied(1);
}

/// A refresh asked for in the middle of a contact is done, once.
#[test]
fn refresh_while_installing() {
    let (server, mut host) = (server(), Host::without_user(0));
    let id = host.id();
    contact_with(&server, &mut host, "InstallProfile", || {
        server.refresh_host(&id).unwrap();
    });
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 2);
    let detail = server.host_detail(&id).unwrap();
    assert!(!detail.enrollments[0].is_refresh_asked);
    server.assert_applied(1);
}
