//! The messages a device sends.
//!
//! Knows nothing of what they lead to. Invariant: the bytes say exactly what `heard` says.
//! See <https://developer.apple.com/documentation/devicemanagement/check-in> and
//! <https://developer.apple.com/documentation/devicemanagement/commands-and-queries>.

use mooring_mdm::ids::Channel;

use super::xml::Writer;
use super::{Device, Packet, udid, user_id};
use crate::log::{Heard, Listed, Reported, Told};

const TOPIC: &str = "com.apple.mgmt.External.5f1d3c52-8a6e-4c1b-9d0e-2b7a4f6c8e31";

/// How a list is damaged, if it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Damage {
    /// Not at all.
    None,
    /// There is no list.
    Missing,
    /// The last entry lacks its uuid.
    Entry,
    /// There is a text in place of the list.
    Kind,
}

impl Device {
    pub(super) fn authenticate(&self) -> Packet {
        let told = self.told();
        let mut xml = Writer::new();
        xml.string("MessageType", "Authenticate");
        xml.string("Topic", TOPIC);
        xml.string("DeviceName", "A simulated Mac");
        attributes(&mut xml, &told);
        self.packet(Channel::Device, xml, Heard::Authenticate { told })
    }

    pub(super) fn token_update(&self, channel: Channel) -> Packet {
        let number = self.side(channel).map_or(0, |side| side.magic);
        let magic = format!("MAGIC-{}-{channel:?}-{number}", self.serial);
        let mut xml = Writer::new();
        xml.string("MessageType", "TokenUpdate");
        xml.string("Topic", TOPIC);
        xml.string("PushMagic", &magic);
        xml.data("Token", format!("{magic:0>32}").as_bytes());
        let is_awaiting_configuration = self.is_being_set_up.then_some(true);
        if let Some(flag) = is_awaiting_configuration {
            xml.flag("AwaitingConfiguration", flag);
        }
        let heard = Heard::TokenUpdate {
            magic,
            is_awaiting_configuration,
        };
        self.packet(channel, xml, heard)
    }

    pub(super) fn check_out(&self) -> Packet {
        let mut xml = Writer::new();
        xml.string("MessageType", "CheckOut");
        xml.string("Topic", TOPIC);
        self.packet(Channel::Device, xml, Heard::CheckOut)
    }

    pub(super) fn idle(&self, channel: Channel) -> Packet {
        let mut xml = Writer::new();
        xml.string("Status", "Idle");
        self.packet(channel, xml, Heard::Idle)
    }

    /// A report without an answer of its own.
    pub(super) fn report(&self, channel: Channel, uuid: &str, outcome: Reported) -> Packet {
        let mut xml = Writer::new();
        let status = match &outcome {
            Reported::Acknowledged { .. } => "Acknowledged",
            Reported::NotNow => "NotNow",
            Reported::Error { .. } => "Error",
            Reported::CommandFormatError => "CommandFormatError",
        };
        xml.string("Status", status);
        xml.string("CommandUUID", uuid);
        if let Reported::Error { chain } = &outcome {
            xml.open("ErrorChain", "array");
            for (domain, code) in chain {
                xml.begin("dict");
                xml.string("ErrorDomain", domain);
                xml.integer("ErrorCode", *code);
                xml.string("USEnglishDescription", "It did not work.");
                xml.string("LocalizedDescription", "It did not work.");
                xml.close("dict");
            }
            xml.close("array");
        }
        let uuid = uuid.to_owned();
        self.packet(channel, xml, Heard::Result { uuid, outcome })
    }

    pub(super) fn information(&self, channel: Channel, uuid: &str) -> Packet {
        let told = self.told();
        let mut xml = acknowledged(uuid);
        xml.open("QueryResponses", "dict");
        attributes(&mut xml, &told);
        xml.string("DeviceName", "A simulated Mac");
        xml.flag("IsSupervised", true);
        xml.close("dict");
        let outcome = Reported::Acknowledged {
            profiles: None,
            told: Some(told),
        };
        let uuid = uuid.to_owned();
        self.packet(channel, xml, Heard::Result { uuid, outcome })
    }

    pub(super) fn list(&self, channel: Channel, uuid: &str, damage: Damage) -> Packet {
        let mut xml = acknowledged(uuid);
        let profiles = self.side(channel).map(|side| &side.profiles);
        let profiles: Vec<_> = profiles.into_iter().flatten().collect();
        match damage {
            Damage::None | Damage::Entry => {
                xml.open("ProfileList", "array");
                let cut = (damage == Damage::Entry).then(|| profiles.len().saturating_sub(1));
                for (place, (identifier, installed)) in profiles.iter().enumerate() {
                    let uuid = (cut != Some(place)).then_some(installed.uuid.as_str());
                    entry(&mut xml, identifier, uuid);
                }
                xml.close("array");
            }
            Damage::Kind => xml.string("ProfileList", "unavailable"),
            Damage::Missing => {}
        }
        let listed = if damage == Damage::None {
            let whole = profiles
                .iter()
                .map(|(identifier, installed)| ((*identifier).clone(), installed.uuid.clone()));
            Listed::Complete(whole.collect())
        } else {
            Listed::Incomplete
        };
        let outcome = Reported::Acknowledged {
            profiles: Some(listed),
            told: None,
        };
        let uuid = uuid.to_owned();
        self.packet(channel, xml, Heard::Result { uuid, outcome })
    }

    fn packet(&self, channel: Channel, mut xml: Writer, heard: Heard) -> Packet {
        xml.string("UDID", &udid(self.host));
        if channel == Channel::User {
            xml.string("UserID", &user_id(self.host));
            xml.string("UserShortName", "user");
            xml.string("UserLongName", "A User");
        }
        Packet {
            who: self.who(channel),
            body: xml.finish(),
            heard,
        }
    }
}

fn acknowledged(uuid: &str) -> Writer {
    let mut xml = Writer::new();
    xml.string("Status", "Acknowledged");
    xml.string("CommandUUID", uuid);
    xml
}

fn attributes(xml: &mut Writer, told: &Told) {
    xml.string("BuildVersion", &told.build);
    xml.string("Model", &told.model);
    xml.string("OSVersion", &told.os_version);
    xml.string("SerialNumber", &told.serial);
}

fn entry(xml: &mut Writer, identifier: &str, uuid: Option<&str>) {
    xml.begin("dict");
    xml.flag("HasRemovalPasscode", false);
    xml.flag("IsEncrypted", false);
    xml.open("PayloadContent", "array");
    xml.begin("dict");
    xml.string("PayloadDisplayName", "Settings");
    xml.string("PayloadIdentifier", "org.example.settings.1");
    xml.string("PayloadType", "org.example.settings");
    xml.string("PayloadUUID", "0B6E8E0C-8D0C-4F4E-9E53-0E1C1C2F3A77");
    xml.integer("PayloadVersion", 1);
    xml.close("dict");
    xml.close("array");
    xml.string("PayloadDisplayName", "A profile");
    xml.string("PayloadIdentifier", identifier);
    if let Some(uuid) = uuid {
        xml.string("PayloadUUID", uuid);
    }
    xml.integer("PayloadVersion", 1);
    xml.close("dict");
}
