//! Bodies as devices send them, byte for byte, over a socket: what each is answered, and whole
//! sessions made of nothing else.
//!
//! No encoder of this repository had a part in what is sent here: the bodies come from
//! `tests/data/wire`, and only the uuid of the command that a report is about is filled in, and the
//! profile that a list shows.

mod session;

use std::fs;

use mooring_mdm::ids::HostId;
use mooring_server::serve::STORE_FILE;
use mooring_store::{EnrollmentRecord, RedbOptions, RedbStore, Store};
use mooring_tests::{Draft, Running};
use serde_json::Value;

use crate::tidy::root;
use session::{Session, answered, body, refused, send, taken};

/// What the list of profiles has, made by hand on that Mac.
const HANDMADE: [&str; 2] = [
    "com.harborworks.handmade.printers<",
    "4B9D6E02-F8A5-4C71-8D13-C5E07A2F9B84",
];

const MAC: &str = "8A2F1C64-5B0D-4E37-9C41-7D3E6B8F2A10";
const IPHONE: &str = "00008110-001C59A20E88401E";
const IPAD: &str = "00008103-000A11D40C22001E";
const USER_ENROLLMENT: &str = "5F0B7C21D4E64A39A8F2C61B0E93D7A4B8152C6F";
const DOCK: &str = "com.harborworks.dock";

/// What the server says of a host.
fn host(server: &Running, id: &str) -> Value {
    server.get(&format!("/api/v1/hosts/{id}")).json()
}

/// What the server says of one profile of a host.
fn profile(server: &Running, id: &str, identifier: &str) -> Value {
    let shown = server.get(&format!("/api/v1/hosts/{id}/profiles")).json();
    let profiles = shown["profiles"].as_array().unwrap().clone();
    let found = profiles
        .into_iter()
        .find(|one| one["identifier"] == identifier);
    found.unwrap_or(Value::Null)
}

fn push(server: &Running, draft: &Draft) -> Value {
    let pushed = server.api("POST", "/api/v1/profiles", &[], draft.xml().as_bytes());
    assert_eq!(pushed.status, 200, "{}", pushed.text());
    pushed.json()
}

/// Nothing of a device is taken before it enrolls, but for its farewell.
#[test]
fn before_enrolling() {
    let server = Running::start();
    for name in [
        "macos-idle",
        "macos-token-update",
        "macos-user-token-update",
        "macos-user-idle",
        "macos-acknowledged",
        "macos-set-bootstrap-token",
        "macos-get-bootstrap-token",
        "macos-user-authenticate",
        "macos-declarative-management-tokens",
        "macos-get-token",
        "ios-idle",
        "ios-user-enrollment-token-update",
        "ios-shared-ipad-token-update",
    ] {
        refused(&server, name);
    }
    taken(&server, "macos-check-out");
    taken(&server, "ios-check-out");
    let status = server.get("/api/v1/status").json();
    assert_eq!(
        (&status["hosts"], &status["checked_out"]),
        (&0.into(), &0.into())
    );
}

/// A Mac from Authenticate to `CheckOut`: it is busy, fails, installs, proves it and removes.
#[test]
fn a_mac() {
    let server = Running::start();
    let uuid = push(&server, &Draft::new(DOCK, "first"))["payload_uuid"].clone();
    taken(&server, "macos-authenticate");
    // It has not said where to push to.
    taken(&server, "macos-idle");
    taken(&server, "macos-token-update");

    let mut session = Session::begin(&server, "macos-idle");
    session.told("ProfileList");
    session.report("macos-not-now").rests();
    let mut session = Session::begin(&server, "macos-idle");
    session.told("ProfileList");
    session
        .report("macos-acknowledged-profile-list")
        .told("DeviceInformation");
    session.report("macos-acknowledged-device-information");
    session.told(&format!("InstallProfile {DOCK}"));
    session.report("macos-error-install-profile").rests();
    let shown = profile(&server, MAC, DOCK);
    assert_eq!(shown["status"], "failed", "{shown}");
    assert!(shown.to_string().contains("Dock & Spaces"), "{shown}");
    assert_eq!(host(&server, MAC)["os_version"], "15.1");

    let refreshed = server.api("POST", &format!("/api/v1/hosts/{MAC}/refresh"), &[], b"");
    assert_eq!(refreshed.status, 202, "{}", refreshed.text());
    let mut session = Session::begin(&server, "macos-idle");
    session.told("ProfileList");
    session
        .report("macos-acknowledged-profile-list")
        .told("DeviceInformation");
    session.report("macos-acknowledged-device-information");
    session.told(&format!("InstallProfile {DOCK}"));
    session.report("macos-acknowledged").told("ProfileList");
    let ours = [format!("{DOCK}<"), uuid.as_str().unwrap().to_owned()];
    let listing = |text: String| {
        let both = HANDMADE.iter().zip(&ours);
        both.fold(text, |text, (theirs, ours)| text.replace(theirs, ours))
    };
    session
        .report_with("macos-acknowledged-profile-list", listing)
        .rests();
    assert_eq!(profile(&server, MAC, DOCK)["status"], "applied");

    let deleted = server.api("DELETE", &format!("/api/v1/profiles/{DOCK}"), &[], b"");
    assert_eq!(deleted.status, 204);
    let mut session = Session::begin(&server, "macos-idle");
    session.told(&format!("RemoveProfile {DOCK}"));
    // It is not there: that is what was wanted.
    session
        .report("macos-error-remove-profile")
        .told("ProfileList");
    session
        .report("macos-acknowledged-empty-profile-list")
        .rests();
    assert_eq!(profile(&server, MAC, DOCK), Value::Null);

    push(&server, &Draft::new(DOCK, "second"));
    let mut session = Session::begin(&server, "macos-idle");
    session.told(&format!("InstallProfile {DOCK}"));
    session.report("macos-command-format-error").rests();
    assert_eq!(profile(&server, MAC, DOCK)["status"], "failed");

    taken(&server, "macos-check-out");
    let status = server.get("/api/v1/status").json();
    assert_eq!(
        (&status["hosts"], &status["checked_out"]),
        (&0.into(), &1.into())
    );
}

/// What a Mac asks for beside its work: tokens, declarations, and whether its user is managed.
#[test]
fn what_a_mac_asks_for() {
    for accepts in [false, true] {
        let server = Running::start_with(|options| {
            options.devices.accepts_user_authenticate = accepts;
        });
        taken(&server, "macos-authenticate");
        taken(&server, "macos-token-update");
        if accepts {
            let challenge = "<key>DigestChallenge</key>\n\t<string></string>";
            answered(&server, "macos-user-authenticate", challenge);
            taken(&server, "macos-user-authenticate-response");
            continue;
        }
        let declined = send(&server, &body("macos-user-authenticate"));
        assert_eq!((declined.status, declined.text()), (410, String::new()));

        taken(&server, "macos-get-bootstrap-token");
        taken(&server, "macos-set-bootstrap-token");
        let token = "rtoD52VvjjEIXh8rZaB093qGPfHkLkBzntVsm9ZMVdM=";
        answered(&server, "macos-get-bootstrap-token", token);

        refused(&server, "macos-get-token");
        let path = "/api/v1/tokens/com.apple.maid";
        assert_eq!(server.api("PUT", path, &[], b"made by hand").status, 204);
        answered(&server, "macos-get-token", "bWFkZSBieSBoYW5k");

        let tokens = send(&server, &body("macos-declarative-management-tokens"));
        assert_eq!(tokens.header("content-type"), Some("application/json"));
        assert!(tokens.json()["SyncTokens"]["DeclarationsToken"].is_string());
        taken(&server, "macos-declarative-management-status");
    }
}

/// The user of a Mac has a channel and profiles of their own.
#[test]
fn the_user_of_a_mac() {
    let server = Running::start();
    let draft = Draft {
        scope: Some("User"),
        ..Draft::new(DOCK, "first")
    };
    push(&server, &draft);
    taken(&server, "macos-authenticate");
    taken(&server, "macos-token-update");
    taken(&server, "macos-user-token-update");
    let mut session = Session::begin(&server, "macos-user-idle");
    session.told("ProfileList");
    let no_profiles = |text: String| {
        let list = body("macos-acknowledged-empty-profile-list");
        let (_, list) = list.split_once("<key>ProfileList</key>").unwrap();
        let (list, _) = list.split_once("<key>Status</key>").unwrap();
        let entry = format!("<key>ProfileList</key>{list}<key>Status</key>");
        text.replace("<key>Status</key>", &entry)
    };
    session.report_with("macos-user-acknowledged", no_profiles);
    session.told(&format!("InstallProfile {DOCK}"));
    session
        .report("macos-user-acknowledged")
        .told("ProfileList");
    let user = &host(&server, MAC)["enrollments"][1];
    assert_eq!(
        user["id"],
        format!("{MAC}:3C9E7A52-1F48-4D06-B2A7-5E8D0C61F394")
    );
    assert_eq!(user["channel"], "user");
}

/// An iPhone: what it sent once and leaves out later is kept.
#[test]
fn an_iphone() {
    let server = Running::start();
    taken(&server, "ios-authenticate");
    taken(&server, "ios-token-update");
    let mut session = Session::begin(&server, "ios-idle");
    session.told("ProfileList");
    session.report("ios-not-now").rests();
    let first = record(&server, IPHONE);
    assert!(first.unlock_token.is_some());
    taken(&server, "ios-token-update-later");
    let later = record(&server, IPHONE);
    assert_ne!(later.push, first.push);
    assert_eq!(later.unlock_token, first.unlock_token);
    assert_eq!(
        later.is_awaiting_configuration,
        first.is_awaiting_configuration
    );
    assert_eq!((first.token_updates, later.token_updates), (1, 2));

    let mut session = Session::begin(&server, "ios-idle");
    session.told("ProfileList");
    // A list without a list is none, and no proof of anything.
    session.report("ios-acknowledged");
    assert_eq!(host(&server, IPHONE)["status"], "unknown");
    let id = &host(&server, IPHONE)["id"];
    assert_eq!(id, IPHONE);
    taken(&server, "ios-check-out");
    assert_eq!(server.get("/api/v1/status").json()["checked_out"], 1);
}

/// An iPhone in a User Enrollment has neither UDID nor serial number.
#[test]
fn a_user_enrollment() {
    let server = Running::start();
    taken(&server, "ios-user-enrollment-authenticate");
    taken(&server, "ios-user-enrollment-token-update");
    let mut session = Session::begin(&server, "ios-user-enrollment-idle");
    session.told("ProfileList");
    let named = |text: String| {
        let udid = format!("<key>UDID</key>\n\t<string>{IPHONE}</string>");
        let enrollment = format!("<key>EnrollmentID</key>\n\t<string>{USER_ENROLLMENT}</string>");
        text.replace(&udid, &enrollment)
    };
    session.report_with("ios-not-now", named).rests();
    let shown = host(&server, USER_ENROLLMENT);
    assert_eq!(shown["id"], USER_ENROLLMENT);
    assert_eq!(shown["serial_number"], Value::Null);
}

/// The users of a Shared iPad all have the same id, and are told apart by their names.
#[test]
fn a_shared_ipad() {
    let server = Running::start();
    let of_ipad = |name| body(name).replace(IPHONE, IPAD);
    for name in ["ios-authenticate", "ios-token-update"] {
        assert_eq!(send(&server, &of_ipad(name)).status, 200, "{name}");
    }
    taken(&server, "ios-shared-ipad-token-update");
    let session = Session::begin(&server, "ios-shared-ipad-idle");
    session.told("ProfileList");
    let shown = host(&server, IPAD);
    let user = format!("{IPAD}:femi.costa@harborworks.example");
    assert_eq!(shown["enrollments"][1]["id"], user, "{shown}");
}

/// Every body of the folder is sent by one of these tests.
#[test]
fn every_body_is_sent() {
    let tests = include_str!("wire.rs");
    let folder = fs::read_dir(root().join("tests/data/wire")).unwrap();
    let mut bodies = 0;
    for entry in folder {
        let name = entry.unwrap().file_name().into_string().unwrap();
        if let Some(name) = name.strip_suffix(".plist") {
            assert!(
                tests.contains(&format!("\"{name}\"")),
                "{name} is never sent"
            );
            bodies += 1;
        }
    }
    assert!(bodies > 30, "{bodies}");
}

/// What is stored of a device channel.
fn record(server: &Running, host: &str) -> EnrollmentRecord {
    let copy = server.data().join("copy.redb");
    fs::copy(server.data().join(STORE_FILE), &copy).unwrap();
    let store = RedbStore::open(&copy, RedbOptions::default()).unwrap();
    let host = store.host(&HostId::parse(host).unwrap()).unwrap();
    host.unwrap().enrollments.remove(0)
}
