//! Sending a profile once more: what failed, what is there, and what is on its way.

use mooring_drift::status::ProfileStatus;
use mooring_server::hosts::{HostError, NotSent};
use mooring_sim::{ErrorChain, Faults};
use mooring_tests::host::without_user;
use mooring_tests::server::id;
use mooring_tests::{Host, TestServer, settle, settle_one};

use super::{A, B, draft, settled};

fn install(identifier: &str) -> String {
    format!("InstallProfile {identifier}")
}

/// A profile that is applied is installed once more, and only that one; asking twice is asking
/// once; what is pending is left as it is.
#[test]
fn applied_and_pending() {
    let server = TestServer::new();
    server.push_taken(draft(A, "first"));
    server.push_taken(draft(B, "first"));
    let mut hosts = settled(&server, 2);
    let host = hosts[0].id();
    let resent = server.resend(&host, &id(A)).unwrap();
    assert_eq!((resent.resent.len(), resent.pending.len()), (1, 0));
    let again = server.resend(&host, &id(A)).unwrap();
    assert_eq!((again.resent.len(), again.pending.len()), (0, 1));
    settle(&server, &mut hosts);
    assert_eq!(hosts[0].take_work(), [install(A), "ProfileList".to_owned()]);
    assert!(hosts[1].take_work().is_empty());
    server.push_taken(draft(B, "second"));
    let pending = server.resend(&host, &id(B)).unwrap();
    assert_eq!((pending.resent.len(), pending.pending.len()), (0, 1));
    settle(&server, &mut hosts);
    assert_eq!(hosts[0].take_work(), [install(B), "ProfileList".to_owned()]);
    server.assert_applied(2);
}

/// A profile that is not for the host is not found there, and the refusal says why.
#[test]
fn not_for_the_host() {
    let server = TestServer::new();
    server.push_taken(draft(A, "first"));
    server.push_taken(draft(B, "first"));
    let hosts = settled(&server, 1);
    server.enable(A, false);
    server.remove(B);
    let why = |identifier: &str| match server.resend(&hosts[0].id(), &id(identifier)) {
        Err(HostError::NotSent { reason, .. }) => reason,
        other => panic!("{identifier}: {other:?}"),
    };
    assert_eq!(why(A), NotSent::Disabled);
    assert_eq!(why(B), NotSent::Deleted);
    assert_eq!(why("com.harborworks.nothing"), NotSent::Unknown);
    let failed = server.resend_failed(&id("com.harborworks.nothing"));
    assert!(matches!(failed, Err(HostError::NoProfile(_))));
    assert!(server.resend("nobody", &id(A)).is_err());
}

/// A profile that failed is parked; a person tries it once more on all hosts where it did, on
/// exactly those, and on none where it is pending or applied.
#[test]
fn all_failed() {
    let server = TestServer::new();
    let failing = |index| {
        let chain = ErrorChain::installation(A, "MCProfileErrorDomain", 1009, "no");
        Host::with_faults(
            index,
            Faults {
                failing: [(A.to_owned(), chain)].into(),
                ..without_user()
            },
        )
    };
    let mut hosts: Vec<_> = (0..6)
        .map(|index| match index % 2 {
            0 => failing(index),
            _ => Host::without_user(index),
        })
        .collect();
    settle(&server, &mut hosts);
    server.push_taken(draft(A, "first"));
    // The last one is away.
    settle(&server, &mut hosts[..5]);
    hosts.iter_mut().for_each(Host::forget_work);
    assert_eq!(server.counts().counts.failed, 3);
    settle(&server, &mut hosts[..5]);
    assert!(
        hosts.iter_mut().all(|host| host.take_work().is_empty()),
        "parked"
    );

    let resent = server.resend_failed(&id(A)).unwrap();
    assert_eq!(resent.hosts, 3);
    assert_eq!(
        server.resend_failed(&id(A)).unwrap().hosts,
        0,
        "they are on their way"
    );
    settle(&server, &mut hosts[..5]);
    for (index, host) in hosts[..5].iter_mut().enumerate() {
        let work = host.take_work();
        let installs = work.iter().filter(|what| **what == install(A)).count();
        assert_eq!(installs, usize::from(index % 2 == 0), "{index}: {work:?}");
    }
    let status = server.status_of(&hosts[0].id(), A);
    assert!(matches!(status, ProfileStatus::Failed { .. }), "{status:?}");
    // One alone, by name.
    let one = server.resend(&hosts[2].id(), &id(A)).unwrap();
    assert_eq!(one.resent.len(), 1);
    settle(&server, &mut hosts);
    assert_eq!(hosts[2].count("InstallProfile"), 1);
    assert_eq!(
        hosts[0].count("InstallProfile") + hosts[4].count("InstallProfile"),
        0
    );
    let mut host = hosts.remove(5);
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [A]);
}
