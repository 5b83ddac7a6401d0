//! How an outcome is judged: by the list that was asked for afterwards, and by nothing else.

use mooring_drift::state::{FailureReason, NextAttempt};
use mooring_drift::status::{ProfileStatus, Status};
use mooring_tests::TestServer;
use mooring_tests::clock::HOUR_MS;

use super::puppet::Puppet;
use super::{A, B, push, server_with};

/// A code that another try may mend.
const TRANSIENT: [(&str, i64); 2] = [
    ("MCInstallationErrorDomain", 4001),
    ("NSURLErrorDomain", -1009),
];

/// An honest contact but for A, whose installation gets this error.
fn contact_with_failing_a(server: &TestServer, host: &mut Puppet, chain: &[(&str, i64)]) {
    let mut next = host.idle(server);
    while let Some(order) = next {
        next = if order.what() == format!("InstallProfile {A}") {
            host.error(server, &order, chain)
        } else {
            host.obey(server, &order)
        };
    }
}

fn word(server: &TestServer, host: &Puppet, identifier: &str) -> Status {
    server.status_of(&host.id(), identifier).word()
}

/// An install that fails is tried three times with growing waits and then rests, failed, with the
/// whole chain of the device; a person who asks for the host gives it three more (case A27).
#[test]
fn a27_bounded_attempts() {
    let server = server_with(&[A, B]);
    let mut host = Puppet::enrolled(1, &server);
    for rounds in [1, 2] {
        for _ in 0..60 {
            contact_with_failing_a(&server, &mut host, &TRANSIENT);
            server.clock.advance(12 * HOUR_MS);
        }
        let installs = host.got.iter();
        let installs = installs.filter(|o| o.what() == format!("InstallProfile {A}"));
        assert_eq!(installs.count(), 3 * rounds);
        let ProfileStatus::Failed {
            error: FailureReason::Error { chain },
            next_attempt: NextAttempt::Parked,
        } = server.status_of(&host.id(), A)
        else {
            panic!("{:?}", server.status_of(&host.id(), A));
        };
        let shown: Vec<_> = chain.iter().map(|e| (e.domain.as_str(), e.code)).collect();
        assert_eq!(shown, TRANSIENT);
        assert!(chain.iter().all(|entry| !entry.description.is_empty()));
        assert_eq!(
            word(&server, &host, B),
            Status::Applied,
            "it holds up nobody"
        );
        server.refresh_host(&host.id()).unwrap();
    }
    host.settle(&server);
    server.assert_applied(1);
}

/// The acknowledgement got lost, but the list shows the profile: applied, and installed once
/// (case A28).
#[test]
fn a28_the_list_is_proof() {
    let server = server_with(&[A]);
    let mut host = Puppet::enrolled(1, &server);
    host.contact_until(&server, |order| order.request_type == "InstallProfile");
    let install = host.got.last().unwrap().clone();
    host.carry_out(&install);
    let work = host.settle(&server);
    assert_eq!(work[0], "ProfileList");
    assert_eq!(host.count("InstallProfile"), 1, "{work:?}");
    server.assert_applied(1);
}

/// What was proven is missing in a later list: it is installed again; if the list after that does
/// not show it either, it has failed; and once a list shows it, it is applied (case A29).
#[test]
fn a29_missing_then_back() {
    let server = server_with(&[A]);
    let mut host = Puppet::settled(1, &server);
    host.profiles.clear();
    server.refresh_host(&host.id()).unwrap();
    let mut next = host.idle(&server);
    while let Some(order) = next {
        // It says yes and does nothing.
        next = host.acknowledge(&server, &order);
    }
    assert_eq!(host.count("InstallProfile"), 1);
    let status = server.status_of(&host.id(), A);
    let ProfileStatus::Failed {
        error: FailureReason::NotProven,
        next_attempt: NextAttempt::At(_),
    } = status
    else {
        panic!("{status:?}");
    };
    server.clock.advance(HOUR_MS);
    host.settle(&server);
    assert_eq!(host.count("InstallProfile"), 2);
    server.assert_applied(1);
}

/// A list that was taken before an install and arrives after it says nothing about the install: no
/// attempt is counted, nothing is sent again, and the status does not flap (case A30).
#[test]
fn a30_list_from_before() {
    let server = server_with(&[]);
    let mut host = Puppet::settled(1, &server);
    push(&server, A, "first");
    server.refresh_host(&host.id()).unwrap();
    let old_list = host.idle(&server).unwrap();
    assert_eq!(old_list.what(), "ProfileList");
    let before = host.clone();
    // The answer is slow: the device comes again, is asked again, and installs the profile.
    host.settle(&server);
    server.assert_applied(1);
    host.got.clear();
    let mut slow = before;
    assert_eq!(slow.acknowledge(&server, &old_list), None);
    server.assert_applied(1);
    assert!(host.settle(&server).is_empty());

    // The same between the acknowledgement and the list that proves it.
    push(&server, B, "first");
    server.refresh_host(&host.id()).unwrap();
    let old_list = host.idle(&server).unwrap();
    let mut slow = host.clone();
    let list = host.idle(&server).unwrap();
    let mut next = host.obey(&server, &list);
    while let Some(order) = next.clone() {
        if order.request_type == "InstallProfile" {
            next = host.obey(&server, &order);
            break;
        }
        next = host.obey(&server, &order);
    }
    let proof = next.unwrap();
    assert_eq!(slow.acknowledge(&server, &old_list), None);
    assert_eq!(word(&server, &host, B), Status::Pending);
    assert_eq!(host.obey(&server, &proof), None);
    server.assert_applied(1);
    assert!(host.settle(&server).is_empty());
}

/// Neither the device's clock nor the server's decides what a list proves: with the server's own
/// clock set back by two hours in the middle, and set ahead again, it is applied at once
/// (case A31).
#[test]
fn a31_clocks_do_not_judge() {
    let server = server_with(&[A, B]);
    let mut host = Puppet::enrolled(1, &server);
    let mut next = host.idle(&server);
    let mut is_back = false;
    while let Some(order) = next {
        if is_back {
            server.clock.advance(2 * HOUR_MS);
        } else {
            server.clock.set_back(2 * HOUR_MS);
        }
        is_back = !is_back;
        next = host.obey(&server, &order);
    }
    assert_eq!(host.count("InstallProfile"), 2);
    server.assert_applied(1);
}
