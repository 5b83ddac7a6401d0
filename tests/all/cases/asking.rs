//! What administrators ask for: a plan, another try, and changes that are too large to make by
//! mistake.

use std::sync::Arc;

use mooring_drift::scope::{Assignment, Label, LabelName};
use mooring_drift::status::Status;
use mooring_server::api::Impact;
use mooring_server::change::{ChangeError, ChangeOptions, Changed};
use mooring_server::core::CoreOptions;
use mooring_server::hosts::HostError;
use mooring_server::impact::RemovalGuard;
use mooring_server::profiles::ProfileError;
use mooring_store::{MemoryStore, StoreError};
use mooring_tests::flaky::{Failure, FlakyStore, Script};
use mooring_tests::server::{id, judge, upload};
use mooring_tests::{Draft, TestClock, TestServer};

use super::puppet::Puppet;
use super::{A, B, C, push, server_with};

fn planned() -> ChangeOptions {
    ChangeOptions {
        is_plan: true,
        ..ChangeOptions::by("test")
    }
}

fn fleet(server: &TestServer, hosts: u32) -> Vec<Puppet> {
    (0..hosts).map(|n| Puppet::settled(n, server)).collect()
}

/// A plan to delete everything says what would be removed from whom and changes nothing; the
/// deletions then do exactly that (case A10).
#[test]
fn a10_planned_then_done() {
    let server = server_with(&[A, B, C]);
    let mut hosts = fleet(&server, 4);
    let before = server.profile_listing(true);
    for identifier in [A, B, C] {
        let change = server.shared().delete(&id(identifier), &planned()).unwrap();
        let Changed::Planned(impact) = change else {
            panic!("{change:?}");
        };
        assert_eq!((impact.hosts, impact.removes, impact.commands), (4, 4, 8));
        assert_eq!(
            (impact.installs, impact.replaces, impact.is_held),
            (0, 0, false)
        );
    }
    assert_eq!(server.profile_listing(true), before);
    for host in &mut hosts {
        assert!(host.settle(&server).is_empty(), "a plan changes nothing");
    }
    for identifier in [A, B, C] {
        server.remove(identifier);
    }
    for host in &mut hosts {
        host.settle(&server);
        assert!(host.profiles.is_empty());
        assert_eq!(
            (host.count("RemoveProfile"), host.count("ProfileList")),
            (3, 1)
        );
    }
    server.assert_applied(4);
}

/// A host on which A was refused for its content.
fn refused(number: u32, server: &TestServer) -> Puppet {
    let mut host = Puppet::enrolled(number, server);
    refuse(&mut host, server);
    host
}

/// A contact in which A is refused; everything else is done.
fn refuse(host: &mut Puppet, server: &TestServer) {
    let mut next = host.idle(server);
    while let Some(order) = next {
        next = if order.what() == format!("InstallProfile {A}") {
            host.error(server, &order, &[("MCProfileErrorDomain", 1009)])
        } else {
            host.obey(server, &order)
        };
    }
}

/// Sending again while it is on its way changes nothing; what is applied is installed once more,
/// what failed is tried once more; and a profile that is not there, or not for the host, is an
/// error (case A32).
#[test]
fn a32_sent_again() {
    let server = server_with(&[A, B]);
    let mut host = Puppet::settled(1, &server);
    for _ in 0..3 {
        server.resend(&host.id(), &id(A)).unwrap();
    }
    assert_eq!(server.status_of(&host.id(), A).word(), Status::Pending);
    let install = host.idle(&server).unwrap();
    assert_eq!(install.what(), format!("InstallProfile {A}"));
    let again = server.resend(&host.id(), &id(A)).unwrap();
    assert_eq!((again.resent.len(), again.pending.len()), (0, 1), "sent");
    let list = host.obey(&server, &install).unwrap();
    let again = server.resend(&host.id(), &id(A)).unwrap();
    assert_eq!(
        (again.resent.len(), again.pending.len()),
        (0, 1),
        "acknowledged"
    );
    host.obey(&server, &list);
    host.settle(&server);
    assert_eq!(host.count("InstallProfile"), 1, "{:#?}", host.got);
    server.assert_applied(1);

    let mut failed = refused(2, &server);
    failed.got.clear();
    assert!(failed.settle(&server).is_empty());
    let again = server.resend(&failed.id(), &id(A)).unwrap();
    assert_eq!((again.resent.len(), again.pending.len()), (1, 0));
    failed.settle(&server);
    assert_eq!(failed.count("InstallProfile"), 1);
    server.assert_applied(2);

    let unknown = server.resend(&host.id(), &id("com.harborworks.none"));
    assert!(
        matches!(unknown, Err(HostError::NotSent { .. })),
        "{unknown:?}"
    );
    let nobody = server.resend("nobody", &id(A));
    assert!(matches!(nobody, Err(HostError::NotFound(_))), "{nobody:?}");
    server.remove(B);
    let gone = server.resend(&host.id(), &id(B));
    assert!(matches!(gone, Err(HostError::NotSent { .. })), "{gone:?}");
}

/// A profile is sent again to all hosts on which it failed: to exactly those, once each; hosts on
/// which it is pending or applied do not notice (case A33).
#[test]
fn a33_all_that_failed() {
    let server = server_with(&[A]);
    let mut failed: Vec<_> = (0..7).map(|number| refused(number, &server)).collect();
    let mut applied: Vec<_> = (10..13).map(|n| Puppet::settled(n, &server)).collect();
    let mut pending: Vec<_> = (20..23).map(|n| Puppet::enrolled(n, &server)).collect();
    for host in &mut pending {
        host.contact_until(&server, |order| order.request_type == "InstallProfile");
    }
    let counts = server.counts().counts;
    assert_eq!((counts.failed, counts.applied, counts.pending), (7, 3, 3));
    for host in failed.iter_mut().chain(&mut applied) {
        host.got.clear();
    }
    assert_eq!(server.resend_failed(&id(A)).unwrap().hosts, 7);
    let again = server.resend_failed(&id(A)).unwrap();
    assert_eq!(again.hosts, 0, "each is asked for already");
    for host in &mut failed {
        refuse(host, &server);
        host.settle(&server);
        assert_eq!(host.count("InstallProfile"), 1, "exactly one more");
    }
    for host in &mut applied {
        assert!(host.settle(&server).is_empty());
    }
    for host in &mut pending {
        let install = host.got.last().unwrap().clone();
        host.obey(&server, &install);
        host.settle(&server);
        assert_eq!(host.count("InstallProfile"), 1, "{:#?}", host.got);
    }
    let counts = server.counts().counts;
    assert_eq!((counts.failed, counts.applied, counts.pending), (7, 6, 0));
}

/// A server that holds changes as one does that is started as it comes.
fn guarded() -> TestServer {
    let options = CoreOptions {
        removal_guard: Some(RemovalGuard::default()),
        ..CoreOptions::default()
    };
    let store = Arc::new(MemoryStore::new().unwrap());
    TestServer::with_options(store, judge(), &TestClock::new(), options)
}

/// What holds a change, if the guard does.
fn held(error: ProfileError) -> Impact {
    let ProfileError::Change(ChangeError::Held(impact)) = error else {
        panic!("{error:?}");
    };
    *impact
}

/// A change that would take a profile from more than a few hosts and a tenth of them is held: it
/// says how many, stores nothing, and is made once that number, and no smaller one, is confirmed.
/// So it is for a deletion, for switching off, and for an assignment to nobody (case F25).
#[test]
fn f25_a_large_removal_is_held() {
    let server = guarded();
    push(&server, A, "first");
    push(&server, B, "first");
    let mut hosts = fleet(&server, 40);
    let (core, options) = (server.shared(), ChangeOptions::by("test"));
    let before = server.profile_listing(true);
    let impact = held(core.delete(&id(A), &options).unwrap_err());
    assert_eq!(
        (impact.removes, impact.hosts_losing, impact.confirm),
        (40, 40, 40)
    );
    held(core.switch(&id(A), false, None, &options).unwrap_err());
    let nobody = LabelName::parse("nobody").unwrap();
    core.set_label(&nobody, &Label::Manual, &options).unwrap();
    let assignment = Assignment {
        include_any: [nobody].into(),
        ..Assignment::default()
    };
    let assigned = core.set_assignment(&id(A), Some(&assignment), &options);
    assert!(assigned.is_err(), "{assigned:?}");
    let confirmed = |confirm| ChangeOptions {
        confirm: Some(confirm),
        ..ChangeOptions::by("test")
    };
    held(core.delete(&id(A), &confirmed(39)).unwrap_err());
    assert_eq!(server.profile_listing(true), before);
    for host in &mut hosts {
        assert!(host.settle(&server).is_empty());
    }
    core.delete(&id(A), &confirmed(40)).unwrap();
    for host in &mut hosts {
        host.settle(&server);
        assert_eq!(host.holds(), [B]);
    }
    server.assert_applied(40);
}

/// An error is never an empty wish: whichever commit of a change or of a contact fails, stored or
/// not, nothing is removed that is wanted (case F25).
#[test]
fn f25_errors_remove_nothing() {
    for (bad, is_stored) in (0..14).flat_map(|bad| [(bad, false), (bad, true)]) {
        let script = Script::default();
        let server = TestServer::with_store(FlakyStore::new(&script));
        let failure = Failure {
            error: StoreError::Closed,
            is_stored,
        };
        let mut commits: Vec<_> = (0..bad).map(|_| None).collect();
        commits.push(Some(failure));
        let (one, two) = (upload("a", profile(A)), upload("b", profile(B)));
        script.lock().unwrap().extend(commits);
        drop(server.push(&[one], false));
        drop(server.push(&[two], false));
        let mut host = Puppet::new(1);
        for _ in 0..4 {
            host.bear_with(&server);
        }
        script.lock().unwrap().clear();
        push(&server, A, "first");
        push(&server, B, "first");
        host.enroll(&server);
        host.settle(&server);
        assert_eq!(host.count("RemoveProfile"), 0, "commit {bad}");
        assert_eq!(host.holds(), [A, B], "commit {bad}");
        server.assert_applied(1);
    }
}

fn profile(identifier: &str) -> String {
    Draft::new(identifier, "first").xml()
}
