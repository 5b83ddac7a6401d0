//! Backups of a server at work, what is made of them, and old copies of a store that nobody
//! announced.
//!
//! Knows nothing of the form of a backup. Invariant: every server here has its store in a file.

mod fetching;
mod mistaken;
mod others;
mod restored;
mod terminal;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use mooring_sim::{Channel, Contact, Ending, Reply};
use mooring_tests::host::{Sent, read_command};
use mooring_tests::{Draft, Host, Running, TestClock};
use serde_json::Value;

/// Contacts within which a host must come to rest.
const CONTACTS_MAX: usize = 12;

/// A server over `data`, whose time the test moves.
fn start(data: &Path, clock: &TestClock) -> Running {
    Running::start_with(|options| {
        data.clone_into(&mut options.data);
        options.clock = clock.for_server();
    })
}

/// Pushes a profile by the API.
fn push(server: &Running, identifier: &str, content: &str) {
    let file = Draft::new(identifier, content).xml();
    let pushed = server.api("POST", "/api/v1/profiles", &[], file.as_bytes());
    assert_eq!(pushed.status, 200, "{}", pushed.text());
}

/// Deletes a profile by the API; whether there was one.
fn delete(server: &Running, identifier: &str) -> bool {
    let path = format!("/api/v1/profiles/{identifier}");
    server.api("DELETE", &path, &[], b"").status == 204
}

/// One contact over HTTP; the log of the host goes on.
fn contact(server: &Running, host: &mut Host) -> Contact {
    let Host { device, sent } = host;
    device.contact(|channel, request| {
        let answer = server.message(&request.body);
        sent.extend(command_in(channel, &answer.body));
        Reply {
            status: answer.status,
            body: answer.body,
        }
    })
}

fn command_in(channel: Channel, body: &[u8]) -> Option<Sent> {
    let needle = b"<key>CommandUUID</key>";
    let is_command = body.windows(needle.len()).any(|part| part == needle);
    is_command.then(|| read_command(channel, body))
}

/// Contacts until the server has nothing more.
#[track_caller]
fn settle(server: &Running, host: &mut Host) {
    let is_over = |ending: Ending| ending.is_idle() || ending == Ending::Silent;
    for _ in 0..CONTACTS_MAX {
        let contact = contact(server, host);
        if is_over(contact.device) && is_over(contact.user) {
            return;
        }
    }
    panic!("no rest: {:#?}", host.sent);
}

/// The counts.
fn status(server: &Running) -> Value {
    server.get("/api/v1/status").json()
}

/// Whether each channel listed its profiles before anything was changed on it.
#[track_caller]
fn assert_lists_come_first(sent: &[Sent]) {
    let mut listed = BTreeSet::new();
    for command in sent {
        let is_change = ["Install", "Remove"]
            .iter()
            .any(|it| command.what.starts_with(it));
        let is_user = command.channel == Channel::User;
        assert!(!is_change || listed.contains(&is_user), "{sent:#?}");
        if command.what == "ProfileList" {
            listed.insert(is_user);
        }
    }
}

/// A file that blocks whoever reads it until somebody writes it. Put in the place of a key, it keeps
/// a backup from ending.
fn make_pipe(path: &Path) {
    let made = Command::new("mkfifo").arg(path).status();
    assert!(made.expect("there is a mkfifo").success());
}
