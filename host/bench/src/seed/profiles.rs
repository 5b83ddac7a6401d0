//! The profiles of a fleet: their files, and how a device lists them.
//!
//! Knows nothing of hosts. Invariant: a number and an edition give the same bytes.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use crate::random;

/// Bytes of setting in a profile, so that it has the size of a common one.
const FILLING: usize = 1024;

/// One profile as the server knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Known {
    pub(crate) identifier: String,
    /// The uuid of its first version.
    pub(crate) old_uuid: String,
    /// The uuid of its second, which is wanted.
    pub(crate) uuid: String,
}

/// The name of the profile with this number.
pub(crate) fn identifier(number: usize) -> String {
    format!("com.example.bench.p{number:02}")
}

/// A profile file; another edition has other content.
pub(crate) fn file(number: usize, edition: u64) -> String {
    let seed = number as u64 + 1;
    let uuid = random::uuid(random::mixed(seed), random::mixed(seed << 8));
    let inner = random::uuid(random::mixed(seed << 16), random::mixed(seed << 24));
    let name = identifier(number);
    let mut filling = String::with_capacity(FILLING);
    for part in 0..FILLING as u64 / 16 {
        // Writing to a string cannot fail.
        let _ = write!(
            filling,
            "{:016x}",
            random::mixed(seed << 32 | edition << 12 | part)
        );
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \
         \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
         <plist version=\"1.0\">\n<dict>\n\t<key>PayloadContent</key>\n\t<array>\n\t\t<dict>\n\
         \t\t\t<key>PayloadType</key>\n\t\t\t<string>com.example.bench.settings</string>\n\
         \t\t\t<key>PayloadVersion</key>\n\t\t\t<integer>1</integer>\n\
         \t\t\t<key>PayloadIdentifier</key>\n\t\t\t<string>{name}.1</string>\n\
         \t\t\t<key>PayloadUUID</key>\n\t\t\t<string>{inner}</string>\n\
         \t\t\t<key>Setting</key>\n\t\t\t<string>{filling}</string>\n\t\t</dict>\n\t</array>\n\
         \t<key>PayloadDisplayName</key>\n\t<string>Benchmark profile {number}</string>\n\
         \t<key>PayloadIdentifier</key>\n\t<string>{name}</string>\n\
         \t<key>PayloadScope</key>\n\t<string>System</string>\n\
         \t<key>PayloadType</key>\n\t<string>Configuration</string>\n\
         \t<key>PayloadUUID</key>\n\t<string>{uuid}</string>\n\
         \t<key>PayloadVersion</key>\n\t<integer>1</integer>\n</dict>\n</plist>\n"
    )
}

/// How a Mac lists a profile.
pub(crate) fn listed(number: usize, identifier: &str, uuid: &str) -> String {
    let inner = random::uuid(random::mixed(number as u64), 1);
    format!(
        "\t\t<dict>\n\t\t\t<key>HasRemovalPasscode</key>\n\t\t\t<false/>\n\
         \t\t\t<key>IsEncrypted</key>\n\t\t\t<false/>\n\
         \t\t\t<key>PayloadContent</key>\n\t\t\t<array>\n\t\t\t\t<dict>\n\
         \t\t\t\t\t<key>PayloadIdentifier</key>\n\t\t\t\t\t<string>{identifier}.1</string>\n\
         \t\t\t\t\t<key>PayloadType</key>\n\t\t\t\t\t<string>com.example.bench.settings</string>\n\
         \t\t\t\t\t<key>PayloadUUID</key>\n\t\t\t\t\t<string>{inner}</string>\n\
         \t\t\t\t\t<key>PayloadVersion</key>\n\t\t\t\t\t<integer>1</integer>\n\
         \t\t\t\t</dict>\n\t\t\t</array>\n\
         \t\t\t<key>PayloadDisplayName</key>\n\t\t\t<string>Benchmark profile {number}</string>\n\
         \t\t\t<key>PayloadIdentifier</key>\n\t\t\t<string>{identifier}</string>\n\
         \t\t\t<key>PayloadRemovalDisallowed</key>\n\t\t\t<false/>\n\
         \t\t\t<key>PayloadUUID</key>\n\t\t\t<string>{uuid}</string>\n\
         \t\t\t<key>PayloadVersion</key>\n\t\t\t<integer>1</integer>\n\t\t</dict>\n"
    )
}
