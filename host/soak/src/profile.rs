//! Profiles as administrators write them.
//!
//! Knows nothing of who gets them. Invariant: the same identifier, channel and content give the
//! same bytes; the keys of the profile itself stand behind those of its payload.

use mooring_mdm::ids::Channel;

/// What every identifier of ours begins with.
pub(crate) const PREFIX: &str = "org.example.soak.";

/// The file for one content of one profile.
pub(crate) fn file(identifier: &str, channel: Channel, content: u32) -> Vec<u8> {
    let scope = match channel {
        Channel::Device => "System",
        Channel::User => "User",
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
         \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n\
         <key>PayloadContent</key><array><dict>\n\
         <key>PayloadType</key><string>org.example.settings</string>\n\
         <key>PayloadVersion</key><integer>1</integer>\n\
         <key>PayloadIdentifier</key><string>{identifier}.settings</string>\n\
         <key>PayloadUUID</key><string>0B6E8E0C-8D0C-4F4E-9E53-0E1C1C2F3A77</string>\n\
         <key>Content</key><integer>{content}</integer>\n\
         </dict></array>\n\
         <key>PayloadDisplayName</key><string>A profile</string>\n\
         <key>PayloadType</key><string>Configuration</string>\n\
         <key>PayloadVersion</key><integer>1</integer>\n\
         <key>PayloadScope</key><string>{scope}</string>\n\
         <key>PayloadIdentifier</key><string>{identifier}</string>\n\
         <key>PayloadUUID</key><string>7C0E4C7A-91AB-4D0E-8B36-5B9C6B0B9D01</string>\n\
         </dict>\n</plist>\n"
    )
    .into_bytes()
}
