//! A certificate that might be the host's new one or a stranger's is held: it hears nothing, the
//! host goes on, and an administrator decides.

use std::sync::Arc;
use std::thread;

use mooring_server::device::DeviceReply;
use mooring_server::enrollment::LinkRequest;
use mooring_server::hosts::HostsQuery;
use mooring_sim::{Channel, EnrollmentProfile, Habits};
use mooring_tests::Draft;
use mooring_tests::identity::{
    Card, Member, Site, SiteOptions, WAYS, Way, outside, redeem, rsa_key,
};

use super::matrix::{OTHER, OURS, ROWS};
use super::pinning::{by_link, for_serial};

const SHARED: &str = "the challenge that all share";

fn site(way: Way) -> Site {
    Site::with(&SiteOptions {
        static_challenge: Some(SHARED),
        ways: vec![way],
        ..SiteOptions::default()
    })
}

/// A certificate on the challenge that all devices share.
fn by_challenge(site: &Site, key: usize) -> Card {
    let profile = site.server.profile_for(&LinkRequest::default()).unwrap();
    let mut profile = EnrollmentProfile::read(&profile).unwrap();
    profile.scep.challenge = Some(SHARED.to_owned());
    Card::of(&redeem(site, &profile.scep, rsa_key(key), None).unwrap())
}

fn held(site: &Site, host: &str) -> Option<String> {
    let query = HostsQuery {
        limit: 100,
        ..HostsQuery::default()
    };
    let listed = site.server.host_listing(&query).unwrap().hosts;
    let listed = listed.into_iter().find(|one| one.id.as_str() == host);
    let listed = listed.unwrap().held.map(|held| held.fingerprint);
    let shown = site.server.host_detail(host).unwrap().summary.held;
    assert_eq!(shown.map(|held| held.fingerprint), listed);
    listed
}

/// A certificate by an unbound link, by the shared challenge or by an outside CA for a host that
/// is enrolled: every message of it is answered with nothing, nothing of the host changes but the
/// note, and the host's own device goes on.
#[test]
fn held_certificates() {
    for way in WAYS {
        for kind in ["unbound link", "shared challenge", "outside CA"] {
            let site = site(way);
            site.server
                .push_taken(Draft::new("com.harborworks.a", "first").xml());
            let mut member = Member::new(&site, 0, way, Habits::default());
            member.settle(&site);
            let host = member.id();
            let (pins, epoch) = (site.pins(&host), site.epoch(&host));
            let card = match kind {
                "unbound link" => by_link(&site, &LinkRequest::default(), 1),
                "shared challenge" => by_challenge(&site, 1),
                _ => outside().card("new", 1),
            };
            let before = site.snapshot();
            let reply = site.tell(way, &card, &who(&member, "idle"));
            assert_eq!(reply.status(), 400, "it has not enrolled");
            assert!(site.snapshot() == before);
            for row in std::iter::once(&"authenticate").chain(&ROWS) {
                let reply = site.tell(way, &card, &who(&member, row));
                assert_eq!(reply, DeviceReply::Empty, "{row} of {kind} by {way:?}");
            }
            let fingerprint = card.certificate.fingerprint().to_string();
            assert_eq!(held(&site, &host), Some(fingerprint));
            assert_eq!((site.pins(&host), site.epoch(&host)), (pins, epoch));
            assert_eq!(site.snapshot().commands, before.commands);
            // The device goes on as if nothing had happened.
            site.server
                .push_taken(Draft::new("com.harborworks.b", "first").xml());
            member.take_work();
            member.settle(&site);
            assert_eq!(
                member.take_work(),
                ["InstallProfile com.harborworks.b", "ProfileList"]
            );
            site.server.assert_applied(1);
        }
    }
}

fn who(member: &Member, row: &str) -> Vec<u8> {
    let identity = member.device.identity();
    mooring_tests::identity::fill(
        &OURS.says(row),
        &[(OURS.udid, &identity.udid), (OURS.serial, &identity.serial)],
    )
}

/// An administrator accepts what is held: the device comes in without enrolling once more,
/// everything is listed and installed anew, and the identity that was there before is refused.
#[test]
fn accepting() {
    for way in WAYS {
        let site = site(way);
        site.server
            .push_taken(Draft::new("com.harborworks.a", "first").xml());
        let mut member = Member::new(&site, 0, way, Habits::default());
        member.settle(&site);
        let (host, old) = (member.id(), member.card());
        let shown = member.card().certificate.fingerprint().to_string();
        assert!(
            site.server.accept_host(&host, &shown).is_err(),
            "nothing is held"
        );

        member.device.erase();
        member.key = 1;
        let profile = site.server.profile_for(&LinkRequest::default()).unwrap();
        let profile = EnrollmentProfile::read(&profile).unwrap();
        let credential = redeem(&site, &profile.scep, rsa_key(1), None).unwrap();
        member.device.enroll(profile, credential);
        member.take_work();
        member.settle(&site);
        assert_eq!(member.take_work(), Vec::<String>::new(), "it is held");
        let epoch = site.epoch(&host);
        assert!(
            site.server.accept_host(&host, &shown).is_err(),
            "another one is held"
        );
        let shown = held(&site, &host).unwrap();
        site.server.accept_host(&host, &shown).unwrap();
        assert_eq!(held(&site, &host), None);
        assert!(site.epoch(&host) != epoch, "a new epoch");
        site.server.clock.advance(1000);
        member.settle(&site);
        assert!(member.holds().contains("com.harborworks.a"));
        site.server.assert_applied(1);
        assert_eq!(site.tell(way, &old, &who(&member, "idle")).status(), 400);
        assert!(
            site.server.accept_host(&host, &shown).is_err(),
            "nothing is held any more"
        );
    }
}

/// What was accepted for one host is that host's: it enrolls no other one afterwards, and what
/// enrolled elsewhere meanwhile is not accepted.
#[test]
fn accepted_certificates_belong() {
    let way = Way::Mtls;
    let site = site(way);
    let ours = outside().card("ours", 0);
    site.enroll(way, &ours, &OURS);
    let new = outside().card("new", 1);
    site.tell(way, &new, &OURS.says("authenticate"));
    let shown = held(&site, OURS.udid).unwrap();
    site.server.accept_host(OURS.udid, &shown).unwrap();
    let before = site.snapshot();
    assert_eq!(
        site.tell(way, &new, &OTHER.says("authenticate")).status(),
        400
    );
    assert!(site.snapshot() == before);

    let third = outside().card("third", 2);
    site.tell(way, &third, &OURS.says("authenticate"));
    let shown = held(&site, OURS.udid).unwrap();
    site.enroll(way, &third, &OTHER);
    assert!(
        site.server.accept_host(OURS.udid, &shown).is_err(),
        "it is another host's by now"
    );
    assert_eq!(
        site.pins(OURS.udid),
        [*new.certificate.fingerprint().as_bytes()]
    );
}

/// A bound link after a held certificate lets the device in without a person, and the note goes.
#[test]
fn a_link_ends_the_wait() {
    let way = Way::Header;
    let site = site(way);
    let old = by_link(&site, &for_serial(OURS.serial), 0);
    site.enroll(way, &old, &OURS);
    let stranger = outside().card("stranger", 1);
    site.tell(way, &stranger, &OURS.says("authenticate"));
    assert!(held(&site, OURS.udid).is_some());
    let new = by_link(&site, &for_serial(OURS.serial), 2);
    site.enroll(way, &new, &OURS);
    assert_eq!(held(&site, OURS.udid), None);
    assert_eq!(site.tell(way, &stranger, &OURS.says("idle")).status(), 400);
}

/// Two devices with one name that take turns: neither gets the other's profiles or drives it out,
/// and a person sees it.
#[test]
fn two_machines_with_one_name() {
    let way = Way::Signature;
    let site = Arc::new(site(way));
    site.server
        .push_taken(Draft::new("com.harborworks.a", "first").xml());
    let mut member = Member::new(&site, 0, way, Habits::default());
    member.settle(&site);
    let twin = outside().card("twin", 1);
    for round in 0..6 {
        site.server.clock.advance(60_000);
        for row in ["authenticate", "token-update", "idle"] {
            let reply = site.tell(way, &twin, &who(&member, row));
            assert_eq!(reply, DeviceReply::Empty, "round {round}");
        }
        member.take_work();
        member.settle(&site);
        assert_eq!(
            member.take_work(),
            Vec::<String>::new(),
            "no flapping in round {round}"
        );
    }
    assert!(held(&site, &member.id()).is_some());
    site.server.assert_applied(1);
    // At the same moment, too.
    let threads = [member.card(), twin].map(|card| {
        let (site, body) = (Arc::clone(&site), who(&member, "authenticate"));
        site.server.clock.advance(1000);
        thread::spawn(move || site.tell(way, &card, &body))
    });
    for thread in threads {
        assert_eq!(thread.join().unwrap(), DeviceReply::Empty);
    }
    assert_eq!(
        site.pins(&member.id()),
        [*member.card().certificate.fingerprint().as_bytes()]
    );
    assert!(member.device.profiles(Channel::Device).count() > 0);
}
