//! Profiles that no administrator writes and that a plugin meets all the same.
//!
//! Knows nothing of any plugin. Invariant: the host's reader takes each of them, so that a server
//! would hand it over.

use std::fmt::Write as _;

/// Bytes of the large profile: what devices are reported to take at most.
const LARGE_BYTES: usize = 1 << 20;

/// Deepest nesting that the host takes, in levels; two are the profile's own.
const DEPTH: usize = 62;

/// Values in one dictionary of the wide profile.
const WIDE: usize = 20_000;

/// A profile and what is odd about it.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) name: &'static str,
    pub(super) xml: String,
    /// Whether the plugin gets these bytes instead of the profile's own, as of a signed file.
    pub(super) is_signed: bool,
}

/// All of them; some are made of the payload types that the plugin knows.
pub(super) fn all(payload_types: &[String]) -> Vec<Input> {
    let input = |name, body: String| Input {
        name,
        xml: plist(&body),
        is_signed: false,
    };
    let mut inputs = vec![
        input("an empty profile", "<dict/>".to_owned()),
        input("values of other types", other_types()),
        input("payloads that are no dictionaries", odd_payloads()),
        input("payloads with no other key", bare(payload_types)),
        input("numbers at the edges", numbers()),
        input("texts at the edges", texts()),
        input("dates and data at the edges", dates_and_data()),
        input("keys in other capitals", capitals()),
        input("deep nesting", deep()),
        input("a dictionary with 20,000 keys", wide()),
        input("a profile of 1 MiB", large(payload_types)),
    ];
    inputs.push(Input {
        name: "bytes that are no text",
        xml: plist(&bare(payload_types)),
        is_signed: true,
    });
    inputs
}

fn plist(body: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD PLIST \
         1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist version=\"1.0\">\n\
         {body}\n</plist>\n"
    )
}

fn types(payload_types: &[String]) -> Vec<String> {
    let fallback = || vec!["com.apple.wifi.managed".to_owned()];
    if payload_types.is_empty() {
        fallback()
    } else {
        payload_types.to_vec()
    }
}

fn other_types() -> String {
    "<dict><key>PayloadType</key><integer>1</integer><key>PayloadVersion</key><string>one</string>\
     <key>PayloadIdentifier</key><array/><key>PayloadUUID</key><true/>\
     <key>PayloadDisplayName</key><data/><key>PayloadContent</key><string>none</string></dict>"
        .to_owned()
}

fn odd_payloads() -> String {
    "<dict><key>PayloadContent</key><array><string/><integer>0</integer><array/><dict/>\
     <dict><key>PayloadType</key><array/></dict><dict><key>PayloadType</key><string/></dict>\
     <dict><key>PayloadContent</key><array><dict/></array></dict></array></dict>"
        .to_owned()
}

fn bare(payload_types: &[String]) -> String {
    let payload =
        |name: String| format!("<dict><key>PayloadType</key><string>{name}</string></dict>");
    let payloads: String = types(payload_types).into_iter().map(payload).collect();
    format!(
        "<dict><key>PayloadType</key><string>Configuration</string><key>PayloadContent</key>\
         <array>{payloads}</array></dict>"
    )
}

fn numbers() -> String {
    "<dict><key>PayloadContent</key><array><dict><key>PayloadVersion</key>\
     <integer>-9223372036854775808</integer><key>a</key><integer>18446744073709551615</integer>\
     <key>b</key><integer>0</integer><key>c</key><real>1e308</real><key>d</key><real>-0.0</real>\
     <key>e</key><real>5e-324</real></dict></array></dict>"
        .to_owned()
}

fn texts() -> String {
    let long = "x".repeat(100_000);
    format!(
        "<dict><key></key><string></string><key>\u{1f40b}</key><string>\u{202e}\u{301}\u{fffd}\
         </string><key>&lt;&amp;&gt;</key><string>&lt;/plist&gt; &#10;&#9;</string><key>long</key>\
         <string>{long}</string><key>PayloadContent</key><array><dict><key>PayloadType</key>\
         <string>{long}</string></dict></array></dict>"
    )
}

fn dates_and_data() -> String {
    let data = "AAAA".repeat(16_384);
    format!(
        "<dict><key>PayloadExpirationDate</key><date>1900-01-01T00:00:00Z</date>\
         <key>RemovalDate</key><date>9999-12-31T23:59:59Z</date><key>a</key><data></data>\
         <key>b</key><data>{data}</data></dict>"
    )
}

fn capitals() -> String {
    "<dict><key>payloadtype</key><string>Configuration</string><key>PAYLOADVERSION</key><integer>1\
     </integer><key>payloadContent</key><array><dict><key>PayloadTYPE</key><string>x</string></dict></array>\
     </dict>"
        .to_owned()
}

fn deep() -> String {
    let pairs = (DEPTH - 1) / 2;
    let open = "<array><dict><key>PayloadContent</key>".repeat(pairs);
    let close = "</dict></array>".repeat(pairs);
    format!("<dict><key>PayloadContent</key>{open}<true/>{close}</dict>")
}

fn wide() -> String {
    let mut body = String::from("<dict>");
    for at in 0..WIDE {
        // Writing to a text cannot fail.
        let _ = write!(body, "<key>key-{at}</key><integer>{at}</integer>");
    }
    body + "</dict>"
}

fn large(payload_types: &[String]) -> String {
    let types = types(payload_types);
    let mut body = String::from(
        "<dict><key>PayloadType</key><string>Configuration</string><key>PayloadContent</key><array>",
    );
    let mut at = 0_usize;
    while body.len() < LARGE_BYTES - 1024 {
        let name = &types[at % types.len()];
        // Writing to a text cannot fail.
        let _ = write!(
            body,
            "<dict><key>PayloadType</key><string>{name}</string><key>PayloadVersion</key>\
             <integer>1</integer><key>PayloadIdentifier</key><string>com.example.large.{at}</string>\
             <key>PayloadDisplayName</key><string>Payload number {at}</string><key>Values</key>\
             <array><integer>{at}</integer><true/><string>of the payload</string></array></dict>"
        );
        at += 1;
    }
    body + "</array></dict>"
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use mooring_plugin::Grade;

    use super::*;
    use crate::sample::Sample;

    /// The host takes every one of them, and the large one is as large as it says.
    #[test]
    fn the_host_reads_them() {
        for input in all(&[]) {
            let read = Sample::read(Path::new("x"), input.xml.as_bytes(), Grade::AppleStrict);
            assert!(read.is_ok(), "{}: {:?}", input.name, read.err());
            if input.name.contains("MiB") {
                assert!(input.xml.len() > LARGE_BYTES - 2048 && input.xml.len() <= LARGE_BYTES);
            }
        }
    }
}
