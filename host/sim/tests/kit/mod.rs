//! What the tests of simulated devices share: commands, profiles and a server made of a script.
//!
//! Written with the `plist` crate, as the devices are. Invariant: nothing here knows the devices'
//! inside.

#![allow(dead_code, reason = "each test binary uses its own part of the kit")]

pub(crate) mod authority;
pub(crate) mod cms;

use std::io::Cursor;

use mooring_sim::{Channel, Contact, Credential, Device, DeviceOptions, EnrollmentProfile};
use mooring_sim::{Faults, Reply, Request};
use plist::{Dictionary, Value};

pub(crate) const EMPTY: Reply = Reply {
    status: 200,
    body: Vec::new(),
};

pub(crate) fn dictionary(entries: Vec<(&str, Value)>) -> Value {
    Value::Dictionary(
        entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

pub(crate) fn xml(value: &Value) -> Vec<u8> {
    let mut out = Vec::new();
    value.to_writer_xml(&mut out).unwrap();
    out
}

pub(crate) fn read(body: &[u8]) -> Dictionary {
    Value::from_reader_xml(Cursor::new(body))
        .unwrap()
        .into_dictionary()
        .unwrap()
}

pub(crate) fn text<'a>(message: &'a Dictionary, key: &str) -> &'a str {
    message.get(key).and_then(Value::as_string).unwrap_or("")
}

/// A reply with one command.
pub(crate) fn command(uuid: &str, request_type: &str, parts: Vec<(&str, Value)>) -> Reply {
    let mut entries = vec![("RequestType", request_type.into())];
    entries.extend(parts);
    let body = dictionary(vec![
        ("CommandUUID", uuid.into()),
        ("Command", dictionary(entries)),
    ]);
    Reply {
        status: 200,
        body: xml(&body),
    }
}

pub(crate) fn install(uuid: &str, profile: &[u8]) -> Reply {
    command(
        uuid,
        "InstallProfile",
        vec![("Payload", Value::Data(profile.to_vec()))],
    )
}

pub(crate) fn remove(uuid: &str, identifier: &str) -> Reply {
    command(
        uuid,
        "RemoveProfile",
        vec![("Identifier", identifier.into())],
    )
}

pub(crate) fn list(uuid: &str) -> Reply {
    command(uuid, "ProfileList", vec![])
}

/// The parts of a valid profile, to be spoilt by a test.
pub(crate) fn profile_parts(identifier: &str, uuid: &str) -> Dictionary {
    let payload = dictionary(vec![
        ("PayloadType", "com.apple.dock".into()),
        ("PayloadVersion", 1.into()),
        ("PayloadIdentifier", format!("{identifier}.dock").into()),
        ("PayloadUUID", format!("{uuid}-1").into()),
        ("autohide", true.into()),
    ]);
    dictionary(vec![
        ("PayloadType", "Configuration".into()),
        ("PayloadVersion", 1.into()),
        ("PayloadIdentifier", identifier.into()),
        ("PayloadUUID", uuid.into()),
        ("PayloadDisplayName", "Dock".into()),
        ("PayloadContent", Value::Array(vec![payload])),
    ])
    .into_dictionary()
    .unwrap()
}

pub(crate) fn profile(identifier: &str, uuid: &str) -> Vec<u8> {
    xml(&Value::Dictionary(profile_parts(identifier, uuid)))
}

pub(crate) fn device(faults: Faults) -> Device {
    Device::new(DeviceOptions {
        seed: 7,
        index: 0,
        has_user: false,
        faults,
    })
}

/// A device without a user that is enrolled already.
pub(crate) fn enrolled(faults: Faults) -> Device {
    let mut device = device(faults);
    device.contact(|_, _| EMPTY);
    device
}

/// One contact in which the server hands out these replies, then nothing; gives every report after
/// the first message, and how the contact ended.
pub(crate) fn run(device: &mut Device, script: Vec<Reply>) -> (Vec<Dictionary>, Contact) {
    let mut script = script.into_iter();
    let mut said = Vec::new();
    let contact = device.contact(|channel, request: Request| {
        assert_eq!(channel, Channel::Device, "these devices have no user");
        said.push(read(&request.body));
        script.next().unwrap_or(EMPTY)
    });
    said.remove(0);
    (said, contact)
}

/// The single report to a single command.
pub(crate) fn ask(device: &mut Device, reply: Reply) -> Dictionary {
    let (said, _) = run(device, vec![reply]);
    assert_eq!(said.len(), 1);
    said.into_iter().next().unwrap()
}

/// `Domain code` of the innermost error.
pub(crate) fn cause(report: &Dictionary) -> String {
    let chain = report.get("ErrorChain").and_then(Value::as_array);
    let last = chain.and_then(|chain| chain.last()?.as_dictionary());
    last.map(|link| {
        let code = link
            .get("ErrorCode")
            .and_then(Value::as_signed_integer)
            .unwrap();
        format!("{} {code}", text(link, "ErrorDomain"))
    })
    .unwrap_or_default()
}

/// Identifier and uuid of everything a list shows.
pub(crate) fn listed(report: &Dictionary) -> Vec<(String, String)> {
    let list = report.get("ProfileList").and_then(Value::as_array).unwrap();
    list.iter()
        .map(|entry| {
            let entry = entry.as_dictionary().unwrap();
            assert!(!entry.contains_key("IsManaged"), "macOS leaves it out");
            (
                text(entry, "PayloadIdentifier").to_owned(),
                text(entry, "PayloadUUID").to_owned(),
            )
        })
        .collect()
}

/// What the server installed and the device holds.
pub(crate) fn managed(device: &Device) -> Vec<(String, String)> {
    device
        .profiles(Channel::Device)
        .filter(|profile| profile.is_managed)
        .map(|profile| (profile.identifier.clone(), profile.uuid.clone()))
        .collect()
}

/// A profile that enrolls by SCEP at a server of these addresses.
pub(crate) fn enrollment_profile(server: &str, challenge: &str) -> Vec<u8> {
    let payload = |kind: &str, uuid: &str, parts: Vec<(&str, Value)>| {
        let mut all = vec![
            ("PayloadType", kind.into()),
            ("PayloadVersion", 1.into()),
            (
                "PayloadIdentifier",
                format!("com.stub.enroll.{uuid}").into(),
            ),
            ("PayloadUUID", uuid.into()),
        ];
        all.extend(parts);
        dictionary(all)
    };
    let text = |text: &str| Value::String(text.to_owned());
    let level = |kind, value| Value::Array(vec![Value::Array(vec![text(kind), text(value)])]);
    let content = dictionary(vec![
        ("URL", format!("{server}/scep").into()),
        ("Challenge", challenge.into()),
        ("Keysize", 2048.into()),
        (
            "Subject",
            Value::Array(vec![level("O", "Stub"), level("CN", "device")]),
        ),
    ]);
    let scep = payload(
        "com.apple.security.scep",
        "SCEP",
        vec![("PayloadContent", content)],
    );
    let capabilities = [
        "com.apple.mdm.per-user-connections",
        "com.apple.mdm.bootstraptoken",
    ];
    let mdm = vec![
        ("IdentityCertificateUUID", "SCEP".into()),
        ("Topic", "com.apple.mgmt.External.stub".into()),
        ("ServerURL", format!("{server}/mdm").into()),
        ("CheckInURL", format!("{server}/checkin").into()),
        ("AccessRights", 8191.into()),
        ("SignMessage", true.into()),
        ("CheckOutWhenRemoved", true.into()),
        (
            "ServerCapabilities",
            Value::Array(capabilities.map(text).to_vec()),
        ),
    ];
    let mut parts = profile_parts("com.stub.enroll", "E1");
    let payloads = vec![scep, payload("com.apple.mdm", "MDM", mdm)];
    parts.insert("PayloadContent".to_owned(), Value::Array(payloads));
    xml(&Value::Dictionary(parts))
}

/// A device with an identity.
pub(crate) struct Membership {
    pub(crate) device: Device,
    pub(crate) credential: Credential,
}

/// A device without a user that was given a profile and an identity, but said nothing yet.
pub(crate) fn member(faults: Faults) -> Membership {
    let credential = identity(1);
    let profile = enrollment_profile("https://mdm.example", "first");
    let mut device = device(faults);
    device.enroll(
        EnrollmentProfile::read(&profile).unwrap(),
        credential.clone(),
    );
    Membership { device, credential }
}

/// An identity that the stub authority issued for the key of this number.
pub(crate) fn identity(number: usize) -> Credential {
    let key = authority::key(number);
    let public_key = authority::public_key(&key);
    let certificate = authority::Authority::shared().issue(&public_key, "device", false);
    Credential::new(&certificate, key).unwrap()
}
