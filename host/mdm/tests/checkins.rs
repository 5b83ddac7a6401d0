//! Check-ins beside enrolling: their values, their bounds, whose they are, and what they hide.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should panic"
)]

use mooring_mdm::checkin::CheckInKind;
use mooring_mdm::message::Message;

fn message(message_type: &str, entries: &str) -> Vec<u8> {
    format!(
        "<plist version=\"1.0\"><dict><key>MessageType</key><string>{message_type}</string>\
         {entries}</dict></plist>"
    )
    .into_bytes()
}

fn string(key: &str, value: &str) -> String {
    format!("<key>{key}</key><string>{value}</string>")
}

fn data(key: &str, base64: &str) -> String {
    format!("<key>{key}</key><data>{base64}</data>")
}

/// A check-in of the user channel.
fn kind(message_type: &str, entries: &str) -> Result<CheckInKind, String> {
    let entries = string("UDID", "A") + &string("UserID", "501") + entries;
    match Message::decode(&message(message_type, &entries)) {
        Ok(Message::CheckIn(checkin)) => Ok(checkin.kind),
        Ok(Message::Connect(connect)) => panic!("{connect:?}"),
        Err(error) => Err(error.to_string()),
    }
}

/// A first `UserAuthenticate` has no response; a later one carries it, also an empty one to an
/// empty challenge, and never shows it.
#[test]
fn user_authenticate() {
    let read = |entries: &str| kind("UserAuthenticate", entries);
    let first = CheckInKind::UserAuthenticate {
        digest_response: None,
    };
    assert_eq!(read("").as_ref(), Ok(&first));
    let empty = CheckInKind::UserAuthenticate {
        digest_response: Some(String::new()),
    };
    assert_eq!(read(&string("DigestResponse", "")), Ok(empty));
    let second = read(&string("DigestResponse", "s3cret")).unwrap();
    let digest_response = Some("s3cret".to_owned());
    assert_eq!(second, CheckInKind::UserAuthenticate { digest_response });
    assert!(!format!("{second:?}").contains("s3cret"));
    let long = read(&string("DigestResponse", &"x".repeat(5000)));
    assert_eq!(
        long.unwrap_err(),
        "DigestResponse has 5000 bytes; at most 4096 are accepted"
    );
    let device = Message::decode(&message("UserAuthenticate", &string("UDID", "A")));
    assert_eq!(
        device.unwrap_err().to_string(),
        "UserAuthenticate lacks UserID"
    );
}

/// A bootstrap token is kept, or erased if absent or empty, but not by one of another type.
#[test]
fn bootstrap_tokens() {
    let read = |entries: &str| kind("SetBootstrapToken", entries);
    let token = |token: Option<&[u8]>, is_awaiting_configuration| CheckInKind::SetBootstrapToken {
        token: token.map(<[u8]>::to_vec),
        is_awaiting_configuration,
    };
    assert_eq!(read(""), Ok(token(None, None)));
    assert_eq!(read(&data("BootstrapToken", "")), Ok(token(None, None)));
    let entries = data("BootstrapToken", "YWFi") + "<key>AwaitingConfiguration</key><true/>";
    let kept = read(&entries).unwrap();
    assert_eq!(kept, token(Some(b"aab"), Some(true)));
    assert_eq!(
        format!("{kept:?}"),
        "SetBootstrapToken { erases: false, is_awaiting_configuration: Some(true), .. }"
    );
    let text = read(&string("BootstrapToken", "aab"));
    assert_eq!(text.unwrap_err(), "BootstrapToken is not data");
    let long = read(&data("BootstrapToken", &"AAAA".repeat(6000)));
    assert!(
        long.unwrap_err()
            .starts_with("BootstrapToken has 18000 bytes")
    );
    assert_eq!(
        kind("GetBootstrapToken", ""),
        Ok(CheckInKind::GetBootstrapToken)
    );
}

/// The declarative protocol's endpoint and payload are taken as they are; the payload is not shown.
#[test]
fn declarative_management() {
    let read = |entries: &str| kind("DeclarativeManagement", entries);
    let status = read(&(string("Endpoint", "status") + &data("Data", "e30="))).unwrap();
    let expected = CheckInKind::DeclarativeManagement {
        endpoint: "status".to_owned(),
        payload: Some(b"{}".to_vec()),
    };
    assert_eq!(status, expected);
    assert_eq!(
        format!("{status:?}"),
        "DeclarativeManagement { endpoint: \"status\", .. }"
    );
    assert_eq!(
        read("").unwrap_err(),
        "DeclarativeManagement lacks Endpoint"
    );
    let control = read(&string("Endpoint", "a&#10;b"));
    assert_eq!(
        control.unwrap_err(),
        "Endpoint contains a control character"
    );
    let text = read(&(string("Endpoint", "status") + &string("Data", "{}")));
    assert_eq!(text.unwrap_err(), "Data is not data");
    let long = read(&string("Endpoint", &"x".repeat(1025)));
    assert_eq!(
        long.unwrap_err(),
        "Endpoint has 1025 bytes; at most 1024 are accepted"
    );
}

/// A service's name is needed and bounded.
#[test]
fn get_token() {
    let read = |entries: &str| kind("GetToken", entries);
    let service_type = "com.apple.maid".to_owned();
    assert_eq!(
        read(&string("TokenServiceType", "com.apple.maid")),
        Ok(CheckInKind::GetToken { service_type })
    );
    assert_eq!(read("").unwrap_err(), "GetToken lacks TokenServiceType");
    assert!(read(&string("TokenServiceType", &"x".repeat(256))).is_err());
}

/// A push target tells whether the device waits in Setup Assistant, or says nothing of it; its
/// secrets are not shown.
#[test]
fn token_updates() {
    let target = string("Topic", "com.apple.mgmt.x")
        + &string("PushMagic", "s3cret")
        + &data("Token", "c2VjcmV0");
    let awaiting = |entries: &str| match kind("TokenUpdate", &(target.clone() + entries)) {
        Ok(CheckInKind::TokenUpdate(update)) => {
            let shown = format!("{update:?}");
            assert!(
                !shown.contains("s3cret") && !shown.contains("101"),
                "{shown}"
            );
            update.is_awaiting_configuration
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(awaiting(""), None);
    assert_eq!(
        awaiting("<key>AwaitingConfiguration</key><true/>"),
        Some(true)
    );
    assert_eq!(
        awaiting("<key>AwaitingConfiguration</key><false/>"),
        Some(false)
    );
    assert_eq!(
        awaiting("<key>AwaitingConfiguration</key><string>x</string>"),
        None
    );
}

/// Whose a message is, in NanoMDM's string form.
#[test]
fn enrollment_ids() {
    const ALL_F: &str = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";
    const UDID: &str = "97C3A2D0-5D8F-4B41-A4E7-6F0C1B9D2E33";
    const UDID_LOWER: &str = "97c3a2d0-5d8f-4b41-a4e7-6f0c1b9d2e33";
    const UDID_IOS: &str = "00008030-001c2d3a0a90802E";
    let all_f_lower = ALL_F.to_lowercase();
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("UDID", UDID)], UDID),
        (&[("UDID", UDID_LOWER)], UDID_LOWER),
        (&[("UDID", UDID_IOS)], UDID_IOS),
        (&[("EnrollmentID", "E")], "E"),
        (&[("UDID", "A"), ("EnrollmentID", "E")], "A"),
        (&[("UDID", ""), ("EnrollmentID", "E")], "E"),
        (
            &[("UDID", "A"), ("UserID", "U"), ("UserShortName", "s")],
            "A:U",
        ),
        (&[("UDID", "A"), ("UserID", "u-Lower")], "A:u-Lower"),
        (
            &[("UDID", "A"), ("UserID", ""), ("UserShortName", "s")],
            "A",
        ),
        (&[("UDID", "A"), ("UserShortName", "s")], "A"),
        (
            &[
                ("UDID", "A"),
                ("UserID", ALL_F),
                ("UserShortName", "s@x.org"),
            ],
            "A:s@x.org",
        ),
        (
            &[
                ("UDID", "A"),
                ("UserID", &all_f_lower),
                ("UserShortName", "s"),
            ],
            "A:s",
        ),
        (&[("EnrollmentID", "E"), ("EnrollmentUserID", "V")], "E:V"),
        (
            &[
                ("EnrollmentID", "E"),
                ("EnrollmentUserID", "V"),
                ("UserID", "U"),
            ],
            "E:V",
        ),
        (
            &[("UDID", "A"), ("EnrollmentUserID", "V"), ("UserID", "U")],
            "A:U",
        ),
        // NanoMDM would take these two for the device's own.
        (&[("UDID", "A"), ("EnrollmentUserID", "V")], "A:V"),
        (&[("EnrollmentID", "E"), ("UserID", "U")], "E:U"),
    ];
    for (entries, expected) in cases {
        let entries: String = entries
            .iter()
            .map(|(key, value)| string(key, value))
            .collect();
        let Ok(Message::CheckIn(checkin)) = Message::decode(&message("CheckOut", &entries)) else {
            panic!("{entries}");
        };
        assert_eq!(checkin.enrollment.to_string(), *expected);
    }
}

/// A name of another type than text is refused: as if absent, it would make a user's message the
/// device's, or a check-in a report.
#[test]
fn names_are_text() {
    let refused = |body: &[u8]| Message::decode(body).unwrap_err().to_string();
    for key in ["UDID", "UserID", "EnrollmentUserID", "EnrollmentID"] {
        let mut entries = format!("<key>{key}</key><integer>501</integer>");
        if key != "UDID" {
            entries += &string("UDID", "A");
        }
        let text = refused(&message("CheckOut", &entries));
        assert_eq!(text, format!("{key} is not a string"));
    }
    let body = "<plist version=\"1.0\"><dict><key>MessageType</key><true/><key>UDID</key>\
                <string>A</string><key>Status</key><string>Idle</string></dict></plist>";
    assert_eq!(refused(body.as_bytes()), "MessageType is not a string");
}
