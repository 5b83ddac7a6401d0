//! Commands that administrators hand in as property lists.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use mooring_mdm::command::RawCommand;

fn parse(entries: &str) -> Result<String, String> {
    let body = format!("<plist version=\"1.0\"><dict>{entries}</dict></plist>");
    match RawCommand::parse(body.as_bytes()) {
        Ok(command) => Ok(format!(
            "{} {}",
            command.uuid.as_str(),
            command.request_type
        )),
        Err(error) => Err(error.to_string()),
    }
}

const UUID: &str = "<key>CommandUUID</key><string>u-1</string>";

fn request(request_type: &str) -> String {
    format!("<key>Command</key><dict><key>RequestType</key>{request_type}</dict>")
}

/// Uuid and type are read, whatever else the command holds; what lacks either is refused with the
/// key and the form it must have.
#[test]
fn commands() {
    let lock = request("<string>DeviceLock</string>");
    let other = "<key>Other</key><array><integer>1</integer></array>";
    assert_eq!(
        parse(&format!("{lock}{other}{UUID}")).unwrap(),
        "u-1 DeviceLock"
    );
    let refused = |entries: &str, expected: &str| {
        let error = parse(entries).unwrap_err();
        assert!(error.starts_with(expected), "{error}");
    };
    refused(
        &lock,
        "the command has no CommandUUID, which must be a string",
    );
    refused(
        UUID,
        "the command has no Command, which must be a dictionary",
    );
    let no_type = "the command has no RequestType, which must be a string in Command";
    refused(&(request("<string></string>") + UUID), no_type);
    refused(&(request("<integer>1</integer>") + UUID), no_type);
    let text = "<key>Command</key><string>DeviceLock</string>";
    refused(&(text.to_owned() + UUID), "the command has no Command");
    let odd = "RequestType is too long or contains a control character";
    refused(&(request("<string>a&#9;b</string>") + UUID), odd);
    let long = request(&format!("<string>{}</string>", "x".repeat(256)));
    refused(&(long + UUID), odd);
    let uuid = UUID.replace("u-1", &"u".repeat(256));
    refused(
        &(lock + &uuid),
        "the command names nothing that can be: CommandUUID has 256",
    );
}

/// Other forms of property lists and what is beyond the limits are refused in clear words.
#[test]
fn other_bodies() {
    let refused = |body: &[u8]| RawCommand::parse(body).unwrap_err().to_string();
    let binary = "the command is a binary property list; convert it to XML";
    assert_eq!(refused(b"bplist00"), binary);
    assert!(refused(b"{}").starts_with("the command is not a property list: "));
    let array = b"<plist version=\"1.0\"><array/></plist>";
    assert!(refused(array).starts_with("the command has no CommandUUID"));
    let large = vec![b' '; 16 * 1024 * 1024 + 1];
    assert!(refused(&large).contains("P020"));
    let deep = format!("<plist version=\"1.0\">{}", "<array>".repeat(65));
    assert!(refused(deep.as_bytes()).contains("P018"));
}
