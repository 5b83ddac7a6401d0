//! Profiles with secrets: in clear to a device on its own connection, sealed for its identity
//! where others could send its messages once more, and not at all where that cannot be done.

use mooring_drift::status::ProfileStatus;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_server::device::DeviceReply;
use mooring_sim::{Channel, Habits};
use mooring_tests::host::read_command;
use mooring_tests::identity::{
    Card, Letter, Member, Site, Stamp, WAYS, Way, outside, sign, sign_profile,
};
use mooring_tests::{Draft, draft};

use super::matrix::OURS;

const WIFI: &str = "com.harborworks.wifi";
const PLAIN: &str = "com.harborworks.plain";
const PASSWORD: &str = "canary-4711-correct-horse";

fn wifi(password: &str) -> String {
    format!(
        r#"<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
<key>PayloadContent</key><array><dict>
<key>PayloadType</key><string>com.apple.wifi.managed</string>
<key>PayloadVersion</key><integer>1</integer>
<key>PayloadIdentifier</key><string>{WIFI}.1</string>
<key>PayloadUUID</key><string>{}</string>
<key>PayloadDisplayName</key><string>Wi-Fi</string>
<key>SSID_STR</key><string>Harborworks</string>
<key>EncryptionType</key><string>WPA2</string>
<key>Password</key><string>{password}</string>
</dict></array>
<key>PayloadDisplayName</key><string>Wi-Fi of the harbor</string>
<key>PayloadIdentifier</key><string>{WIFI}</string>
<key>PayloadScope</key><string>System</string>
<key>PayloadType</key><string>Configuration</string>
<key>PayloadUUID</key><string>{}</string>
<key>PayloadVersion</key><integer>1</integer>
</dict></plist>"#,
        draft::uuid_of(WIFI, 2),
        draft::uuid_of(WIFI, 1),
    )
}

/// Takes a password in the clear, which refuses an upload otherwise.
fn accept(site: &Site) {
    let identifier = PayloadIdentifier::parse(WIFI).unwrap();
    let reason = "what the test is about";
    let accepted = site.server.accept_rule(&identifier, "X003", reason, "test");
    assert!(accepted.is_ok(), "{accepted:?}");
}

/// Whether a text is in a reply, also within base64.
pub(super) fn holds(bytes: &[u8], text: &str) -> bool {
    use base64::Engine as _;
    let has = |bytes: &[u8]| {
        bytes
            .windows(text.len())
            .any(|part| part == text.as_bytes())
    };
    // A profile is base64 within its command.
    let packed: Vec<u8> = bytes
        .iter()
        .copied()
        .filter(|b| !b.is_ascii_whitespace())
        .collect();
    let mut parts = packed.split(|byte| *byte == b'<' || *byte == b'>');
    let standard = base64::engine::general_purpose::STANDARD;
    has(bytes) || parts.any(|part| standard.decode(part).is_ok_and(|part| has(&part)))
}

/// The body of a reply.
pub(super) fn bytes(reply: &DeviceReply) -> &[u8] {
    match reply {
        DeviceReply::Command(bytes) | DeviceReply::Plist(bytes) | DeviceReply::Json(bytes) => bytes,
        DeviceReply::Empty
        | DeviceReply::Refused(_)
        | DeviceReply::Dismissed
        | DeviceReply::NoSuchDeclaration
        | DeviceReply::Declined
        | DeviceReply::Unavailable => &[],
    }
}

/// A device gets its Wi-Fi password in each way, installs it and is applied; only on its own
/// connection it is in the reply as it is.
#[test]
fn passwords() {
    for way in WAYS {
        let site = Site::new(way);
        accept(&site);
        site.server.push_taken(wifi(PASSWORD));
        let mut member = Member::new(&site, 0, way, Habits::default());
        member.settle(&site);
        site.server.assert_applied(1);
        assert!(member.holds().contains(WIFI), "{way:?}");
        let mut seen = member.replies.iter();
        let is_seen = seen.any(|reply| holds(bytes(reply), PASSWORD));
        assert_eq!(is_seen, way == Way::Mtls, "{way:?}");
        // A new password is a new version, which is installed like the first.
        site.server.push_taken(wifi("canary-second"));
        member.settle(&site);
        site.server.assert_applied(1);
        let mut seen = member.replies.iter();
        let is_seen = seen.any(|reply| holds(bytes(reply), "canary-second"));
        assert_eq!(is_seen, way == Way::Mtls, "{way:?}");
    }
}

/// Talks as a Mac does that acknowledges everything, until there is no more work.
fn talk(site: &Site, wrap: &dyn Fn(&[u8]) -> Letter) -> Vec<String> {
    let mut work = Vec::new();
    let mut body = OURS.says("idle");
    loop {
        site.server.clock.advance(1000);
        let DeviceReply::Command(bytes) = site.send(&wrap(&body)) else {
            return work;
        };
        assert!(!holds(&bytes, PASSWORD), "{work:?}");
        let command = read_command(Channel::Device, &bytes);
        let row = match command.what.as_str() {
            "ProfileList" => "acknowledged-empty-profile-list",
            "DeviceInformation" => "acknowledged-device-information",
            _ => "acknowledged",
        };
        body = OURS.says_of(row, &command.uuid);
        work.push(command.what);
        assert!(work.len() < 40, "{work:?}");
    }
}

fn status(site: &Site, identifier: &str) -> ProfileStatus {
    site.server.status_of(OURS.udid, identifier)
}

#[track_caller]
fn assert_blocked(site: &Site, identifier: &str) {
    let status = serde_json::to_value(status(site, identifier)).unwrap();
    assert_eq!(status["status"], "pending", "{status}");
    assert_eq!(status["reason"], "blocked", "{status}");
}

fn p256_letter(site: &Site, way: Way, card: &Card, body: &[u8]) -> Letter {
    if way == Way::Header {
        return site.letter(way, card, body);
    }
    let mut letter = Letter {
        presented: mooring_server::device::Presented::default(),
        body: body.to_vec(),
    };
    let signature = sign(card, body, Stamp::At("231114221320Z"));
    letter.presented.signature = vec![signature.into_bytes()];
    letter
}

/// To a device whose P-256 key nothing can be sealed for, a profile with a password is not sent
/// by an open way, and it says so; others are.
#[test]
fn keys_that_nothing_can_be_sealed_for() {
    for way in [Way::Signature, Way::Header] {
        let site = Site::new(way);
        accept(&site);
        site.server.push_taken(wifi(PASSWORD));
        site.server.push_taken(Draft::new(PLAIN, "first").xml());
        let card = outside().p256_card("ours");
        let wrap = |body: &[u8]| p256_letter(&site, way, &card, body);
        for row in ["authenticate", "token-update"] {
            assert_eq!(
                site.send(&wrap(&OURS.says(row))),
                DeviceReply::Empty,
                "{row}"
            );
        }
        let work = talk(&site, &wrap);
        assert!(
            work.contains(&format!("InstallProfile {PLAIN}")),
            "{work:?}"
        );
        assert!(
            !work.contains(&format!("InstallProfile {WIFI}")),
            "{work:?}"
        );
        assert_blocked(&site, WIFI);
    }
}

/// A signed profile cannot be sealed without breaking its signature: with a password in it, it is
/// not sent by an open way.
#[test]
fn signed_profiles() {
    let site = Site::new(Way::Signature);
    accept(&site);
    let signed = sign_profile(&outside().card("author", 1), wifi(PASSWORD).as_bytes());
    site.server.push_taken(signed);
    site.server.push_taken(Draft::new(PLAIN, "first").xml());
    let card = outside().card("ours", 0);
    site.enroll(Way::Signature, &card, &OURS);
    let work = talk(&site, &|body| site.letter(Way::Signature, &card, body));
    assert!(
        work.contains(&format!("InstallProfile {PLAIN}")),
        "{work:?}"
    );
    assert!(
        !work.contains(&format!("InstallProfile {WIFI}")),
        "{work:?}"
    );
    assert_blocked(&site, WIFI);
}

/// A message that was signed once pulls no password in clear from a server that also takes
/// certificates on connections, whatever the device did in between.
#[test]
fn a_signed_message_after_a_private_one() {
    use mooring_tests::identity::SiteOptions;
    let site = Site::with(&SiteOptions {
        ways: vec![Way::Mtls, Way::Signature],
        ..SiteOptions::default()
    });
    let card = outside().card("ours", 0);
    site.enroll(Way::Mtls, &card, &OURS);
    accept(&site);
    let mut body = OURS.says("idle");
    site.server.push_taken(wifi(PASSWORD));
    let signed = site.letter(Way::Signature, &card, &body);
    site.send(&signed);
    // From here on the device is on connections of its own.
    let mut is_sent = false;
    for _ in 0..8 {
        site.server.clock.advance(1000);
        let reply = site.tell(Way::Mtls, &card, &body);
        let DeviceReply::Command(bytes) = &reply else {
            break;
        };
        let command = read_command(Channel::Device, bytes);
        is_sent |= holds(bytes, PASSWORD);
        let before = site.snapshot();
        let reply = site.send(&signed);
        assert!(!holds(self::bytes(&reply), PASSWORD), "{}", command.what);
        assert!(site.snapshot() == before, "{}", command.what);
        let row = match command.what.as_str() {
            "ProfileList" => "acknowledged-empty-profile-list",
            "DeviceInformation" => "acknowledged-device-information",
            _ => "acknowledged",
        };
        body = OURS.says_of(row, &command.uuid);
    }
    assert!(is_sent, "in clear on the device's own connection");
}
