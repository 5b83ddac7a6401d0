//! Commands as the property lists that devices read.
//!
//! Knows nothing of why a command is sent. Invariant: a command carries the uuid it is given, and
//! a profile's bytes exactly as stored.
//!
//! See <https://developer.apple.com/documentation/devicemanagement/commands-and-queries>.

use crate::ids::{CommandUuid, PayloadIdentifier};
use crate::plist::XmlWriter;

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
