//! Commands as the property lists that devices read: made here, or made by an administrator.
//!
//! Knows nothing of why a command is sent. Invariant: a command carries the uuid it is given, and
//! a profile's bytes exactly as stored; one that an administrator made is read and never changed.
//!
//! See <https://developer.apple.com/documentation/devicemanagement/commands-and-queries>.

use crate::finding::Finding;
use crate::ids::{CommandUuid, ID_BYTES_MAX, IdError, PayloadIdentifier};
use crate::message::text;
use crate::plist::{ReaderLimits, XmlWriter, read_xml};

/// Limits of a command that an administrator hands in: larger than any message of a device, since
/// it may carry a profile or an app's manifest.
pub const RAW_COMMAND_LIMITS: ReaderLimits = ReaderLimits {
    bytes: 16 * 1024 * 1024,
    depth: 64,
    nodes: 200_000,
};

/// The attributes asked for with `DeviceInformation`.
///
/// See <https://developer.apple.com/documentation/devicemanagement/deviceinformationcommand>.
pub const QUERIES: [&str; 6] = [
    "OSVersion",
    "BuildVersion",
    "Model",
    "SerialNumber",
    "IsSupervised",
    "DeviceName",
];

/// `InstallProfile` with a profile's bytes.
///
/// See <https://developer.apple.com/documentation/devicemanagement/installprofilecommand>.
pub fn install_profile(uuid: &CommandUuid, raw: &[u8]) -> Vec<u8> {
    command(uuid, "InstallProfile", |xml| {
        xml.key("Payload").data(raw);
    })
}

/// `RemoveProfile` of one identifier.
///
/// See <https://developer.apple.com/documentation/devicemanagement/removeprofilecommand>.
pub fn remove_profile(uuid: &CommandUuid, identifier: &PayloadIdentifier) -> Vec<u8> {
    command(uuid, "RemoveProfile", |xml| {
        xml.key("Identifier").string(identifier.as_str());
    })
}

/// `ProfileList` in full: `IsManaged` is absent on macOS, so asking for managed profiles only
/// would make a Mac's own list and ours differ silently.
///
/// See <https://developer.apple.com/documentation/devicemanagement/profilelistcommand>.
pub fn profile_list(uuid: &CommandUuid) -> Vec<u8> {
    command(uuid, "ProfileList", |_| {})
}

/// `DeviceInformation` for [`QUERIES`].
pub fn device_information(uuid: &CommandUuid) -> Vec<u8> {
    command(uuid, "DeviceInformation", |xml| {
        xml.key("Queries").begin_array();
        for query in QUERIES {
            xml.string(query);
        }
        xml.end();
    })
}

fn command(
    uuid: &CommandUuid,
    request_type: &str,
    arguments: impl FnOnce(&mut XmlWriter),
) -> Vec<u8> {
    let mut xml = XmlWriter::new();
    xml.begin_dictionary().key("Command").begin_dictionary();
    xml.key("RequestType").string(request_type);
    arguments(&mut xml);
    xml.end().key("CommandUUID").string(uuid.as_str()).end();
    xml.finish()
}

/// What a command says of itself that was made elsewhere. Its bytes go to the device as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawCommand {
    /// `CommandUUID`.
    pub uuid: CommandUuid,
    /// `RequestType` of its `Command`; at most [`ID_BYTES_MAX`] bytes without control characters.
    pub request_type: String,
}

/// Why bytes are not a command.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RawCommandError {
    /// It is a binary property list.
    #[error("the command is a binary property list; convert it to XML")]
    Binary,
    /// It is not a strict XML property list.
    #[error("the command is not a property list: {0}")]
    Plist(Finding),
    /// A key that every command needs is absent, empty or of another type.
    #[error("the command has no {key}, which must be a {form}")]
    Missing {
        /// The key.
        key: &'static str,
        /// What its value must be.
        form: &'static str,
    },
    /// Its `CommandUUID` cannot be one.
    #[error("the command names nothing that can be: {0}")]
    Uuid(IdError),
    /// Its `RequestType` cannot be one.
    #[error("RequestType is too long or contains a control character")]
    RequestType,
}

impl RawCommand {
    /// Reads a command strictly, within [`RAW_COMMAND_LIMITS`]. Beside uuid and type nothing is
    /// looked at: what a command means is between the administrator and the device.
    ///
    /// # Errors
    /// [`RawCommandError`] if it is no XML property list, or lacks `CommandUUID`, `Command` or
    /// its `RequestType`.
    pub fn parse(body: &[u8]) -> Result<Self, RawCommandError> {
        if body.starts_with(b"bplist") {
            return Err(RawCommandError::Binary);
        }
        let read = read_xml(body, &RAW_COMMAND_LIMITS).map_err(RawCommandError::Plist)?;
        let root = read.document.root();
        let missing = |key, form| RawCommandError::Missing { key, form };
        let uuid = text(root, "CommandUUID").ok_or(missing("CommandUUID", "string"))?;
        let uuid = CommandUuid::parse(uuid).map_err(RawCommandError::Uuid)?;
        let command = root
            .get("Command")
            .filter(|command| command.is_dictionary());
        let command = command.ok_or(missing("Command", "dictionary"))?;
        let key = "RequestType";
        let request_type = text(command, key).ok_or(missing(key, "string in Command"))?;
        if request_type.len() > ID_BYTES_MAX || request_type.chars().any(char::is_control) {
            return Err(RawCommandError::RequestType);
        }
        Ok(Self {
            uuid,
            request_type: request_type.to_owned(),
        })
    }
}
