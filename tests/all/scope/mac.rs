//! A simulated device that a test can upgrade, or take for something else than a Mac.
//!
//! Knows nothing of what the server should do. Invariant: it is the kit's device, which says other
//! words in four places only.

use std::collections::BTreeMap;

use mooring_mdm::plist::{NodeRef, ReaderLimits, read_xml};
use mooring_sim::{Channel, Contact, Ending, ErrorChain, Reply, Request};
use mooring_tests::host::without_user;
use mooring_tests::{Host, TestServer};

/// Contacts within which the server must have nothing more to do.
const CONTACTS_MAX: usize = 12;

/// The device.
pub(super) struct Mac {
    pub(super) host: Host,
    /// What it says of itself instead of what it is, by key.
    pub(super) told: BTreeMap<&'static str, String>,
    /// The profiles that it was sent, as they came.
    pub(super) bodies: Vec<String>,
    /// Whether its user's messages get through.
    pub(super) has_user_line: bool,
}

impl Mac {
    /// The device of this number, without a user.
    pub(super) fn new(index: u32) -> Self {
        Self::of(Host::without_user(index))
    }

    /// The device of this number, with a user.
    pub(super) fn with_user(index: u32) -> Self {
        Self::of(Host::new(index))
    }

    /// The device of this number, on which a profile never installs.
    pub(super) fn failing(index: u32, identifier: &str) -> Self {
        let mut faults = without_user();
        let chain = ErrorChain::installation(identifier, "MCProfileErrorDomain", 1009, "no");
        faults.failing.insert(identifier.to_owned(), chain);
        Self::of(Host::with_faults(index, faults))
    }

    /// This device.
    pub(super) fn of(host: Host) -> Self {
        let mut mac = Self {
            host,
            told: BTreeMap::new(),
            bodies: Vec::new(),
            has_user_line: true,
        };
        mac.runs("14.4", "23E214");
        mac
    }

    /// It was upgraded.
    pub(super) fn runs(&mut self, os_version: &str, build: &str) {
        self.told.insert("OSVersion", os_version.to_owned());
        self.told.insert("BuildVersion", build.to_owned());
    }

    pub(super) fn id(&self) -> String {
        self.host.id()
    }

    pub(super) fn serial(&self) -> String {
        self.host.device.identity().serial.clone()
    }

    /// One contact.
    pub(super) fn contact(&mut self, server: &TestServer) -> Contact {
        let mut log = self.host.clone();
        log.forget_work();
        let (told, bodies, has_user_line) = (&self.told, &mut self.bodies, self.has_user_line);
        let contact = self.host.device.contact(|channel, request| {
            if channel == Channel::User && !has_user_line {
                return Reply::lost();
            }
            let reply = log.say(server, channel, &retold(request, told));
            bodies.extend(profile_in(&reply.body));
            reply
        });
        self.host.sent.append(&mut log.sent);
        contact
    }

    /// Contacts until the server has nothing more for it; tells what was handed out.
    #[track_caller]
    pub(super) fn settle(&mut self, server: &TestServer) -> Vec<String> {
        for _ in 0..CONTACTS_MAX {
            let contact = self.contact(server);
            let is_over = |ending: Ending| ending.is_idle() || ending == Ending::Silent;
            let is_user_over = !self.has_user_line || is_over(contact.user);
            if is_over(contact.device) && is_user_over {
                return self.host.take_work();
            }
        }
        panic!(
            "no rest after {CONTACTS_MAX} contacts: {:#?}",
            self.host.sent
        );
    }

    /// The server's profiles that it holds.
    pub(super) fn identifiers(&self) -> Vec<String> {
        self.host.identifiers()
    }
}

/// The request with other words for what it tells of itself.
fn retold(request: Request, told: &BTreeMap<&'static str, String>) -> Request {
    let mut text = String::from_utf8(request.body).expect("a device speaks text");
    for (key, value) in told {
        let key = format!("<key>{key}</key>");
        // The query of a command has the names as strings, without keys.
        let Some(at) = text.find(&key).map(|at| at + key.len()) else {
            continue;
        };
        let start = at + text[at..].find("<string>").expect("a text") + "<string>".len();
        let end = start + text[start..].find("</string>").expect("an end");
        text.replace_range(start..end, value);
    }
    Request {
        body: text.into_bytes(),
        ..request
    }
}

/// The profile in a command, if it brings one.
fn profile_in(body: &[u8]) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    let read = read_xml(body, &ReaderLimits::default()).expect("a property list");
    let command = read.document.root().get("Command")?;
    let payload = command.get("Payload").and_then(NodeRef::as_data)?;
    Some(String::from_utf8_lossy(payload).into_owned())
}
