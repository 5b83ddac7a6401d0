//! Drift and its repair over a fleet: what is sent, what is not, and what people see meanwhile.

mod builtins;
mod channels;
mod crowd;
mod uploads;

use mooring_drift::status::Status;
use mooring_tests::clock::HOUR_MS;
use mooring_tests::{Draft, Host, TestClock, TestServer, fleet, settle, settle_one};

/// `com.harborworks.p0` and so on.
fn name(number: usize) -> String {
    format!("com.harborworks.p{number}")
}

/// A server with that many profiles.
fn server_with(profiles: usize) -> TestServer {
    let server = TestServer::new();
    for number in 0..profiles {
        server.push_taken(Draft::new(&name(number), "first").xml());
    }
    server
}

/// A host that enrolls gets every profile, each once, and is applied only once a list proved it.
#[test]
fn enrolling_brings_every_profile() {
    let server = server_with(3);
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    assert_eq!(
        host.take_work(),
        [
            "ProfileList",
            "DeviceInformation",
            "InstallProfile com.harborworks.p0",
            "InstallProfile com.harborworks.p1",
            "InstallProfile com.harborworks.p2",
            "ProfileList",
        ]
    );
    server.assert_applied(1);
    assert_eq!(settle_one(&server, &mut host), 1);
    assert!(host.take_work().is_empty(), "then silence");
}

/// A whole fleet comes to rest with every profile of both channels applied on every host.
#[test]
fn a_fleet_is_applied() {
    let server = server_with(4);
    let mut hosts = fleet(30);
    assert_eq!(server.counts().hosts, 0);
    for (done, host) in hosts.iter_mut().enumerate() {
        settle_one(&server, host);
        server.assert_applied(done as u64 + 1);
    }
    let summary = server.counts();
    assert_eq!(summary.profiles.len(), 4);
    assert!(summary.profiles.iter().all(|p| p.counts.applied == 30));
    for host in &hosts {
        assert_eq!(host.identifiers(), (0..4).map(name).collect::<Vec<_>>());
    }
}

/// Replacing one profile sends one `InstallProfile` to each host and nothing else but the list
/// that proves it.
#[test]
fn replacing_one_installs_one() {
    let server = server_with(3);
    let mut hosts: Vec<_> = (0..30).map(Host::without_user).collect();
    settle(&server, &mut hosts);
    hosts.iter_mut().for_each(Host::forget_work);

    let (version, uuid) = server.push_taken(Draft::new(&name(1), "second").xml());
    assert_eq!(version, 2);
    assert_eq!(server.counts().counts.pending, 30);
    settle(&server, &mut hosts);
    for host in &mut hosts {
        let sent = host.take_work();
        assert_eq!(sent, ["InstallProfile com.harborworks.p1", "ProfileList"]);
        assert_eq!(host.holds(mooring_sim::Channel::Device)[&name(1)], uuid);
    }
    server.assert_applied(30);
}

/// The same content in another order, with other whitespace or another author's uuid sends
/// nothing and is no new version.
#[test]
fn same_content_sends_nothing() {
    let server = server_with(2);
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    host.take_work();
    let first = Draft::new(&name(0), "first");
    let of_another = Draft {
        uuid: Some("7C1C2F4B-92A5-4C8E-9B1C-000000000001".to_owned()),
        ..first.clone()
    };
    let without = Draft {
        uuid: None,
        ..first.clone()
    };
    let known = server.push_taken(first.xml());
    for text in [
        first.xml_rearranged(),
        of_another.xml(),
        of_another.xml_rearranged(),
        without.xml(),
    ] {
        assert_eq!(server.push_taken(text), known);
    }
    assert_eq!(settle_one(&server, &mut host), 1);
    assert!(host.take_work().is_empty());
    server.assert_applied(1);
}

/// Removing half of the profiles ends with exactly those gone from every device.
#[test]
fn removing_half_removes_exactly_those() {
    let server = server_with(8);
    let mut hosts = fleet(12);
    settle(&server, &mut hosts);
    for number in (0..8).step_by(2) {
        server.remove(&name(number));
    }
    let summary = server.counts();
    assert_eq!(summary.counts.pending, 12);
    let leaving: Vec<_> = summary.profiles.iter().filter(|p| !p.is_wanted).collect();
    assert_eq!(leaving.len(), 4, "they are shown until they are gone");
    assert!(leaving.iter().all(|p| p.counts.pending == 12));
    settle(&server, &mut hosts);
    for host in &hosts {
        assert_eq!(host.identifiers(), [1, 3, 5, 7].map(name));
        assert_eq!(host.count("RemoveProfile"), 4);
        assert_eq!(host.count("InstallProfile"), 8);
    }
    server.assert_applied(12);
    let summary = server.counts();
    assert_eq!(
        summary.profiles.len(),
        4,
        "what is proven gone is not shown"
    );
}

/// A disabled profile is removed, an enabled one comes back under the same uuid, and neither is a
/// new version.
#[test]
fn disable_and_enable() {
    let server = server_with(2);
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    let before = host.holds(mooring_sim::Channel::Device);
    host.take_work();

    server.enable(&name(0), false);
    assert_eq!(server.counts().counts.pending, 1);
    settle_one(&server, &mut host);
    assert_eq!(
        host.take_work(),
        ["RemoveProfile com.harborworks.p0", "ProfileList"]
    );
    assert_eq!(host.identifiers(), [name(1)]);
    server.assert_applied(1);

    server.enable(&name(0), true);
    settle_one(&server, &mut host);
    assert_eq!(
        host.take_work(),
        ["InstallProfile com.harborworks.p0", "ProfileList"]
    );
    assert_eq!(host.holds(mooring_sim::Channel::Device), before);
    let detail = server.profile_detail(&mooring_tests::server::id(&name(0)));
    assert_eq!(detail.unwrap().versions.len(), 1);
}

/// A profile that is added and removed again before a host connects is never sent to it.
#[test]
fn added_and_removed_before_a_contact() {
    let server = server_with(1);
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    host.take_work();
    server.push_taken(Draft::new(&name(1), "first").xml());
    server.remove(&name(1));
    assert_eq!(settle_one(&server, &mut host), 1);
    assert!(host.take_work().is_empty());
    server.assert_applied(1);
}

/// A refresh that a person asks for lists once on each channel, asks who the device is, and, where nothing drifted, changes
/// nothing; a profile that its user removed comes back.
#[test]
fn manual_refresh() {
    let server = server_with(2);
    let mut host = Host::new(0);
    settle_one(&server, &mut host);
    host.take_work();

    server.refresh_host(&host.id()).unwrap();
    settle_one(&server, &mut host);
    let work = ["ProfileList", "DeviceInformation", "ProfileList"];
    assert_eq!(host.take_work(), work);

    let device = mooring_sim::Channel::Device;
    assert!(host.device.user_removes(device, &name(1)));
    assert_eq!(settle_one(&server, &mut host), 1, "nobody has noticed yet");
    let serial = host.device.identity().serial.clone();
    server.refresh_host(&serial).unwrap();
    settle_one(&server, &mut host);
    let work = host.take_work();
    assert_eq!(work.iter().filter(|w| w.starts_with("Install")).count(), 1);
    assert_eq!(host.identifiers(), [name(0), name(1)]);
    server.assert_applied(1);
}

/// Lists and attributes are asked for again after the refresh interval and not before; a host that
/// is not heard of for three intervals is unknown.
#[test]
fn periodic_refresh() {
    let server = server_with(1);
    let mut hosts: Vec<_> = (0..5).map(Host::without_user).collect();
    settle(&server, &mut hosts);
    hosts.iter_mut().for_each(Host::forget_work);

    server.clock.advance(23 * HOUR_MS);
    settle(&server, &mut hosts);
    assert!(hosts.iter_mut().all(|host| host.take_work().is_empty()));

    server.clock.advance(4 * HOUR_MS);
    settle(&server, &mut hosts);
    for host in &mut hosts {
        assert_eq!(host.take_work(), ["ProfileList", "DeviceInformation"]);
    }
    server.clock.advance(73 * HOUR_MS);
    settle(&server, &mut hosts[..2]);
    let counts = server.counts().counts;
    assert_eq!((counts.applied, counts.unknown), (2, 3));
}

/// Statuses on the way: unknown before the first list, pending while work remains, applied last;
/// an acknowledged install is pending still.
#[test]
fn acknowledged_is_not_applied() {
    let server = server_with(1);
    let mut host = Host::without_user(0);
    let mut seen = Vec::new();
    host.contact_through(&server, |_, _, reply| {
        seen.push(server.counts().counts);
        reply
    });
    let words: Vec<_> = seen
        .iter()
        .map(|c| match (c.unknown, c.pending, c.applied) {
            (1, 0, 0) => Status::Unknown,
            (0, 1, 0) => Status::Pending,
            (0, 0, 1) => Status::Applied,
            _ => panic!("{c:?}"),
        })
        .collect();
    assert_eq!(
        words,
        [
            Status::Unknown, // Authenticate
            Status::Unknown, // TokenUpdate
            Status::Unknown, // Idle, gets ProfileList
            Status::Pending, // the list, gets DeviceInformation
            Status::Pending, // the attributes, get InstallProfile
            Status::Pending, // acknowledged, gets ProfileList
            Status::Applied, // the list that proves it
        ]
    );
}

/// What would be done is shown in order before a device connects; showing it does nothing.
#[test]
fn the_plan_is_shown() {
    let server = server_with(2);
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    host.take_work();
    server.push_taken(Draft::new(&name(0), "second").xml());
    server.push_taken(Draft::new(&name(2), "first").xml());
    server.remove(&name(1));
    let plan = || {
        let detail = server.host_detail(&host.id()).unwrap();
        serde_json::to_value(&detail.enrollments[0].plan).unwrap()
    };
    let expected = serde_json::json!([
        {"change": "remove", "identifier": name(1)},
        {"change": "install", "identifier": name(0), "version": 2, "reason": "outdated"},
        {"change": "install", "identifier": name(2), "version": 1, "reason": "missing"},
    ]);
    assert_eq!(plan(), expected);
    assert_eq!(plan(), expected);
    settle_one(&server, &mut host);
    assert_eq!(
        host.take_work(),
        [
            "RemoveProfile com.harborworks.p1",
            "InstallProfile com.harborworks.p0",
            "InstallProfile com.harborworks.p2",
            "ProfileList",
        ]
    );
}

/// A clock that jumps ten years back or ahead makes lists due and changes nothing else.
#[test]
fn a_clock_that_jumps() {
    let server = server_with(2);
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    let years = 10 * 365 * 24 * HOUR_MS;
    for jump in [TestClock::advance, TestClock::set_back] {
        host.take_work();
        jump(&server.clock, years);
        settle_one(&server, &mut host);
        assert_eq!(host.take_work(), ["ProfileList", "DeviceInformation"]);
        server.assert_applied(1);
    }
}
