//! Messages that are lost, repeated or come in another order.

use std::sync::Arc;

use mooring_drift::state::{FailureReason, NextAttempt};
use mooring_drift::status::{ProfileStatus, Status};
use mooring_sim::Reply;
use mooring_store::{MemorySnapshot, MemoryStore, Store};
use mooring_tests::clock::HOUR_MS;
use mooring_tests::server::judge;
use mooring_tests::{Host, TestClock, TestServer, fleet};

use super::puppet::{Order, Puppet, list_answer};
use super::{A, B, C, Dice, push, server_with};

const D: &str = "com.harborworks.d";

/// Nothing depends on one message: with three of ten replies lost for a week, each host is applied
/// within four contacts after the losses end, unless an outcome was lost three times in a row,
/// which is said; then there is silence (case F1).
#[test]
fn f01_lost_replies() {
    for seed in 0..6 {
        let server = server_with(&[A, B]);
        let mut dice = Dice::new(seed);
        let mut hosts = fleet(8);
        for round in 0..12 {
            match round {
                4 => drop(push(&server, A, "second")),
                7 => server.remove(B),
                _ => {}
            }
            for host in &mut hosts {
                host.contact_through(&server, |_, _, reply| {
                    if dice.percent(30) {
                        Reply::lost()
                    } else {
                        reply
                    }
                });
            }
            server.clock.advance(HOUR_MS);
        }
        for host in &mut hosts {
            for _ in 0..4 {
                host.contact(&server);
            }
            let is_stated = host_is_stated(&server, host);
            assert!(
                is_stated,
                "seed {seed}: {:#?}",
                server.host_profiles(&host.id())
            );
            server.refresh_host(&host.id()).unwrap();
            for _ in 0..4 {
                host.contact(&server);
            }
            host.forget_work();
            host.contact(&server);
            assert!(host.sent.is_empty(), "seed {seed}");
            assert_eq!(host.identifiers(), [A], "seed {seed}");
            assert_eq!(host.device.tally().duplicates, 0, "seed {seed}");
        }
        server.assert_applied(8);
    }
}

/// Applied, or failed because outcomes were lost.
fn host_is_stated(server: &TestServer, host: &Host) -> bool {
    let shown = server.host_profiles(&host.id()).unwrap();
    shown.profiles.iter().all(|profile| match &profile.status {
        ProfileStatus::Applied => true,
        ProfileStatus::Failed {
            error,
            next_attempt,
        } => *error == FailureReason::Lost && *next_attempt == NextAttempt::Parked,
        ProfileStatus::Unknown | ProfileStatus::Pending { .. } => false,
    })
}

/// A report that comes twice changes nothing the second time, whatever it says and wherever in a
/// host's life it comes, and its reply is the same (case F2).
#[test]
fn f02_reports_twice() {
    let server = server_with(&[A, B, C]);
    let mut host = Puppet::enrolled(1, &server);
    let mut reports = 0;
    for round in 0..4 {
        push(&server, A, &format!("edit {round}"));
        let mut next = host.idle(&server);
        while let Some(order) = next {
            host.carry_out(&order);
            let say = |host: &mut Puppet| match reports % 5 {
                3 => host.not_now(&server, &order),
                4 => host.error(&server, &order, &[("NSPOSIXErrorDomain", 1)]),
                _ => host.acknowledge(&server, &order),
            };
            let first = say(&mut host);
            let shown = |server: &TestServer, host: &Puppet| {
                let detail = server.host_detail(&host.id()).unwrap();
                (detail, server.host_profiles(&host.id()).unwrap())
            };
            let before = shown(&server, &host);
            let second = say(&mut host);
            assert_eq!(second, first, "{order:?}");
            assert_eq!(shown(&server, &host), before, "{order:?}");
            next = second;
            reports += 1;
        }
        server.clock.advance(HOUR_MS);
    }
    assert!(reports > 8, "{reports}");
    host.settle(&server);
    server.assert_applied(1);
}

/// What six reports of one device say, each about another command: the order of their arrival is
/// anything.
type Report = fn(&TestServer, &mut Puppet, &Order);

const REPORTS: [Report; 6] = [
    |server, host, removal| drop(host.acknowledge(server, removal)),
    |server, host, install| drop(host.acknowledge(server, install)),
    |server, host, install| drop(host.error(server, install, &[("MCProfileErrorDomain", 1009)])),
    |server, host, install| drop(host.not_now(server, install)),
    |server, host, list| {
        let empty = list_answer(&std::collections::BTreeMap::new());
        host.report(server, "Acknowledged", Some(&list.uuid), &empty);
    },
    |server, host, list| drop(host.acknowledge(server, list)),
];

/// A host with six commands out of which none was reported: a removal of D, installs of A, B and
/// C, and two lists. The removal and the install of A were carried out.
fn six_out() -> (MemorySnapshot, Puppet, Vec<Order>) {
    let store = Arc::new(MemoryStore::new().unwrap());
    let server = over(Arc::clone(&store) as _);
    push(&server, D, "first");
    let mut host = Puppet::settled(1, &server);
    server.remove(D);
    for identifier in [A, B, C] {
        push(&server, identifier, "first");
    }
    let mut out = vec![host.idle(&server).unwrap()];
    for _ in 0..3 {
        let list = host.idle(&server).unwrap();
        let mut next = host.obey(&server, &list).unwrap();
        if next.request_type == "DeviceInformation" {
            next = host.obey(&server, &next).unwrap();
        }
        out.push(next);
    }
    out.extend([host.idle(&server).unwrap(), host.idle(&server).unwrap()]);
    let what: Vec<_> = out.iter().map(Order::what).collect();
    let install = |identifier| format!("InstallProfile {identifier}");
    let lists = ["ProfileList".to_owned(), "ProfileList".to_owned()];
    assert_eq!(
        what[..4],
        [
            format!("RemoveProfile {D}"),
            install(A),
            install(B),
            install(C)
        ]
    );
    assert_eq!(what[4..], lists);
    host.carry_out(&out[0]);
    host.carry_out(&out[1]);
    (store.snapshot().unwrap(), host, out)
}

fn over(store: Arc<dyn Store>) -> TestServer {
    let options = mooring_server::core::CoreOptions::default();
    TestServer::with_options(store, judge(), &TestClock::new(), options)
}

/// Every order of 0 to `count`.
fn permutations(count: usize) -> Vec<Vec<usize>> {
    let Some(last) = count.checked_sub(1) else {
        return vec![Vec::new()];
    };
    let shorter = permutations(last);
    let longer = shorter.iter().flat_map(|shorter| {
        (0..=last).map(move |at| {
            let mut longer = shorter.clone();
            longer.insert(at, last);
            longer
        })
    });
    longer.collect()
}

/// Six reports in every order, and every choice of fewer in one: the host ends in the same state,
/// with the same profiles, and nothing that was done is done again (case F3).
#[test]
fn f03_any_order() {
    let (snapshot, device, out) = six_out();
    let orders = permutations(REPORTS.len());
    assert_eq!(orders.len(), 720);
    let subsets = (0..64_usize).map(|bits| (0..6).filter(|at| bits >> at & 1 == 1).collect());
    for order in orders.into_iter().chain(subsets) {
        let server = over(Arc::new(MemoryStore::from_snapshot(&snapshot)));
        let mut host = device.clone();
        host.got.clear();
        for at in &order {
            REPORTS[*at](&server, &mut host, &out[*at]);
        }
        // What answered a report went where the report came from: nowhere.
        let dropped = host.uuids("InstallProfile").len();
        host.settle(&server);
        assert_eq!(host.holds(), [A, B, C], "{order:?}");
        let again = [format!("InstallProfile {A}"), format!("RemoveProfile {D}")];
        let is_again = |order: &Order| again.contains(&order.what());
        assert!(!host.got.iter().any(is_again), "{order:?}: {:#?}", host.got);
        assert_eq!(host.uuids("InstallProfile").len(), 2 + dropped, "{order:?}");
        let shown = server.host_profiles(&host.id()).unwrap();
        assert_eq!(shown.status, Some(Status::Applied), "{order:?}");
        assert_eq!(shown.profiles.len(), 3, "{order:?}");
        let words = shown.profiles.iter().map(|p| p.status.word());
        assert!(
            words.into_iter().all(|word| word == Status::Applied),
            "{order:?}"
        );
    }
}

/// A device that falls silent at one command, every time, gets the others all the same, and the
/// one is given up after three times and said to have failed (case F5).
#[test]
fn f05_one_command_is_never_answered() {
    let server = server_with(&[A, B, C]);
    let mut host = Puppet::enrolled(1, &server);
    let install = format!("InstallProfile {A}");
    for contact in 0..6 {
        host.contact_until(&server, |order| order.what() == install);
        if contact == 2 {
            for identifier in [B, C] {
                let status = server.status_of(&host.id(), identifier);
                assert_eq!(status, ProfileStatus::Applied, "{identifier}");
            }
        }
    }
    let tried = host.got.iter().filter(|order| order.what() == install);
    assert_eq!(tried.count(), 3);
    let status = server.status_of(&host.id(), A);
    let lost = ProfileStatus::Failed {
        error: FailureReason::Lost,
        next_attempt: NextAttempt::Parked,
    };
    assert_eq!(status, lost);
    assert_eq!(host.holds(), [B, C]);
}
