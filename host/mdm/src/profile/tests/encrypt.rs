//! Profiles whose payloads are sealed for one device.

use super::*;

/// Reverses the bytes: what stands in the profile then is plainly not the array.
fn seal(array: &[u8]) -> Vec<u8> {
    array.iter().rev().copied().collect()
}

#[track_caller]
fn sealed(raw: &str) -> String {
    String::from_utf8(
        encrypt_payloads(raw.as_bytes(), |array| Ok::<_, NoKey>(seal(array))).unwrap(),
    )
    .unwrap()
}

/// The payloads become data that decrypts to the very array, and every byte around them stays.
#[test]
fn payloads_are_replaced() {
    let array = "<array>\n<dict><key>Password</key><string>s&amp;cret</string></dict>\n</array>";
    let content = format!("<key>PayloadContent</key>\n{array}");
    let raw = profile(&format!(
        "<key>PayloadIdentifier</key><string>com.x</string>\n{content}\n\
         <key>PayloadUUID</key><string>U</string>"
    ));
    let new = sealed(&raw);
    let start = raw.find("<key>PayloadContent").unwrap();
    let after = &raw[start + content.len()..];
    assert!(
        new.starts_with(&raw[..start]) && new.ends_with(after),
        "{new}"
    );
    assert!(!new.contains("cret"));

    let read = parse(new.as_bytes()).unwrap();
    assert_eq!(read.identifier().unwrap().as_str(), "com.x");
    assert_eq!(read.uuid().unwrap().as_str(), "U");
    let root = read.document().root();
    assert_eq!(
        root.get("IsEncrypted").and_then(NodeRef::as_bool),
        Some(true)
    );
    let data = root
        .get("EncryptedPayloadContent")
        .and_then(NodeRef::as_data);
    let opened: Vec<u8> = data.unwrap().iter().rev().copied().collect();
    let array = ::plist::Value::from_reader_xml(opened.as_slice()).unwrap();
    let payload = array.as_array().unwrap()[0].as_dictionary().unwrap();
    assert_eq!(payload["Password"].as_string(), Some("s&cret"));
    plist::read_xml(&opened, &ReaderLimits::default()).unwrap();
}

/// A flag that says no becomes one that says yes, where it stands.
#[test]
fn the_flag_is_turned() {
    let raw = profile(
        "<key>IsEncrypted</key><false/><key>PayloadContent</key><array/>\
         <key>PayloadIdentifier</key><string>com.x</string>",
    );
    let new = sealed(&raw);
    assert!(new.contains("<key>IsEncrypted</key><true/><key>EncryptedPayloadContent</key>"));
    assert_eq!(new.matches("IsEncrypted").count(), 1);
}

/// What cannot be encrypted is refused with the reason, and the function is not called for it.
#[test]
fn refusals() {
    let check = |raw: &[u8], expected: &str| {
        let error = encrypt_payloads(raw, |_| -> Result<Vec<u8>, NoKey> { panic!() });
        let text = error.unwrap_err().to_string();
        assert!(text.starts_with(expected), "{text}");
    };
    check(SIGNED, "the profile is signed");
    check(b"bplist00", "the profile is a binary");
    check(b"<plist>", "the profile cannot be read");
    let payloads = "<key>PayloadContent</key><array/>";
    let none = "the profile has no readable payloads";
    check(profile("").as_bytes(), none);
    check(profile("<key>PayloadContent</key><dict/>").as_bytes(), none);
    let done = "<key>EncryptedPayloadContent</key><data></data>";
    check(profile(done).as_bytes(), none);
    check(profile(&format!("{payloads}{done}")).as_bytes(), none);
    let said = "<key>IsEncrypted</key><true/>";
    check(profile(&format!("{payloads}{said}")).as_bytes(), none);

    let failing = encrypt_payloads(PLAIN, |_| Err(NoKey));
    assert_eq!(failing, Err(EncryptPayloadsError::Encrypt(NoKey)));
}

/// A stand-in for the error of an encryption.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("no key")]
struct NoKey;
