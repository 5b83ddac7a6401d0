//! What a simulated device says, as bytes that are ready to be sent, and what it understands of
//! the answer.
//!
//! Knows nothing of connections. Invariant: it says what a Mac says, in the form in which a Mac
//! writes it, and its answers follow from the command alone.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::wire::find;

/// The header in which the stand-in for a proxy passes certificates on.
pub(crate) const CERTIFICATE_HEADER: &str = "X-Client-Certificate";

const BEGIN: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \
    \"-//Apple//DTD PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n\
    <plist version=\"1.0\">\n<dict>\n";
const END: &str = "</dict>\n</plist>\n";

/// A command, as far as a device has to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    pub(crate) uuid: String,
    pub(crate) order: Order,
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Order {
    InstallProfile,
    RemoveProfile,
    ProfileList,
    Other,
}

impl Command {
    /// Reads a command; `None` if the body is none.
    pub(crate) fn read(body: &[u8]) -> Option<Self> {
        let order = match value(body, "RequestType")? {
            "InstallProfile" => Order::InstallProfile,
            "RemoveProfile" => Order::RemoveProfile,
            "ProfileList" => Order::ProfileList,
            _ => Order::Other,
        };
        let uuid = value(body, "CommandUUID")?.to_owned();
        Some(Self { uuid, order })
    }
}

/// The string behind a key, wherever it stands.
fn value<'a>(body: &'a [u8], key: &str) -> Option<&'a str> {
    let at = find(body, format!("<key>{key}</key>").as_bytes())?;
    let (open, close) = (b"<string>", b"</string>");
    let from = at + find(&body[at..], open)? + open.len();
    let bytes = find(&body[from..], close)?;
    std::str::from_utf8(&body[from..from + bytes]).ok()
}

/// A simulated device.
#[derive(Debug, Clone)]
pub(crate) struct Device {
    udid: String,
    /// The request's head up to the length of the body.
    head: Arc<[u8]>,
}

impl Device {
    /// A device that shows `certificate` (DER) by way of a proxy, or nothing of its own.
    pub(crate) fn new(udid: &str, certificate: Option<&[u8]>) -> Self {
        let mut head = "PUT /mdm HTTP/1.1\r\nHost: 127.0.0.1\r\n\
            User-Agent: MDM/1.0\r\nAccept: */*\r\nAccept-Language: en\r\n\
            Content-Type: application/x-apple-aspen-mdm; charset=UTF-8\r\n"
            .to_owned();
        if let Some(der) = certificate {
            let encoded = STANDARD.encode(der);
            head.push_str(CERTIFICATE_HEADER);
            head.push_str(": :");
            head.push_str(&encoded);
            head.push_str(":\r\n");
        }
        head.push_str("Content-Length: ");
        Self {
            udid: udid.to_owned(),
            head: head.into_bytes().into(),
        }
    }

    /// Its name at the server.
    pub(crate) fn udid(&self) -> &str {
        &self.udid
    }

    /// "Is there anything to do?"
    pub(crate) fn idle(&self, request: &mut Vec<u8>) {
        self.report("Idle", None, "", request);
    }

    /// "Done", with what was asked for.
    pub(crate) fn acknowledge(&self, uuid: &str, extra: &str, request: &mut Vec<u8>) {
        self.report("Acknowledged", Some(uuid), extra, request);
    }

    fn report(&self, status: &str, uuid: Option<&str>, extra: &str, request: &mut Vec<u8>) {
        let uuid = uuid.map_or_else(String::new, |uuid| {
            format!("\t<key>CommandUUID</key>\n\t<string>{uuid}</string>\n")
        });
        let udid = &self.udid;
        let own = format!(
            "\t<key>Status</key>\n\t<string>{status}</string>\n\t<key>UDID</key>\n\t<string>{udid}</string>\n"
        );
        let length = BEGIN.len() + uuid.len() + extra.len() + own.len() + END.len();
        request.clear();
        request.extend_from_slice(&self.head);
        request.extend_from_slice(length.to_string().as_bytes());
        request.extend_from_slice(b"\r\n\r\n");
        for part in [BEGIN, &uuid, extra, &own, END] {
            request.extend_from_slice(part.as_bytes());
        }
    }
}

/// The list of profiles that goes into a report, of the entries for each.
pub(crate) fn profile_list<'a>(entries: impl Iterator<Item = &'a str>) -> String {
    let mut list = "\t<key>ProfileList</key>\n\t<array>\n".to_owned();
    entries.for_each(|entry| list.push_str(entry));
    list.push_str("\t</array>\n");
    list
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that a report has the length that it announces and that commands are understood.
    #[test]
    fn words() {
        let device = Device::new("U", Some(&[1, 2, 3]));
        let mut request = Vec::new();
        device.acknowledge("C", &profile_list(["<dict/>"].into_iter()), &mut request);
        let text = String::from_utf8(request).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        assert!(
            head.ends_with(&format!("Content-Length: {}", body.len())),
            "{head}"
        );
        assert!(head.contains("X-Client-Certificate: :AQID:"), "{head}");
        assert!(body.contains("<dict/>") && body.contains("<string>C</string>"));
        let command = b"<dict><key>Command</key><dict><key>RequestType</key>\
            <string>InstallProfile</string></dict><key>CommandUUID</key><string>X</string></dict>";
        let read = Command::read(command).unwrap();
        assert_eq!(
            (read.uuid.as_str(), read.order),
            ("X", Order::InstallProfile)
        );
        assert!(Command::read(b"").is_none());
    }
}
