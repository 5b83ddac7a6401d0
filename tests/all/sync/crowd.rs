//! Many at once: devices in parallel, one device over two connections, profiles that change
//! meanwhile.

use std::thread;

use mooring_sim::Channel;
use mooring_tests::{Draft, Host, TestClock, TestServer, fleet, settle};

const THREADS: usize = 4;

fn draft(number: usize, value: &str) -> String {
    Draft::new(&format!("com.harborworks.p{number}"), value).xml()
}

/// Devices that speak all at once over the durable store, while profiles are pushed, replaced and
/// deleted, end with what is desired last.
#[test]
fn everybody_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = TestServer::open(&folder.path().join("store.redb"), &TestClock::new());
    (0..4).for_each(|n| drop(server.push_taken(draft(n, "one"))));
    let mut hosts = fleet(16);
    thread::scope(|scope| {
        for hosts in hosts.chunks_mut(THREADS) {
            scope.spawn(|| {
                for _ in 0..4 {
                    for host in hosts.iter_mut() {
                        host.contact(&server);
                    }
                }
            });
        }
        scope.spawn(|| {
            server.push_taken(draft(4, "one"));
            server.push_taken(draft(0, "two"));
            server.remove("com.harborworks.p1");
            server.enable("com.harborworks.p2", false);
        });
    });
    settle(&server, &mut hosts);
    server.assert_applied(16);
    let expected = [0, 3, 4].map(|n| format!("com.harborworks.p{n}"));
    let (_, newest) = server.push_taken(draft(0, "two"));
    for host in &hosts {
        assert_eq!(host.identifiers(), expected);
        assert_eq!(host.holds(Channel::Device)[&expected[0]], newest);
    }
}

/// Two devices with one identity, as after a careless migration, are both answered; neither breaks
/// the other's host record.
#[test]
fn one_identity_twice() {
    let server = TestServer::new();
    server.push_taken(draft(0, "one"));
    let mut twins = [Host::without_user(0), Host::without_user(0)];
    thread::scope(|scope| {
        for twin in &mut twins {
            scope.spawn(|| {
                for _ in 0..8 {
                    twin.contact(&server);
                }
            });
        }
    });
    let summary = server.counts();
    assert_eq!(summary.hosts, 1);
    settle(&server, &mut twins[..1]);
    let detail = server.host_detail(&twins[0].id()).unwrap();
    assert_eq!(detail.enrollments.len(), 1);
}
