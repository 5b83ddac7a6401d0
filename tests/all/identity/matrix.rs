//! Nobody but the right device is heard, whatever is said and however: refused with 400, which no
//! device takes for a dismissal, and nothing is different afterwards.

use std::net::IpAddr;

use mooring_server::device::{DeviceReply, Presented};
use mooring_tests::Draft;
use mooring_tests::host::read_command;
use mooring_tests::identity::{
    Card, Letter, STRANGER, Shape, Site, Usage, WAYS, Way, Who, outside, rsa_key, stranger,
};

/// The device that strangers speak for.
pub(super) const OURS: Who = Who::new("0A6B4F12-77C3-4E19-8D55-1B2E90C4A7F1", "F7J4Q0CX9L");
/// A device that nobody has heard of.
const NEW: Who = Who::new("9D0E3C58-2A41-4B7F-A6C9-E47180B5D236", "K3M8P2QW7T");
/// Another device, which is enrolled too.
pub(super) const OTHER: Who = Who::new("5C81D7E4-09BF-4A26-93E0-6F2D48A1C3B7", "H2V6N9XR4D");

/// Every row of the check-in table, and every report; also of a User Enrollment, which has an
/// `EnrollmentID` and no UDID, and of a user of a Shared iPad.
pub(super) const ROWS: [&str; 21] = [
    "authenticate",
    "token-update",
    "user-token-update",
    "check-out",
    "user-authenticate",
    "user-authenticate-response",
    "set-bootstrap-token",
    "get-bootstrap-token",
    "declarative-management-tokens",
    "declarative-management-status",
    "get-token",
    "idle",
    "user-idle",
    "acknowledged",
    "not-now",
    "error-install-profile",
    "command-format-error",
    "ios-user-enrollment-authenticate",
    "ios-user-enrollment-idle",
    "ios-shared-ipad-token-update",
    "ios-shared-ipad-idle",
];

/// A server with an enrolled device that is in the middle of its work, and another one.
struct Scene {
    site: Site,
    card: Card,
    other: Card,
    in_flight: String,
}

impl Scene {
    fn new(way: Way) -> Self {
        let site = Site::new(way);
        let (card, other) = (outside().card("ours", 0), outside().card("other", 1));
        let draft = Draft::new("com.harborworks.a", "first");
        site.server.push_taken(draft.xml());
        site.server
            .set_service_token("com.apple.maid", Some(b"a token".to_vec()))
            .unwrap();
        site.enroll(way, &other, &OTHER);
        site.enroll(way, &card, &OURS);
        for message in ["user-token-update", "set-bootstrap-token"] {
            let reply = site.tell(way, &card, &OURS.says(message));
            assert_eq!(reply, DeviceReply::Empty);
        }
        let reply = site.tell(way, &card, &OURS.says("idle"));
        let DeviceReply::Command(command) = reply else {
            panic!("{reply:?}")
        };
        let in_flight = read_command(mooring_sim::Channel::Device, &command).uuid;
        Self {
            site,
            card,
            other,
            in_flight,
        }
    }

    #[track_caller]
    fn assert_refused(&self, letter: &Letter, what: &str) {
        let before = self.site.snapshot();
        let reply = self.site.send(letter);
        assert!(
            matches!(reply, DeviceReply::Refused(_)),
            "{what}: {reply:?}"
        );
        assert_eq!(reply.status(), 400, "{what}");
        assert!(self.site.snapshot() == before, "{what} changed something");
    }
}

/// Who is not the device, by name.
pub(super) fn strangers(other: &Card) -> Vec<(&'static str, Option<Card>)> {
    let shape = |years, usage| Shape {
        years,
        usage,
        ..Shape::new("ours")
    };
    let good = (2020, 2040);
    let of = |shape: &Shape| Some(outside().issue(shape, rsa_key(0)));
    vec![
        ("no certificate", None),
        ("other CA", Some(stranger().card("ours", 0))),
        (
            "self-signed",
            Some(Shape::new("ours").self_signed(rsa_key(0))),
        ),
        ("expired", of(&shape((2020, 2021), Usage::Client))),
        ("not yet valid", of(&shape((2030, 2040), Usage::Client))),
        ("wrong usage", of(&shape(good, Usage::Server))),
        ("no usage", of(&shape(good, Usage::Unsaid))),
        ("another device's", Some(other.clone())),
    ]
}

/// Every message with each odd certificate, in every way to show it, for an enrolled device and
/// for a new one, is refused with 400 and changes nothing that is stored or shown.
#[test]
fn every_message_of_every_stranger() {
    for way in WAYS {
        let scene = Scene::new(way);
        let strangers = strangers(&scene.other);
        for (row, who) in ROWS.iter().flat_map(|row| [(row, OURS), (row, NEW)]) {
            let body = who.says_of(row, &scene.in_flight);
            for (name, card) in &strangers {
                let letter = match card {
                    Some(card) => scene.site.letter(way, card, &body),
                    None => Letter {
                        presented: Presented::default(),
                        body: body.clone(),
                    },
                };
                scene.assert_refused(&letter, &format!("{row} by {way:?} with {name}"));
            }
        }
        // The device itself goes on where it was.
        let body = OURS.says_of("not-now", &scene.in_flight);
        let reply = scene.site.tell(way, &scene.card, &body);
        assert_eq!(reply, DeviceReply::Empty);
    }
}

/// The device's own certificate in the header counts for nothing from an address that is no
/// listed proxy, nor where headers are not asked for.
#[test]
fn headers_of_strangers() {
    for way in WAYS {
        let scene = Scene::new(way);
        for row in ROWS {
            let body = OURS.says_of(row, &scene.in_flight);
            let mut letter = scene.site.letter(Way::Header, &scene.card, &body);
            for address in [STRANGER, [127, 0, 0, 1], [10, 1, 3, 3]] {
                letter.presented.address = Some(IpAddr::from(address));
                scene.assert_refused(&letter, &format!("{row} of {address:?} where {way:?}"));
            }
        }
    }
}

/// Signatures that are none, of something else, or more than one, are refused like no signature.
#[test]
fn signatures_that_do_not_hold() {
    let scene = Scene::new(Way::Signature);
    for row in ROWS {
        let body = OURS.says_of(row, &scene.in_flight);
        let letter = scene.site.letter(Way::Signature, &scene.card, &body);
        let good = letter.presented.signature[0].clone();
        let of_other = scene.site.letter(Way::Signature, &scene.card, b"other");
        for (name, signature) in [
            ("empty", vec![Vec::new()]),
            ("no base64", vec![b"!!!".to_vec()]),
            ("cut", vec![good[..good.len() / 8 * 4].to_vec()]),
            ("of another body", of_other.presented.signature.clone()),
            ("twice", vec![good.clone(), good.clone()]),
        ] {
            let mut letter = letter.clone();
            letter.presented.signature = signature;
            scene.assert_refused(&letter, &format!("{row} with a signature that is {name}"));
        }
        let mut longer = letter.clone();
        longer.body.push(b'\n');
        scene.assert_refused(&longer, &format!("{row} with a newline more"));
    }
}

/// A device whose certificate ends while it is enrolled is refused from then on, and never told
/// to leave.
#[test]
fn a_certificate_that_ends() {
    for way in WAYS {
        let scene = Scene::new(way);
        // Until 2041.
        scene.site.server.clock.advance(18 * 366 * 24 * 3_600_000);
        for row in ROWS {
            let body = OURS.says_of(row, &scene.in_flight);
            let letter = scene.site.letter(way, &scene.card, &body);
            scene.assert_refused(&letter, &format!("{row} by {way:?} in 2041"));
        }
    }
}

/// A certificate is accepted in each way on its own: as PEM within a URL-escaped header too, from
/// a proxy that is seen under its address within IPv6.
#[test]
fn headers_of_proxies() {
    let scene = Scene::new(Way::Header);
    let body = OURS.says_of("acknowledged", &scene.in_flight);
    let mut letter = scene.site.letter(Way::Header, &scene.card, &body);
    let escaped = scene.card.pem().replace('\n', "%0A").replace('+', "%2B");
    letter.presented.header = vec![escaped.replace(' ', "%20").into_bytes()];
    let address: IpAddr = "::ffff:10.1.2.9".parse().unwrap();
    letter.presented.address = Some(address);
    let reply = scene.site.send(&letter);
    assert_eq!(reply.status(), 200, "{reply:?}");
    assert!(scene.site.store.hosts(None, 9).unwrap().len() == 2);
}
