//! Commands as the property lists that devices read: made here, or made by an administrator.
//!
//! Knows nothing of why a command is sent. Invariant: a command carries the uuid it is given, and
//! a profile's bytes exactly as stored; one that an administrator made is read and never changed.
//!
//! See <https://developer.apple.com/documentation/devicemanagement/commands-and-queries>.

use crate::finding::Finding;
use crate::ids::{CommandUuid, ID_BYTES_MAX, IdError, PayloadIdentifier};
use crate::message::text;
use crate::plist::{Base64, ReaderLimits, XmlWriter, view_xml};

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
    install_encoded_profile(uuid, &Base64::of(raw))
}

/// The same with bytes that were encoded before, in one allocation.
pub fn install_encoded_profile(uuid: &CommandUuid, payload: &Base64) -> Vec<u8> {
    command(uuid, "InstallProfile", payload.len(), |xml| {
        xml.key("Payload").encoded(payload);
    })
}

/// `RemoveProfile` of one identifier.
///
/// See <https://developer.apple.com/documentation/devicemanagement/removeprofilecommand>.
pub fn remove_profile(uuid: &CommandUuid, identifier: &PayloadIdentifier) -> Vec<u8> {
    command(uuid, "RemoveProfile", ID_BYTES_MAX, |xml| {
        xml.key("Identifier").string(identifier.as_str());
    })
}

/// `ProfileList` in full: `IsManaged` is absent on macOS, so asking for managed profiles only
/// would make a Mac's own list and ours differ silently.
///
/// See <https://developer.apple.com/documentation/devicemanagement/profilelistcommand>.
pub fn profile_list(uuid: &CommandUuid) -> Vec<u8> {
    command(uuid, "ProfileList", 0, |_| {})
}

/// `DeviceInformation` for [`QUERIES`].
pub fn device_information(uuid: &CommandUuid) -> Vec<u8> {
    command(uuid, "DeviceInformation", 256, |xml| {
        xml.key("Queries").begin_array();
        for query in QUERIES {
            xml.string(query);
        }
        xml.end();
    })
}

/// Bytes of a command around its arguments and uuid.
const FRAME_BYTES: usize = 512;

fn command(
    uuid: &CommandUuid,
    request_type: &str,
    arguments_bytes: usize,
    arguments: impl FnOnce(&mut XmlWriter),
) -> Vec<u8> {
    let bytes = FRAME_BYTES + uuid.as_str().len() + arguments_bytes;
    let mut xml = XmlWriter::with_capacity(bytes);
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
        let view = view_xml(body, &RAW_COMMAND_LIMITS).map_err(RawCommandError::Plist)?;
        let root = view.root();
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

#[cfg(test)]
mod tests {
    use super::*;

    /// An install command is exactly these bytes, whether the profile was encoded before or not,
    /// and is written into the room that was made for it.
    #[test]
    fn install_golden() {
        let uuid = CommandUuid::parse("A<B").unwrap();
        for raw in [b"".to_vec(), b"abc".to_vec(), vec![0xFF; 100_000]] {
            let payload = Base64::of(&raw);
            let command = install_encoded_profile(&uuid, &payload);
            assert_eq!(command, install_profile(&uuid, &raw));
            assert!(command.capacity() <= payload.len() + FRAME_BYTES + uuid.as_str().len());
        }
        let text = String::from_utf8(install_profile(&uuid, b"abc")).unwrap();
        let (_, body) = text.split_once("<plist version=\"1.0\">\n").unwrap();
        let expected = "<dict>\n\t<key>Command</key>\n\t<dict>\n\t\t<key>RequestType</key>\n\
            \t\t<string>InstallProfile</string>\n\t\t<key>Payload</key>\n\t\t<data>YWJj</data>\n\
            \t</dict>\n\t<key>CommandUUID</key>\n\t<string>A&lt;B</string>\n</dict>\n</plist>\n";
        assert_eq!(body, expected);
    }

    /// Encoded bytes may be a secret and do not show.
    #[test]
    fn encoded_bytes_do_not_show() {
        assert_eq!(format!("{:?}", Base64::of(b"secret")), "Base64(8 bytes)");
    }
}
