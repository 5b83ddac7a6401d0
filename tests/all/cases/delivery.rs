//! What reaches a host, and what does not: each part of the work once.

use mooring_server::api::PushOutcome;
use mooring_sim::{Channel, Ending};
use mooring_tests::clock::HOUR_MS;
use mooring_tests::server::id;
use mooring_tests::{Draft, Host, TestServer, fleet, settle, settle_one};

use super::puppet::Puppet;
use super::{A, B, C, push, server_with};

const FIREWALL: &str = "com.mooring.builtin.firewall";

/// A host gets exactly the profiles that are for everybody and the built-in one that is enabled,
/// each in the bytes that were pushed but for its uuid, and nothing is removed from it (case A1).
#[test]
fn a01_everything_for_everybody() {
    let server = server_with(&[A, B]);
    server.enable(FIREWALL, true);
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    assert_eq!(host.identifiers(), [A, B, FIREWALL]);
    assert_eq!(host.count("InstallProfile"), 3);
    assert_eq!(host.count("RemoveProfile"), 0);
    for (identifier, uuid) in host.holds(Channel::Device) {
        let raw = server.raw(&id(&identifier), None).unwrap();
        let raw = String::from_utf8(raw).unwrap();
        assert!(raw.contains(&uuid), "{identifier} as it was stored");
    }
    server.assert_applied(1);
}

/// A device that did not finish enrolling, that never began, or that left gets no command and is
/// not counted among those that should have something (case A2). Hosts of another make do not
/// exist here: what is closest, profiles for other platforms, is in `scopes`.
#[test]
fn a02_not_enrolled() {
    let server = server_with(&[A]);
    let mut begun = Puppet::new(1);
    begun.authenticate(&server);
    assert_eq!(begun.idle(&server), None);
    let mut left = Puppet::settled(2, &server);
    left.check_out(&server);
    assert_eq!(left.idle(&server), None);
    let mut stranger = Host::without_user(3);
    settle_one(&TestServer::new(), &mut stranger);
    stranger.forget_work();
    assert_eq!(stranger.contact(&server).device, Ending::Refused(400));

    push(&server, B, "first");
    assert_eq!(begun.idle(&server), None);
    assert_eq!(left.idle(&server), None);
    stranger.contact(&server);
    assert!(begun.got.is_empty() && left.got.is_empty() && stranger.sent.is_empty());
    let summary = server.counts();
    assert_eq!((summary.hosts, summary.checked_out), (1, 1));
    assert_eq!(summary.counts.unknown, 1, "only the one that began");
}

/// Without a change a second round, and ten more, send nothing at all (case A3).
#[test]
fn a03_nothing_twice() {
    let server = server_with(&[A, B, C]);
    let mut hosts = fleet(10);
    settle(&server, &mut hosts);
    let sent = server.commands_sent();
    for _ in 0..11 {
        server.clock.advance(HOUR_MS / 2);
        for host in &mut hosts {
            assert!(host.contact(&server).device.is_idle());
        }
    }
    assert_eq!(server.commands_sent(), sent);
    server.assert_applied(10);
}

/// Of several profiles one is deleted: each host gets one removal, and the others are not touched
/// (case A9).
#[test]
fn a09_one_less() {
    let server = server_with(&[A, B, C]);
    let mut hosts = fleet(5);
    settle(&server, &mut hosts);
    hosts.iter_mut().for_each(Host::forget_work);
    server.remove(B);
    settle(&server, &mut hosts);
    for host in &mut hosts {
        let removal = format!("RemoveProfile {B}");
        assert_eq!(host.take_work(), [removal, "ProfileList".to_owned()]);
        assert_eq!(host.identifiers(), [A, C]);
    }
    server.assert_applied(5);
}

/// The same bytes once more: the version, the moment it was stored and every host stay as they
/// were (case A11).
#[test]
fn a11_same_bytes() {
    let server = server_with(&[A]);
    let mut hosts = fleet(3);
    settle(&server, &mut hosts);
    let before = server.profile_detail(&id(A)).unwrap();
    let seen: Vec<_> = hosts
        .iter()
        .map(|host| server.host_detail(&host.id()).unwrap())
        .collect();
    server.clock.advance(1000);
    let again = server.push_one(Draft::new(A, "first").xml());
    assert_eq!(again.outcome, PushOutcome::Unchanged);
    let mut after = server.profile_detail(&id(A)).unwrap();
    // When it was last looked who gets what is no part of the profile.
    after.together.as_of.clone_from(&before.together.as_of);
    assert_eq!(after, before);
    let now: Vec<_> = hosts
        .iter()
        .map(|host| server.host_detail(&host.id()).unwrap())
        .collect();
    assert_eq!(now, seen);
    hosts.iter_mut().for_each(Host::forget_work);
    settle(&server, &mut hosts);
    assert!(hosts.iter().all(|host| host.sent.is_empty()));
}

/// A signed profile that is signed anew, its content as before, is a new version: it is delivered as
/// it came, so a renewed certificate reaches devices (case A11). The same bytes again are not.
#[test]
fn a11_signed_anew() {
    let server = server_with(&[]);
    let old = include_bytes!("../../data/reading/signed/expired.mobileconfig").as_slice();
    let new = include_bytes!("../../data/reading/signed/good.mobileconfig").as_slice();
    assert_eq!(server.push_one(old).outcome, PushOutcome::Created);
    assert_eq!(server.push_one(old).outcome, PushOutcome::Unchanged);
    let pushed = server.push_one(new);
    assert_eq!(
        (pushed.outcome, pushed.version),
        (PushOutcome::Updated, Some(2))
    );
    let identifier = pushed.identifier.unwrap();
    let kept = server.raw(&identifier, None).unwrap();
    assert_eq!(kept, new);
}

/// Other whitespace, another order of keys or another uuid of the author are the same profile:
/// what counts is the content, so nothing is delivered again (case A12).
#[test]
fn a12_same_content() {
    let server = server_with(&[A]);
    let mut host = Host::without_user(0);
    settle_one(&server, &mut host);
    host.forget_work();
    let first = Draft::new(A, "first");
    let other_uuid = Draft {
        uuid: Some("00000000-0000-4000-8000-00000000000C".to_owned()),
        ..first.clone()
    };
    for text in [
        first.xml_rearranged(),
        other_uuid.xml(),
        other_uuid.xml_rearranged(),
        first.xml().replace('\n', "\r\n"),
    ] {
        assert_eq!(server.push_one(text).outcome, PushOutcome::Unchanged);
    }
    assert_eq!(settle_one(&server, &mut host), 1);
    assert!(host.sent.is_empty());
    server.assert_applied(1);
}

/// New content under a known identifier: hosts stay who they are, and each gets one install over
/// the top (case A13).
#[test]
fn a13_new_content() {
    let server = server_with(&[A, B]);
    let mut hosts = fleet(4);
    settle(&server, &mut hosts);
    let enrolled: Vec<_> = hosts
        .iter()
        .map(|host| server.host_detail(&host.id()).unwrap().enrolled_at)
        .collect();
    hosts.iter_mut().for_each(Host::forget_work);
    push(&server, A, "second");
    server.clock.advance(1000);
    settle(&server, &mut hosts);
    for (host, enrolled) in hosts.iter_mut().zip(enrolled) {
        let install = format!("InstallProfile {A}");
        assert_eq!(host.take_work(), [install, "ProfileList".to_owned()]);
        let detail = server.host_detail(&host.id()).unwrap();
        assert_eq!(detail.enrolled_at, enrolled);
        assert_eq!(detail.summary.id.to_string(), host.id());
    }
    server.assert_applied(4);
}

/// A profile that is added and deleted before any host connects costs no command at all
/// (case A18).
#[test]
fn a18_added_and_deleted() {
    let server = server_with(&[]);
    let mut host = Puppet::settled(1, &server);
    push(&server, A, "first");
    server.remove(A);
    assert!(host.settle(&server).is_empty());
    server.assert_applied(1);
    // Also on a host that enrolls only afterwards.
    let mut late = Puppet::enrolled(2, &server);
    assert_eq!(late.settle(&server), ["ProfileList", "DeviceInformation"]);
}

/// An install that the device put off, and whose profile is deleted while it is away for a week,
/// never arrives (case A19).
#[test]
fn a19_deleted_while_away() {
    let server = server_with(&[]);
    let mut host = Puppet::settled(1, &server);
    push(&server, A, "first");
    let install = host.idle(&server).unwrap();
    assert_eq!(host.not_now(&server, &install), None);
    server.clock.advance(24 * 7 * HOUR_MS);
    server.remove(A);
    host.got.clear();
    let work = host.settle(&server);
    assert_eq!(host.count("InstallProfile"), 0, "{work:?}");
    assert_eq!(host.count("RemoveProfile"), 0, "{work:?}");
    assert!(host.profiles.is_empty());
    server.assert_applied(1);
}

/// An install that the device had fetched when its profile was deleted: if the device carried it
/// out in silence, a list shows it and it is removed; if it did not, nothing follows. Either way
/// nobody sees an error about a profile that is not there (case A20).
#[test]
fn a20_deleted_after_it_was_fetched() {
    for is_carried_out in [true, false] {
        let server = server_with(&[]);
        let mut host = Puppet::settled(1, &server);
        push(&server, A, "first");
        let install = host.idle(&server).unwrap();
        if is_carried_out {
            host.carry_out(&install);
        }
        server.remove(A);
        let shown = server.profile_of(&host.id(), A);
        assert!(
            shown.is_some(),
            "it may be there: it is shown until that is known"
        );
        let work = host.settle(&server);
        assert_eq!(work[0], "ProfileList");
        assert_eq!(host.count("InstallProfile"), 1, "{work:?}");
        let removals = host.count("RemoveProfile");
        assert_eq!(removals, usize::from(is_carried_out), "{work:?}");
        assert!(host.profiles.is_empty());
        server.assert_applied(1);
        assert_eq!(server.counts().counts.failed, 0);
        assert_eq!(server.profile_of(&host.id(), A), None);
    }
    // The removal was on its way when the user removed the profile himself: not found is gone.
    let server = server_with(&[A]);
    let mut host = Puppet::settled(1, &server);
    server.remove(A);
    let removal = host.idle(&server).unwrap();
    host.profiles.clear();
    let next = host.error(&server, &removal, &[("MDMClientError", 89)]);
    let list = next.expect("the list that proves it");
    assert_eq!(list.what(), "ProfileList");
    assert_eq!(server.counts().counts.failed, 0);
    assert_eq!(host.obey(&server, &list), None);
    server.assert_applied(1);
}
