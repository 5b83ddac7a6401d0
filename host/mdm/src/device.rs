//! What a device tells of itself and of its profiles.
//!
//! Knows nothing of the messages these facts came in. Invariant: every text is bounded and free
//! of control characters, since a device is not trusted with our terminals.

use serde::{Deserialize, Serialize};

use crate::ids::{PayloadIdentifier, PayloadUuid};

/// Longest attribute kept, in bytes.
pub const ATTRIBUTE_BYTES_MAX: usize = 255;

/// Facts about the device, from Authenticate and `DeviceInformation`. Absent means not told.
///
/// See <https://developer.apple.com/documentation/devicemanagement/deviceinformationresponse>.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attributes {
    /// `SerialNumber`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serial_number: Option<String>,
    /// `Model`, such as `MacBookPro18,3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// `DeviceName`, chosen by the user: shown, never a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_name: Option<String>,
    /// `OSVersion`, such as `15.1`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub os_version: Option<String>,
    /// `BuildVersion`, such as `24B83`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub build_version: Option<String>,
    /// `IsSupervised`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub is_supervised: Option<bool>,
}

impl Attributes {
    /// These facts, with those of `newer` where it tells any.
    #[must_use]
    pub fn updated_by(self, newer: Self) -> Self {
        Self {
            serial_number: newer.serial_number.or(self.serial_number),
            model: newer.model.or(self.model),
            device_name: newer.device_name.or(self.device_name),
            os_version: newer.os_version.or(self.os_version),
            build_version: newer.build_version.or(self.build_version),
            is_supervised: newer.is_supervised.or(self.is_supervised),
        }
    }
}

impl Attributes {
    /// These facts, replaced by all that `newer` tells. What it leaves out is not known any more,
    /// but for the two that name the hardware.
    #[must_use]
    pub fn replaced_by(self, newer: Self) -> Self {
        Self {
            serial_number: newer.serial_number.or(self.serial_number),
            model: newer.model.or(self.model),
            ..newer
        }
    }
}

/// One entry of a `ProfileList`.
///
/// See <https://developer.apple.com/documentation/devicemanagement/profilelistresponse>.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedProfile {
    /// `PayloadIdentifier`.
    pub identifier: PayloadIdentifier,
    /// `PayloadUUID`.
    pub uuid: PayloadUuid,
    /// `PayloadDisplayName`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
}

/// Cuts a device's text to `bytes_max` at a character boundary and drops control characters.
pub fn bounded_text(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    let mut kept = String::with_capacity(text.len().min(bytes_max));
    for c in text.chars().filter(|c| !c.is_control()) {
        if kept.len() + c.len_utf8() > bytes_max {
            break;
        }
        kept.push(c);
    }
    kept
}
