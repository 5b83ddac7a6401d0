//! Bodies as devices send them, in the sizes that count: an idle connect, a report of an error, a
//! full list of profiles.
//!
//! Knows nothing of who reads them. Invariant: each is one that this server takes.

use std::fmt::Write as _;

const HEAD: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
    <!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST 1.0//EN\" \
    \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n<dict>\n";
const TAIL: &str = "</dict>\n</plist>\n";
const UDID: &str = "8A2F1C64-5B0D-4E37-9C41-7D3E6B8F2A10";
const COMMAND: &str = "C0FFEE00-0000-4000-8000-000000000001";

/// About 406 bytes: the device asks for work.
pub(crate) fn idle() -> Vec<u8> {
    let mut text = String::from(HEAD);
    string(
        &mut text,
        1,
        "NotOnConsoleUserShortName",
        "ines.ito.of.the.works",
    );
    string(&mut text, 1, "Status", "Idle");
    string(&mut text, 1, "UDID", UDID);
    text.push_str(TAIL);
    text.into_bytes()
}

/// About 1.5 KB: a profile could not be installed, for three reasons in a row.
pub(crate) fn error() -> Vec<u8> {
    let mut text = String::from(HEAD);
    string(&mut text, 1, "CommandUUID", COMMAND);
    text.push_str("\t<key>ErrorChain</key>\n\t<array>\n");
    for code in [4001, 1009, 3000] {
        text.push_str("\t\t<dict>\n\t\t\t<key>ErrorCode</key>\n");
        let _ = writeln!(text, "\t\t\t<integer>{code}</integer>");
        let words = "The payload \u{201c}Dock &amp; Spaces\u{201d} could not be installed.";
        string(&mut text, 3, "ErrorDomain", "MCInstallationErrorDomain");
        string(&mut text, 3, "LocalizedDescription", words);
        string(&mut text, 3, "USEnglishDescription", words);
        text.push_str("\t\t</dict>\n");
    }
    text.push_str("\t</array>\n");
    string(&mut text, 1, "Status", "Error");
    string(&mut text, 1, "UDID", UDID);
    text.push_str(TAIL);
    text.into_bytes()
}

/// About 16 KB: a list of 28 profiles, one of them signed.
pub(crate) fn list() -> Vec<u8> {
    let mut text = String::from(HEAD);
    string(&mut text, 1, "CommandUUID", COMMAND);
    text.push_str("\t<key>ProfileList</key>\n\t<array>\n");
    for number in 0..28 {
        profile(&mut text, number);
    }
    text.push_str("\t</array>\n");
    string(&mut text, 1, "Status", "Acknowledged");
    string(&mut text, 1, "UDID", UDID);
    text.push_str(TAIL);
    text.into_bytes()
}

fn profile(text: &mut String, number: u32) {
    text.push_str("\t\t<dict>\n\t\t\t<key>HasRemovalPasscode</key>\n\t\t\t<false/>\n");
    if number == 0 {
        text.push_str("\t\t\t<key>SignerCertificates</key>\n\t\t\t<array>\n\t\t\t\t<data>\n");
        for _ in 0..20 {
            let line = "MIIDazCCAlOgAwIBAgIUQ2FuIHlvdSByZWFkIHRoaXM/MA0GCSqG";
            let _ = writeln!(text, "\t\t\t\t{line}");
        }
        text.push_str("\t\t\t\t</data>\n\t\t\t</array>\n");
    }
    let identifier = format!("com.example.profiles.number{number:02}");
    let uuid = format!("72F0A3D8-95CE-4B16-A47F-{number:012X}");
    string(text, 3, "PayloadDisplayName", "Settings of the works");
    string(text, 3, "PayloadIdentifier", &identifier);
    string(text, 3, "PayloadOrganization", "Harborworks");
    text.push_str("\t\t\t<key>PayloadRemovalDisallowed</key>\n\t\t\t<false/>\n");
    string(text, 3, "PayloadUUID", &uuid);
    text.push_str("\t\t\t<key>PayloadVersion</key>\n\t\t\t<integer>1</integer>\n\t\t</dict>\n");
}

fn string(text: &mut String, depth: usize, key: &str, value: &str) {
    let tabs = &"\t\t\t\t"[..depth];
    let _ = writeln!(
        text,
        "{tabs}<key>{key}</key>\n{tabs}<string>{value}</string>"
    );
}
