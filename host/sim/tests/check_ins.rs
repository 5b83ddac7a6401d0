//! The check-ins beyond enrollment: what they carry, and the user who must be let in first.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kit;

use kit::{EMPTY, dictionary, read, text, xml};
use mooring_sim::{
    CHECK_IN_TYPE, Channel, Device, DeviceOptions, Ending, EnrollmentProgress, Faults, Habits,
    Reply,
};
use plist::Value;

fn with_user(user_authenticates: bool) -> Device {
    let device = Device::new(DeviceOptions {
        seed: 7,
        index: 0,
        has_user: true,
        faults: Faults::default(),
    });
    device.with_habits(Habits {
        user_authenticates,
        ..Habits::default()
    })
}

fn challenge(text: &str) -> Reply {
    Reply {
        status: 200,
        body: xml(&dictionary(vec![("DigestChallenge", text.into())])),
    }
}

/// What the user channel says in one contact, and how that ends.
fn user_contact(device: &mut Device, replies: Vec<Reply>) -> (Vec<plist::Dictionary>, Ending) {
    let mut replies = replies.into_iter();
    let mut said = Vec::new();
    let contact = device.contact(|channel, request| match channel {
        Channel::Device => EMPTY,
        Channel::User => {
            said.push(read(&request.body));
            replies.next().unwrap_or(EMPTY)
        }
    });
    (said, contact.user)
}

/// Proves that a user who authenticates does so before the `TokenUpdate`, once or, after a
/// challenge, twice.
#[test]
fn a_user_authenticates_first() {
    for (replies, expected) in [
        (vec![], &["UserAuthenticate", "TokenUpdate", ""][..]),
        (
            vec![challenge("")],
            &["UserAuthenticate", "UserAuthenticate", "TokenUpdate", ""],
        ),
        (
            vec![challenge("nonce"), challenge("again")],
            &["UserAuthenticate", "UserAuthenticate", "TokenUpdate", ""],
        ),
    ] {
        let is_empty = replies.first() == Some(&challenge(""));
        let mut device = with_user(true);
        let (said, ending) = user_contact(&mut device, replies);
        let types: Vec<&str> = said.iter().map(|one| text(one, "MessageType")).collect();
        assert_eq!(types, expected);
        assert!(ending.is_idle());
        assert!(!said[0].contains_key("DigestResponse") && said[0].contains_key("UserID"));
        if types[1] == "UserAuthenticate" {
            assert_eq!(text(&said[1], "DigestResponse").is_empty(), is_empty);
        }
    }
    let (said, _) = user_contact(&mut with_user(false), vec![]);
    assert_eq!(text(&said[0], "MessageType"), "TokenUpdate");
}

/// Proves that a user whom the server declines stays silent, is no error, and leaves the device's
/// own channel alone.
#[test]
fn a_declined_user_stays_silent() {
    let mut device = with_user(true);
    let gone = Reply {
        status: 410,
        body: Vec::new(),
    };
    let (said, ending) = user_contact(&mut device, vec![gone]);
    assert_eq!((said.len(), ending), (1, Ending::Declined));
    assert!(device.is_user_declined());
    let (said, ending) = user_contact(&mut device, vec![]);
    assert_eq!((said.len(), ending), (0, Ending::Silent));
    assert_eq!(device.tally().errors, 0);
    let enrolled = Some(EnrollmentProgress::Enrolled);
    assert_eq!(device.progress(Channel::Device), enrolled);
}

/// Proves what the check-ins made on request carry, and that they disturb no contact.
#[test]
fn check_ins_on_request() {
    let mut device = with_user(false);
    let first = device.begin(Channel::Device).unwrap();
    let tokens = device.declarative_management(Channel::Device, "tokens", None);
    let status = device.declarative_management(Channel::User, "status", Some(b"{}"));
    let maid = device.token_request("com.apple.maid");
    let user = device.user_authenticate(Some("response"));
    for (request, message_type, key, value) in [
        (
            &tokens,
            "DeclarativeManagement",
            "Endpoint",
            Value::from("tokens"),
        ),
        (
            &status,
            "DeclarativeManagement",
            "Data",
            Value::Data(b"{}".to_vec()),
        ),
        (
            &maid,
            "GetToken",
            "TokenServiceType",
            "com.apple.maid".into(),
        ),
        (
            &user,
            "UserAuthenticate",
            "DigestResponse",
            "response".into(),
        ),
        (
            &device.bootstrap_token_request(),
            "GetBootstrapToken",
            "UDID",
            device.identity().udid.as_str().into(),
        ),
        (
            &device.bootstrap_token_handover(),
            "SetBootstrapToken",
            "AwaitingConfiguration",
            false.into(),
        ),
    ] {
        let message = read(&request.body);
        assert_eq!(text(&message, "MessageType"), message_type);
        assert_eq!(message.get(key), Some(&value), "{message_type}");
        assert_eq!(request.content_type, CHECK_IN_TYPE);
        assert!(!message.contains_key("Topic"));
    }
    assert!(!read(&tokens.body).contains_key("Data"));
    assert!(read(&status.body).contains_key("UserID"));
    assert_eq!(text(&read(&first.body), "MessageType"), "Authenticate");
    let next = device.answer(Channel::Device, &EMPTY);
    assert!(matches!(next, mooring_sim::Next::Send(_)));
}
