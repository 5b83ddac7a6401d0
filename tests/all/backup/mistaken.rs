//! A store file that somebody copied back, without telling.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use mooring_drift::status::Status;
use mooring_sim::{Channel, Next, Request};
use mooring_tests::clock::MINUTE_MS;
use mooring_tests::{Draft, Host, TestClock, TestServer, settle, settle_one};

const HOSTS: u32 = 6;
const A: &str = "com.harborworks.a";

/// A fleet, the store as it was before most of what happened, and for each host the report that it
/// is about to make on a command that this store does not know.
struct Scene {
    clock: TestClock,
    hosts: Vec<Host>,
    reports: Vec<Request>,
}

impl Scene {
    fn new(old: &Path, folder: &Path) -> Self {
        let clock = TestClock::new();
        let live = folder.join("live.redb");
        let mut hosts: Vec<_> = (0..HOSTS).map(Host::without_user).collect();
        let server = TestServer::open(&live, &clock);
        server.push_taken(Draft::new(A, "first").xml());
        settle(&server, &mut hosts);
        drop(server);
        fs::copy(&live, old).unwrap();
        let server = TestServer::open(&live, &clock);
        for edit in 0..3 {
            server.push_taken(Draft::new(A, &format!("edit {edit}")).xml());
            settle(&server, &mut hosts);
            clock.advance(MINUTE_MS);
        }
        server.push_taken(Draft::new(A, "last").xml());
        let reports = hosts.iter_mut().map(|host| up_to_a_report(&server, host));
        let reports = reports.collect();
        Self {
            clock,
            hosts,
            reports,
        }
    }
}

/// A contact up to the report on an install, which is not delivered.
fn up_to_a_report(server: &TestServer, host: &mut Host) -> Request {
    let mut request = host.device.begin(Channel::Device).expect("it is enrolled");
    loop {
        let reply = host.say(server, Channel::Device, &request);
        let of_install = host
            .sent
            .last()
            .is_some_and(|sent| sent.what.starts_with("Install"));
        match host.device.answer(Channel::Device, &reply) {
            Next::Send(report) if of_install => return report,
            Next::Send(next) => request = next,
            Next::Over(_) | Next::Renew(_) => panic!("no install: {:#?}", host.sent),
        }
    }
}

/// Delivers the report, and what follows from it; gives the first command that came back.
fn deliver(server: &TestServer, host: &mut Host, report: &Request) -> String {
    let sent = host.sent.len();
    let mut reply = host.say(server, Channel::Device, report);
    while let Next::Send(next) = host.device.answer(Channel::Device, &reply) {
        reply = host.say(server, Channel::Device, &next);
    }
    host.sent[sent].what.clone()
}

fn is_observed_anew(server: &TestServer, host: &Host) -> bool {
    let detail = server.host_detail(&host.id()).unwrap();
    format!("{:?}", detail.enrollments[0].begun) == "Observed"
}

/// One host that reports on a command of the lost future is observed anew at once, alone; the third
/// one proves that the store is an old copy, and then all are, also after a restart. No uuid comes
/// twice and nothing is removed.
#[test]
fn an_old_copy_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let old = folder.path().join("old.redb");
    let Scene {
        clock,
        mut hosts,
        reports,
    } = Scene::new(&old, folder.path());
    let server = TestServer::open(&old, &clock);
    server.assert_applied(u64::from(HOSTS));
    for number in 0..2 {
        assert_eq!(
            deliver(&server, &mut hosts[number], &reports[number]),
            "ProfileList"
        );
        assert!(is_observed_anew(&server, &hosts[number]), "host {number}");
        assert!(
            !is_observed_anew(&server, &hosts[number + 1]),
            "host {number}"
        );
    }
    assert_eq!(deliver(&server, &mut hosts[2], &reports[2]), "ProfileList");
    assert!(hosts.iter().all(|host| is_observed_anew(&server, host)));
    drop(server);
    let server = TestServer::open(&old, &clock);
    assert!(hosts.iter().all(|host| is_observed_anew(&server, host)));
    let last = hosts.last().unwrap().id();
    let detail = server.host_detail(&last).unwrap();
    assert_eq!(detail.summary.status, Some(Status::Unknown));
    assert!(server.counts().counts.unknown >= u64::from(HOSTS) - 3);

    let known: Vec<_> = hosts.iter().map(|host| host.sent.len()).collect();
    for (host, known) in hosts.iter_mut().zip(&known) {
        settle_one(&server, host);
        let work: Vec<_> = host.sent[*known..].iter().map(|sent| &sent.what).collect();
        let first = work.first().map(|what| what.as_str());
        assert!(first.is_none_or(|what| what == "ProfileList"), "{work:#?}");
    }
    server.assert_applied(u64::from(HOSTS));
    for host in &hosts {
        let uuids: BTreeSet<_> = host.sent.iter().map(|sent| &sent.uuid).collect();
        assert_eq!(uuids.len(), host.sent.len(), "{:#?}", host.sent);
        assert_eq!(host.count("RemoveProfile"), 0);
        assert_eq!(host.identifiers(), [A]);
    }
}
