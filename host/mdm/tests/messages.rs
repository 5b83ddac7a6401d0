//! Messages of devices, decoded from the bytes that they send, and commands as devices read them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot go on should panic"
)]

use mooring_mdm::checkin::CheckInKind;
use mooring_mdm::command::{device_information, install_profile, profile_list, remove_profile};
use mooring_mdm::ids::{CommandUuid, PayloadIdentifier};
use mooring_mdm::message::Message;
use mooring_mdm::report::{Outcome, Report};

fn plist(dictionary: &str) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE plist PUBLIC \"-//Apple//DTD \
         PLIST 1.0//EN\" \"http://www.apple.com/DTDs/PropertyList-1.0.dtd\">\n<plist \
         version=\"1.0\"><dict>{dictionary}</dict></plist>"
    )
    .into_bytes()
}

fn strings(pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(String::new(), |text, (key, value)| {
        text + "<key>" + key + "</key><string>" + value + "</string>"
    })
}

/// One line for a decoded message, or its error.
fn decoded(dictionary: &str) -> String {
    match Message::decode(&plist(dictionary)) {
        Err(error) => format!("error: {error}"),
        Ok(Message::CheckIn(checkin)) => {
            let kind = match checkin.kind {
                CheckInKind::Authenticate(attributes) => {
                    format!("Authenticate {:?}", attributes.serial_number)
                }
                CheckInKind::TokenUpdate(update) => {
                    format!(
                        "TokenUpdate {:?} {}",
                        update.token,
                        update.unlock_token.is_some()
                    )
                }
                kind @ (CheckInKind::CheckOut
                | CheckInKind::UserAuthenticate { .. }
                | CheckInKind::SetBootstrapToken { .. }
                | CheckInKind::GetBootstrapToken
                | CheckInKind::DeclarativeManagement { .. }
                | CheckInKind::GetToken { .. }) => format!("{kind:?}"),
            };
            format!("{} {kind}", checkin.enrollment)
        }
        Ok(Message::Connect(connect)) => match connect.report {
            Report::Idle => format!("{} Idle", connect.enrollment),
            Report::Result { uuid, outcome } => {
                let outcome = match outcome {
                    Outcome::Acknowledged(answer) => {
                        let profiles = answer.profiles.map(|list| match list {
                            Ok(list) => format!("{} profiles", list.len()),
                            Err(error) => error.to_string(),
                        });
                        let os = answer.attributes.and_then(|a| a.os_version);
                        format!("Acknowledged {profiles:?} {os:?}")
                    }
                    Outcome::Error(chain) => {
                        let chain: Vec<_> = chain.iter().map(ToString::to_string).collect();
                        format!("Error {chain:?}")
                    }
                    Outcome::CommandFormatError(_) => "CommandFormatError".to_owned(),
                    Outcome::NotNow => "NotNow".to_owned(),
                };
                format!("{} {uuid} {outcome}", connect.enrollment)
            }
        },
    }
}

fn check(cases: &[(String, &str)]) {
    for (dictionary, expected) in cases {
        assert_eq!(decoded(dictionary), *expected, "{dictionary}");
    }
}

/// Check-ins are read into the channel that speaks and what it says; the rest is refused with the
/// key that is wrong.
#[test]
fn check_ins() {
    let token = "<key>Token</key><data>AQID</data>";
    check(&[
        (
            strings(&[
                ("MessageType", "Authenticate"),
                ("UDID", "A"),
                ("SerialNumber", "C02"),
            ]),
            "A Authenticate Some(\"C02\")",
        ),
        (
            strings(&[
                ("MessageType", "TokenUpdate"),
                ("UDID", "A"),
                ("UserID", "501"),
                ("Topic", "t"),
                ("PushMagic", "m"),
            ]) + token,
            "A:501 TokenUpdate [1, 2, 3] false",
        ),
        (
            strings(&[
                ("MessageType", "TokenUpdate"),
                ("UDID", "A"),
                ("Topic", "t"),
            ]) + token,
            "error: TokenUpdate lacks PushMagic",
        ),
        (
            strings(&[("MessageType", "CheckOut"), ("EnrollmentID", "E")]),
            "E CheckOut",
        ),
        (
            strings(&[("MessageType", "Whatever"), ("UDID", "A")]),
            "error: MessageType is \"Whatever\", which is not known",
        ),
    ]);
}

/// Connects likewise: `UDID` comes before `EnrollmentID`, and a Shared iPad's users are told apart
/// by their short names.
#[test]
fn connects() {
    let all_f = "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF";
    check(&[
        (
            strings(&[("UDID", "A"), ("EnrollmentID", "E"), ("Status", "Idle")]),
            "A Idle",
        ),
        (
            strings(&[
                ("UDID", "A"),
                ("Status", "Idle"),
                ("UserID", all_f),
                ("UserShortName", "u"),
            ]),
            "A:u Idle",
        ),
        (
            strings(&[("UDID", "A"), ("Status", "Idle"), ("UserID", all_f)]),
            "error: the report lacks UserShortName, which tells the users of a Shared iPad apart",
        ),
        (
            strings(&[("Status", "Idle")]),
            "error: the report lacks UDID or EnrollmentID",
        ),
        (
            strings(&[("UDID", "A/b"), ("Status", "Idle")]),
            "error: the message names nothing that \
          can be: the device's id contains the character '/', which is not allowed there",
        ),
        (
            strings(&[("UDID", "A"), ("Status", "NotNow"), ("CommandUUID", "u")]),
            "A u NotNow",
        ),
        (
            strings(&[("UDID", "A"), ("Status", "NotNow")]),
            "error: the report lacks CommandUUID",
        ),
        (
            strings(&[("UDID", "A"), ("Status", "Fine"), ("CommandUUID", "u")]),
            "error: Status is \"Fine\", which is not known",
        ),
        (
            strings(&[
                ("UDID", "A"),
                ("Status", "Acknowledged"),
                ("CommandUUID", "u"),
            ]),
            "A u Acknowledged None None",
        ),
    ]);
}

/// A list with one damaged entry is incomplete, not shorter; an empty one is complete.
#[test]
fn profile_lists() {
    let report = strings(&[
        ("UDID", "A"),
        ("Status", "Acknowledged"),
        ("CommandUUID", "u"),
    ]);
    let list = |entries: &str| {
        decoded(&format!(
            "{report}<key>ProfileList</key><array>{entries}</array>"
        ))
    };
    let entry = |pairs: &[(&str, &str)]| format!("<dict>{}</dict>", strings(pairs));
    let whole = entry(&[("PayloadIdentifier", "a"), ("PayloadUUID", "1")]);
    let half = entry(&[("PayloadIdentifier", "b")]);
    assert_eq!(list(&whole), "A u Acknowledged Some(\"1 profiles\") None");
    assert_eq!(list(""), "A u Acknowledged Some(\"0 profiles\") None");
    assert_eq!(
        list(&format!("{whole}{half}")),
        "A u Acknowledged Some(\"entry 1 of the ProfileList has no PayloadUUID\") None"
    );
}

/// An error chain is kept in order, bounded, and without control characters.
#[test]
fn error_chains() {
    let entry = |code: u32| {
        format!(
            "<dict><key>ErrorCode</key><integer>{code}</integer>{}</dict>",
            strings(&[("ErrorDomain", "D"), ("LocalizedDescription", "a&#10;b")])
        )
    };
    let report = strings(&[("UDID", "A"), ("Status", "Error"), ("CommandUUID", "u")]);
    let entries: String = (0..20).map(entry).collect();
    let text = decoded(&format!(
        "{report}<key>ErrorChain</key><array>{entries}</array>"
    ));
    assert!(text.starts_with("A u Error [\"D 12: ab\""), "{text}");
    assert!(text.ends_with("\"D 19: ab\"]"), "{text}");
    assert_eq!(decoded(&report), "A u Error []");
}

/// Binary property lists and bodies that are no dictionary are refused before anything is built.
#[test]
fn refused_bodies() {
    for body in [&b"bplist00"[..], b"", b"{\"MessageType\":\"CheckOut\"}"] {
        assert!(Message::decode(body).is_err());
    }
    let array = b"<plist version=\"1.0\"><array/></plist>";
    assert_eq!(
        Message::decode(array).unwrap_err().to_string(),
        "the message is not a dictionary"
    );
}

/// Commands are read back by an independent reader as Apple documents them.
#[test]
fn commands() {
    let uuid = CommandUuid::parse("U-1").unwrap();
    let identifier = PayloadIdentifier::parse("com.x&y").unwrap();
    let read = |bytes: &[u8]| {
        let value = plist::Value::from_reader_xml(bytes).unwrap();
        let root = value.into_dictionary().unwrap();
        assert_eq!(root["CommandUUID"].as_string(), Some("U-1"));
        root["Command"].as_dictionary().unwrap().clone()
    };
    let command = read(&install_profile(&uuid, b"<plist/>"));
    assert_eq!(command["RequestType"].as_string(), Some("InstallProfile"));
    assert_eq!(command["Payload"].as_data(), Some(&b"<plist/>"[..]));
    let command = read(&remove_profile(&uuid, &identifier));
    assert_eq!(command["RequestType"].as_string(), Some("RemoveProfile"));
    assert_eq!(command["Identifier"].as_string(), Some("com.x&y"));
    let command = read(&profile_list(&uuid));
    assert_eq!(command["RequestType"].as_string(), Some("ProfileList"));
    assert_eq!(command.len(), 1);
    let command = read(&device_information(&uuid));
    assert_eq!(command["Queries"].as_array().unwrap().len(), 6);
}
