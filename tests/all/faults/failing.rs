//! Profiles that never install, removals that are refused, outcomes that are always lost.

use std::collections::BTreeMap;

use mooring_drift::state::{FailureReason, NextAttempt};
use mooring_drift::status::ProfileStatus;
use mooring_sim::{Channel, ErrorChain, Faults, Reply};
use mooring_tests::clock::HOUR_MS;
use mooring_tests::host::without_user;
use mooring_tests::{Draft, Host, TestServer, settle_one};

use super::{A, B, server};

/// A device on which A fails with this error.
fn failing(domain: &str, code: i64) -> Host {
    let chain = ErrorChain::installation(A, domain, code, "It was told to fail.");
    let faults = Faults {
        failing: BTreeMap::from([(A.to_owned(), chain)]),
        ..without_user()
    };
    Host::with_faults(0, faults)
}

/// Ten days of contacts, one every two hours.
fn ten_days(server: &TestServer, host: &mut Host) {
    for _ in 0..120 {
        server.clock.advance(2 * HOUR_MS);
        host.contact(server);
    }
}

#[track_caller]
fn assert_parked(server: &TestServer, host: &Host, identifier: &str) -> FailureReason {
    let status = server.status_of(&host.id(), identifier);
    let ProfileStatus::Failed {
        error,
        next_attempt: NextAttempt::Parked,
    } = status
    else {
        panic!("{status:?}");
    };
    assert_eq!(server.counts().counts.failed, 1);
    error
}

/// A profile that the device refuses for its content is tried once; the error chain is shown, the
/// other profile is applied, and other content is tried anew.
#[test]
fn content_error() {
    let (server, mut host) = (server(), failing("MCProfileErrorDomain", 1009));
    settle_one(&server, &mut host);
    ten_days(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 2, "A once, B once");
    assert_eq!(host.identifiers(), [B]);
    let FailureReason::Error { chain } = assert_parked(&server, &host, A) else {
        panic!("an error of the device");
    };
    let codes: Vec<_> = chain.iter().map(|e| (e.domain.as_str(), e.code)).collect();
    assert_eq!(
        codes,
        [
            ("MCInstallationErrorDomain", 4001),
            ("MCProfileErrorDomain", 1009)
        ]
    );
    assert_eq!(chain[1].description, "It was told to fail.");
    let summary = server.counts();
    let words: Vec<_> = summary.profiles.iter().map(|p| p.counts).collect();
    assert_eq!((words[0].failed, words[1].applied), (1, 1));

    host.take_work();
    server.push_taken(Draft::new(A, "second").xml());
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 1);
    host.take_work();
    server.refresh_host(&host.id()).unwrap();
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 1, "a person may try again");
    assert_parked(&server, &host, A);

    server.remove(A);
    settle_one(&server, &mut host);
    server.assert_applied(1);
}

/// A profile that fails for another reason is tried three times, ever later, then parked.
#[test]
fn transient_error() {
    let (server, mut host) = (server(), failing("NSURLErrorDomain", -1009));
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 2, "no second try at once");
    let status = server.status_of(&host.id(), A);
    assert!(
        matches!(
            status,
            ProfileStatus::Failed {
                next_attempt: NextAttempt::At(_),
                ..
            }
        ),
        "{status:?}"
    );
    ten_days(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 4, "A three times, B once");
    assert_parked(&server, &host, A);
}

/// An install whose reply is lost every time counts as failed after three.
#[test]
fn always_lost() {
    let (server, mut host) = (server(), Host::without_user(0));
    for _ in 0..10 {
        host.contact_through(&server, |channel, _, reply| {
            if reply.body.is_empty() {
                return reply;
            }
            let sent = mooring_tests::host::read_command(channel, &reply.body);
            if sent.what.ends_with(A) {
                Reply::lost()
            } else {
                reply
            }
        });
    }
    settle_one(&server, &mut host);
    assert_eq!(host.count("InstallProfile"), 4, "A three times, B once");
    assert_eq!(assert_parked(&server, &host, A), FailureReason::Lost);
    server.refresh_host(&host.id()).unwrap();
    settle_one(&server, &mut host);
    server.assert_applied(1);
}

/// A removal of what is gone already is a success, whatever the device calls it.
#[test]
fn removal_of_what_is_gone() {
    let (server, mut host) = (server(), Host::without_user(0));
    settle_one(&server, &mut host);
    assert!(host.device.user_removes(Channel::Device, A));
    server.remove(A);
    host.take_work();
    settle_one(&server, &mut host);
    assert_eq!(
        host.take_work(),
        ["RemoveProfile com.harborworks.a", "ProfileList"]
    );
    server.assert_applied(1);
}

/// A removal that the device refuses, because its user put a copy of his own there, is parked with
/// the error chain.
#[test]
fn removal_refused() {
    let (server, mut host) = (server(), Host::without_user(0));
    settle_one(&server, &mut host);
    let by_hand = Draft::new(A, "by hand").xml();
    let installed = host
        .device
        .user_installs(Channel::Device, by_hand.as_bytes());
    installed.unwrap();
    server.remove(A);
    settle_one(&server, &mut host);
    ten_days(&server, &mut host);
    assert_eq!(host.identifiers(), [A, B]);
    assert_eq!(
        host.count("RemoveProfile"),
        1,
        "no other attempt would do better"
    );
    let FailureReason::NotManaged { chain } = assert_parked(&server, &host, A) else {
        panic!("an error of the device");
    };
    assert_eq!(chain.last().unwrap().code, 12013);
}
