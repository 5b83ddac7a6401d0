//! Identities are renewed before they end: nothing is installed anew, no epoch begins, and the old
//! identity is good until the new one is used.

use base64::Engine as _;
use mooring_sim::{EnrollmentProfile, Habits, OnRenewal, ScepFailure};
use mooring_tests::Draft;
use mooring_tests::identity::{Card, Member, Site, WAYS, Way, fill, redeem, rsa_key};

use super::matrix::OURS;
use super::secrets::{bytes, holds};

const DAY_MS: u64 = 24 * 3_600_000;
const PROFILE: &str = "com.harborworks.a";
const RENEWAL: &str = "InstallProfile com.mooring.enrollment";

fn settled(way: Way, habits: Habits) -> (Site, Member) {
    let site = Site::new(way);
    site.server.push_taken(Draft::new(PROFILE, "first").xml());
    let mut member = Member::new(&site, 0, way, habits);
    member.settle(&site);
    member.take_work();
    (site, member)
}

fn says(member: &Member, row: &str) -> Vec<u8> {
    let identity = member.device.identity();
    fill(
        &OURS.says(row),
        &[(OURS.udid, &identity.udid), (OURS.serial, &identity.serial)],
    )
}

fn fingerprint(card: &Card) -> [u8; 32] {
    *card.certificate.fingerprint().as_bytes()
}

/// The enrollment profile that a device gets for its renewal.
fn handed_out(site: &Site, member: &mut Member) -> EnrollmentProfile {
    site.server.clock.advance(220 * DAY_MS);
    let request = member.device.begin(mooring_sim::Channel::Device).unwrap();
    let reply = member.say(site, mooring_sim::Channel::Device, &request);
    let card = member.card().credential();
    let text = String::from_utf8(reply.body).unwrap();
    let payload = text
        .split("<data>")
        .nth(1)
        .unwrap()
        .split("</data>")
        .next()
        .unwrap();
    let payload: String = payload.split_whitespace().collect();
    let payload = base64::engine::general_purpose::STANDARD
        .decode(payload)
        .unwrap();
    EnrollmentProfile::read_for(&payload, Some(&card)).unwrap()
}

/// Whatever devices do after a renewal, and however they show who they are: one renewal, one pin,
/// no new epoch, no profile sent again, and the old certificate is worth nothing afterwards.
#[test]
fn every_habit() {
    for way in WAYS {
        for on_renewal in [
            OnRenewal::Quiet,
            OnRenewal::AcknowledgesFirst,
            OnRenewal::AuthenticatesFirst,
        ] {
            for signs_renewal in [false, true] {
                let what = format!("{on_renewal:?}, signed: {signs_renewal}, by {way:?}");
                let habits = Habits {
                    on_renewal,
                    signs_renewal,
                    ..Habits::default()
                };
                let (site, mut member) = settled(way, habits);
                let (host, old) = (member.id(), member.card());
                let epoch = site.epoch(&host);
                // From 180 days before the end on, spread over a month.
                site.server.clock.advance(180 * DAY_MS);
                member.settle(&site);
                assert!(
                    !member.take_work().contains(&RENEWAL.to_owned()),
                    "{what}: too early"
                );
                site.server.clock.advance(40 * DAY_MS);
                member.key = 1;
                member.settle(&site);
                let work = member.take_work();
                let count = |wanted: &str| work.iter().filter(|one| *one == wanted).count();
                assert_eq!(count(RENEWAL), 1, "{what}: {work:?}");
                assert_eq!(
                    count(&format!("InstallProfile {PROFILE}")),
                    0,
                    "{what}: {work:?}"
                );
                let new = member.card();
                assert!(new.der() != old.der(), "{what}");
                // Whoever never authenticates shows the new identity with its next contact.
                site.server.clock.advance(DAY_MS);
                member.settle(&site);
                assert_eq!(site.pins(&host), [fingerprint(&new)], "{what}");
                assert_eq!(site.epoch(&host), epoch, "{what}");
                site.server.assert_applied(1);
                let before = site.snapshot();
                let reply = site.tell(way, &old, &says(&member, "idle"));
                assert_eq!(reply.status(), 400, "{what}: the old identity");
                assert!(site.snapshot() == before, "{what}");
                site.server.clock.advance(30 * DAY_MS);
                member.settle(&site);
                assert!(
                    !member.take_work().contains(&RENEWAL.to_owned()),
                    "{what}: once"
                );
            }
        }
    }
}

/// Until the new identity is used, the old one is as good as before; an Authenticate whose answer
/// was lost may come again.
#[test]
fn both_identities_until_the_new_one_is_used() {
    for way in WAYS {
        let (site, mut member) = settled(way, Habits::default());
        let (host, old, epoch) = (member.id(), member.card(), site.epoch(&member.id()));
        let profile = handed_out(&site, &mut member);
        let new = Card::of(&redeem(&site, &profile.scep, rsa_key(1), None).unwrap());
        let say = |card: &Card, row: &str| {
            site.server.clock.advance(1000);
            site.tell(way, card, &says(&member, row)).status()
        };
        assert_eq!(say(&old, "idle"), 200);
        for _ in 0..2 {
            assert_eq!(say(&new, "authenticate"), 200);
            let both = [fingerprint(&new), fingerprint(&old)];
            assert_eq!(site.pins(&host), both, "{way:?}");
            assert_eq!(say(&old, "idle"), 200, "{way:?}");
        }
        // The answer to a check-in may be lost, and the device take its renewal back.
        assert_eq!(say(&new, "token-update"), 200);
        assert_eq!(site.pins(&host).len(), 2, "{way:?}");
        assert_eq!(say(&new, "idle"), 200);
        assert_eq!(site.pins(&host), [fingerprint(&new)]);
        assert_eq!(say(&old, "idle"), 400);
        assert_eq!(site.epoch(&host), epoch);
        // From now on Authenticate is what it is for any other device.
        assert_eq!(say(&new, "authenticate"), 200);
        assert!(site.epoch(&host) != epoch);
    }
}

/// The challenge of a renewal is good once, for the device it was made for, and for a day; the
/// same key gets the same certificate again.
#[test]
fn challenges_of_renewals() {
    let (site, mut member) = settled(Way::Mtls, Habits::default());
    let profile = handed_out(&site, &mut member);
    let first = redeem(&site, &profile.scep, rsa_key(1), None).unwrap();
    let again = redeem(&site, &profile.scep, rsa_key(1), None).unwrap();
    assert_eq!(first, again);
    let refused = ScepFailure::Refused {
        reason: "badRequest",
    };
    assert_eq!(
        redeem(&site, &profile.scep, rsa_key(2), None).unwrap_err(),
        refused
    );
    // It speaks for nobody else.
    let reply = site.tell(Way::Mtls, &Card::of(&first), &OURS.says("authenticate"));
    assert_eq!(reply.status(), 400);

    let (site, mut member) = settled(Way::Mtls, Habits::default());
    let profile = handed_out(&site, &mut member);
    site.server.clock.advance(DAY_MS);
    assert_eq!(
        redeem(&site, &profile.scep, rsa_key(1), None).unwrap_err(),
        refused
    );
    // The device is asked once more, and then it works.
    member.take_work();
    member.key = 1;
    site.server.clock.advance(DAY_MS);
    member.settle(&site);
    site.server.clock.advance(2 * DAY_MS);
    member.settle(&site);
    assert_eq!(site.pins(&member.id()), [fingerprint(&member.card())]);
    assert!(member.card().certificate.not_after_ms() > site.now_ms() + 300 * DAY_MS);
}

/// The challenge of a renewal is in clear on the device's own connection alone; whoever asks again
/// meanwhile adds one challenge at most.
#[test]
fn challenges_are_sealed() {
    for way in WAYS {
        let (site, mut member) = settled(way, Habits::default());
        let challenge = handed_out(&site, &mut member).scep.challenge.unwrap();
        let is_clear = member
            .replies
            .iter()
            .any(|reply| holds(bytes(reply), &challenge));
        assert_eq!(is_clear, way == Way::Mtls, "{way:?}");
        let before = site.snapshot().documents.len();
        for _ in 0..20 {
            site.server.clock.advance(1000);
            let reply = site.tell(way, &member.card(), &says(&member, "idle"));
            assert_eq!(reply.status(), 200);
        }
        assert!(site.snapshot().documents.len() <= before + 1, "{way:?}");
    }
}

/// The status page counts hosts by how long their identities are good for, and those whose
/// identity ended apart.
#[test]
fn counts_of_what_ends_soon() {
    let (site, member) = settled(Way::Mtls, Habits::default());
    let counts = |days: u64| {
        let end = member.card().certificate.not_after_ms();
        site.server
            .clock
            .advance(end - days * DAY_MS - site.now_ms());
        let counts = site.server.summary().unwrap().identities;
        [
            counts.under_60_days,
            counts.under_30_days,
            counts.under_7_days,
            counts.expired,
        ]
    };
    let seen = [100, 60, 59, 30, 29, 7, 6, 0].map(counts);
    let expected = [
        [0, 0, 0, 0],
        [0, 0, 0, 0],
        [1, 0, 0, 0],
        [1, 0, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 0, 0],
        [1, 1, 1, 0],
        [0, 0, 0, 1],
    ];
    assert_eq!(seen, expected);
}
