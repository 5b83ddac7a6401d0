//! Why a profile is on a host, is not, or will be, in the words that people read.

use mooring_server::api::{Why, WhyFact};
use mooring_server::scope::{ScopeError, ValueKind};
use mooring_sim::Channel;
use mooring_tests::clock::HOUR_MS;
use mooring_tests::server::id;
use mooring_tests::{Draft, TestServer};

use super::mac::Mac;
use super::{A, assign, by_rule, declare, manual, push, set_values};

const EVERYONE: &str = "everyone yes: the profile has no assignment, so it is for every host";
const ENROLLED: &str = "channel: enrolled, last heard of at 2023-11-14T22:13:20.000Z";
const ABSENT: &str = "list: the list of 2023-11-14T22:13:20.000Z does not show it";

/// The explanation as lines, without the host's own id and the uuid that it holds.
fn lines(server: &TestServer, mac: &Mac) -> Vec<String> {
    let why: Why = server.why(&mac.id(), &id(A)).unwrap();
    let fact = |fact: &WhyFact| {
        let about = serde_json::to_value(fact.about).unwrap();
        format!("{}: {}", about.as_str().unwrap(), fact.words)
    };
    let mut lines: Vec<_> = why.facts.iter().map(fact).collect();
    for reason in &why.rules {
        let words = &reason.words;
        lines.push(format!("{} {}: {words}", reason.rule, reason.truth));
    }
    for channel in &why.channels {
        lines.extend(channel.facts.iter().map(fact));
        lines.push(format!("status: {}", channel.outcome));
        lines.push(format!("next: {}", channel.next));
    }
    let held = mac.host.holds(Channel::Device).remove(A);
    let held = held.unwrap_or_else(|| "no such uuid".to_owned());
    let plain = |line: String| line.replace(&mac.id(), "HOST").replace(&held, "UUID");
    lines.into_iter().map(plain).collect()
}

#[track_caller]
fn check(server: &TestServer, mac: &Mac, expected: &[&str]) {
    assert_eq!(lines(server, mac), expected);
}

/// A profile for everybody: there and proven, and before that with a command on its way.
#[test]
fn applied() {
    let server = TestServer::new();
    let mut mac = Mac::new(0);
    mac.settle(&server);
    push(&server, A, "1");
    let known = [
        "profile: enabled, latest version 1, for the device",
        EVERYONE,
        ENROLLED,
    ];
    let pending = "status: pending: it is dealt with at a coming contact";
    let next = "next: InstallProfile of version 1 at the next contact";
    check(
        &server,
        &mac,
        &[&known[..], &[ABSENT, pending, next]].concat(),
    );
    server.pause("test", None).unwrap();
    let why = lines(&server, &mac);
    assert_eq!(why[1], "hold: an administrator stopped all sending");
    assert_eq!(
        why[6],
        "next: nothing until sending goes on: mooring resume"
    );
    server.resume("test").unwrap();
    mac.settle(&server);
    let rest = [
        "list: the list of 2023-11-14T22:13:20.000Z shows it as UUID, which is version 1 as it \
         should be",
        "status: applied: a list asked for after the change shows it",
        "next: nothing",
    ];
    check(&server, &mac, &[&known[..], &rest].concat());
}

/// A host that the labels leave out: told rule by rule, while the profile is still there and after.
#[test]
fn outside() {
    let server = TestServer::new();
    manual(&server, &["staff"]);
    by_rule(&server, "new", r#"host.os_version >= "15""#);
    push(&server, A, "1");
    let mut mac = Mac::new(0);
    mac.settle(&server);
    assign(
        &server,
        A,
        r#"{"include_any":["staff","new"],"percent":100}"#,
    );
    let known = [
        "profile: enabled, latest version 1, for the device",
        "include_any no: new: no (host.os_version is 14.4, wanted >= 15); staff: no (the host was \
         not given it)",
        "percent yes: the host has place 12 of 0 to 99 for this profile, wanted below 100",
        ENROLLED,
    ];
    let leaving = [
        "list: the list of 2023-11-14T22:13:20.000Z shows it as UUID, which is version 1",
        "status: pending: it is dealt with at a coming contact (RemoveProfile)",
        "next: RemoveProfile at the next contact",
    ];
    check(&server, &mac, &[&known[..], &leaving].concat());
    mac.settle(&server);
    let gone = [ABSENT, "status: absent, as it should be", "next: nothing"];
    check(&server, &mac, &[&known[..], &gone].concat());
}

/// A host of which nobody knows: the part that cannot be told is named.
#[test]
fn unknown() {
    let server = TestServer::new();
    declare(&server, "site", ValueKind::Attribute, None);
    by_rule(&server, "oslo", r#"attributes.site == "oslo""#);
    push(&server, A, "1");
    assign(
        &server,
        A,
        r#"{"include_all":["oslo"],"platforms":["macos"],"os_min":"14"}"#,
    );
    let mut mac = Mac::new(0);
    mac.settle(&server);
    let parts = [
        "profile: enabled, latest version 1, for the device",
        "include_all unknown: oslo: unknown (attributes.site is not set)",
        "platforms yes: host.platform is macos, wanted one of macos",
        "os yes: host.os_version is 14.4, wanted 14 or later",
        ENROLLED,
        ABSENT,
        "status: unknown: nobody knows whether it is for this host",
        "next: nothing until the rules above can tell; what is there stays",
    ];
    check(&server, &mac, &parts);
    server.clock.advance(49 * HOUR_MS);
    let old = lines(&server, &mac);
    assert!(old[2].starts_with("platforms unknown: "), "{old:#?}");
    assert!(
        old[7].contains("until the device tells its attributes"),
        "{old:#?}"
    );
}

/// Values by their names: which are missing, and that the copy on the host is its own.
#[test]
fn values() {
    let server = TestServer::new();
    declare(&server, "site", ValueKind::Attribute, None);
    push(&server, A, "{{attribute.site}} {{host.serial}}");
    let mut mac = Mac::new(0);
    mac.settle(&server);
    let lacking = [
        "profile: enabled, latest version 1, for the device",
        "values: host.serial is set, attribute.site is missing",
        EVERYONE,
        ENROLLED,
        ABSENT,
        "status: pending: this host has no value for attribute.site",
        "next: nothing until the host has a value for site: mooring host set HOST",
    ];
    check(&server, &mac, &lacking);
    set_values(&server, &mac.id(), &[("site", "oslo")]);
    mac.settle(&server);
    set_values(&server, &mac.id(), &[("site", "bergen")]);
    let why = lines(&server, &mac);
    assert_eq!(
        why[4],
        "list: the list of 2023-11-14T22:13:20.000Z shows it as UUID, which is version 1 with \
         values of this host"
    );
    assert_eq!(
        why[6],
        "next: InstallProfile of version 1 at the next contact"
    );
    assert!(!why.concat().contains("bergen"));
}

/// A profile that fails: the device's own words, how often, and what would have it tried again.
#[test]
fn failing() {
    let server = TestServer::new();
    push(&server, A, "1");
    let mut mac = Mac::failing(0, A);
    mac.settle(&server);
    let chain = format!(
        "the device reported an error: MCInstallationErrorDomain 4001: The profile \u{201c}{A}\u{201d} \
         could not be installed. < MCProfileErrorDomain 1009: no"
    );
    let attempts = format!(
        "attempts: 1 failed to install version 1; the last: {chain}; on build 23E214; the next: \
         none, parked"
    );
    let parked = [
        "profile: enabled, latest version 1, for the device",
        EVERYONE,
        ENROLLED,
        ABSENT,
        &attempts,
        &format!("status: failed: {chain}"),
        "next: nothing: parked until the content, the OS build or a person changes it: mooring \
         resend com.harborworks.a --host HOST",
    ];
    check(&server, &mac, &parked);
    // Other content begins anew, and the old failure is told as one of the past.
    push(&server, A, "2");
    let why = lines(&server, &mac);
    assert!(
        why[4].ends_with("; that is no longer what is wanted"),
        "{why:#?}"
    );
    assert_eq!(
        why[6],
        "next: InstallProfile of version 2 at the next contact"
    );
}

/// A profile for users on a host without one, and on a device that never has one.
#[test]
fn without_a_user() {
    let server = TestServer::new();
    let draft = Draft {
        scope: Some("User"),
        ..Draft::new(A, "1")
    };
    server.push_taken(draft.xml());
    let mut mac = Mac::new(0);
    mac.settle(&server);
    let waits = [
        "profile: enabled, latest version 1, for users",
        EVERYONE,
        "channel: no user of this host has enrolled",
        "status: pending: it is dealt with at a coming contact",
        "next: it waits for a user channel: it is delivered once a user has enrolled",
    ];
    check(&server, &mac, &waits);
    let mut phone = Mac::new(1);
    phone.told.insert("Model", "iPhone15,2".to_owned());
    phone.settle(&server);
    let why = lines(&server, &phone);
    assert_eq!(why[2], "channel: this kind of device has no user channel");
    assert!(why[4].starts_with("next: nothing: assign it"), "{why:#?}");
}

/// A device that is busy, one that has left, a profile that was deleted, one that comes from
/// elsewhere, and one that nobody knows.
#[test]
fn ends() {
    let server = TestServer::new();
    let mut mac = Mac::new(0);
    mac.settle(&server);
    push(&server, A, "1");
    mac.host.device.lock(1);
    mac.contact(&server);
    let why = lines(&server, &mac);
    assert!(
        why[2].contains("; busy (NotNow) once, woken at "),
        "{why:#?}"
    );
    assert!(
        why[5].starts_with("next: InstallProfile of version 1 once the device is"),
        "{why:#?}"
    );
    mac.settle(&server);
    server.remove(A);
    let why = lines(&server, &mac);
    assert!(
        why[0].starts_with("profile: deleted at 2023-11-14T22:13:20.000Z"),
        "{why:#?}"
    );
    mac.settle(&server);

    let foreign = id("com.elsewhere.theirs");
    assert!(matches!(
        server.why(&mac.id(), &foreign),
        Err(ScopeError::NoProfile(_))
    ));
    assert!(server.why("nobody", &id(A)).is_err());
    let xml = Draft::new("com.elsewhere.theirs", "1").xml();
    let by_hand = mac
        .host
        .device
        .user_installs(Channel::Device, xml.as_bytes());
    by_hand.unwrap();
    server.refresh_host(&mac.id()).unwrap();
    mac.settle(&server);
    let why = server.why(&mac.id(), &foreign).unwrap();
    assert!(
        why.facts[0]
            .words
            .starts_with("this server never assigned it")
    );
    assert_eq!(
        why.channels[0].outcome,
        "an unmanaged copy: it stays as it is"
    );

    let out = mac.host.device.check_out();
    mac.host.say(&server, Channel::Device, &out);
    let why = lines(&server, &mac);
    assert_eq!(
        why[4], "next: nothing: it has to enroll again first",
        "{why:#?}"
    );
}
