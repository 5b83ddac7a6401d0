//! The guard: what would remove too much at once is held until it is confirmed, whatever the way.

use std::sync::Arc;

use mooring_drift::scope::{Assignment, Label, LabelName};
use mooring_mdm::ids::HostId;
use mooring_server::change::{ChangeError, ChangeOptions, Changed};
use mooring_server::impact::RemovalGuard;
use mooring_server::profiles::ProfileError;
use mooring_sim::Channel;
use mooring_store::{MemoryStore, Store};
use mooring_tests::flaky::{FlakyStore, Script};
use mooring_tests::server::{id, upload};
use mooring_tests::{Host, TestServer, settle};

use super::{A, B, SMALL, confirming, draft, guarded, held, impact, planning, settled};

fn server(hosts: u32, guard: RemovalGuard) -> (TestServer, Vec<Host>) {
    let server = guarded(Arc::new(MemoryStore::new().unwrap()), guard);
    server.push_taken(draft(A, "first"));
    server.push_taken(draft(B, "first"));
    let hosts = settled(&server, hosts);
    (server, hosts)
}

/// At the bound a deletion goes through, one host more and it is held: nothing changes, and the
/// number that the refusal tells lets it through; a smaller one does not.
#[test]
fn held_beyond_the_bound() {
    let guard = RemovalGuard {
        hosts_max: 4,
        share_max: 100,
        hosts_min: 1,
    };
    let (server, _) = server(4, guard);
    let plan = impact(server.shared().delete(&id(A), &planning()).unwrap());
    assert!(!plan.is_held);
    server.delete(&id(A)).unwrap();

    let (server, mut hosts) = self::server(5, guard);
    let plan = impact(server.shared().delete(&id(A), &planning()).unwrap());
    assert_eq!((plan.is_held, plan.confirm, plan.removes), (true, 5, 5));
    let before = server.profile_listing(true);
    assert_eq!(held(server.delete(&id(A))), plan);
    assert_eq!(held(server.shared().delete(&id(A), &confirming(4))), plan);
    assert_eq!(server.profile_listing(true), before);
    settle(&server, &mut hosts);
    assert!(hosts.iter_mut().all(|host| host.take_work().is_empty()));
    server.shared().delete(&id(A), &confirming(5)).unwrap();
    settle(&server, &mut hosts);
    assert!(hosts.iter().all(|host| host.identifiers() == [B]));
}

/// The share of the enrolled hosts holds too, but never a few hosts; disabling, and deleting what
/// is being removed already, are no exceptions.
#[test]
fn held_by_share() {
    let (server, mut hosts) = server(4, SMALL);
    let disabled = held(server.switch(&id(B), false, None));
    assert_eq!((disabled.hosts_losing, disabled.hosts_of), (4, 4));
    let core = server.shared();
    core.switch(&id(B), false, None, &confirming(4)).unwrap();
    // Nobody would lose more by this.
    server.delete(&id(B)).unwrap();
    settle(&server, &mut hosts);
    // Of those that left, nothing can be removed.
    for host in &mut hosts[1..] {
        let leaving = host.device.check_out();
        host.say(&server, Channel::Device, &leaving);
    }
    server.delete(&id(A)).unwrap();
}

/// Assignments, labels and members are held alike; what takes a profile from nobody is not.
#[test]
fn held_by_scope() {
    let (server, mut hosts) = server(4, SMALL);
    let core = server.shared();
    let label = LabelName::parse("staff").unwrap();
    let by_test = ChangeOptions::by("test");
    core.set_label(&label, &Label::Manual, &by_test).unwrap();
    let ids: Vec<_> = hosts.iter().map(Host::id).collect();
    core.change_members(&label, &ids, &[], &by_test).unwrap();
    let assignment = Assignment {
        include_all: [label.clone()].into(),
        ..Assignment::default()
    };
    core.set_assignment(&id(A), Some(&assignment), &by_test)
        .unwrap();
    settle(&server, &mut hosts);
    assert!(hosts.iter_mut().all(|host| host.take_work().is_empty()));

    // Half of them may lose it, more may not.
    let two = core
        .change_members(&label, &[], &ids[..2], &planning())
        .unwrap();
    let two = impact(two);
    assert!(!two.is_held);
    // Nobody else is concerned, so nobody else is looked at.
    assert_eq!((two.hosts_of, two.removes), (2, 2));
    let three = core.change_members(&label, &[], &ids[..3], &by_test);
    assert!(three.unwrap_err().to_string().contains("held"));
    let nobody = Assignment {
        percent: Some(0),
        ..Assignment::default()
    };
    let refused = core.set_assignment(&id(A), Some(&nobody), &by_test);
    assert!(refused.is_err());
    settle(&server, &mut hosts);
    assert!(hosts.iter_mut().all(|host| host.take_work().is_empty()));
    let done = core
        .set_assignment(&id(A), Some(&nobody), &confirming(4))
        .unwrap();
    assert!(matches!(done, Changed::Done(_)));
    settle(&server, &mut hosts);
    assert!(hosts.iter().all(|host| host.identifiers() == [B]));
}

/// Hosts that have to be observed anew count by what they took: losing track of a fleet is no way
/// round the guard.
#[test]
fn hosts_observed_anew_count() {
    let store = Arc::new(MemoryStore::new().unwrap());
    let server = guarded(Arc::clone(&store) as _, SMALL);
    server.push_taken(draft(A, "first"));
    settled(&server, 4);
    let (_, change) = mooring_store::begin_era(0).unwrap();
    store.commit(vec![change]).unwrap();
    let server = guarded(store, SMALL);
    let plan = held(server.delete(&id(A)));
    assert_eq!(
        (plan.hosts_unknown, plan.hosts_losing, plan.removes),
        (4, 4, 4)
    );
}

/// Hosts that cannot be read are not hosts that lose nothing: the change is not made. Neither is
/// one whose shelf cannot be told, and hosts keep what they have.
#[test]
fn an_error_shrinks_nothing() {
    let store = Arc::new(FlakyStore::new(&Script::default()));
    let server = guarded(Arc::clone(&store) as _, SMALL);
    server.push_taken(draft(A, "first"));
    let mut hosts = settled(&server, 4);
    store.hide_hosts(true);
    store.seal(true);
    let refused = server.delete(&id(A));
    let is_store = |error| matches!(error, Err(ProfileError::Change(ChangeError::Store(_))));
    assert!(is_store(refused));
    assert!(is_store(server.switch(&id(A), false, None)));
    let planned = server.shared().delete(&id(A), &planning());
    assert!(planned.is_err());
    store.seal(false);
    // What removes nothing needs no look at hosts.
    server
        .shared()
        .push(
            &[upload("a", draft(A, "second"))],
            false,
            &ChangeOptions::by("test"),
        )
        .unwrap();
    store.hide_hosts(false);
    settle(&server, &mut hosts);
    assert!(hosts.iter().all(|host| host.identifiers() == [A]));
    server.assert_applied(4);
}

/// Without a guard nothing is held, and a plan says so.
#[test]
fn switched_off() {
    let server = TestServer::new();
    server.push_taken(draft(A, "first"));
    let hosts = settled(&server, 30);
    let plan = impact(server.shared().delete(&id(A), &planning()).unwrap());
    assert_eq!((plan.hosts_losing, plan.is_held), (30, false));
    assert!(HostId::parse(&hosts[0].id()).is_ok());
    server.delete(&id(A)).unwrap();
}
