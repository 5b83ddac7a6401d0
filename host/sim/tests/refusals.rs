//! Which profiles a simulated Mac refuses, and with which error.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kit;

use kit::{ask, cause, enrolled, install, managed, profile_parts, text, xml};
use mooring_sim::{Channel, Device, DeviceOptions, Faults};
use plist::{Dictionary, Value};

const DOCK: &str = "com.harborworks.dock";

/// A good profile, spoilt.
fn spoilt(change: impl FnOnce(&mut Dictionary)) -> Vec<u8> {
    let mut parts = profile_parts(DOCK, "A");
    change(&mut parts);
    xml(&Value::Dictionary(parts))
}

/// With another value at the top.
fn with(key: &str, value: impl Into<Value>) -> Vec<u8> {
    spoilt(|parts| drop(parts.insert(key.to_owned(), value.into())))
}

/// Without a key at the top.
fn without(key: &str) -> Vec<u8> {
    spoilt(|parts| drop(parts.remove(key)))
}

/// With other payloads.
fn payloads(change: impl FnOnce(&mut Vec<Value>)) -> Vec<u8> {
    spoilt(|parts| {
        let content = parts.get_mut("PayloadContent");
        change(content.and_then(Value::as_array_mut).unwrap());
    })
}

/// With the payload repeated, changed.
fn twin(change: impl FnOnce(&mut Dictionary)) -> Vec<u8> {
    payloads(|list| {
        let mut twin = list[0].as_dictionary().unwrap().clone();
        change(&mut twin);
        list.push(Value::Dictionary(twin));
    })
}

/// With another value in the payload.
fn inner(key: &str, value: impl Into<Value>) -> Vec<u8> {
    payloads(|list| {
        let payload = list[0].as_dictionary_mut().unwrap();
        payload.insert(key.to_owned(), value.into());
    })
}

/// Without a key in the payload.
fn inner_without(key: &str) -> Vec<u8> {
    payloads(|list| drop(list[0].as_dictionary_mut().unwrap().remove(key)))
}

/// Proves that each kind of bad profile is refused with a Mac's code and leaves nothing behind.
#[test]
fn refuses_bad_profiles_with_the_right_code() {
    let cases = [
        (b"no property list".to_vec(), "MCProfileErrorDomain 1000"),
        (xml(&Value::Array(vec![])), "MCProfileErrorDomain 1000"),
        (
            with("PayloadType", "com.apple.dock"),
            "MCProfileErrorDomain 1000",
        ),
        (with("PayloadVersion", 2), "MCProfileErrorDomain 1001"),
        (without("PayloadIdentifier"), "MCProfileErrorDomain 1002"),
        (without("PayloadUUID"), "MCProfileErrorDomain 1002"),
        (without("PayloadContent"), "MCProfileErrorDomain 1002"),
        (with("PayloadUUID", ""), "MCProfileErrorDomain 1002"),
        (with("PayloadVersion", "1"), "MCProfileErrorDomain 1003"),
        (with("PayloadContent", "x"), "MCProfileErrorDomain 1003"),
        (
            payloads(|list| list.push("x".into())),
            "MCProfileErrorDomain 1003",
        ),
        (payloads(Vec::clear), "MCProfileErrorDomain 1005"),
        (twin(|_| ()), "MCProfileErrorDomain 1007"),
        (
            twin(|twin| drop(twin.insert("PayloadUUID".to_owned(), "B".into()))),
            "MCProfileErrorDomain 1008",
        ),
        (inner("PayloadVersion", 9), "MCPayloadErrorDomain 2001"),
        (inner_without("PayloadType"), "MCPayloadErrorDomain 2002"),
        (inner("PayloadUUID", 1), "MCPayloadErrorDomain 2003"),
        (with("PayloadScope", "User"), "NSPOSIXErrorDomain 1"),
    ];
    let mut device = enrolled(Faults::default());
    for (position, (bytes, expected)) in cases.iter().enumerate() {
        let report = ask(&mut device, install(&format!("c{position}"), bytes));
        assert_eq!(text(&report, "Status"), "Error");
        assert_eq!(cause(&report), *expected, "case {position}");
        let chain = report.get("ErrorChain").and_then(Value::as_array).unwrap();
        let outer = chain[0].as_dictionary().unwrap();
        let is_wrapped = text(outer, "ErrorDomain") == "MCInstallationErrorDomain";
        assert_eq!(is_wrapped, chain.len() == 2, "case {position}");
    }
    assert!(managed(&device).is_empty());
}

/// Proves that what a Mac takes in spite of its form is taken.
#[test]
fn accepts_what_a_mac_accepts() {
    let mut device = enrolled(Faults::default());
    for (position, bytes) in [
        with("PayloadScope", "System"),
        with("PayloadScope", "system"),
        with("PayloadRemovalDisallowed", 1),
        without("PayloadDisplayName"),
        with("PayloadEnabled", true),
    ]
    .iter()
    .enumerate()
    {
        let report = ask(&mut device, install(&format!("c{position}"), bytes));
        assert_eq!(text(&report, "Status"), "Acknowledged", "case {position}");
    }
}

/// Proves that the shipped profiles install on the channel they name, but for the one whose
/// identity the server has to fill in.
#[test]
fn installs_the_shipped_profiles() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data/profiles");
    let mut refused = Vec::new();
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let mut device = Device::new(DeviceOptions {
            has_user: true,
            ..DeviceOptions::default()
        });
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let channel = if name.ends_with("-user") {
            Channel::User
        } else {
            Channel::Device
        };
        let installed = device.user_installs(channel, &std::fs::read(&path).unwrap());
        if let Err(chain) = installed {
            refused.push((name, chain.cause().unwrap().code));
        }
        count += 1;
    }
    assert_eq!(count, 12);
    assert_eq!(refused, [("notifications-tidewatch".to_owned(), 1002)]);
}
