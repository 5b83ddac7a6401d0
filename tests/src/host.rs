//! Simulated devices connected to a [`TestServer`], and a log of what each was told to do.
//!
//! Invariant: whatever a device says, it is answered 200, 400 or 503, and never a command while
//! the one before it has no outcome.

use std::collections::BTreeMap;

use mooring_mdm::plist::{NodeRef, ReaderLimits, read_xml};
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_server::device::{DeviceReply, DeviceRequest};
use mooring_sim::{Channel, Contact, Device, DeviceOptions, Faults, Reply};
use mooring_sim::{OWN_IDENTIFIER, Request};

use crate::TestServer;

/// Contacts within which a fleet must come to rest; a healthy one needs two.
const CONTACTS_MAX: usize = 12;

/// A command that the server handed out, whether or not it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The channel.
    pub channel: Channel,
    /// `CommandUUID`.
    pub uuid: String,
    /// The request type, and the identifier it is about.
    pub what: String,
}

/// A device and what it was told to do.
#[derive(Debug, Clone)]
pub struct Host {
    /// The device.
    pub device: Device,
    /// Every command handed out to it, oldest first.
    pub sent: Vec<Sent>,
}

impl Host {
    /// The device of this number, with a user, in good order.
    pub fn new(index: u32) -> Self {
        Self::with_faults(index, Faults::default())
    }

    /// The device of this number with faults.
    pub fn with_faults(index: u32, faults: Faults) -> Self {
        let options = DeviceOptions {
            seed: 7,
            index,
            has_user: true,
            faults,
        };
        Self {
            device: Device::new(options),
            sent: Vec::new(),
        }
    }

    /// A device without a user, so that there is one channel to look at.
    pub fn without_user(index: u32) -> Self {
        Self::with_faults(index, without_user())
    }

    /// Its id at the server.
    pub fn id(&self) -> String {
        self.device.identity().udid.clone()
    }

    /// One contact.
    pub fn contact(&mut self, server: &TestServer) -> Contact {
        self.contact_through(server, |_, _, reply| reply)
    }

    /// One contact over a line that may change or lose replies.
    pub fn contact_through(
        &mut self,
        server: &TestServer,
        mut line: impl FnMut(Channel, &Request, Reply) -> Reply,
    ) -> Contact {
        let Self { device, sent } = self;
        device.contact(|channel, request| {
            let reply = exchange(server, channel, &request, sent);
            line(channel, &request, reply)
        })
    }

    /// Hands a request to the server outside of any contact, such as a `CheckOut`.
    pub fn say(&mut self, server: &TestServer, channel: Channel, request: &Request) -> Reply {
        exchange(server, channel, request, &mut self.sent)
    }

    /// What was handed out since the last call: request types, with the identifier of a change.
    pub fn take_work(&mut self) -> Vec<String> {
        self.sent.drain(..).map(|sent| sent.what).collect()
    }

    /// Starts the log anew.
    pub fn forget_work(&mut self) {
        self.sent.clear();
    }

    /// How many commands of a request type were handed out since [`Host::take_work`].
    pub fn count(&self, request_type: &str) -> usize {
        let is_such = |sent: &&Sent| sent.what.split(' ').next() == Some(request_type);
        self.sent.iter().filter(is_such).count()
    }

    /// The server's profiles that a channel holds, and their uuids.
    pub fn holds(&self, channel: Channel) -> BTreeMap<String, String> {
        let own = [self.device.enrollment_identifier(), OWN_IDENTIFIER];
        let profiles = self.device.profiles(channel);
        profiles
            .filter(|profile| !own.contains(&profile.identifier.as_str()))
            .map(|profile| (profile.identifier.clone(), profile.uuid.clone()))
            .collect()
    }

    /// The identifiers of [`Host::holds`] on the device channel.
    pub fn identifiers(&self) -> Vec<String> {
        self.holds(Channel::Device).into_keys().collect()
    }
}

/// Faults of a device that has no user.
pub fn without_user() -> Faults {
    Faults {
        is_without_user: true,
        ..Faults::default()
    }
}

/// Devices 0 to `hosts`, in good order.
pub fn fleet(hosts: u32) -> Vec<Host> {
    (0..hosts).map(Host::new).collect()
}

/// Lets every device make contact until the server has nothing more for any of them.
#[track_caller]
pub fn settle(server: &TestServer, hosts: &mut [Host]) {
    for host in hosts {
        settle_one(server, host);
    }
}

/// Lets a device make contact until the server has nothing more for it, and tells how many
/// contacts that took, the idle one included.
#[track_caller]
pub fn settle_one(server: &TestServer, host: &mut Host) -> usize {
    for contacts in 1..=CONTACTS_MAX {
        let contact = host.contact(server);
        let is_over =
            |ending: mooring_sim::Ending| ending.is_idle() || ending == mooring_sim::Ending::Silent;
        // A contact that did work ends with a report, so it is never idle.
        if is_over(contact.device) && is_over(contact.user) {
            return contacts;
        }
    }
    panic!("no rest after {CONTACTS_MAX} contacts: {:#?}", host.sent);
}

/// Carries a request to the server and its reply back; a command is added to `sent`.
pub fn exchange(
    server: &TestServer,
    channel: Channel,
    request: &Request,
    sent: &mut Vec<Sent>,
) -> Reply {
    let reply = server.answer_device(&DeviceRequest::from_anyone(&request.body));
    let status = reply.status();
    assert!([200, 400, 410, 503].contains(&status), "{status}");
    let body = match reply {
        DeviceReply::Command(body) => {
            sent.push(read_command(channel, &body));
            body
        }
        DeviceReply::Plist(body) | DeviceReply::Json(body) => body,
        DeviceReply::Empty
        | DeviceReply::Refused(_)
        | DeviceReply::Dismissed
        | DeviceReply::NoSuchDeclaration
        | DeviceReply::Declined
        | DeviceReply::Unavailable => Vec::new(),
    };
    Reply { status, body }
}

/// Reads a command as the log shows it.
pub fn read_command(channel: Channel, body: &[u8]) -> Sent {
    let read = read_xml(body, &ReaderLimits::default()).expect("a command is a property list");
    let root = read.document.root();
    let text = |node: NodeRef<'_>, key| node.get(key).and_then(NodeRef::as_str).map(str::to_owned);
    let command = root.get("Command").expect("a command");
    let request_type = text(command, "RequestType").expect("a request type");
    let identifier = text(command, "Identifier").or_else(|| {
        let payload = command.get("Payload")?.as_data()?;
        let profile = Profile::parse(payload, &ProfileLimits::default()).ok()?;
        profile
            .identifier()
            .map(|identifier| identifier.to_string())
    });
    Sent {
        channel,
        uuid: text(root, "CommandUUID").expect("a uuid"),
        what: match identifier {
            Some(identifier) => format!("{request_type} {identifier}"),
            None => request_type,
        },
    }
}
