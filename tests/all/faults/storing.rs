//! A store that fails: nobody is promised what is not stored, and work goes on when it is back.

use std::collections::VecDeque;

use mooring_sim::Ending;
use mooring_store::StoreError;
use mooring_tests::flaky::{Failure, FlakyStore, Script};
use mooring_tests::server::{id, upload};
use mooring_tests::{Draft, Host, TestServer, settle_one};

use super::{A, B, received};

fn server(script: &Script) -> TestServer {
    let server = TestServer::with_store(FlakyStore::new(script));
    server.push_taken(Draft::new(A, "first").xml());
    server.push_taken(Draft::new(B, "first").xml());
    server
}

/// The commits from now on: `good` ones, then `bad` that fail.
fn plan(script: &Script, good: usize, bad: usize, failure: &Failure) {
    let good = (0..good).map(|_| None);
    let bad = (0..bad).map(|_| Some(failure.clone()));
    *script.lock().unwrap() = good.chain(bad).collect::<VecDeque<_>>();
}

/// Whichever commit fails, the device is told to come back (503), and ends with each profile
/// installed once; a command that may have been stored is settled by a list.
#[test]
fn any_commit_fails() {
    let mut undisturbed = Host::without_user(0);
    let mut commits = 0;
    let quiet = server(&Script::default());
    undisturbed.contact_through(&quiet, |_, _, reply| {
        commits += 1;
        reply
    });
    for is_stored in [false, true] {
        for at in 0..commits {
            let script = Script::default();
            let (server, mut host) = (server(&script), Host::without_user(0));
            let error = StoreError::Closed;
            plan(&script, at, 1, &Failure { error, is_stored });
            let ending = host.contact(&server).device;
            assert_eq!(ending, Ending::Refused(503), "commit {at}");
            settle_one(&server, &mut host);
            server.assert_applied(1);
            assert_eq!(received(&host, "InstallProfile"), 2, "commit {at}");
            assert_eq!(host.count("InstallProfile"), 2, "commit {at}");
            assert_eq!(host.count("RemoveProfile"), 0, "commit {at}");
            assert_eq!(host.device.tally().duplicates, 0, "commit {at}");
        }
    }
}

/// A record that somebody else changed meanwhile is decided anew, unseen by the device; one that
/// changes all the time ends in 503, not in a hang.
#[test]
fn conflicts() {
    let failure = Failure {
        error: StoreError::Conflict {
            what: "an enrollment".to_owned(),
        },
        is_stored: false,
    };
    let script = Script::default();
    let (server, mut host) = (server(&script), Host::without_user(0));
    plan(&script, 4, 3, &failure);
    settle_one(&server, &mut host);
    assert!(script.lock().unwrap().is_empty());
    assert_eq!(host.device.tally().errors, 0);
    assert_eq!(host.sent.len(), 5);
    server.assert_applied(1);

    server.push_taken(Draft::new(A, "second").xml());
    plan(&script, 0, 1000, &failure);
    assert_eq!(host.contact(&server).device, Ending::Refused(503));
    script.lock().unwrap().clear();
    settle_one(&server, &mut host);
    server.assert_applied(1);
}

/// A push, a deletion or a refresh that cannot be stored says so and changes nothing.
#[test]
fn changes_that_cannot_be_stored() {
    let script = Script::default();
    let (server, mut host) = (server(&script), Host::without_user(0));
    settle_one(&server, &mut host);
    host.take_work();
    let failure = Failure {
        error: StoreError::Closed,
        is_stored: false,
    };
    plan(&script, 0, 1000, &failure);
    let before = server.profile_listing(true);
    let second = upload("second", Draft::new(A, "second").xml());
    assert!(server.push(&[second], false).is_err());
    assert!(server.delete(&id(A)).is_err());
    assert!(server.switch(&id(A), false, None).is_err());
    let firewall = id("com.mooring.builtin.firewall");
    assert!(server.switch(&firewall, true, None).is_err());
    assert!(server.refresh_host(&host.id()).is_err());
    assert!(server.remove_host(&host.id()).is_err());
    assert_eq!(server.profile_listing(true), before);
    script.lock().unwrap().clear();
    settle_one(&server, &mut host);
    assert!(host.take_work().is_empty());
    server.assert_applied(1);
}
