//! Messages as devices send them, from `tests/data/wire`, in the name of any device.
//!
//! Invariant: nothing of a message is changed but names, numbers and the command uuid.

use std::path::Path;

const UDID: &str = "8A2F1C64-5B0D-4E37-9C41-7D3E6B8F2A10";
const SERIAL: &str = "F7J4Q0CX9L";
/// The iPhone of the User Enrollment.
const ENROLLMENT_ID: &str = "5F0B7C21D4E64A39A8F2C61B0E93D7A4B8152C6F";
const SHARED_IPAD: &str = "00008103-000A11D40C22001E";
const COMMAND_UUID: &str = "C0FFEE00-0000-4000-8000-000000000001";

/// A device by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Who {
    /// Its UDID.
    pub udid: &'static str,
    /// Its serial number.
    pub serial: &'static str,
}

/// The Mac of the messages in `tests/data/wire`.
pub const MAC: Who = Who {
    udid: UDID,
    serial: SERIAL,
};

impl Who {
    /// Another Mac.
    pub const fn new(udid: &'static str, serial: &'static str) -> Self {
        Self { udid, serial }
    }

    /// A message of the Mac in `tests/data/wire`, in this one's name; or of another device there,
    /// if the name says so by `ios-`.
    pub fn says(&self, message: &str) -> Vec<u8> {
        self.says_of(message, COMMAND_UUID)
    }

    /// The same about the command with this uuid.
    pub fn says_of(&self, message: &str, uuid: &str) -> Vec<u8> {
        let message = if message.starts_with("ios-") {
            wire(message)
        } else {
            wire(&format!("macos-{message}"))
        };
        fill(
            &message,
            &[
                (UDID, self.udid),
                (ENROLLMENT_ID, self.udid),
                (SHARED_IPAD, self.udid),
                (SERIAL, self.serial),
                (COMMAND_UUID, uuid),
            ],
        )
    }
}

/// A message in `tests/data/wire`, as it is.
pub fn wire(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/wire");
    std::fs::read(folder.join(format!("{name}.plist"))).expect("a message")
}

/// The same with other texts.
pub fn fill(message: &[u8], texts: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::from_utf8(message.to_vec()).expect("text");
    for (old, new) in texts {
        text = text.replace(old, new);
    }
    text.into_bytes()
}
