//! What a device reads from a reply: the command and, of a profile, its name and revision.
//!
//! Knows nothing of how it is carried out. Invariant: what cannot be read is no command.

use super::xml;
use crate::log::Ordered;

/// A command as it arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Order {
    /// Its `CommandUUID`, as the server named it.
    pub(crate) uuid: String,
    /// What is to be done.
    pub(crate) command: Ordered,
}

impl Order {
    /// Reads the body of a reply.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(body).ok()?;
        let uuid = xml::last(text, "CommandUUID")?.to_owned();
        let command = match xml::first(text, "RequestType")? {
            "ProfileList" => Ordered::List,
            "DeviceInformation" => Ordered::Information,
            "InstallProfile" => {
                let profile = xml::data(xml::first(text, "Payload")?)?;
                let profile = std::str::from_utf8(&profile).ok()?;
                Ordered::Install {
                    // The keys of the profile itself stand behind those of its payloads.
                    identifier: xml::last(profile, "PayloadIdentifier")?.to_owned(),
                    uuid: xml::last(profile, "PayloadUUID")?.to_uppercase(),
                }
            }
            "RemoveProfile" => Ordered::Remove {
                identifier: xml::first(text, "Identifier")?.to_owned(),
            },
            other => Ordered::Other(other.to_owned()),
        };
        Some(Self { uuid, command })
    }
}
