//! Servers that misread messages, or answer what they should not.
//!
//! Knows nothing of the engine. Invariant: what a device hears from such a server, a server with
//! that mistake in its code would say too.

use std::collections::BTreeMap;
use std::sync::Arc;

use mooring_mdm::command::remove_profile;
use mooring_mdm::ids::{CommandUuid, EnrollmentId, HostId, PayloadIdentifier};
use mooring_server::core::Core;
use mooring_server::device::{DeviceReply, DeviceRequest};
use mooring_store::{Change, CommandOutcome, Store};

use super::Tampering;
use super::twist::enrollment;
use crate::log::Who;

/// The text of the first string under a key of a property list that the world wrote.
fn text<'a>(body: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<key>{key}</key>"))?;
    let (_, rest) = rest.split_once("<string>")?;
    rest.split_once("</string>").map(|(text, _)| text)
}

/// The command that a reply carries.
fn request_type(reply: &DeviceReply) -> Option<String> {
    let DeviceReply::Command(bytes) = reply else {
        return None;
    };
    let body = std::str::from_utf8(bytes).ok()?;
    text(body, "RequestType").map(str::to_owned)
}

fn is_change(reply: &DeviceReply) -> bool {
    let change = ["InstallProfile", "RemoveProfile"];
    request_type(reply).is_some_and(|kind| change.contains(&kind.as_str()))
}

/// What a message says, as far as these mistakes look at it.
struct Words<'a> {
    status: &'a str,
    uuid: Option<&'a str>,
    udid: &'a str,
    user: Option<&'a str>,
}

impl<'a> Words<'a> {
    fn of(body: &'a [u8]) -> Option<Self> {
        let body = std::str::from_utf8(body).ok()?;
        Some(Self {
            status: text(body, "Status").unwrap_or_default(),
            uuid: text(body, "CommandUUID"),
            udid: text(body, "UDID")?,
            user: text(body, "UserID"),
        })
    }

    fn enrollment(&self) -> Option<EnrollmentId> {
        let host = HostId::parse(self.udid).ok()?;
        match self.user {
            Some(user) => EnrollmentId::user(host, user).ok(),
            None => Some(EnrollmentId::device(host)),
        }
    }

    /// The same sender, asking for work.
    fn idle(&self) -> Vec<u8> {
        let user = self.user.map_or_else(String::new, |user| {
            format!("<key>UserID</key><string>{user}</string>")
        });
        let udid = self.udid;
        format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\
             <key>Status</key><string>Idle</string><key>UDID</key><string>{udid}</string>{user}\
             </dict></plist>"
        )
        .into_bytes()
    }
}

fn contains(body: &[u8], text: &str) -> bool {
    std::str::from_utf8(body).is_ok_and(|body| body.contains(text))
}

fn ask(core: &Core, body: &[u8]) -> DeviceReply {
    core.answer_device(&DeviceRequest::from_anyone(body))
}

/// Reads each message otherwise than it is.
pub(super) struct Misread(pub(super) fn(&str) -> Option<String>);

impl Tampering for Misread {
    fn answer(&mut self, core: &Core, _who: Who, body: &[u8]) -> DeviceReply {
        let misread = std::str::from_utf8(body).ok().and_then(self.0);
        ask(core, misread.as_ref().map_or(body, |body| body.as_bytes()))
    }
}

/// A list that is cut or missing is what there is.
pub(super) fn complete_list(body: &str) -> Option<String> {
    let is_list = body.contains("<key>ProfileList</key>");
    let is_broken = body.contains("<string>unavailable</string>");
    if !is_list || !is_broken {
        return None;
    }
    Some(body.replace("<string>unavailable</string>", "<array/>"))
}

/// "Not found" is an error like any other.
pub(super) fn not_found_is_an_error(body: &str) -> Option<String> {
    let is_it = body.contains("<string>MDMClientError</string>");
    is_it.then(|| body.replace("MDMClientError", "MCInstallationErrorDomain"))
}

/// Every enrollment has the same push magic.
pub(super) fn same_magic(body: &str) -> Option<String> {
    let magic = text(body, "PushMagic")?;
    Some(body.replace(
        &format!("<string>{magic}</string>"),
        "<string>MAGIC</string>",
    ))
}

/// Takes any report for a request for more work, if it has nothing else to say to it.
pub(super) struct AsksForWork(pub(super) fn(&str) -> bool);

impl Tampering for AsksForWork {
    fn answer(&mut self, core: &Core, _who: Who, body: &[u8]) -> DeviceReply {
        let reply = ask(core, body);
        match (&reply, Words::of(body)) {
            (DeviceReply::Empty, Some(words)) if (self.0)(words.status) => ask(core, &words.idle()),
            _ => reply,
        }
    }
}

/// Hands a command out until a report on it comes.
#[derive(Default)]
pub(super) struct Stuck {
    open: BTreeMap<Who, Vec<u8>>,
}

impl Tampering for Stuck {
    fn answer(&mut self, core: &Core, who: Who, body: &[u8]) -> DeviceReply {
        let is_idle = Words::of(body).is_some_and(|words| words.status == "Idle");
        if let (true, Some(open)) = (is_idle, self.open.get(&who)) {
            return DeviceReply::Command(open.clone());
        }
        let reply = ask(core, body);
        self.open.remove(&who);
        if let DeviceReply::Command(bytes) = &reply {
            self.open.insert(who, bytes.clone());
        }
        reply
    }
}

/// Makes commands when it hears of a device, and hands them out when it hears of it again.
#[derive(Default)]
pub(super) struct Queued {
    waiting: BTreeMap<Who, DeviceReply>,
}

impl Tampering for Queued {
    fn answer(&mut self, core: &Core, who: Who, body: &[u8]) -> DeviceReply {
        let is_idle = Words::of(body).is_some_and(|words| words.status == "Idle");
        if is_idle && let Some(reply) = self.waiting.remove(&who) {
            return reply;
        }
        let reply = ask(core, body);
        if is_change(&reply) {
            self.waiting.insert(who, reply);
            return DeviceReply::Empty;
        }
        reply
    }
}

/// Makes a command when a device enrolls anew, for what it was, and hands it out after.
#[derive(Default)]
pub(super) struct OldCommands {
    made: BTreeMap<Who, DeviceReply>,
}

impl Tampering for OldCommands {
    fn answer(&mut self, core: &Core, who: Who, body: &[u8]) -> DeviceReply {
        let Some(words) = Words::of(body) else {
            return ask(core, body);
        };
        let is_authenticate = contains(body, "<string>Authenticate</string>");
        if is_authenticate {
            let old = ask(core, &words.idle());
            if is_change(&old) {
                self.made.insert(who, old);
            }
        }
        if words.status != "Idle" {
            return ask(core, body);
        }
        match self.made.remove(&who) {
            Some(old) => old,
            None => ask(core, body),
        }
    }
}

/// Removes what it is about to replace.
#[derive(Default)]
pub(super) struct RemovesFirst {
    store: Option<Arc<dyn Store>>,
}

impl RemovesFirst {
    /// The removal that this server sends in place of a replacement.
    fn removal(&self, words: &Words<'_>, reply: &DeviceReply) -> Option<Vec<u8>> {
        let DeviceReply::Command(bytes) = reply else {
            return None;
        };
        let uuid = text(std::str::from_utf8(bytes).ok()?, "CommandUUID")?;
        let uuid = CommandUuid::parse(uuid).ok()?;
        let store = self.store.as_deref()?;
        let record = enrollment(store, &words.enrollment()?)?;
        let command = &record.sync.in_flight.as_ref()?.command;
        let identifier: &PayloadIdentifier = command.identifier()?;
        record.sync.uuid_of(identifier)?;
        Some(remove_profile(&uuid, identifier))
    }
}

impl Tampering for RemovesFirst {
    fn store(&mut self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        self.store = Some(Arc::clone(&store));
        store
    }

    fn answer(&mut self, core: &Core, _who: Who, body: &[u8]) -> DeviceReply {
        let reply = ask(core, body);
        if request_type(&reply).as_deref() != Some("InstallProfile") {
            return reply;
        }
        let removal = Words::of(body).and_then(|words| self.removal(&words, &reply));
        removal.map_or(reply, DeviceReply::Command)
    }
}

/// Does not hear reports on commands that it does not know.
#[derive(Default)]
pub(super) struct DeafToProofs {
    store: Option<Arc<dyn Store>>,
}

impl DeafToProofs {
    fn knows(&self, words: &Words<'_>) -> Option<bool> {
        let store = self.store.as_deref()?;
        let known = store.commands(&words.enrollment()?, usize::MAX).ok()?;
        let uuid = words.uuid?;
        Some(known.iter().any(|command| command.uuid.as_str() == uuid))
    }
}

impl Tampering for DeafToProofs {
    fn store(&mut self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        self.store = Some(Arc::clone(&store));
        store
    }

    fn answer(&mut self, core: &Core, _who: Who, body: &[u8]) -> DeviceReply {
        let is_known = Words::of(body).and_then(|words| self.knows(&words));
        if is_known == Some(false) {
            return DeviceReply::Empty;
        }
        ask(core, body)
    }
}

/// Takes a late "not now" for a word on what was done meanwhile.
#[derive(Default)]
pub(super) struct Reopens {
    store: Option<Arc<dyn Store>>,
}

impl Reopens {
    fn reopen(&self, words: &Words<'_>) -> Option<()> {
        let store = self.store.as_deref()?;
        let id = words.enrollment()?;
        let known = store.commands(&id, usize::MAX).ok()?;
        let uuid = words.uuid?;
        let late = known.iter().find(|command| command.uuid.as_str() == uuid)?;
        let identifier = late.identifier.as_ref()?;
        let mut record = enrollment(store, &id)?;
        let is_done = known.iter().any(|command| {
            command.identifier == late.identifier
                && command.sequence > late.sequence
                && command.outcome == Some(CommandOutcome::Acknowledged)
        });
        let observed = record.sync.observed.as_mut().filter(|_| is_done)?;
        observed.set = observed.set.retaining(|known, _| known != identifier);
        record.sync.unproven.remove(identifier);
        store.commit(vec![Change::Enrollment(record)]).ok()
    }
}

impl Tampering for Reopens {
    fn store(&mut self, store: Arc<dyn Store>) -> Arc<dyn Store> {
        self.store = Some(Arc::clone(&store));
        store
    }

    fn answer(&mut self, core: &Core, _who: Who, body: &[u8]) -> DeviceReply {
        let reply = ask(core, body);
        if let Some(words) = Words::of(body).filter(|words| words.status == "NotNow") {
            // A message that is not late reopens nothing.
            let _ = self.reopen(&words);
        }
        reply
    }
}
