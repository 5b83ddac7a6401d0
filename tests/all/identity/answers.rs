//! What the right device gets for each message, however it shows who it is.

use mooring_server::device::{DeviceReply, DeviceSettings};
use mooring_tests::identity::{Site, SiteOptions, WAYS, Way, fill, outside, wire};

use super::matrix::OURS;

fn xml(reply: &DeviceReply) -> String {
    let (DeviceReply::Plist(body) | DeviceReply::Command(body)) = reply else {
        panic!("{reply:?}");
    };
    String::from_utf8(body.clone()).unwrap()
}

/// Every check-in has its answer in each way: 200 empty, 200 with what was asked for, 410 for a
/// user that is not managed, and 400 for a token that there is none of.
#[test]
fn every_check_in() {
    for way in WAYS {
        let site = Site::new(way);
        let card = outside().card("ours", 0);
        let say = |message: &str| {
            // Signatures state the second in which they were made.
            site.server.clock.advance(1000);
            site.tell(way, &card, &OURS.says(message))
        };
        for (message, reply) in [
            ("authenticate", DeviceReply::Empty),
            ("token-update", DeviceReply::Empty),
            ("user-authenticate", DeviceReply::Declined),
            ("user-token-update", DeviceReply::Empty),
            ("get-bootstrap-token", DeviceReply::Empty),
            ("set-bootstrap-token", DeviceReply::Empty),
            ("declarative-management-status", DeviceReply::Empty),
        ] {
            assert_eq!(say(message), reply, "{message} by {way:?}");
        }
        let token = xml(&say("get-bootstrap-token"));
        assert!(
            token.contains("rtoD52VvjjEIXh8rZaB093qGPfHkLkBzntVsm9ZMVdM="),
            "{token}"
        );
        assert!(matches!(
            say("declarative-management-tokens"),
            DeviceReply::Json(_)
        ));
        assert_eq!(say("get-token").status(), 400, "there is no token");
        let token = b"c2VydmljZQ".to_vec();
        site.server
            .set_service_token("com.apple.maid", Some(token))
            .unwrap();
        assert!(xml(&say("get-token")).contains("<key>TokenData</key>"));
        assert!(xml(&say("idle")).contains("ProfileList"));
        assert!(xml(&say("user-idle")).contains("ProfileList"));
        assert_eq!(say("check-out"), DeviceReply::Empty);
        for message in ["idle", "user-idle"] {
            assert_eq!(say(message), DeviceReply::Empty, "nothing for who left");
        }
        assert_eq!(
            say("get-bootstrap-token").status(),
            400,
            "nothing for who left"
        );
    }
}

/// A user is let in where administrators say so: the first message gets an empty challenge, the
/// answer to it is taken.
#[test]
fn users_that_are_let_in() {
    let site = Site::with(&SiteOptions {
        devices: DeviceSettings {
            accepts_user_authenticate: true,
            ..DeviceSettings::default()
        },
        ways: vec![Way::Mtls],
        ..SiteOptions::default()
    });
    let card = outside().card("ours", 0);
    site.enroll(Way::Mtls, &card, &OURS);
    let say = |message: &str| site.tell(Way::Mtls, &card, &OURS.says(message));
    assert!(xml(&say("user-authenticate")).contains("<key>DigestChallenge</key>"));
    assert_eq!(say("user-authenticate-response"), DeviceReply::Empty);
}

/// The bootstrap token goes with the enrollment it was kept for, and a `SetBootstrapToken`
/// without one takes it away.
#[test]
fn bootstrap_tokens() {
    let site = Site::new(Way::Signature);
    let card = outside().card("ours", 0);
    let say = |message: &[u8]| {
        site.server.clock.advance(1000);
        site.tell(Way::Signature, &card, message)
    };
    site.enroll(Way::Signature, &card, &OURS);
    let set = OURS.says("set-bootstrap-token");
    let get = OURS.says("get-bootstrap-token");
    assert_eq!(say(&set), DeviceReply::Empty);
    assert!(matches!(say(&get), DeviceReply::Plist(_)));
    let emptied = fill(
        &set,
        &[("rtoD52VvjjEIXh8rZaB093qGPfHkLkBzntVsm9ZMVdM=", "")],
    );
    assert_eq!(say(&emptied), DeviceReply::Empty);
    assert_eq!(say(&get), DeviceReply::Empty, "it was taken away");
    say(&set);
    say(&OURS.says("authenticate"));
    assert_eq!(say(&get), DeviceReply::Empty, "the device was erased");
    say(&OURS.says("token-update"));
    assert_eq!(say(&get), DeviceReply::Empty);
}

/// A `TokenUpdate` that leaves out what was told once changes none of it.
#[test]
fn later_token_updates() {
    let site = Site::new(Way::Mtls);
    let card = outside().card("phone", 0);
    let say = |message: &str| {
        let reply = site.tell(Way::Mtls, &card, &wire(message));
        assert_eq!(reply, DeviceReply::Empty, "{message}");
        site.host("00008110-001C59A20E88401E").enrollments.remove(0)
    };
    say("ios-authenticate");
    let first = say("ios-token-update");
    let later = say("ios-token-update-later");
    assert!(first.unlock_token.is_some());
    assert_eq!(later.unlock_token, first.unlock_token);
    assert!(first.is_awaiting_configuration.is_some());
    assert_eq!(
        later.is_awaiting_configuration,
        first.is_awaiting_configuration
    );
    assert!(later.push != first.push, "the token is the new one");
}

/// Names of enrollments: of a User Enrollment, of the users of a Shared iPad, and by a UDID in
/// exactly its own case.
#[test]
fn names() {
    let site = Site::new(Way::Header);
    let say = |card, message: &[u8]| {
        let reply = site.tell(Way::Header, card, message);
        assert_eq!(reply.status(), 200, "{reply:?}");
    };
    let ids = |host: &str| {
        let enrollments = site.host(host).enrollments.into_iter();
        enrollments
            .map(|one| one.id.to_string())
            .collect::<Vec<_>>()
    };
    let own = outside().card("own", 0);
    say(&own, &wire("ios-user-enrollment-authenticate"));
    say(&own, &wire("ios-user-enrollment-token-update"));
    let id = "5F0B7C21D4E64A39A8F2C61B0E93D7A4B8152C6F";
    assert_eq!(ids(id), [id]);

    let shared = outside().card("shared", 1);
    let pad = "00008103-000A11D40C22001E";
    let phone = "00008110-001C59A20E88401E";
    say(&shared, &fill(&wire("ios-authenticate"), &[(phone, pad)]));
    say(&shared, &fill(&wire("ios-token-update"), &[(phone, pad)]));
    say(&shared, &wire("ios-shared-ipad-token-update"));
    say(&shared, &wire("ios-shared-ipad-idle"));
    let user = format!("{pad}:femi.costa@harborworks.example");
    assert_eq!(ids(pad), [pad.to_owned(), user]);

    let lower = OURS.udid.to_lowercase();
    let mac = outside().card("mac", 2);
    say(
        &mac,
        &fill(&OURS.says("authenticate"), &[(OURS.udid, &lower)]),
    );
    assert_eq!(ids(&lower), [lower.as_str()]);
    let reply = site.tell(Way::Header, &mac, &OURS.says("idle"));
    assert_eq!(
        reply.status(),
        400,
        "the same letters in another case are another device"
    );
}
