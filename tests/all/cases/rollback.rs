//! An old copy of the store, a second process, and rows that somebody else changed.

use std::collections::BTreeSet;
use std::sync::Arc;

use mooring_drift::status::Status;
use mooring_server::core::CoreOptions;
use mooring_store::{MemoryStore, RedbOptions, RedbStore, Store, StoreError};
use mooring_tests::server::judge;
use mooring_tests::{TestClock, TestServer};

use super::puppet::{Order, Puppet};
use super::{A, B, C, Dice, push};

const HOSTS: u32 = 6;

fn over(store: Arc<dyn Store>, clock: &TestClock) -> TestServer {
    TestServer::with_options(store, judge(), clock, CoreOptions::default())
}

/// 500 changes of a fleet and its profiles, after a copy of the store was taken.
struct Scene {
    clock: TestClock,
    copy: mooring_store::MemorySnapshot,
    hosts: Vec<Puppet>,
    /// What some of the devices were told last and have not reported on.
    open: Vec<Option<Order>>,
}

impl Scene {
    fn new() -> Self {
        let store = Arc::new(MemoryStore::new().unwrap());
        let clock = TestClock::new();
        let server = over(Arc::clone(&store) as _, &clock);
        for identifier in [A, B, C] {
            push(&server, identifier, "first");
        }
        let numbers = 0..HOSTS;
        let mut hosts: Vec<_> = numbers.map(|n| Puppet::settled(n, &server)).collect();
        let copy = store.snapshot().unwrap();
        let mut dice = Dice::new(9);
        for change in 0..500 {
            let name = format!("com.harborworks.later{}", dice.below(4));
            match dice.below(4) {
                0 => drop(push(&server, A, &format!("edit {change}"))),
                1 => drop(push(&server, &name, &format!("edit {change}"))),
                2 if server
                    .profile_detail(&mooring_tests::server::id(&name))
                    .is_ok() =>
                {
                    server.remove(&name);
                }
                _ => {}
            }
            let host = usize::try_from(dice.below(u64::from(HOSTS))).unwrap();
            hosts[host].contact(&server);
            clock.advance(60_000);
        }
        push(&server, A, "the last");
        let open = hosts.iter_mut().map(|host| {
            // Up to an install that it carries out and cannot report.
            host.contact_until(&server, |order| order.request_type == "InstallProfile");
            let open = host.got.last().cloned();
            if let Some(order) = &open {
                host.carry_out(order);
            }
            open
        });
        let open = open.collect();
        Self {
            clock,
            copy,
            hosts,
            open,
        }
    }
}

/// Whether nothing was changed before a list was answered.
fn is_list_first(host: &Puppet) -> bool {
    let first = host.got.first();
    first.is_none_or(|order| order.request_type == "ProfileList")
}

/// A copy that is restored as it should be is another incarnation: every host is unknown until it
/// lists its profiles, no command has a uuid that any device saw before, and after 500 changes in
/// between nothing is removed that is wanted, or that this copy never knew (case F9).
#[test]
fn f09_restored_from_a_backup() {
    let Scene {
        clock,
        copy,
        mut hosts,
        open,
    } = Scene::new();
    let server = over(Arc::new(copy.restored([7; 16]).unwrap()), &clock);
    assert_eq!(server.counts().counts.unknown, u64::from(HOSTS));
    for (host, open) in hosts.iter_mut().zip(&open) {
        let seen: BTreeSet<_> = host.got.drain(..).map(|order| order.uuid).collect();
        let held = host.profiles.clone();
        if let Some(open) = open {
            host.acknowledge(&server, open);
        }
        host.settle(&server);
        assert!(is_list_first(host), "{:#?}", host.got);
        assert!(host.got.iter().all(|order| !seen.contains(&order.uuid)));
        assert_eq!(host.count("RemoveProfile"), 0);
        assert!(held.keys().all(|held| host.profiles.contains_key(held)));
        for wanted in [A, B, C] {
            let status = server.status_of(&host.id(), wanted).word();
            assert_eq!(status, Status::Applied);
        }
    }
    server.assert_applied(u64::from(HOSTS));
}

/// A copy that is started as if nothing had happened: a device that reports on a command which the
/// copy does not know is observed anew, and after the third of them so is every host. Nothing is
/// removed here either (case F9).
#[test]
fn f09_an_old_copy_started_by_mistake() {
    let Scene {
        clock,
        copy,
        mut hosts,
        open,
    } = Scene::new();
    let server = over(Arc::new(MemoryStore::from_snapshot(&copy)), &clock);
    for (number, (host, open)) in hosts.iter_mut().zip(&open).enumerate() {
        host.got.clear();
        let open = open.as_ref().expect("each has one open");
        if number >= 3 {
            assert_eq!(
                server.host_detail(&host.id()).unwrap().summary.status,
                Some(Status::Unknown)
            );
        }
        let next = if number < 3 {
            host.acknowledge(&server, open)
        } else {
            host.idle(&server)
        };
        let list = next.expect("a list");
        assert_eq!(list.what(), "ProfileList", "host {number}");
        host.obey(&server, &list);
        host.settle(&server);
        assert_eq!(host.count("RemoveProfile"), 0, "host {number}");
    }
    // The first two had been observed before anybody knew how bad it is.
    for (number, host) in hosts.iter_mut().enumerate() {
        let work = host.settle(&server);
        let lists = usize::from(number < 2);
        assert_eq!(host.count("RemoveProfile"), 0, "host {number}");
        assert!(
            work.iter().filter(|what| *what == "ProfileList").count() == lists,
            "{work:?}"
        );
    }
    server.assert_applied(u64::from(HOSTS));
}

/// Two servers cannot share a store: the second is refused when it starts. That a device's row is
/// only ever written by who read its present version is held by the conformance of the stores
/// (case F11).
#[test]
fn f11_a_second_server() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("store.redb");
    let clock = TestClock::new();
    let first = TestServer::open(&file, &clock);
    push(&first, A, "first");
    for _ in 0..3 {
        let second = RedbStore::open(&file, RedbOptions::default());
        assert!(
            matches!(second, Err(StoreError::InUse { .. })),
            "{second:?}"
        );
    }
    let host = Puppet::settled(1, &first);
    assert_eq!(host.holds(), [A]);
    drop(first);
    let again = TestServer::open(&file, &clock);
    again.assert_applied(1);
}
