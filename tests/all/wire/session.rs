//! One body after the other, as a device sends them, and what came back.
//!
//! Knows nothing of single tests. Invariant: a body goes out as it is in its file, but for the uuid
//! of the command that it reports on and what a test says it changes.

use std::fs;

use mooring_sim::Channel;
use mooring_tests::Running;
use mooring_tests::host::{Sent, read_command};
use mooring_tests::http::{Answer, exchange, request};

use crate::tidy::root;

const AGENT: &str = "User-Agent: MDM-OSX/1.0 mdmclient/1.0";
const CHECK_IN: &str = "Content-Type: application/x-apple-aspen-mdm-checkin";
const CONNECT: &str = "Content-Type: application/x-apple-aspen-mdm";
/// What the bodies have in place of the command's uuid.
const SOME_UUID: &str = "C0FFEE00-0000-4000-8000-000000000001";
/// One of the bodies.
pub(super) fn body(name: &str) -> String {
    let path = root().join("tests/data/wire").join(format!("{name}.plist"));
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Sends a body as a device does.
pub(super) fn send(server: &Running, body: &str) -> Answer {
    let is_check_in = body.contains("<key>MessageType</key>");
    let (path, kind) = if is_check_in {
        ("/checkin", CHECK_IN)
    } else {
        ("/mdm", CONNECT)
    };
    let raw = request("PUT", path, &[AGENT, kind], body.as_bytes());
    exchange(server.device, &raw)
}

/// It is taken, and there is nothing to say to it.
#[track_caller]
pub(super) fn taken(server: &Running, name: &str) {
    let answer = send(server, &body(name));
    assert_eq!(
        (answer.status, answer.text()),
        (200, String::new()),
        "{name}"
    );
}

/// It is refused with a reason for the person at the wire.
#[track_caller]
pub(super) fn refused(server: &Running, name: &str) {
    let answer = send(server, &body(name));
    assert_eq!(answer.status, 400, "{name}: {}", answer.text());
    assert!(!answer.body.is_empty(), "{name}");
}

/// It is answered with a property list that has this value.
#[track_caller]
pub(super) fn answered(server: &Running, name: &str, value: &str) {
    let answer = send(server, &body(name));
    assert_eq!(answer.status, 200, "{name}: {}", answer.text());
    let kind = answer.header("content-type");
    assert_eq!(kind, Some("application/xml; charset=UTF-8"), "{name}");
    assert!(answer.text().contains(value), "{name}: {}", answer.text());
}

/// The command that answers a body, if one does.
#[track_caller]
fn command(server: &Running, body: &str) -> Option<Sent> {
    let answer = send(server, body);
    assert_eq!(answer.status, 200, "{body}: {}", answer.text());
    if answer.body.is_empty() {
        return None;
    }
    let channel = if body.contains("<key>UserID</key>") {
        Channel::User
    } else {
        Channel::Device
    };
    Some(read_command(channel, &answer.body))
}

/// A device in a session: what it was told last.
pub(super) struct Session<'a> {
    server: &'a Running,
    last: Option<Sent>,
}

impl<'a> Session<'a> {
    #[track_caller]
    pub(super) fn begin(server: &'a Running, idle: &str) -> Self {
        let last = command(server, &body(idle));
        Self { server, last }
    }

    /// The command at hand is this one.
    #[track_caller]
    pub(super) fn told(&self, what: &str) -> &Self {
        let last = self.last.as_ref().map(|sent| sent.what.as_str());
        assert_eq!(last, Some(what));
        self
    }

    /// Reports on the command at hand with one of the bodies.
    #[track_caller]
    pub(super) fn report(&mut self, name: &str) -> &mut Self {
        self.report_with(name, |text| text)
    }

    #[track_caller]
    pub(super) fn report_with(
        &mut self,
        name: &str,
        change: impl FnOnce(String) -> String,
    ) -> &mut Self {
        let uuid = &self.last.as_ref().expect("a command to report on").uuid;
        let text = body(name);
        assert!(text.contains(SOME_UUID), "{name} is no report");
        self.last = command(self.server, &change(text.replace(SOME_UUID, uuid)));
        self
    }

    /// The server has nothing more.
    #[track_caller]
    pub(super) fn rests(&self) {
        assert_eq!(self.last, None);
    }
}
