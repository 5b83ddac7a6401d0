//! Who gets a certificate from this server: whoever has a challenge that was made for it, once.

use std::sync::Arc;
use std::thread;

use mooring_identity::Trust;
use mooring_server::enrollment::{LinkError, LinkRequest};
use mooring_sim::{EnrollmentProfile, ScepFailure, ScepPayload};
use mooring_tests::identity::{Card, Site, SiteOptions, Way, authority, issued, redeem, rsa_key};

use super::matrix::{OTHER, OURS};
use super::pinning::{by_link, for_serial};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const REFUSED: ScepFailure = ScepFailure::Refused {
    reason: "badRequest",
};

fn site() -> Site {
    Site::new(Way::Mtls)
}

fn payload(profile: &[u8]) -> ScepPayload {
    EnrollmentProfile::read(profile).unwrap().scep
}

/// The payload that the link's profile has, and the link's token.
fn linked(site: &Site, link: &LinkRequest) -> (ScepPayload, String) {
    let link = site.server.create_link(link).unwrap();
    let token = link.url.rsplit('/').next().unwrap().to_owned();
    let profile = site.server.profile_of_link(&token).unwrap();
    (payload(&profile), token)
}

fn with_challenge(payload: &ScepPayload, challenge: Option<&str>) -> ScepPayload {
    ScepPayload {
        challenge: challenge.map(str::to_owned),
        ..payload.clone()
    }
}

/// No challenge, a wrong one, an empty one, one that differs in a letter: nothing is issued and
/// nothing is stored. So it is with a shared challenge unless administrators set one.
#[test]
fn wrong_challenges() {
    let site = site();
    let (payload, _) = linked(&site, &for_serial(OURS.serial));
    let right = payload.challenge.clone().unwrap();
    let lower = right.to_lowercase();
    let longer = format!("{right}A");
    let before = site.snapshot();
    for wrong in [
        None,
        Some(""),
        Some("wrong"),
        Some(&lower),
        Some(&longer),
        Some("secret"),
    ] {
        let wrong = with_challenge(&payload, wrong);
        let failure = redeem(&site, &wrong, rsa_key(0), None).unwrap_err();
        assert!(matches!(failure, ScepFailure::Refused { .. }), "{failure}");
    }
    assert!(site.snapshot() == before);
    assert!(
        redeem(&site, &payload, rsa_key(0), None).is_ok(),
        "the right one is still good"
    );
}

/// A challenge ends with its hour, its link's life, its link's use or its link's withdrawal.
#[test]
fn challenges_that_ended() {
    let site = site();
    let (payload, _) = linked(&site, &for_serial(OURS.serial));
    site.server.clock.advance(HOUR_MS);
    assert_eq!(
        redeem(&site, &payload, rsa_key(0), None).unwrap_err(),
        REFUSED,
        "its hour"
    );

    let short = LinkRequest {
        life_ms: Some(60_000),
        ..for_serial(OURS.serial)
    };
    let (payload, _) = linked(&site, &short);
    site.server.clock.advance(60_000);
    assert_eq!(
        redeem(&site, &payload, rsa_key(0), None).unwrap_err(),
        REFUSED,
        "its link"
    );

    let (payload, _) = linked(&site, &for_serial(OURS.serial));
    let id = site.server.links().unwrap()[0].id.clone();
    site.server.revoke_link(&id).unwrap();
    assert_eq!(
        redeem(&site, &payload, rsa_key(0), None).unwrap_err(),
        REFUSED,
        "withdrawn"
    );

    let (first, token) = linked(&site, &for_serial(OURS.serial));
    let second = self::payload(&site.server.profile_of_link(&token).unwrap());
    assert!(
        first.challenge != second.challenge,
        "each profile has its own"
    );
    assert!(redeem(&site, &first, rsa_key(0), None).is_ok());
    let before = site.snapshot();
    assert_eq!(
        redeem(&site, &second, rsa_key(1), None).unwrap_err(),
        REFUSED,
        "used"
    );
    assert_eq!(
        redeem(&site, &first, rsa_key(1), None).unwrap_err(),
        REFUSED,
        "used"
    );
    assert!(site.snapshot() == before);
}

/// A link that is unknown, used, expired or withdrawn is refused with the same words.
#[test]
fn links_that_ended() {
    let site = site();
    let mut words = Vec::new();
    let mut refusal = |token: &str| {
        let error = site.server.profile_of_link(token).unwrap_err();
        assert!(matches!(error, LinkError::NotValid));
        words.push(error.to_string());
    };
    refusal("unknown");
    let (payload, token) = linked(&site, &for_serial(OURS.serial));
    redeem(&site, &payload, rsa_key(0), None).unwrap();
    refusal(&token);
    let (_, token) = linked(&site, &for_serial(OURS.serial));
    site.server.clock.advance(DAY_MS);
    refusal(&token);
    let (_, token) = linked(&site, &for_serial(OURS.serial));
    let id = site.server.links().unwrap()[0].id.clone();
    site.server.revoke_link(&id).unwrap();
    refusal(&token);
    words.dedup();
    assert_eq!(words.len(), 1, "{words:?}");
}

/// Of two who come with one challenge, or with two of one link, one gets a certificate, whoever is
/// first; and the loser's key never gets one.
#[test]
fn races_of_redeemers() {
    for round in 0..6 {
        let site = Arc::new(site());
        let (first, token) = linked(&site, &for_serial(OURS.serial));
        let second = if round % 2 == 0 {
            first.clone()
        } else {
            payload(&site.server.profile_of_link(&token).unwrap())
        };
        let threads = [(first, 0), (second, 1)].map(|(payload, key)| {
            let site = Arc::clone(&site);
            thread::spawn(move || redeem(&site, &payload, rsa_key(key), None).is_ok())
        });
        let won = threads.map(|thread| thread.join().unwrap());
        assert!(won[0] != won[1], "round {round}: {won:?}");
        let documents = site.snapshot().documents;
        let leaves = documents
            .iter()
            .filter(|(space, _)| *space == mooring_store::Space::Leaf);
        assert_eq!(leaves.count(), 1, "round {round}");
    }
}

/// Whoever did not get the reply gets the same certificate for the same key.
#[test]
fn a_lost_reply() {
    let site = site();
    let (payload, _) = linked(&site, &for_serial(OURS.serial));
    let first = redeem(&site, &payload, rsa_key(0), None).unwrap();
    site.server.clock.advance(60_000);
    let before = site.snapshot();
    let again = redeem(&site, &payload, rsa_key(0), None).unwrap();
    assert_eq!(first, again);
    assert!(site.snapshot() == before);
}

/// The server writes the certificate: not the name that the device asks for, for client
/// authentication, without alternative names, and for as long as settings say.
#[test]
fn what_a_certificate_says() {
    let site = site();
    for (link, name) in [
        (for_serial(OURS.serial), OURS.serial),
        (LinkRequest::default(), "Mooring device"),
    ] {
        let (mut payload, _) = linked(&site, &link);
        payload.subject = vec![
            ("O".to_owned(), "Harborworks".to_owned()),
            ("CN".to_owned(), "admin.harborworks.example".to_owned()),
        ];
        let card = Card::of(&redeem(&site, &payload, rsa_key(0), None).unwrap());
        let subject = card.certificate.subject();
        assert!(subject.contains(name), "{subject}");
        assert!(
            !subject.contains("admin") && !subject.contains("Harborworks"),
            "{subject}"
        );
        let alternative_name = [0x06, 0x03, 0x55, 0x1D, 0x11];
        assert!(!card.der().windows(5).any(|part| part == alternative_name));
        let trust = Trust::new(vec![authority().ca_certificate().clone()]).unwrap();
        trust.verify(&card.certificate, &[], site.now_ms()).unwrap();
        let days = (card.certificate.not_after_ms() - site.now_ms()).div_ceil(DAY_MS);
        assert!((364..=366).contains(&days), "{days}");
    }
}

/// A challenge that all devices share is taken as often as it comes, where it is set.
#[test]
fn shared_challenges() {
    let site = Site::with(&SiteOptions {
        static_challenge: Some("the shared one"),
        ways: vec![Way::Mtls],
        ..SiteOptions::default()
    });
    let (payload, _) = linked(&site, &LinkRequest::default());
    let shared = with_challenge(&payload, Some("the shared one"));
    for (key, who) in [(0, OURS), (1, OTHER)] {
        let card = Card::of(&redeem(&site, &shared, rsa_key(key), None).unwrap());
        site.enroll(Way::Mtls, &card, &who);
    }
    let wrong = with_challenge(&payload, Some("the shared ONE"));
    assert_eq!(
        redeem(&site, &wrong, rsa_key(0), None).unwrap_err(),
        REFUSED
    );
}

/// A `RenewalReq` is granted to whoever holds the identity of a host, for that host alone: not to
/// one that enrolled nowhere, was superseded, is blocked, or has ended.
#[test]
fn renewal_requests() {
    let site = site();
    let (payload, _) = linked(&site, &for_serial(OURS.serial));
    let none = with_challenge(&payload, None);
    let ask =
        |card: &Card, key: usize| redeem(&site, &none, rsa_key(key), Some(&card.credential()));
    let card = by_link(&site, &for_serial(OURS.serial), 0);
    assert_eq!(ask(&card, 1).unwrap_err(), REFUSED, "it enrolled nowhere");
    let foreign = issued("foreign", 0, site.now_ms(), 365);
    assert_eq!(
        ask(&foreign, 1).unwrap_err(),
        REFUSED,
        "it enrolled nowhere"
    );
    site.enroll(Way::Mtls, &card, &OURS);
    let renewed = Card::of(&ask(&card, 1).unwrap());
    let reply = site.tell(Way::Mtls, &renewed, &OTHER.says("authenticate"));
    assert_eq!(reply.status(), 400, "it is for its host alone");
    site.server.block_host(OURS.udid, true).unwrap();
    assert_eq!(ask(&card, 2).unwrap_err(), REFUSED, "it is blocked");
    site.server.block_host(OURS.udid, false).unwrap();
    assert_eq!(
        site.tell(Way::Mtls, &renewed, &OURS.says("idle")).status(),
        200
    );
    assert_eq!(ask(&card, 2).unwrap_err(), REFUSED, "it was superseded");
    site.server.clock.advance(400 * DAY_MS);
    assert_eq!(ask(&renewed, 2).unwrap_err(), REFUSED, "it has ended");
}
