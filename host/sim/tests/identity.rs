//! A device with an identity: signed messages, sealed profiles, renewal, leaving, escrow.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kit;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use der::{Decode, Encode};
use kit::authority::Authority;
use kit::cms::{detached_signer, seal};
use kit::{EMPTY, Membership, cause, install, member, profile_parts, read, run, text, xml};
use mooring_sim::{
    Channel, Credential, Device, Ending, EnrollmentProfile, EnrollmentProfileError, Faults, Habits,
    OnRenewal, Reply, ScepFailure,
};
use plist::Value;
use x509_cert::Certificate;

/// 2026-01-15 12:00:00 UTC.
const NOW_MS: u64 = 1_768_478_400_000;

/// Proves that a message's signature is detached, by the identity, over exactly these bytes.
#[test]
fn messages_are_signed() {
    let Membership {
        mut device,
        credential,
    } = member(Faults::default());
    let request = device.begin(Channel::Device).unwrap();
    assert_eq!(request.signature, None);
    let request = device.sign(request, NOW_MS).unwrap();
    let message = STANDARD.decode(request.signature.unwrap()).unwrap();
    let (signer, info) = detached_signer(&message, &request.body);
    assert_eq!(signer.to_der().unwrap(), credential.certificate());
    let attributes = info.signed_attrs.unwrap();
    assert_eq!(attributes.len(), 3, "content type, digest, time");
    let time = attributes.iter().find_map(|one| {
        let value = one.values.get(0).unwrap();
        (one.oid.to_string() == "1.2.840.113549.1.9.5").then(|| value.value().to_vec())
    });
    assert_eq!(time.unwrap(), b"260115120000Z");
    let without = kit::device(Faults::default())
        .begin(Channel::Device)
        .unwrap();
    let unsigned = kit::device(Faults::default()).sign(without.clone(), NOW_MS);
    assert_eq!(unsigned.unwrap(), without);
}

/// Proves that payloads sealed for the device are installed, and those for another are not.
#[test]
fn sealed_profiles_are_opened() {
    let Membership {
        mut device,
        credential,
    } = member(Faults::default());
    device.contact(|_, _| EMPTY);
    let sealed_for = |certificate: &[u8]| {
        let mut parts = profile_parts("com.harborworks.wifi", "W1");
        let payloads = parts.remove("PayloadContent").unwrap();
        let to = Certificate::from_der(certificate).unwrap();
        parts.insert("IsEncrypted".to_owned(), true.into());
        let sealed = Value::Data(seal(&xml(&payloads), &to));
        parts.insert("EncryptedPayloadContent".to_owned(), sealed);
        xml(&Value::Dictionary(parts))
    };
    let for_other = sealed_for(&Authority::shared().certificate());
    let (said, _) = run(&mut device, vec![install("c1", &for_other)]);
    assert_eq!(cause(&said[0]), "MCProfileErrorDomain 1006");
    let for_device = sealed_for(credential.certificate());
    let (said, _) = run(&mut device, vec![install("c2", &for_device)]);
    assert_eq!(text(&said[0], "Status"), "Acknowledged");
    let mut held = device.profiles(Channel::Device);
    let held = held.find(|one| one.uuid == "W1").unwrap();
    assert!(held.is_encrypted && held.payloads[0].payload_type == "com.apple.dock");
}

/// What a device says in one contact in which it gets its enrollment profile anew.
fn renew(
    device: &mut Device,
    payload: &[u8],
    outcome: impl Fn() -> Result<Credential, ScepFailure>,
) -> (Vec<String>, Vec<Vec<u8>>) {
    let mut replies = vec![install("renew", payload)].into_iter();
    let (mut said, mut bodies) = (Vec::new(), Vec::new());
    let contact = device.contact_renewing(
        |_, request| {
            let message = read(&request.body);
            said.push(format!(
                "{}{}",
                text(&message, "MessageType"),
                text(&message, "Status")
            ));
            bodies.push(request.body);
            let is_idle = text(&message, "Status") == "Idle";
            is_idle.then(|| replies.next()).flatten().unwrap_or(EMPTY)
        },
        |profile, present| {
            assert_eq!(profile.scep.challenge.as_deref(), Some("second"));
            assert!(present.is_some());
            outcome()
        },
    );
    assert!(matches!(contact.device, Ending::Empty(_)));
    (said, bodies)
}

/// Proves that the enrollment profile anew renews the identity, in each habit's order of messages.
#[test]
fn the_enrollment_profile_renews_the_identity() {
    let anew = kit::enrollment_profile("https://mdm.example", "second");
    for (on_renewal, expected) in [
        (OnRenewal::Quiet, &["Idle", "Acknowledged"][..]),
        (
            OnRenewal::AcknowledgesFirst,
            &[
                "Idle",
                "Acknowledged",
                "Authenticate",
                "TokenUpdate",
                "GetBootstrapToken",
                "Idle",
            ],
        ),
        (
            OnRenewal::AuthenticatesFirst,
            &[
                "Idle",
                "Authenticate",
                "TokenUpdate",
                "GetBootstrapToken",
                "Acknowledged",
            ],
        ),
    ] {
        let Membership { device, credential } = member(Faults::default());
        let mut device = device.with_habits(Habits {
            on_renewal,
            ..Habits::default()
        });
        device.contact(|_, _| EMPTY);
        let next = kit::identity(2);
        let (said, _) = renew(&mut device, &anew, || Ok(next.clone()));
        assert_eq!(said, expected, "{on_renewal:?}");
        assert_ne!(device.credential(), Some(&credential));
        assert_eq!(device.credential(), Some(&next));
        assert_eq!(device.tally().renewals, 1);
        let (again, _) = run(&mut device, vec![install("renew", &anew)]);
        assert_eq!(text(&again[0], "Status"), "Acknowledged", "from memory");
        assert_eq!(device.tally().renewals, 1);
    }
}

/// Proves that a renewal that cannot be leaves the identity as it is and says why.
#[test]
fn a_failed_renewal_changes_nothing() {
    let Membership {
        mut device,
        credential,
    } = member(Faults::default());
    device.contact(|_, _| EMPTY);
    let anew = kit::enrollment_profile("https://mdm.example", "second");
    let (said, bodies) = renew(&mut device, &anew, || Err(ScepFailure::Pending));
    assert_eq!(said, ["Idle", "Error"]);
    assert_eq!(cause(&read(&bodies[1])), "MCSCEPErrorDomain 22013");
    let elsewhere = kit::enrollment_profile("https://elsewhere.example", "second");
    let (said, _) = run(&mut device, vec![install("c2", &elsewhere)]);
    assert_eq!(cause(&said[0]), "MCMDMErrorDomain 12026");
    assert_eq!(device.credential(), Some(&credential));
    assert_eq!(
        device.enrollment().unwrap().server_url,
        "https://mdm.example/mdm"
    );
}

/// Proves that a wiped device has lost its identity and starts over with another, and that one that
/// leaves can still sign its `CheckOut`.
#[test]
fn leaving_and_being_wiped() {
    let Membership {
        mut device,
        credential,
    } = member(Faults::default());
    device.contact(|_, _| EMPTY);
    assert!(!device.is_without_membership());
    let identifier = device.enrollment_identifier().to_owned();
    let holds = |device: &Device| {
        let mut all = device.profiles(Channel::Device);
        all.any(|one| one.identifier == identifier)
    };
    assert!(holds(&device));
    let leaving = device.check_out();
    assert_eq!(
        device.address(&leaving),
        Some("https://mdm.example/checkin")
    );
    assert!(device.sign(leaving, NOW_MS).unwrap().signature.is_some());
    assert!(device.is_without_membership() && !holds(&device));
    device.erase();
    assert_eq!(device.credential(), None);
    let next = kit::identity(2);
    let profile = kit::enrollment_profile("https://mdm.example", "third");
    device.enroll(EnrollmentProfile::read(&profile).unwrap(), next);
    let first = device.begin(Channel::Device).unwrap();
    let first = read(&first.body);
    assert_eq!(text(&first, "MessageType"), "Authenticate");
    assert_eq!(text(&first, "Topic"), "com.apple.mgmt.External.stub");
    assert!(holds(&device) && device.credential() != Some(&credential));
    let removal = kit::remove("c1", &identifier);
    device.contact(|_, _| EMPTY);
    let (_, contact) = run(&mut device, vec![removal]);
    assert_eq!(contact.device, Ending::Unenrolled);
}

/// Proves that a server that wants the bootstrap token gets it once, and that a token read back
/// that is another is noticed.
#[test]
fn the_bootstrap_token_is_handed_over_and_compared() {
    let Membership { mut device, .. } = member(Faults::default());
    let mut kept = None;
    let mut said = Vec::new();
    let mut contact = |device: &mut Device, is_forgetful: bool| {
        device.contact(|_, request| {
            let message = read(&request.body);
            said.push(text(&message, "MessageType").to_owned());
            if let Some(token) = message.get("BootstrapToken") {
                kept = Some(token.clone());
            }
            let is_asked = text(&message, "MessageType") == "GetBootstrapToken";
            let reply = kept.clone().filter(|_| is_asked && !is_forgetful);
            reply.map_or(EMPTY, |token| Reply {
                status: 200,
                body: xml(&kit::dictionary(vec![("BootstrapToken", token)])),
            })
        });
    };
    contact(&mut device, false);
    contact(&mut device, false);
    assert_eq!(device.tally().bootstrap_mismatches, 0);
    let anew = kit::enrollment_profile("https://mdm.example", "second");
    let next = kit::identity(2);
    renew(&mut device, &anew, || Ok(next.clone()));
    assert_eq!(
        device.tally().bootstrap_mismatches,
        1,
        "that server has none"
    );
    device.enroll(EnrollmentProfile::read(&anew).unwrap(), next.clone());
    contact(&mut device, true);
    assert_eq!(device.tally().bootstrap_mismatches, 2);
    let once = [
        "Authenticate",
        "TokenUpdate",
        "SetBootstrapToken",
        "GetBootstrapToken",
    ];
    let expected: Vec<&str> = once
        .into_iter()
        .chain(["", ""])
        .chain(once)
        .chain([""])
        .collect();
    assert_eq!(said, expected);
    let token = read(&device.bootstrap_token_handover().body);
    assert_eq!(
        token.get("BootstrapToken"),
        Some(&Value::Data(device.bootstrap_token()))
    );
}

/// Proves what an enrollment profile must have, and that its challenge is not shown.
#[test]
fn enrollment_profiles_are_read() {
    let bytes = kit::enrollment_profile("https://mdm.example", "very secret");
    let profile = EnrollmentProfile::read(&bytes).unwrap();
    assert_eq!(profile.scep.challenge.as_deref(), Some("very secret"));
    assert_eq!(profile.scep.subject[0], ("O".to_owned(), "Stub".to_owned()));
    assert_eq!((profile.scep.key_size, profile.access_rights), (2048, 8191));
    assert!(profile.sign_message && profile.wants_bootstrap_token());
    assert!(!format!("{profile:?}").contains("very secret"));
    let plain = kit::profile("com.harborworks.dock", "D1");
    let error = EnrollmentProfile::read(&plain).unwrap_err();
    assert_eq!(error, EnrollmentProfileError::NoMdm);
    let text = String::from_utf8(bytes).unwrap();
    for (key, expected) in [
        (
            "ServerURL",
            "the com.apple.mdm payload has no usable ServerURL",
        ),
        (
            "URL",
            "the com.apple.security.scep payload has no usable URL",
        ),
        ("Keysize", ""),
    ] {
        let renamed = text.replace(&format!("<key>{key}</key>"), "<key>Other</key>");
        let outcome = EnrollmentProfile::read(renamed.as_bytes());
        let said = outcome.map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(said, expected, "{key}");
    }
}
