//! Reads a command, with the `plist` crate and nothing of the server's.
//!
//! Knows nothing of how commands are obeyed. Invariant: whatever names a command uuid and a request
//! type can be answered, if only with `CommandFormatError`.
//! See <https://developer.apple.com/documentation/devicemanagement/commands-and-queries>.

use plist::{Dictionary, Value};

use crate::profile::read_plist;

/// One command from the server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Command {
    pub(crate) uuid: String,
    pub(crate) request_type: String,
    pub(crate) order: Order,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Order {
    InstallProfile {
        payload: Vec<u8>,
    },
    RemoveProfile {
        identifier: String,
    },
    ProfileList {
        is_managed_only: bool,
    },
    DeviceInformation {
        queries: Vec<String>,
    },
    /// A request type this device does not know, or one whose parts are missing.
    NotUnderstood,
}

impl Order {
    /// Whether it changes the profile store, which a locked device postpones.
    pub(crate) fn is_change(&self) -> bool {
        match self {
            Self::InstallProfile { .. } | Self::RemoveProfile { .. } => true,
            Self::ProfileList { .. } | Self::DeviceInformation { .. } | Self::NotUnderstood => {
                false
            }
        }
    }
}

impl Command {
    /// The command in a reply's body, or nothing if it cannot even be answered.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let value = read_plist(body)?;
        let root = value.as_dictionary()?;
        let uuid = root
            .get("CommandUUID")?
            .as_string()
            .filter(|uuid| !uuid.is_empty())?;
        let command = root.get("Command")?.as_dictionary()?;
        let request_type = command.get("RequestType")?.as_string()?;
        Some(Self {
            uuid: uuid.to_owned(),
            request_type: request_type.to_owned(),
            order: read_order(request_type, command).unwrap_or(Order::NotUnderstood),
        })
    }
}

fn read_order(request_type: &str, command: &Dictionary) -> Option<Order> {
    match request_type {
        "InstallProfile" => {
            let payload = command.get("Payload")?.as_data()?;
            Some(Order::InstallProfile {
                payload: payload.to_vec(),
            })
        }
        "RemoveProfile" => {
            let identifier = command.get("Identifier")?.as_string()?;
            Some(Order::RemoveProfile {
                identifier: identifier.to_owned(),
            })
        }
        "ProfileList" => {
            let is_managed_only = match command.get("ManagedOnly") {
                Some(value) => value.as_boolean()?,
                None => false,
            };
            Some(Order::ProfileList { is_managed_only })
        }
        "DeviceInformation" => {
            let queries = command.get("Queries")?.as_array()?;
            let names = queries
                .iter()
                .map(|query| query.as_string().map(str::to_owned));
            Some(Order::DeviceInformation {
                queries: names.collect::<Option<_>>()?,
            })
        }
        _ => None,
    }
}

/// The `QueryResponses` value that a name in `Queries` asks for; unknown names are left out.
pub(crate) fn query_answer(who: &crate::identity::Identity, name: &str) -> Option<Value> {
    Some(match name {
        "UDID" => who.udid.as_str().into(),
        "SerialNumber" => who.serial.as_str().into(),
        "DeviceName" => who.device_name.as_str().into(),
        "Model" | "ProductName" => who.model.into(),
        "ModelName" => who.model_name.into(),
        "OSVersion" => who.os_version.into(),
        "BuildVersion" => who.build_version.into(),
        "IsSupervised" | "IsAppleSilicon" => true.into(),
        "AwaitingConfiguration" => false.into(),
        "HostName" | "LocalHostName" => format!("mac-{}", who.serial.to_lowercase()).into(),
        _ => return None,
    })
}
