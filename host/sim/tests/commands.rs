//! What a simulated Mac answers to each command, and what it then holds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kit;

use kit::{
    EMPTY, ask, cause, command, dictionary, enrolled, install, list, listed, managed, profile,
    profile_parts, remove, run, text, xml,
};
use mooring_sim::{
    Channel, Device, DeviceOptions, ENROLLMENT_IDENTIFIER, Ending, Faults, OWN_IDENTIFIER, Reply,
    Status,
};
use plist::{Dictionary, Value};

const DOCK: &str = "com.harborworks.dock";

fn pair(identifier: &str, uuid: &str) -> (String, String) {
    (identifier.to_owned(), uuid.to_owned())
}

/// Proves that enrollment says what Apple requires, in order, on both channels.
#[test]
fn enrolls_on_both_channels() {
    let mut device = Device::new(DeviceOptions {
        seed: 7,
        index: 3,
        has_user: true,
        ..DeviceOptions::default()
    });
    let mut said = Vec::new();
    let contact = device.contact(|channel, request| {
        let message = kit::read(&request.body);
        let kind = match text(&message, "MessageType") {
            "" => text(&message, "Status"),
            kind => kind,
        };
        said.push(format!("{channel:?} {kind} {}", request.content_type));
        assert_eq!(message.contains_key("UserID"), channel == Channel::User);
        assert_eq!(text(&message, "UDID").len(), 36);
        if kind == "TokenUpdate" {
            let token = message.get("Token").and_then(Value::as_data).unwrap();
            assert_eq!(token.len(), 32);
        }
        EMPTY
    });
    let expected = [
        "Device Authenticate application/x-apple-aspen-mdm-checkin",
        "Device TokenUpdate application/x-apple-aspen-mdm-checkin",
        "Device Idle application/x-apple-aspen-mdm",
        "User TokenUpdate application/x-apple-aspen-mdm-checkin",
        "User Idle application/x-apple-aspen-mdm",
    ];
    assert_eq!(said, expected);
    assert!(contact.device.is_idle() && contact.user.is_idle());
}

/// Proves that installing, replacing, listing and removing change what the device holds.
#[test]
fn installs_replaces_lists_and_removes() {
    let mut device = enrolled(Faults::default());
    let script = vec![
        install("c1", &profile(DOCK, "A")),
        install("c2", &profile(DOCK, "B")),
        install("c3", &profile("com.harborworks.other", "C")),
        list("c4"),
        remove("c5", DOCK),
        list("c6"),
    ];
    let (said, contact) = run(&mut device, script);
    let statuses: Vec<&str> = said.iter().map(|report| text(report, "Status")).collect();
    assert_eq!(statuses, ["Acknowledged"; 6]);
    assert_eq!(text(&said[3], "CommandUUID"), "c4");
    let shown = listed(&said[3]);
    assert_eq!(shown.len(), 4, "two of the server's and two that are not");
    assert!(shown.contains(&pair(DOCK, "B")));
    assert!(
        shown
            .iter()
            .any(|(identifier, _)| identifier == ENROLLMENT_IDENTIFIER)
    );
    assert!(
        shown
            .iter()
            .any(|(identifier, _)| identifier == OWN_IDENTIFIER)
    );
    assert_eq!(listed(&said[5]).len(), 3);
    assert_eq!(managed(&device), [pair("com.harborworks.other", "C")]);
    assert_eq!(contact.device, Ending::Empty(Status::Acknowledged));
    let tuples = said[3]
        .get("ProfileList")
        .and_then(Value::as_array)
        .unwrap();
    let tuples = format!("{tuples:?}");
    assert!(
        tuples.contains("com.apple.dock") && tuples.contains("B-1"),
        "{tuples}"
    );
}

/// Proves that `ManagedOnly` leaves out what the server did not install.
#[test]
fn lists_managed_profiles_only_when_asked() {
    let mut device = enrolled(Faults::default());
    ask(&mut device, install("c1", &profile(DOCK, "A")));
    let only = command("c2", "ProfileList", vec![("ManagedOnly", true.into())]);
    assert_eq!(listed(&ask(&mut device, only)), [pair(DOCK, "A")]);
}

/// Proves the refusals of `RemoveProfile`: absent is 89, not managed is refused and stays.
#[test]
fn removes_only_what_mdm_installed() {
    let mut device = enrolled(Faults::default());
    let report = ask(&mut device, remove("c1", DOCK));
    assert_eq!(cause(&report), "MDMClientError 89");
    let report = ask(&mut device, remove("c2", OWN_IDENTIFIER));
    assert_eq!(text(&report, "Status"), "Error");
    assert_eq!(cause(&report), "MCMDMErrorDomain 12013");
    assert_eq!(device.profiles(Channel::Device).count(), 2);
    ask(&mut device, install("c3", &profile(OWN_IDENTIFIER, "A")));
    assert_eq!(
        text(&ask(&mut device, remove("c4", OWN_IDENTIFIER)), "Status"),
        "Acknowledged"
    );
}

/// Proves that an encrypted profile installs without visible payloads.
#[test]
fn installs_an_encrypted_profile() {
    let mut parts = profile_parts(DOCK, "A");
    parts.remove("PayloadContent");
    parts.insert("IsEncrypted".to_owned(), true.into());
    let sealed = |parts: &Dictionary| xml(&Value::Dictionary(parts.clone()));
    let mut device = enrolled(Faults::default());
    let report = ask(&mut device, install("c1", &sealed(&parts)));
    assert_eq!(cause(&report), "MCProfileErrorDomain 1002");
    parts.insert(
        "EncryptedPayloadContent".to_owned(),
        Value::Data(vec![1, 2, 3]),
    );
    let report = ask(&mut device, install("c2", &sealed(&parts)));
    assert_eq!(text(&report, "Status"), "Acknowledged");
}

/// Proves that a profile that openssl signed is installed by what is inside.
#[test]
fn installs_a_signed_profile() {
    let signed = include_bytes!("data/signed.mobileconfig");
    let mut device = enrolled(Faults::default());
    let report = ask(&mut device, install("c1", signed));
    assert_eq!(
        text(&report, "Status"),
        "Acknowledged",
        "{}",
        cause(&report)
    );
    let expected = pair(
        "com.harborworks.signed",
        "3D0C5E5B-7C1F-4E0B-9B53-5D1B1C9E7A10",
    );
    assert_eq!(managed(&device), [expected]);
}

/// Proves that a user profile installs on the user channel alone, where a system profile fails.
#[test]
fn keeps_the_channels_apart() {
    let options = DeviceOptions {
        seed: 1,
        has_user: true,
        ..DeviceOptions::default()
    };
    let mut device = Device::new(options);
    device.contact(|_, _| EMPTY);
    let scoped = |scope: &str, identifier: &str| {
        let mut parts = profile_parts(identifier, "A");
        parts.insert("PayloadScope".to_owned(), scope.into());
        xml(&Value::Dictionary(parts))
    };
    let mut script = vec![
        install("c1", &scoped("User", "com.harborworks.user")),
        install("c2", &scoped("System", "com.harborworks.system")),
    ]
    .into_iter();
    let mut causes = Vec::new();
    device.contact(|channel, request| {
        let message = kit::read(&request.body);
        if channel == Channel::Device {
            return EMPTY;
        }
        causes.push(cause(&message));
        script.next().unwrap_or(EMPTY)
    });
    assert_eq!(causes, ["", "", "NSPOSIXErrorDomain 1"]);
    assert!(managed(&device).is_empty());
    let on_user = device
        .profiles(Channel::User)
        .filter(|profile| profile.is_managed);
    assert_eq!(on_user.count(), 1);
}

/// Proves that the questions about a device are answered and unknown ones left out.
#[test]
fn answers_device_information() {
    let mut device = enrolled(Faults::default());
    let names = [
        "OSVersion",
        "BuildVersion",
        "Model",
        "SerialNumber",
        "IsSupervised",
        "Nonsense",
    ];
    let queries = Value::Array(names.iter().map(|&name| name.into()).collect());
    let report = ask(
        &mut device,
        command("c1", "DeviceInformation", vec![("Queries", queries)]),
    );
    let answers = report
        .get("QueryResponses")
        .and_then(Value::as_dictionary)
        .unwrap();
    assert_eq!(answers.len(), 5);
    assert_eq!(text(answers, "SerialNumber"), device.identity().serial);
    assert_eq!(
        answers.get("IsSupervised").and_then(Value::as_boolean),
        Some(true)
    );
}

/// Proves that unknown and incomplete commands get `CommandFormatError`, and rubbish ends a contact.
#[test]
fn reports_commands_it_does_not_understand() {
    let mut device = enrolled(Faults::default());
    for reply in [
        command("c1", "EatLunch", vec![]),
        command("c2", "InstallProfile", vec![]),
        command("c3", "RemoveProfile", vec![("Identifier", 1.into())]),
        command("c4", "DeviceInformation", vec![]),
    ] {
        assert_eq!(
            text(&ask(&mut device, reply), "Status"),
            "CommandFormatError"
        );
    }
    for body in [
        b"rubbish".to_vec(),
        xml(&dictionary(vec![("CommandUUID", "c".into())])),
    ] {
        let (said, contact) = run(&mut device, vec![Reply { status: 200, body }]);
        assert!(said.is_empty());
        assert_eq!(contact.device, Ending::Undecodable);
    }
    assert_eq!(device.tally().errors, 2);
}

/// Proves that a command delivered again is answered alike and carried out once.
#[test]
fn carries_a_command_out_once() {
    let mut device = enrolled(Faults::default());
    let first = ask(&mut device, install("c1", &profile(DOCK, "A")));
    device.user_removes(Channel::Device, DOCK);
    let second = ask(&mut device, install("c1", &profile(DOCK, "A")));
    assert_eq!(first, second);
    assert!(managed(&device).is_empty(), "not installed a second time");
    let first = ask(&mut device, remove("c2", DOCK));
    ask(&mut device, install("c3", &profile(DOCK, "B")));
    assert_eq!(
        first,
        ask(&mut device, remove("c2", DOCK)),
        "the same failure"
    );
    assert_eq!(managed(&device), [pair(DOCK, "B")]);
    assert_eq!(device.tally().duplicates, 2);
}

/// Proves which replies make a device leave, and that others only end the contact.
#[test]
fn leaves_only_when_dismissed() {
    let unrecognized = b"<string>com.apple.unrecognized.device</string>".to_vec();
    for (status, body, is_dismissal) in [
        (401, vec![], true),
        (403, unrecognized.clone(), true),
        (403, vec![], false),
        (400, unrecognized, false),
        (500, vec![], false),
    ] {
        let mut device = enrolled(Faults::default());
        ask(&mut device, install("c1", &profile(DOCK, "A")));
        let (_, contact) = run(&mut device, vec![Reply { status, body }]);
        assert_eq!(device.is_unenrolled(), is_dismissal, "{status}");
        assert_eq!(contact.device == Ending::Refused(status), !is_dismissal);
        assert_eq!(managed(&device).is_empty(), is_dismissal);
        assert_eq!(device.begin(Channel::Device).is_none(), is_dismissal);
    }
    let mut device = enrolled(Faults::default());
    let (_, contact) = run(&mut device, vec![remove("c1", ENROLLMENT_IDENTIFIER)]);
    assert_eq!(contact.device, Ending::Unenrolled);
}

/// Proves that a device that was wiped or checked out begins anew.
#[test]
fn enrolls_again_after_a_wipe() {
    let mut device = enrolled(Faults::default());
    ask(&mut device, install("c1", &profile(DOCK, "A")));
    let farewell = kit::read(&device.check_out().body);
    assert_eq!(text(&farewell, "MessageType"), "CheckOut");
    assert!(managed(&device).is_empty());
    let first = device.begin(Channel::Device).unwrap();
    assert_eq!(text(&kit::read(&first.body), "MessageType"), "Authenticate");
    device.erase();
    assert_eq!(device.profiles(Channel::Device).count(), 2);
    let again = device.begin(Channel::Device).unwrap();
    assert_eq!(first, again, "it is still the same Mac");
}
