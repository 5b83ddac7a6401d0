//! Identities of an outside authority: nothing of them says whom they are for, so a renewed one is
//! told from a stranger's by the renewal that the host was asked for.

use mooring_server::device::{DeviceReply, DeviceSettings, Reenroll};
use mooring_server::enrollment::{ENROLLMENT_IDENTIFIER, Identities, LinkRequest};
use mooring_tests::Draft;
use mooring_tests::host::{Sent, read_command};
use mooring_tests::identity::{Card, Shape, Site, SiteOptions, WAYS, Way, fill, outside, rsa_key};

use super::matrix::{OTHER, OURS};
use super::secrets::holds;

const DAY_MS: u64 = 24 * 3_600_000;
const RENEWAL: &str = "InstallProfile com.mooring.enrollment";
const CHALLENGE: &str = "canary-of-the-outside-authority";
/// The identifier of the enrollment profile in `tests/data/wire`.
const THEIRS: &str = "com.harborworks.enroll";

fn scep() -> Identities {
    Identities::Scep {
        url: "https://scep.harborworks.example/scep".to_owned(),
        challenge: Some(mooring_identity::Secret::new(CHALLENGE)),
    }
}

fn acme() -> Identities {
    Identities::Acme {
        directory_url: "https://acme.harborworks.example/directory".to_owned(),
        client_identifier: "harborworks".to_owned(),
        attests: true,
    }
}

/// A host with an identity of an outside authority, which is due by now.
struct Scene {
    site: Site,
    way: Way,
    old: Card,
    /// The identifier of the profile that it was enrolled by.
    enrolled_by: &'static str,
    epoch: u32,
}

impl Scene {
    fn new(way: Way, reenroll: Reenroll, identities: Identities) -> Self {
        Self::enrolled_by(ENROLLMENT_IDENTIFIER, way, reenroll, identities)
    }

    fn enrolled_by(
        enrolled_by: &'static str,
        way: Way,
        reenroll: Reenroll,
        identities: Identities,
    ) -> Self {
        let site = Site::with(&SiteOptions {
            devices: DeviceSettings {
                reenroll,
                ..DeviceSettings::default()
            },
            identities: Some(identities),
            ways: vec![way],
            ..SiteOptions::default()
        });
        let old = Shape {
            years: (2020, 2025),
            ..Shape::new("old")
        };
        let old = outside().issue(&old, rsa_key(0));
        site.enroll(way, &old, &OURS);
        let epoch = site.epoch(OURS.udid);
        let scene = Self {
            site,
            way,
            old,
            enrolled_by,
            epoch,
        };
        assert!(!scene.talk(&scene.old).contains(&RENEWAL.to_owned()));
        // July of 2024 is 180 days before the end; a month later everybody's turn has come.
        scene.site.server.clock.advance(300 * DAY_MS);
        scene
    }

    fn say(&self, card: &Card, body: &[u8]) -> DeviceReply {
        self.site.server.clock.advance(1000);
        self.site.tell(self.way, card, body)
    }

    fn status(&self, card: &Card, row: &str) -> u16 {
        self.say(card, &OURS.says(row)).status()
    }

    fn next(&self, card: &Card, body: &[u8]) -> Option<Sent> {
        let reply = self.say(card, body);
        let DeviceReply::Command(bytes) = &reply else {
            assert_eq!(reply, DeviceReply::Empty);
            return None;
        };
        assert!(!holds(bytes, CHALLENGE) || self.way == Way::Mtls);
        Some(read_command(mooring_sim::Channel::Device, bytes))
    }

    fn acknowledges(&self, sent: &Sent) -> Vec<u8> {
        let row = match sent.what.as_str() {
            "ProfileList" => "acknowledged-profile-list",
            "DeviceInformation" => "acknowledged-device-information",
            _ => "acknowledged",
        };
        let body = OURS.says_of(row, &sent.uuid);
        fill(&body, &[(THEIRS, self.enrolled_by)])
    }

    /// Acknowledges everything until there is no more work.
    fn talk(&self, card: &Card) -> Vec<String> {
        let mut work = Vec::new();
        let mut next = self.next(card, &OURS.says("idle"));
        while let Some(sent) = next {
            next = self.next(card, &self.acknowledges(&sent));
            work.push(sent.what);
            assert!(work.len() < 20, "{work:?}");
        }
        work
    }

    /// The renewal that it is asked for now.
    fn asked(&self) -> Sent {
        let sent = self.next(&self.old, &OURS.says("idle"));
        let sent = sent.unwrap();
        assert_eq!(sent.what, RENEWAL);
        sent
    }

    /// It is asked for a renewal and acknowledges it under its old identity.
    fn renews(&self) {
        let asked = self.asked();
        let mut next = self.next(&self.old, &self.acknowledges(&asked));
        while let Some(sent) = next {
            assert_ne!(sent.what, RENEWAL);
            next = self.next(&self.old, &self.acknowledges(&sent));
        }
    }

    #[track_caller]
    fn assert_went_on(&self, pins: &[&Card]) {
        let pins: Vec<_> = pins.iter().map(|card| fingerprint(card)).collect();
        assert_eq!(self.site.pins(OURS.udid), pins, "{:?}", self.way);
        assert_eq!(self.site.epoch(OURS.udid), self.epoch, "{:?}", self.way);
    }
}

fn fingerprint(card: &Card) -> [u8; 32] {
    *card.certificate.fingerprint().as_bytes()
}

/// A device that acknowledged its renewal comes with its new identity, with or without an
/// Authenticate, for SCEP and ACME: the enrollment goes on, and the old identity is refused.
#[test]
fn after_the_acknowledgement() {
    for way in WAYS {
        for identities in [scep(), acme()] {
            let quiet = Scene::new(way, Reenroll::Auto, identities.clone());
            quiet.renews();
            let new = outside().card("new", 1);
            assert_eq!(quiet.status(&quiet.old, "idle"), 200, "still good");
            assert_eq!(quiet.status(&new, "idle"), 200);
            quiet.assert_went_on(&[&new]);
            assert_eq!(quiet.status(&quiet.old, "idle"), 400);
            // It says Authenticate once, however late it does.
            assert_eq!(quiet.status(&new, "authenticate"), 200);
            quiet.assert_went_on(&[&new]);

            let other = Scene::new(way, Reenroll::Auto, identities);
            other.renews();
            // Again, if it got no answer.
            for _ in 0..2 {
                assert_eq!(other.status(&new, "authenticate"), 200);
                other.assert_went_on(&[&new, &other.old]);
                assert_eq!(other.status(&other.old, "idle"), 200, "still good");
            }
            assert_eq!(other.status(&new, "token-update"), 200);
            other.assert_went_on(&[&new, &other.old]);
            assert_eq!(other.status(&new, "idle"), 200);
            other.assert_went_on(&[&new]);
            assert_eq!(other.status(&other.old, "idle"), 400);
            // From now on Authenticate is what it is for any other device.
            assert_eq!(other.status(&new, "authenticate"), 200);
            assert_ne!(other.site.epoch(OURS.udid), other.epoch);
        }
    }
}

/// A device may use its new identity before it acknowledges: by that very report, or by an
/// Authenticate before it.
#[test]
fn before_the_acknowledgement() {
    let new = outside().card("new", 1);
    for way in WAYS {
        for first in [None, Some("authenticate")] {
            let scene = Scene::new(way, Reenroll::Auto, scep());
            let asked = scene.asked();
            if let Some(row) = first {
                assert_eq!(scene.status(&new, row), 200);
                scene.assert_went_on(&[&new, &scene.old]);
                assert_eq!(scene.status(&new, "token-update"), 200);
            }
            let reply = scene.say(&new, &scene.acknowledges(&asked));
            assert_eq!(reply.status(), 200);
            scene.assert_went_on(&[&new]);
            if first.is_none() {
                assert_eq!(scene.status(&new, "authenticate"), 200);
                assert_eq!(scene.status(&new, "token-update"), 200);
                scene.assert_went_on(&[&new]);
            }
            scene.site.server.clock.advance(30 * DAY_MS);
            assert!(!scene.talk(&new).contains(&RENEWAL.to_owned()), "once");
        }
    }
}

/// Without a renewal, or a week after it, or once it is done, an identity that nobody knows is
/// what it always was: it has to say Authenticate, which is a new enrollment. Another device's is
/// refused at any time.
#[test]
fn no_successor() {
    let (new, second) = (outside().card("new", 1), outside().card("second", 2));
    for kind in ["not asked", "a week later", "done"] {
        let scene = Scene::new(Way::Mtls, Reenroll::Auto, scep());
        if kind != "not asked" {
            scene.renews();
        }
        let card = match kind {
            "done" => {
                assert_eq!(scene.status(&new, "idle"), 200);
                &second
            }
            _ => &new,
        };
        if kind == "a week later" {
            scene.site.server.clock.advance(7 * DAY_MS);
        }
        let before = scene.site.snapshot();
        assert_eq!(scene.status(card, "idle"), 400, "{kind}");
        assert!(scene.site.snapshot() == before, "{kind}");
        assert_eq!(scene.status(card, "authenticate"), 200, "{kind}");
        assert_ne!(scene.site.epoch(OURS.udid), scene.epoch, "{kind}");
    }

    let scene = Scene::new(Way::Mtls, Reenroll::Auto, scep());
    scene.site.enroll(Way::Mtls, &second, &OTHER);
    scene.renews();
    for row in ["idle", "authenticate"] {
        assert_eq!(scene.status(&second, row), 400, "{row} of another device");
    }
    scene.assert_went_on(&[&scene.old]);
}

/// Where identities that nobody knows are held, none is asked to be renewed: the new one would be
/// held too. What comes is held, as ever.
#[test]
fn held() {
    for identities in [scep(), acme()] {
        let scene = Scene::new(Way::Mtls, Reenroll::Hold, identities);
        assert!(!scene.talk(&scene.old).contains(&RENEWAL.to_owned()));
        let new = outside().card("new", 1);
        assert_eq!(scene.status(&new, "idle"), 400);
        assert_eq!(
            scene.say(&new, &OURS.says("authenticate")),
            DeviceReply::Empty
        );
        scene.assert_went_on(&[&scene.old]);
        let shown = scene.site.server.host_detail(OURS.udid).unwrap();
        assert!(shown.summary.held.is_some());
    }
}

/// A host that was enrolled by somebody else's profile gets no second enrollment profile, whoever
/// issues identities here.
#[test]
fn enrolled_by_another_profile() {
    use mooring_tests::identity::authority;
    for identities in [Identities::Own(authority()), scep(), acme()] {
        let scene = Scene::enrolled_by(THEIRS, Way::Mtls, Reenroll::Auto, identities);
        let draft = Draft::new("com.harborworks.a", "first");
        scene.site.server.push_taken(draft.xml());
        let work = scene.talk(&scene.old);
        assert!(
            work.iter().any(|one| one.starts_with("Install")),
            "{work:?}"
        );
        assert!(!work.contains(&RENEWAL.to_owned()), "{work:?}");
    }
}

/// The enrollment profile for an ACME server has no challenge of ours and nothing that was to be
/// filled in; the one for an outside SCEP server has that server's challenge.
#[test]
fn profiles() {
    let made = |identities| {
        let site = Site::with(&SiteOptions {
            identities: Some(identities),
            ways: vec![Way::Signature],
            ..SiteOptions::default()
        });
        let raw = site.server.profile_for(&LinkRequest::default()).unwrap();
        let snapshot = site.snapshot();
        assert!(
            snapshot
                .documents
                .iter()
                .all(|(space, _)| *space != mooring_store::Space::Challenge),
            "no challenge of ours"
        );
        String::from_utf8(raw).unwrap()
    };
    let acme = made(acme());
    assert!(!acme.contains("{{"), "{acme}");
    assert!(!acme.contains("challenge"), "{acme}");
    for part in [
        "com.apple.security.acme",
        "https://acme.harborworks.example/directory",
        "<string>harborworks</string>",
        "https://mdm.harborworks.example/mdm",
    ] {
        assert!(acme.contains(part), "{part}: {acme}");
    }
    assert!(!acme.contains("com.apple.security.scep"));
    let scep = made(scep());
    assert!(!scep.contains("{{"), "{scep}");
    assert!(scep.contains(CHALLENGE) && scep.contains("scep.harborworks.example"));
    assert!(!scep.contains("com.apple.security.acme"));
}
