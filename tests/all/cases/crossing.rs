//! Changes of mind while a command is on its way: the last one counts, with the fewest commands.

use mooring_drift::state::{FailureReason, NextAttempt};
use mooring_drift::status::{PendingReason, ProfileStatus};
use mooring_tests::clock::HOUR_MS;
use mooring_tests::{Draft, TestServer};

use super::puppet::{Order, Puppet};
use super::{A, B, push, server_with};

fn is_about(identifier: &'static str) -> impl Fn(&Order) -> bool {
    move |order| order.identifier.as_deref() == Some(identifier)
}

#[track_caller]
fn failure(server: &TestServer, host: &Puppet, identifier: &str) -> (FailureReason, NextAttempt) {
    let status = server.status_of(&host.id(), identifier);
    let ProfileStatus::Failed {
        error,
        next_attempt,
    } = status
    else {
        panic!("{status:?}");
    };
    (error, next_attempt)
}

/// A profile that was applied is deleted and the device refuses to let go of it: failed, with the
/// device's own chain. That it is not found is as good as gone (case A21).
#[test]
fn a21_removal_refused() {
    let server = server_with(&[A]);
    let mut host = Puppet::settled(1, &server);
    server.remove(A);
    let removal = host.idle(&server).unwrap();
    assert_eq!(removal.what(), format!("RemoveProfile {A}"));
    let chain = [
        ("MCInstallationErrorDomain", 4001),
        ("NSPOSIXErrorDomain", 5),
    ];
    host.error(&server, &removal, &chain);
    let (FailureReason::Error { chain: shown }, next) = failure(&server, &host, A) else {
        panic!("an error of the device");
    };
    let shown: Vec<_> = shown.iter().map(|e| (e.domain.as_str(), e.code)).collect();
    assert_eq!(shown, chain);
    assert!(matches!(next, NextAttempt::At(_)));
    assert_eq!(server.counts().counts.failed, 1);

    server.clock.advance(HOUR_MS);
    let removal = host.contact_until(&server, is_about(A));
    assert_eq!(removal, [format!("RemoveProfile {A}")]);
    let order = host.got.last().unwrap().clone();
    host.profiles.clear();
    let list = host
        .error(&server, &order, &[("MDMClientError", 89)])
        .unwrap();
    host.obey(&server, &list);
    server.assert_applied(1);
}

/// An install that was put off and whose profile is then no longer wanted is dropped: it does not
/// come after the removal, nor at all (case A22; by a label in `scopes`).
#[test]
fn a22_put_off_and_unwanted() {
    let server = server_with(&[A]);
    let mut host = Puppet::settled(1, &server);
    push(&server, B, "first");
    for _ in 0..3 {
        let install = host.idle(&server).unwrap();
        assert_eq!(install.what(), format!("InstallProfile {B}"));
        assert_eq!(host.not_now(&server, &install), None);
    }
    let reason = PendingReason::NotNow;
    assert_eq!(
        server.status_of(&host.id(), B),
        ProfileStatus::Pending { reason }
    );
    server.enable(B, false);
    assert!(host.settle(&server).is_empty());
    assert_eq!(host.holds(), [A]);
    server.assert_applied(1);
}

/// The first version is on its way when the second is pushed: whenever and however the device
/// reports on the first, once, twice or never, it ends with the second, and is never without
/// (case A23).
#[test]
fn a23_edited_on_the_way() {
    type Ending = fn(&TestServer, &mut Puppet, &Order);
    let endings: [(&str, Ending); 6] = [
        ("carried out and said", |server, host, first| {
            if let Some(next) = host.obey(server, first) {
                host.obey(server, &next);
            }
        }),
        ("carried out, lost", |_, host, first| host.carry_out(first)),
        ("never arrived", |_, _, _| {}),
        ("carried out, said twice", |server, host, first| {
            // The reply to the first word got lost.
            host.obey(server, first);
            if let Some(next) = host.acknowledge(server, first) {
                host.obey(server, &next);
            }
        }),
        ("said long after the second", |server, host, first| {
            host.carry_out(first);
            host.settle(server);
            host.acknowledge(server, first);
        }),
        ("refused", |server, host, first| {
            let next = host.error(server, first, &[("MCProfileErrorDomain", 1009)]);
            host.obey(server, &next.unwrap());
        }),
    ];
    for (name, ending) in endings {
        let server = server_with(&[]);
        let mut host = Puppet::settled(1, &server);
        push(&server, A, "first");
        let first = host.idle(&server).unwrap();
        let second = push(&server, A, "second");
        ending(&server, &mut host, &first);
        host.settle(&server);
        assert_eq!(host.profiles[A], second, "{name}");
        let installs = host.uuids("InstallProfile").len();
        assert_eq!(installs, 2, "{name}: {:#?}", host.got);
        assert_eq!(host.count("RemoveProfile"), 0, "{name}");
        server.assert_applied(1);
    }
}

/// A removal that waits is dropped when the profile is wanted again: the settings never leave the
/// device. One that was handed out is followed by an install (case A24).
#[test]
fn a24_wanted_again() {
    let server = server_with(&[A]);
    let mut host = Puppet::settled(1, &server);
    server.remove(A);
    assert_eq!(server.counts().counts.pending, 1);
    push(&server, A, "first");
    assert!(host.settle(&server).is_empty());
    assert_eq!(host.holds(), [A]);

    server.remove(A);
    let removal = host.idle(&server).unwrap();
    assert_eq!(host.not_now(&server, &removal), None);
    push(&server, A, "first");
    assert!(host.settle(&server).is_empty(), "it was put off, then void");

    server.remove(A);
    let removal = host.idle(&server).unwrap();
    push(&server, A, "first");
    let install = host.obey(&server, &removal).unwrap();
    assert_eq!(install.what(), format!("InstallProfile {A}"));
    host.obey(&server, &install);
    host.settle(&server);
    assert_eq!(host.holds(), [A]);
    server.assert_applied(1);
}

/// A report on a command that was given up as lost long ago: what it says is compared by a list,
/// and what is not wanted any more is removed (case A25).
#[test]
fn a25_late_word() {
    let server = server_with(&[]);
    let mut host = Puppet::settled(1, &server);
    push(&server, A, "first");
    let install = host.idle(&server).unwrap();
    server.remove(A);
    // It comes back without a word: the list does not show the profile yet.
    assert_eq!(host.settle(&server)[0], "ProfileList");
    server.assert_applied(1);
    // Then it carries the old command out after all, and says so.
    host.carry_out(&install);
    let list = host.acknowledge(&server, &install).expect("a list");
    assert_eq!(list.what(), "ProfileList");
    let removal = host.obey(&server, &list).expect("a removal");
    assert_eq!(removal.what(), format!("RemoveProfile {A}"));
    host.obey(&server, &removal);
    host.settle(&server);
    assert!(host.profiles.is_empty());
    server.assert_applied(1);
}

/// An edit that the device acknowledged and never carried out has failed; the profile is deleted
/// then, and the old copy that is still there is removed all the same (case A26).
#[test]
fn a26_failed_then_deleted() {
    let server = server_with(&[A]);
    let mut host = Puppet::settled(1, &server);
    push(&server, A, "second");
    let install = host.idle(&server).unwrap();
    let list = host.acknowledge(&server, &install).unwrap();
    let mut next = host.obey(&server, &list);
    while let Some(order) = next {
        assert_eq!(order.request_type, "DeviceInformation", "not again at once");
        next = host.obey(&server, &order);
    }
    assert_eq!(failure(&server, &host, A).0, FailureReason::NotProven);
    server.remove(A);
    let work = host.settle(&server);
    assert_eq!(
        work,
        [format!("RemoveProfile {A}"), "ProfileList".to_owned()]
    );
    assert!(host.profiles.is_empty());
    server.assert_applied(1);

    // Never shown by any list, although acknowledged: there is nothing to remove.
    push(&server, A, "third");
    assert_eq!(
        server.push_one(Draft::new(A, "third").xml()).version,
        Some(3)
    );
    let install = host.idle(&server).unwrap();
    let mut next = host.acknowledge(&server, &install);
    while let Some(order) = next {
        next = host.obey(&server, &order);
    }
    server.remove(A);
    assert!(host.settle(&server).is_empty());
    server.assert_applied(1);
}
