//! Profiles for users, and profiles of others.

use std::collections::BTreeSet;

use mooring_drift::status::{PendingReason, ProfileStatus};
use mooring_sim::{Channel, ENROLLMENT_IDENTIFIER, OWN_IDENTIFIER};
use mooring_tests::{Draft, Host, TestServer, settle, settle_one};

fn for_user(identifier: &str, value: &str) -> Draft {
    Draft {
        scope: Some("User"),
        ..Draft::new(identifier, value)
    }
}

/// A profile for users goes by the user channel alone; on a host without a user it waits and says
/// so, and the host is pending.
#[test]
fn user_profiles() {
    let server = TestServer::new();
    server.push_taken(for_user("com.harborworks.user", "1").xml());
    server.push_taken(Draft::new("com.harborworks.device", "1").xml());
    let mut hosts = vec![Host::new(0), Host::without_user(1)];
    settle(&server, &mut hosts);

    let held = hosts[0].holds(Channel::User);
    assert_eq!(held.keys().collect::<Vec<_>>(), ["com.harborworks.user"]);
    for host in &hosts {
        assert_eq!(host.identifiers(), ["com.harborworks.device"]);
    }
    let waits = server
        .profile_of(&hosts[1].id(), "com.harborworks.user")
        .unwrap();
    assert!(waits.enrollment.is_none());
    assert!(waits.note.is_some());
    let waiting = PendingReason::Waiting;
    assert_eq!(waits.status, ProfileStatus::Pending { reason: waiting });
    let counts = server.counts().counts;
    assert_eq!((counts.applied, counts.pending), (1, 1));

    server.remove("com.harborworks.user");
    settle(&server, &mut hosts);
    assert!(hosts[0].holds(Channel::User).is_empty());
    server.assert_applied(2);
}

/// Each channel has its own list: a user profile that is replaced leaves the device channel alone.
#[test]
fn channels_are_apart() {
    let server = TestServer::new();
    server.push_taken(for_user("com.harborworks.user", "1").xml());
    let mut host = Host::new(0);
    settle_one(&server, &mut host);
    host.sent.clear();
    server.push_taken(for_user("com.harborworks.user", "2").xml());
    settle_one(&server, &mut host);
    assert!(host.sent.iter().all(|sent| sent.channel == Channel::User));
    assert_eq!(
        host.take_work(),
        ["InstallProfile com.harborworks.user", "ProfileList"]
    );
    server.assert_applied(1);
}

/// A profile that somebody else put on a host is listed as unmanaged and never touched.
#[test]
fn unmanaged_profiles_stay() {
    let server = TestServer::new();
    server.push_taken(Draft::new("com.harborworks.ours", "1").xml());
    let mut host = Host::without_user(0);
    let theirs = Draft::new("com.elsewhere.theirs", "1");
    let installed = host
        .device
        .user_installs(Channel::Device, theirs.xml().as_bytes());
    installed.unwrap();
    settle_one(&server, &mut host);
    server.remove("com.harborworks.ours");
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), ["com.elsewhere.theirs"]);
    let own = host.device.profiles(Channel::Device).count();
    assert_eq!(own, 3, "its enrollment profile and its owner's are there");
    let unmanaged = server.host_profiles(&host.id()).unwrap().unmanaged;
    let names: BTreeSet<_> = unmanaged.iter().map(|p| p.identifier.as_str()).collect();
    let expected = [
        ENROLLMENT_IDENTIFIER,
        OWN_IDENTIFIER,
        "com.elsewhere.theirs",
    ];
    assert_eq!(names, BTreeSet::from(expected));
    server.assert_applied(1);
}

/// A copy that is not ours under an identifier of ours is installed over when it is wanted, and
/// left alone when it is not.
#[test]
fn unmanaged_copies() {
    let server = TestServer::new();
    let draft = Draft::new("com.harborworks.shared", "1");
    server.push_taken(draft.xml());
    server.remove("com.harborworks.shared");
    let mut host = Host::without_user(0);
    let by_hand = host
        .device
        .user_installs(Channel::Device, draft.xml().as_bytes());
    by_hand.unwrap();
    settle_one(&server, &mut host);
    assert_eq!(host.count("RemoveProfile"), 0);
    assert_eq!(host.identifiers(), ["com.harborworks.shared"]);
    server.assert_applied(1);
    host.take_work();

    let (_, uuid) = server.push_taken(draft.xml());
    settle_one(&server, &mut host);
    assert_eq!(
        host.take_work(),
        ["InstallProfile com.harborworks.shared", "ProfileList"]
    );
    assert_eq!(
        host.holds(Channel::Device)["com.harborworks.shared"],
        uuid,
        "over the top"
    );
    server.remove("com.harborworks.shared");
    settle_one(&server, &mut host);
    assert_eq!(
        host.take_work(),
        ["RemoveProfile com.harborworks.shared", "ProfileList"]
    );
}

/// A profile that was deleted and comes back for the other channel leaves the one and goes to the
/// other.
#[test]
fn another_channel_after_deleting() {
    let server = TestServer::new();
    server.push_taken(Draft::new("com.harborworks.a", "1").xml());
    let mut host = Host::new(0);
    settle_one(&server, &mut host);
    server.remove("com.harborworks.a");
    let (version, _) = server.push_taken(for_user("com.harborworks.a", "1").xml());
    assert_eq!(version, 2);
    settle_one(&server, &mut host);
    assert!(host.identifiers().is_empty());
    assert_eq!(host.holds(Channel::User).len(), 1);
    server.assert_applied(1);
}
