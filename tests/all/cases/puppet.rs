//! A device whose every word a test chooses.
//!
//! Knows nothing of what the server should do. Invariants: it reads commands and says what it is
//! told to say, in any order and as often as a test wants; left to itself it is an honest device.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::plist::{NodeRef, ReaderLimits, read_xml};
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_server::device::{DeviceReply, DeviceRequest};
use mooring_tests::TestServer;

/// Commands in one contact after which a server goes in circles.
const COMMANDS_MAX: usize = 500;

/// A command as the device reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Order {
    /// `CommandUUID`.
    pub(super) uuid: String,
    /// `RequestType`.
    pub(super) request_type: String,
    /// The profile that it is about.
    pub(super) identifier: Option<String>,
    /// The uuid of the profile that it brings.
    pub(super) payload_uuid: Option<String>,
}

impl Order {
    /// As the kit's log shows it.
    pub(super) fn what(&self) -> String {
        match &self.identifier {
            Some(identifier) => format!("{} {identifier}", self.request_type),
            None => self.request_type.clone(),
        }
    }

    fn read(body: &[u8]) -> Self {
        let read = read_xml(body, &ReaderLimits::default()).expect("a property list");
        let root = read.document.root();
        let text =
            |node: NodeRef<'_>, key| node.get(key).and_then(NodeRef::as_str).map(str::to_owned);
        let command = root.get("Command").expect("a command");
        let payload = command.get("Payload").and_then(NodeRef::as_data);
        let profile = payload
            .map(|bytes| Profile::parse(bytes, &ProfileLimits::default()).expect("a profile"));
        let carried = profile.as_ref().and_then(Profile::identifier);
        Self {
            uuid: text(root, "CommandUUID").expect("a uuid"),
            request_type: text(command, "RequestType").expect("a request type"),
            identifier: carried
                .map(|identifier| identifier.to_string())
                .or_else(|| text(command, "Identifier")),
            payload_uuid: profile.and_then(|profile| Some(profile.uuid()?.to_string())),
        }
    }
}

/// The device.
#[derive(Debug, Clone)]
pub(super) struct Puppet {
    /// What it calls itself.
    pub(super) udid: String,
    /// The user whose channel speaks.
    pub(super) user: Option<String>,
    /// `SerialNumber`.
    pub(super) serial: String,
    /// `DeviceName`.
    pub(super) name: String,
    /// `Model`.
    pub(super) model: String,
    /// `OSVersion` and `BuildVersion`.
    pub(super) system: (String, String),
    /// `PushMagic`.
    pub(super) magic: String,
    /// `Token`, in base64.
    pub(super) token: String,
    /// What its list shows: identifiers and uuids.
    pub(super) profiles: BTreeMap<String, String>,
    /// Every command that it got, oldest first.
    pub(super) got: Vec<Order>,
}

impl Puppet {
    /// The device of this number.
    pub(super) fn new(number: u32) -> Self {
        Self {
            udid: format!("{number:08X}-0000-4000-8000-00000000CA5E"),
            user: None,
            serial: format!("CASE{number:06}"),
            name: format!("Case {number}"),
            model: "MacBookPro18,3".to_owned(),
            system: ("14.4".to_owned(), "23E214".to_owned()),
            magic: format!("magic-{number}"),
            token: "AAECAwQFBgcICQ==".to_owned(),
            profiles: BTreeMap::new(),
            got: Vec::new(),
        }
    }

    /// The same device, enrolled and without work done.
    pub(super) fn enrolled(number: u32, server: &TestServer) -> Self {
        let mut puppet = Self::new(number);
        puppet.enroll(server);
        puppet
    }

    /// The same device, enrolled and at rest.
    pub(super) fn settled(number: u32, server: &TestServer) -> Self {
        let mut puppet = Self::enrolled(number, server);
        puppet.contact(server);
        puppet.got.clear();
        puppet
    }

    /// Its name at the server.
    pub(super) fn id(&self) -> String {
        self.udid.clone()
    }

    pub(super) fn authenticate(&mut self, server: &TestServer) {
        let (os_version, build) = self.system.clone();
        let fields = [
            ("BuildVersion", build),
            ("DeviceName", self.name.clone()),
            ("Model", self.model.clone()),
            ("OSVersion", os_version),
            ("SerialNumber", self.serial.clone()),
        ];
        self.check_in(server, "Authenticate", &strings(&fields));
    }

    pub(super) fn token_update(&mut self, server: &TestServer, is_awaiting_configuration: bool) {
        let rest = format!(
            "<key>AwaitingConfiguration</key><{is_awaiting_configuration}/>\
             <key>PushMagic</key><string>{}</string><key>Token</key><data>{}</data>",
            self.magic, self.token
        );
        self.check_in(server, "TokenUpdate", &rest);
    }

    pub(super) fn check_out(&mut self, server: &TestServer) {
        self.check_in(server, "CheckOut", "");
    }

    /// `Authenticate`, then `TokenUpdate`.
    pub(super) fn enroll(&mut self, server: &TestServer) {
        self.authenticate(server);
        self.token_update(server, false);
    }

    pub(super) fn idle(&mut self, server: &TestServer) -> Option<Order> {
        self.report(server, "Idle", None, "")
    }

    /// Does what it is told, without a word about it.
    pub(super) fn carry_out(&mut self, order: &Order) {
        let identifier = || order.identifier.clone().expect("a profile");
        match order.request_type.as_str() {
            "InstallProfile" => {
                let uuid = order.payload_uuid.clone().expect("a uuid");
                self.profiles.insert(identifier(), uuid);
            }
            "RemoveProfile" => drop(self.profiles.remove(&identifier())),
            _ => {}
        }
    }

    /// `Acknowledged`, with an honest answer; nothing is carried out.
    pub(super) fn acknowledge(&mut self, server: &TestServer, order: &Order) -> Option<Order> {
        let answer = self.answer_to(order);
        self.report(server, "Acknowledged", Some(&order.uuid), &answer)
    }

    /// The part of an acknowledgement that answers.
    fn answer_to(&self, order: &Order) -> String {
        match order.request_type.as_str() {
            "ProfileList" => list_answer(&self.profiles),
            "DeviceInformation" => self.information(),
            _ => String::new(),
        }
    }

    /// Carries it out and says so.
    pub(super) fn obey(&mut self, server: &TestServer, order: &Order) -> Option<Order> {
        self.carry_out(order);
        self.acknowledge(server, order)
    }

    pub(super) fn not_now(&mut self, server: &TestServer, order: &Order) -> Option<Order> {
        self.report(server, "NotNow", Some(&order.uuid), "")
    }

    /// `Error` with these domains and codes, outermost first.
    pub(super) fn error(
        &mut self,
        server: &TestServer,
        order: &Order,
        chain: &[(&str, i64)],
    ) -> Option<Order> {
        self.report(server, "Error", Some(&order.uuid), &error_chain(chain))
    }

    /// An honest contact; tells what it got in it.
    pub(super) fn contact(&mut self, server: &TestServer) -> Vec<String> {
        self.contact_until(server, |_| false)
    }

    /// An honest contact that breaks off, without a word, at the first command that is such.
    pub(super) fn contact_until(
        &mut self,
        server: &TestServer,
        is_such: impl Fn(&Order) -> bool,
    ) -> Vec<String> {
        let before = self.got.len();
        let mut next = self.idle(server);
        while let Some(order) = next {
            assert!(self.got.len() - before < COMMANDS_MAX, "it goes in circles");
            if is_such(&order) {
                break;
            }
            next = self.obey(server, &order);
        }
        self.got[before..].iter().map(Order::what).collect()
    }

    /// Contacts until one brings nothing; tells what it got in all of them.
    #[track_caller]
    pub(super) fn settle(&mut self, server: &TestServer) -> Vec<String> {
        let mut work = Vec::new();
        for _ in 0..12 {
            let more = self.contact(server);
            if more.is_empty() {
                return work;
            }
            work.extend(more);
        }
        panic!("no rest: {work:#?}");
    }

    /// Enrolls anew and makes one contact, whatever the server answers.
    pub(super) fn bear_with(&mut self, server: &TestServer) {
        for kind in ["Authenticate", "TokenUpdate"] {
            let rest = match kind {
                "TokenUpdate" => format!(
                    "<key>PushMagic</key><string>{}</string><key>Token</key><data>{}</data>",
                    self.magic, self.token
                ),
                _ => strings(&[("SerialNumber", self.serial.clone())]),
            };
            let topic = "<key>Topic</key><string>com.apple.mgmt.External.cases</string>";
            let message = format!("<key>MessageType</key><string>{kind}</string>{topic}{rest}");
            self.say(server, &message);
        }
        let mut next = self.say(server, "<key>Status</key><string>Idle</string>").1;
        while let Some(order) = next {
            self.carry_out(&order);
            let answer = self.answer_to(&order);
            let report = format!(
                "<key>Status</key><string>Acknowledged</string>\
                 <key>CommandUUID</key><string>{}</string>{answer}",
                order.uuid
            );
            next = self.say(server, &report).1;
        }
    }

    /// A report; gives the next command.
    pub(super) fn report(
        &mut self,
        server: &TestServer,
        status: &str,
        uuid: Option<&str>,
        rest: &str,
    ) -> Option<Order> {
        let uuid = uuid.map_or_else(String::new, |uuid| {
            format!("<key>CommandUUID</key><string>{uuid}</string>")
        });
        let body = format!("<key>Status</key><string>{status}</string>{uuid}{rest}");
        let (code, order) = self.say(server, &body);
        assert_eq!(code, 200, "{body}");
        order
    }

    /// Any message of this channel; gives the answer's status and command.
    pub(super) fn say(&mut self, server: &TestServer, rest: &str) -> (u16, Option<Order>) {
        let user = self.user.as_ref().map_or_else(String::new, |user| {
            format!(
                "<key>UserID</key><string>{user}</string>\
                 <key>UserShortName</key><string>case</string>"
            )
        });
        let body = format!(
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?><plist version=\"1.0\"><dict>\
             <key>UDID</key><string>{}</string>{user}{rest}</dict></plist>",
            self.udid
        );
        let reply = server.answer_device(&DeviceRequest::from_anyone(body.as_bytes()));
        let order = match &reply {
            DeviceReply::Command(body) => Some(Order::read(body)),
            DeviceReply::Plist(_)
            | DeviceReply::Json(_)
            | DeviceReply::Empty
            | DeviceReply::Refused(_)
            | DeviceReply::Dismissed
            | DeviceReply::NoSuchDeclaration
            | DeviceReply::Declined
            | DeviceReply::Unavailable => None,
        };
        self.got.extend(order.clone());
        (reply.status(), order)
    }

    /// How many commands of a request type it got.
    pub(super) fn count(&self, request_type: &str) -> usize {
        let is_such = |order: &&Order| order.request_type == request_type;
        self.got.iter().filter(is_such).count()
    }

    /// The uuids of the commands of a request type; one that came again counts once.
    pub(super) fn uuids(&self, request_type: &str) -> BTreeSet<&str> {
        let such = self.got.iter();
        let such = such.filter(|order| order.request_type == request_type);
        such.map(|order| order.uuid.as_str()).collect()
    }

    /// The identifiers that it has.
    pub(super) fn holds(&self) -> Vec<&str> {
        self.profiles.keys().map(String::as_str).collect()
    }

    fn check_in(&mut self, server: &TestServer, message_type: &str, rest: &str) {
        let body = format!(
            "<key>MessageType</key><string>{message_type}</string>\
             <key>Topic</key><string>com.apple.mgmt.External.cases</string>{rest}"
        );
        let (status, order) = self.say(server, &body);
        assert_eq!((status, order), (200, None), "{body}");
    }

    fn information(&self) -> String {
        let (os_version, build) = self.system.clone();
        let fields = [
            ("BuildVersion", build),
            ("DeviceName", self.name.clone()),
            ("Model", self.model.clone()),
            ("OSVersion", os_version),
            ("SerialNumber", self.serial.clone()),
        ];
        format!("<key>QueryResponses</key><dict>{}</dict>", strings(&fields))
    }
}

/// The part of an answer that lists these profiles.
pub(super) fn list_answer(profiles: &BTreeMap<String, String>) -> String {
    let entries = profiles.iter().map(|(identifier, uuid)| {
        let (identifier, uuid) = (identifier.clone(), uuid.clone());
        let fields = [("PayloadIdentifier", identifier), ("PayloadUUID", uuid)];
        format!("<dict>{}</dict>", strings(&fields))
    });
    let entries: Vec<_> = entries.collect();
    format!("<key>ProfileList</key><array>{}</array>", entries.concat())
}

/// The part of a report that says what went wrong.
fn error_chain(chain: &[(&str, i64)]) -> String {
    let entries = chain.iter().map(|(domain, code)| {
        format!(
            "<dict><key>ErrorCode</key><integer>{code}</integer>\
             <key>ErrorDomain</key><string>{domain}</string>\
             <key>LocalizedDescription</key><string>It was told to fail.</string></dict>"
        )
    });
    let entries: Vec<_> = entries.collect();
    format!("<key>ErrorChain</key><array>{}</array>", entries.concat())
}

fn strings(fields: &[(&str, String)]) -> String {
    let entries = fields.iter();
    let entries: Vec<_> = entries
        .map(|(key, text)| format!("<key>{key}</key><string>{text}</string>"))
        .collect();
    entries.concat()
}
