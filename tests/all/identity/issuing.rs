//! What issuing certificates leaves behind, and what it does not do for whoever asks again.

use std::sync::{Arc, Barrier};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_server::enrollment::LinkRequest;
use mooring_sim::{Channel, EnrollmentProfile, Habits, ScepFailure, ScepPayload};
use mooring_store::Space;
use mooring_tests::identity::{Card, Member, Site, Way, redeem, rsa_key};

use super::matrix::OURS;
use super::pinning::{by_link, for_serial};

const DAY_MS: u64 = 24 * 3_600_000;
const REFUSED: ScepFailure = ScepFailure::Refused {
    reason: "badRequest",
};

fn count(site: &Site, space: Space) -> usize {
    let documents = site.snapshot().documents;
    documents.iter().filter(|(one, _)| *one == space).count()
}

fn linked(site: &Site, link: &LinkRequest) -> ScepPayload {
    let link = site.server.create_link(link).unwrap();
    let token = link.url.rsplit('/').next().unwrap();
    let profile = site.server.profile_of_link(token).unwrap();
    EnrollmentProfile::read(&profile).unwrap().scep
}

fn without_challenge(payload: &ScepPayload) -> ScepPayload {
    ScepPayload {
        challenge: None,
        ..payload.clone()
    }
}

/// A member whose identity is to be renewed, and what it got for that.
fn to_be_renewed(site: &Site) -> (Member, ScepPayload) {
    let mut member = Member::new(site, 0, Way::Mtls, Habits::default());
    member.settle(site);
    site.server.clock.advance(220 * DAY_MS);
    let request = member.device.begin(Channel::Device).unwrap();
    let reply = member.say(site, Channel::Device, &request);
    let text = String::from_utf8(reply.body).unwrap();
    let data = text.split("<data>").nth(1).unwrap();
    let data = data.split("</data>").next().unwrap();
    let data: String = data.split_whitespace().collect();
    let profile = STANDARD.decode(data).unwrap();
    let card = member.card().credential();
    let profile = EnrollmentProfile::read_for(&profile, Some(&card)).unwrap();
    (member, profile.scep)
}

/// Of two requests at the same time with one challenge and one key both get the certificate, and
/// it is the same one.
#[test]
fn races_with_one_key() {
    for round in 0..6 {
        let site = Arc::new(Site::new(Way::Mtls));
        let payload = linked(&site, &for_serial(OURS.serial));
        let start = Arc::new(Barrier::new(2));
        let threads = [0, 1].map(|_| {
            let (site, start, payload) = (Arc::clone(&site), Arc::clone(&start), payload.clone());
            thread::spawn(move || {
                start.wait();
                redeem(&site, &payload, rsa_key(0), None)
            })
        });
        let [first, second] = threads.map(|thread| thread.join().unwrap());
        assert_eq!(first.unwrap(), second.unwrap(), "round {round}");
        assert_eq!(count(&site, Space::Leaf), 1, "round {round}");
    }
}

/// The challenge for the renewal of a host that was blocked meanwhile gets nothing, whether it was
/// redeemed before or not, and a renewal that its identity signed neither; nothing is stored.
#[test]
fn blocked_hosts_get_nothing() {
    let site = Site::new(Way::Mtls);
    let (member, payload) = to_be_renewed(&site);
    let signed = without_challenge(&payload);
    let card = member.card().credential();
    let is_refused = || {
        site.server.block_host(&member.id(), true).unwrap();
        let before = site.snapshot();
        let by_challenge = redeem(&site, &payload, rsa_key(1), None);
        assert_eq!(by_challenge.unwrap_err(), REFUSED);
        let by_identity = redeem(&site, &signed, rsa_key(1), Some(&card));
        assert_eq!(by_identity.unwrap_err(), REFUSED);
        assert!(site.snapshot() == before);
        site.server.block_host(&member.id(), false).unwrap();
    };
    // What is old is forgotten before the first snapshot.
    redeem(&site, &signed, rsa_key(1), None).unwrap_err();
    is_refused();
    assert!(redeem(&site, &payload, rsa_key(1), None).is_ok());
    is_refused();
}

/// Who renews in a loop with new keys gets one certificate a day; the same key gets the same one.
#[test]
fn renewals_in_a_loop() {
    let site = Site::new(Way::Mtls);
    let payload = without_challenge(&linked(&site, &LinkRequest::default()));
    let card = by_link(&site, &for_serial(OURS.serial), 0);
    site.enroll(Way::Mtls, &card, &OURS);
    let ask = |key: usize| redeem(&site, &payload, rsa_key(key), Some(&card.credential()));
    let first = ask(1).unwrap();
    assert_eq!(ask(1).unwrap(), first);
    let leaves = count(&site, Space::Leaf);
    for _ in 0..3 {
        assert_eq!(ask(2).unwrap_err(), REFUSED);
        site.server.clock.advance(DAY_MS / 4);
    }
    assert_eq!(count(&site, Space::Leaf), leaves);
    site.server.clock.advance(DAY_MS / 4);
    let second = Card::of(&ask(2).unwrap());
    assert_eq!(count(&site, Space::Leaf), leaves + 1);
    let reply = site.tell(Way::Mtls, &second, &OURS.says("idle"));
    assert_eq!(reply.status(), 200, "and that one is good");
}

/// A server where nobody makes links forgets them as well: links and their challenges a month after
/// their end, the challenge of a renewal a day after, and a certificate that no host has once it
/// has expired; what a host has stays.
#[test]
fn old_records_are_forgotten() {
    let site = Site::new(Way::Mtls);
    let (_, payload) = to_be_renewed(&site);
    let ask = || redeem(&site, &payload, rsa_key(1), None);
    ask().unwrap();
    assert_eq!(count(&site, Space::Link), 0);
    assert_eq!(count(&site, Space::Challenge), 1, "that of the renewal");
    assert_eq!(count(&site, Space::Leaf), 2);
    site.server.clock.advance(2 * DAY_MS);
    ask().unwrap_err();
    assert_eq!(count(&site, Space::Challenge), 1, "not a day after its end");
    site.server.clock.advance(DAY_MS);
    ask().unwrap_err();
    assert_eq!(count(&site, Space::Challenge), 0);
    site.server.clock.advance(396 * DAY_MS);
    ask().unwrap_err();
    assert_eq!(count(&site, Space::Leaf), 2);
    site.server.clock.advance(2 * DAY_MS);
    ask().unwrap_err();
    assert_eq!(count(&site, Space::Leaf), 1, "that of the host");
}

/// A certificate that lives for years is remembered for as long, also where no host has it yet.
#[test]
fn long_lives_are_remembered() {
    let site = Site::with(&mooring_tests::identity::SiteOptions {
        leaf_days: 1000,
        ways: vec![Way::Mtls],
        ..mooring_tests::identity::SiteOptions::default()
    });
    let payload = linked(&site, &for_serial(OURS.serial));
    let card = Card::of(&redeem(&site, &payload, rsa_key(0), None).unwrap());
    site.server.clock.advance(999 * DAY_MS);
    redeem(&site, &payload, rsa_key(0), None).unwrap_err();
    assert_eq!(count(&site, Space::Leaf), 1);
    site.enroll(Way::Mtls, &card, &OURS);
}

/// A link's profile can be fetched so many times, and the last one is as good as the first.
#[test]
fn the_last_profile_of_a_link_is_good() {
    let site = Site::new(Way::Mtls);
    let link = site.server.create_link(&for_serial(OURS.serial)).unwrap();
    let token = link.url.rsplit('/').next().unwrap();
    let fetched = std::iter::from_fn(|| site.server.profile_of_link(token).ok());
    let last = fetched.last().unwrap();
    let payload = EnrollmentProfile::read(last.as_slice()).unwrap().scep;
    assert!(redeem(&site, &payload, rsa_key(0), None).is_ok());
}
