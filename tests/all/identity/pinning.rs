//! Which certificate speaks for a host: what this server issued for it, and whoever comes first
//! where there is nothing to go by. Nobody else takes a host over, in no order and at no time.

use std::sync::Arc;
use std::thread;

use mooring_server::device::{DeviceReply, DeviceSettings, Reenroll};
use mooring_server::enrollment::LinkRequest;
use mooring_sim::EnrollmentProfile;
use mooring_tests::Draft;
use mooring_tests::identity::{
    Card, Site, SiteOptions, WAYS, Way, Who, fill, outside, redeem, rsa_key, wire,
};

use super::matrix::{OTHER, OURS};

const WAY: Way = Way::Mtls;

/// A certificate of the site for whoever has the link.
pub(super) fn by_link(site: &Site, link: &LinkRequest, key: usize) -> Card {
    let profile = site.server.profile_for(link).unwrap();
    let profile = EnrollmentProfile::read(&profile).unwrap();
    Card::of(&redeem(site, &profile.scep, rsa_key(key), None).unwrap())
}

pub(super) fn for_serial(serial: &str) -> LinkRequest {
    LinkRequest {
        serial: Some(serial.to_owned()),
        ..LinkRequest::default()
    }
}

fn for_udid(udid: &str) -> LinkRequest {
    LinkRequest {
        udid: Some(udid.to_owned()),
        ..LinkRequest::default()
    }
}

fn fingerprint(card: &Card) -> [u8; 32] {
    *card.certificate.fingerprint().as_bytes()
}

/// A device that was erased comes back by a link that is for it, and is enrolled afresh without a
/// person: a new epoch, one pin, nothing known of it, and no word from the old identity.
#[test]
fn a_link_for_this_device() {
    for link in [
        for_serial(OURS.serial),
        for_udid(OURS.udid),
        for_udid(&OURS.udid.to_lowercase()),
    ] {
        let site = Site::new(WAY);
        let old = by_link(&site, &for_serial(OURS.serial), 0);
        site.enroll(WAY, &old, &OURS);
        site.tell(WAY, &old, &OURS.says("set-bootstrap-token"));
        let epoch = site.epoch(OURS.udid);
        let new = by_link(&site, &link, 1);
        site.enroll(WAY, &new, &OURS);
        assert_eq!(site.pins(OURS.udid), [fingerprint(&new)]);
        assert!(site.epoch(OURS.udid) != epoch, "a new epoch");
        let reply = site.tell(WAY, &new, &OURS.says("get-bootstrap-token"));
        assert_eq!(reply, DeviceReply::Empty, "the old device's token is gone");
        let before = site.snapshot();
        for message in ["idle", "token-update", "check-out", "get-bootstrap-token"] {
            let reply = site.tell(WAY, &old, &OURS.says(message));
            assert_eq!(reply.status(), 400, "{message} of the old identity");
        }
        assert!(site.snapshot() == before);
    }
}

/// A link for one device enrolls no other: neither a new one nor one that is enrolled, whatever
/// serial number is claimed.
#[test]
fn a_link_for_another_device() {
    let site = Site::new(WAY);
    let ours = by_link(&site, &for_serial(OURS.serial), 0);
    site.enroll(WAY, &ours, &OURS);
    let new = Who::new("77E1B0D9-4C2A-4F85-8B36-D05A9E6C1F24", "Z9Y8X7W6V5");
    let liar = Who::new(OURS.udid, OTHER.serial);
    for (name, link, who) in [
        ("serial, new host", for_serial(OTHER.serial), &new),
        ("UDID, new host", for_udid(OTHER.udid), &new),
        ("serial, our host", for_serial(OTHER.serial), &OURS),
        ("UDID, our host", for_udid(OTHER.udid), &OURS),
        (
            "serial, our host under that serial number",
            for_serial(OTHER.serial),
            &liar,
        ),
    ] {
        let card = by_link(&site, &link, 1);
        let before = site.snapshot();
        for message in [
            "authenticate",
            "token-update",
            "idle",
            "get-bootstrap-token",
        ] {
            let reply = site.tell(WAY, &card, &who.says(message));
            assert_eq!(reply.status(), 400, "{message}: {name}");
        }
        assert!(site.snapshot() == before, "{name}");
    }
    assert!(matches!(
        site.tell(WAY, &ours, &OURS.says("idle")),
        DeviceReply::Command(_)
    ));
}

/// A device without a serial number (a User Enrollment) cannot use a link for one.
#[test]
fn a_link_and_a_user_enrollment() {
    let site = Site::new(WAY);
    let card = by_link(&site, &for_serial(OURS.serial), 0);
    let before = site.snapshot();
    let reply = site.tell(WAY, &card, &wire("ios-user-enrollment-authenticate"));
    assert_eq!(reply.status(), 400);
    assert!(site.snapshot() == before);
}

/// A certificate belongs to the host that it enrolled first, for good, also after that host left
/// or was removed.
#[test]
fn one_certificate_one_host() {
    for way in WAYS {
        let site = Site::new(way);
        let card = outside().card("ours", 0);
        site.enroll(way, &card, &OURS);
        let refused = |what: &str| {
            let before = site.snapshot();
            let reply = site.tell(way, &card, &OTHER.says("authenticate"));
            assert_eq!(reply.status(), 400, "{what} by {way:?}");
            assert!(site.snapshot() == before, "{what} by {way:?}");
        };
        refused("enrolled");
        site.tell(way, &card, &OURS.says("check-out"));
        refused("checked out");
        site.server.remove_host(OURS.udid).unwrap();
        refused("removed");
        // The device itself may come back.
        site.server.clock.advance(1000);
        site.enroll(way, &card, &OURS);
    }
}

/// Two certificates that want one new host at the same moment: one of them has it, and the other
/// one is held or refused, whichever came first; so it is with one certificate and two hosts.
#[test]
fn races() {
    for round in 0..8 {
        let site = Arc::new(Site::new(WAY));
        let cards = [outside().card("one", 0), outside().card("two", 1)];
        let threads = cards.clone().map(|card| {
            let site = Arc::clone(&site);
            thread::spawn(move || site.tell(WAY, &card, &OURS.says("authenticate")))
        });
        for thread in threads {
            assert_eq!(thread.join().unwrap(), DeviceReply::Empty, "round {round}");
        }
        let access = site.host(OURS.udid).enrollments.remove(0).access;
        let [pin] = &access.pins[..] else {
            panic!("one pin: {access:?}")
        };
        let held = access.held.expect("the other one is held");
        let mut both = [pin.fingerprint, held.fingerprint];
        let mut expected = cards.map(|card| fingerprint(&card));
        both.sort_unstable();
        expected.sort_unstable();
        assert_eq!(both, expected);

        let card = outside().card("three", 2);
        let threads = ["FIRST", "SECOND"].map(|udid| {
            let (site, card) = (Arc::clone(&site), card.clone());
            let who = Who::new(udid, OURS.serial);
            thread::spawn(move || site.tell(WAY, &card, &who.says("authenticate")).status())
        });
        let mut statuses = threads.map(|thread| thread.join().unwrap());
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 400], "round {round}");
    }
}

/// A host that another server enrolled takes the first certificate that comes with its name, once,
/// in its message or its Authenticate; a certificate that this server issued for somebody else is
/// not taken for it.
#[test]
fn migrated_hosts() {
    for first in ["idle", "token-update", "get-bootstrap-token"] {
        let site = Site::new(WAY);
        site.server.migrate(&OURS.says("authenticate")).unwrap();
        site.server.migrate(&OURS.says("token-update")).unwrap();
        for link in [for_serial(OTHER.serial), LinkRequest::default()] {
            let wrong = by_link(&site, &link, 1);
            let before = site.snapshot();
            let reply = site.tell(WAY, &wrong, &OURS.says(first));
            assert_eq!(reply.status(), 400, "{first} with a link's certificate");
            assert!(site.snapshot() == before);
        }
        let card = outside().card("ours", 0);
        let epoch = site.epoch(OURS.udid);
        assert_eq!(site.tell(WAY, &card, &OURS.says(first)).status(), 200);
        assert_eq!(site.pins(OURS.udid), [fingerprint(&card)]);
        assert_eq!(site.epoch(OURS.udid), epoch, "no new enrollment");
        let before = site.snapshot();
        let second = outside().card("second", 2);
        assert_eq!(site.tell(WAY, &second, &OURS.says("idle")).status(), 400);
        assert!(site.snapshot() == before, "it is adopted once");
        let reply = site.server.migrate(&OURS.says("authenticate"));
        assert!(reply.is_err(), "it is here already");
    }
}

/// Where administrators trust whomever the outside CA gave a certificate, a new one is a fresh
/// enrollment, and a superseded certificate of ours still is not.
#[test]
fn reenroll_auto() {
    let site = Site::with(&SiteOptions {
        devices: DeviceSettings {
            reenroll: Reenroll::Auto,
            ..DeviceSettings::default()
        },
        ways: vec![WAY],
        ..SiteOptions::default()
    });
    let own = by_link(&site, &for_serial(OURS.serial), 0);
    site.enroll(WAY, &own, &OURS);
    let epoch = site.epoch(OURS.udid);
    let new = outside().card("ours", 1);
    site.enroll(WAY, &new, &OURS);
    assert_eq!(site.pins(OURS.udid), [fingerprint(&new)]);
    assert!(site.epoch(OURS.udid) != epoch);
    assert_eq!(site.tell(WAY, &own, &OURS.says("idle")).status(), 400);
    site.tell(WAY, &own, &OURS.says("authenticate"));
    assert_eq!(
        site.pins(OURS.udid),
        [fingerprint(&new)],
        "it goes on undisturbed"
    );
}

/// The whole set is sent again after a fresh enrollment, and nothing is removed before the new
/// device has listed what is on it.
#[test]
fn fresh_enrollments_converge() {
    use mooring_tests::identity::Member;
    for way in WAYS {
        let site = Site::new(way);
        site.server
            .push_taken(Draft::new("com.harborworks.a", "first").xml());
        let mut member = Member::new(&site, 0, way, mooring_sim::Habits::default());
        member.settle(&site);
        site.server.assert_applied(1);
        member.take_work();
        member.device.erase();
        member.key = 1;
        member.join(&site, &LinkRequest::default());
        member.settle(&site);
        let work = member.take_work();
        assert_eq!(work[0], "ProfileList", "{work:?}");
        assert!(
            work.contains(&"InstallProfile com.harborworks.a".to_owned()),
            "{work:?}"
        );
        assert!(
            !work.iter().any(|what| what.starts_with("Remove")),
            "{work:?}"
        );
        site.server.assert_applied(1);
        assert_eq!(site.pins(&member.id()), [fingerprint(&member.card())]);
    }
}

/// The case of a serial number does not matter, that of a UDID in a link neither.
#[test]
fn case_of_links() {
    let site = Site::new(WAY);
    let card = by_link(&site, &for_serial(&OURS.serial.to_lowercase()), 0);
    site.enroll(WAY, &card, &OURS);
    let body = fill(&OURS.says("authenticate"), &[(OURS.serial, "f7j4q0cx9l")]);
    assert_eq!(site.tell(WAY, &card, &body).status(), 200);
}
