//! Hosts that are wiped, removed, listed and counted.

use mooring_drift::status::Status;
use mooring_server::hosts::{HostError, HostsQuery};
use mooring_sim::{ErrorChain, Faults};
use mooring_store::HOSTS_PAGE_MAX;
use mooring_tests::host::without_user;
use mooring_tests::{Host, TestServer, settle_one};

use super::puppet::Puppet;
use super::{A, B, C, push, server_with};

/// A device that was erased and enrolls under the same UDID: nothing of before counts, and
/// everything is sent again. A host that an administrator removed leaves nothing behind, and
/// enrolling makes it a new one (case A39).
#[test]
fn a39_wiped_and_removed() {
    let server = server_with(&[A, B]);
    let mut host = Puppet::settled(1, &server);
    host.profiles.clear();
    host.authenticate(&server);
    assert_eq!(server.counts().counts.unknown, 1);
    host.token_update(&server, true);
    assert_eq!(server.counts().counts.unknown, 1);
    host.settle(&server);
    assert_eq!(host.count("InstallProfile"), 2);
    server.assert_applied(1);

    // With work in flight, too.
    push(&server, A, "second");
    let install = host.idle(&server).unwrap();
    server.remove_host(&host.id()).unwrap();
    let gone = server.host_detail(&host.id());
    assert!(matches!(gone, Err(HostError::NotFound(_))));
    assert_eq!(server.counts().hosts, 0);
    assert_eq!(
        host.say(&server, "<key>Status</key><string>Idle</string>")
            .0,
        400
    );
    host.profiles.clear();
    host.got.clear();
    host.enroll(&server);
    assert_eq!(host.acknowledge(&server, &install), None, "nobody knows it");
    let commands = server.host_detail(&host.id()).unwrap().commands;
    assert!(commands.is_empty(), "{commands:?}");
    host.settle(&server);
    assert_eq!(host.count("InstallProfile"), 2);
    server.assert_applied(1);
}

/// A device that enrolls again and again is one host with one command; and a listing goes on past
/// whole pages of hosts that the filter leaves out (case A40).
#[test]
fn a40_one_host_and_whole_pages() {
    let server = server_with(&[A]);
    let mut last = Puppet::new(u32::MAX);
    for _ in 0..3 {
        last.enroll(&server);
    }
    last.settle(&server);
    assert_eq!(last.count("InstallProfile"), 1);
    server.assert_applied(1);
    for number in 0..=u32::try_from(HOSTS_PAGE_MAX).unwrap() {
        Puppet::new(number).authenticate(&server);
    }
    let query = HostsQuery {
        limit: 1,
        status: Some(Status::Applied),
        ..HostsQuery::default()
    };
    let listed = server.host_listing(&query).unwrap().hosts;
    let ids: Vec<_> = listed.iter().map(|host| host.id.to_string()).collect();
    assert_eq!(ids, [last.id()], "the last of all");
    let summary = server.summary().unwrap();
    assert_eq!(summary.hosts, HOSTS_PAGE_MAX as u64 + 2);
    assert_eq!(
        (summary.counts.applied, summary.counts.unknown),
        (1, summary.hosts - 1)
    );
}

/// The worst of a host's profiles, as people are told to read it.
fn worst(server: &TestServer, id: &str) -> Option<Status> {
    let shown = server.host_profiles(id).unwrap();
    shown.profiles.iter().map(|one| one.status.word()).max()
}

/// After every single message of a mixed fleet the counts add up, agree with the listing of each
/// status, and are the sum over the hosts, whose status is the worst of their profiles
/// (case A43).
#[test]
fn a43_counts_on_every_step() {
    let server = server_with(&[A, B]);
    let refuses = |code| Faults {
        failing: [(
            B.to_owned(),
            ErrorChain::installation(B, "MCProfileErrorDomain", code, "no"),
        )]
        .into(),
        ..without_user()
    };
    let locked = Faults {
        locked_contacts: 2,
        ..without_user()
    };
    let loses = Faults {
        lose_after_contacts: Some(0),
        ..without_user()
    };
    let mut hosts = [
        Host::without_user(0),
        Host::with_faults(1, refuses(1009)),
        Host::with_faults(2, locked),
        Host::with_faults(3, loses),
    ];
    for round in 0..4 {
        match round {
            1 => drop(push(&server, C, "first")),
            2 => server.remove(A),
            _ => {}
        }
        for at in 0..hosts.len() {
            let ids: Vec<_> = hosts.iter().map(Host::id).collect();
            hosts[at].contact_through(&server, |_, _, reply| {
                let summary = server.counts();
                let known = ids.iter().filter(|id| server.host_detail(id).is_ok());
                let worst: Vec<_> = known.filter_map(|id| worst(&server, id)).collect();
                let count = |word| worst.iter().filter(|one| **one == word).count() as u64;
                let counts = summary.counts;
                assert_eq!(count(Status::Failed), counts.failed);
                assert_eq!(count(Status::Pending), counts.pending);
                assert_eq!(count(Status::Unknown), counts.unknown);
                assert_eq!(count(Status::Applied), counts.applied);
                reply
            });
        }
    }
    settle_one(&server, &mut hosts[2]);
    let counts = server.counts().counts;
    assert_eq!((counts.applied, counts.failed), (3, 1), "{counts:?}");
}
