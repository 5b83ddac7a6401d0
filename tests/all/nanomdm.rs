//! What NanoMDM's users know its server for: commands for many, results, the webhook, migration.
//!
//! Devices are raw messages where every byte of them counts, and simulated ones elsewhere.

mod commands;
mod ending;
mod http;
mod webhook;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_mdm::ids::EnrollmentId;
use mooring_server::device::{DeviceReply, DeviceRequest};
use mooring_server::nanomdm::{ApiResult, Commands, EnqueueError, QueueQuery, Targets};
use mooring_tests::TestServer;

/// A property list of strings.
pub(crate) fn message(keys: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::new();
    for (key, value) in keys {
        let _ = write!(text, "<key>{key}</key><string>{value}</string>");
    }
    plist(&text)
}

fn plist(keys: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>{keys}</dict></plist>\n"
    )
    .into_bytes()
}

/// `Authenticate`.
fn authenticate(udid: &str) -> Vec<u8> {
    message(&[
        ("MessageType", "Authenticate"),
        ("UDID", udid),
        ("SerialNumber", "C02SERIAL"),
    ])
}

/// `TokenUpdate`, of a user if there is one.
fn token_update(udid: &str, user: Option<&str>) -> Vec<u8> {
    let user = user.map_or(String::new(), |user| {
        format!("<key>UserID</key><string>{user}</string>")
    });
    plist(&format!(
        "<key>MessageType</key><string>TokenUpdate</string><key>UDID</key><string>{udid}</string>\
         {user}<key>Topic</key><string>com.apple.mgmt.External.1</string>\
         <key>PushMagic</key><string>magic</string><key>Token</key><data>AAECAw==</data>"
    ))
}

/// A report: `Idle`, or on a command.
fn report(udid: &str, status: &str, uuid: Option<&str>) -> Vec<u8> {
    let mut keys = vec![("UDID", udid), ("Status", status)];
    keys.extend(uuid.map(|uuid| ("CommandUUID", uuid)));
    message(&keys)
}

/// A command without arguments.
pub(crate) fn command(uuid: &str, request_type: &str) -> Vec<u8> {
    plist(&format!(
        "<key>CommandUUID</key><string>{uuid}</string><key>Command</key>\
         <dict><key>RequestType</key><string>{request_type}</string></dict>"
    ))
}

/// `InstallProfile` with these bytes.
fn install(uuid: &str, profile: &[u8]) -> Vec<u8> {
    plist(&format!(
        "<key>CommandUUID</key><string>{uuid}</string><key>Command</key><dict>\
         <key>RequestType</key><string>InstallProfile</string>\
         <key>Payload</key><data>{}</data></dict>",
        STANDARD.encode(profile)
    ))
}

/// What the server answers to a message.
fn say(server: &TestServer, body: &[u8]) -> DeviceReply {
    server.answer_device(&DeviceRequest::from_anyone(body))
}

/// Enrolls a device of this name.
fn enroll(server: &TestServer, udid: &str) {
    assert_eq!(say(server, &authenticate(udid)), DeviceReply::Empty);
    assert_eq!(say(server, &token_update(udid, None)), DeviceReply::Empty);
}

fn id(text: &str) -> EnrollmentId {
    EnrollmentId::parse(text).expect("an id")
}

/// Takes a command for ids with commas between them.
fn enqueue(
    commands: &Commands,
    server: &TestServer,
    ids: &str,
    body: &[u8],
) -> Result<ApiResult, EnqueueError> {
    commands.enqueue(server, &Targets::parse(ids).expect("ids"), body)
}

/// The uuids that wait for an enrollment.
fn waiting(server: &TestServer, enrollment: &str) -> Vec<String> {
    let listing = server.command_queue(&id(enrollment), &QueueQuery::default());
    let commands = listing.expect("a queue").commands;
    commands.into_iter().map(|one| one.command_uuid).collect()
}

/// The uuids and statuses of an enrollment's results, newest first.
fn results(server: &TestServer, enrollment: &str) -> Vec<(String, String)> {
    let listing = server.command_results(&id(enrollment), None);
    let results = listing.expect("results").results;
    results
        .into_iter()
        .map(|one| (one.command_uuid, one.status))
        .collect()
}

/// Lets a device ask until it gets this command, acknowledging all others; at most 20 times.
#[track_caller]
fn fetch(server: &TestServer, udid: &str, uuid: &str) -> Vec<u8> {
    let mut next = report(udid, "Idle", None);
    for _ in 0..20 {
        let DeviceReply::Command(bytes) = say(server, &next) else {
            break;
        };
        let got = uuid_of(&bytes);
        if got == uuid {
            return bytes;
        }
        next = answer_to(udid, &bytes);
    }
    panic!("{udid} did not get {uuid}");
}

/// The `CommandUUID` of a command.
fn uuid_of(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let (_, rest) = text.split_once("<key>CommandUUID</key>").expect("a uuid");
    let (_, rest) = rest.split_once("<string>").expect("a string");
    rest.split('<').next().unwrap_or_default().to_owned()
}

/// An acknowledgement with an empty list of profiles, in case it was asked for.
fn answer_to(udid: &str, command: &[u8]) -> Vec<u8> {
    let uuid = uuid_of(command);
    plist(&format!(
        "<key>UDID</key><string>{udid}</string><key>Status</key><string>Acknowledged</string>\
         <key>CommandUUID</key><string>{uuid}</string><key>ProfileList</key><array/>\
         <key>QueryResponses</key><dict><key>SerialNumber</key><string>C02SERIAL</string></dict>"
    ))
}
