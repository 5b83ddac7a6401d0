//! Push certificates: which texts are one, and what is said of those that are not.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

use der::asn1::{AnyRef, OctetStringRef};
use der::{Decode, Reader, SliceReader};
use mooring_push::{CERTIFICATE_PEM_BYTES_MAX, CertificateError, PushCertificate};
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair};

const TOPIC: &str = "com.apple.mgmt.External.6a5e0cbc-0a2f-4b1c-8d3f-0f6f5c8a1b2c";
const UID: &[u64] = &[0, 9, 2342, 19_200_300, 100, 1, 1];

fn certificate(key: &KeyPair, uid: impl Into<Option<DnValue>>) -> String {
    let mut params = CertificateParams::default();
    params.not_before = rcgen::date_time_ymd(2026, 1, 1);
    params.not_after = rcgen::date_time_ymd(2027, 1, 1);
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, "APSP");
    if let Some(uid) = uid.into() {
        let name = DnType::CustomDnType(UID.to_vec());
        params.distinguished_name.push(name, uid);
    }
    params.self_signed(key).unwrap().pem()
}

fn topic() -> DnValue {
    DnValue::Utf8String(TOPIC.to_owned())
}

fn read(pem: &str) -> Result<PushCertificate, CertificateError> {
    PushCertificate::from_pem(pem.as_bytes())
}

/// The key inside of PKCS#8 in its older form, PKCS#1 or SEC1.
fn older_pem(key: &KeyPair, label: &str) -> String {
    let pkcs8 = key.serialize_der();
    let sequence = AnyRef::from_der(&pkcs8).unwrap();
    let mut reader = SliceReader::new(sequence.value()).unwrap();
    let _version: AnyRef<'_> = reader.decode().unwrap();
    let _algorithm: AnyRef<'_> = reader.decode().unwrap();
    let inner: OctetStringRef<'_> = reader.decode().unwrap();
    let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, inner.as_bytes());
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// Proves that a certificate is read with its key in each of the three forms, in any order and
/// among other certificates, and that what is stored of it reads as the same.
#[test]
fn reads_every_form() {
    let ec = KeyPair::generate().unwrap();
    let rsa = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
    let other = certificate(&KeyPair::generate().unwrap(), None);
    let of_ec = certificate(&ec, topic());
    let of_rsa = certificate(&rsa, topic());
    for pem in [
        format!("{of_ec}{}", ec.serialize_pem()),
        format!("{}{of_ec}", ec.serialize_pem()),
        format!("{other}{of_ec}{}", ec.serialize_pem()),
        format!(
            "Bag Attributes\r\n{of_ec}{}",
            older_pem(&ec, "EC PRIVATE KEY")
        ),
        format!("{of_rsa}{}", rsa.serialize_pem()),
        format!("{of_rsa}{}", older_pem(&rsa, "RSA PRIVATE KEY")),
    ] {
        let read_once = read(&pem).unwrap();
        assert_eq!(read_once.topic(), TOPIC);
        assert_eq!(read_once.not_before_ms(), 1_767_225_600_000);
        assert_eq!(read_once.not_after_ms(), 1_798_761_600_000);
        let stored = read_once.to_pem();
        let read_again = read(&stored).unwrap();
        assert_eq!(read_again.to_pem(), stored);
        assert_eq!(read_again.fingerprint(), read_once.fingerprint());
    }
}

/// Proves that the topic is found in each type of string an issuer may choose.
#[test]
fn types_of_topic() {
    let key = KeyPair::generate().unwrap();
    for uid in [
        DnValue::Utf8String(TOPIC.to_owned()),
        DnValue::PrintableString(TOPIC.try_into().unwrap()),
        DnValue::Ia5String(TOPIC.try_into().unwrap()),
    ] {
        let pem = certificate(&key, uid) + &key.serialize_pem();
        assert_eq!(read(&pem).unwrap().topic(), TOPIC);
    }
}

/// Proves that each thing that can be wrong with the text is named.
#[test]
fn names_what_is_wrong() {
    let key = KeyPair::generate().unwrap();
    let key_pem = key.serialize_pem();
    let own = certificate(&key, topic());
    let other_key_pem = KeyPair::generate().unwrap().serialize_pem();
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let old_encrypted = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: \
                         AES-256-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
    let garbage =
        |label: &str| format!("-----BEGIN {label}-----\nMAMCAQE=\n-----END {label}-----\n");
    let app = Some(DnValue::Utf8String("com.example.app".to_owned()));
    let bare = Some(DnValue::Utf8String("com.apple.mgmt.".to_owned()));
    let split = Some(DnValue::Utf8String("com.apple.mgmt.a\r\nb: c".to_owned()));
    let other_topic = |uid| {
        format!(
            "{:?}",
            read(&(certificate(&key, uid) + &key_pem)).unwrap_err()
        )
    };
    let error = |pem: String| format!("{:?}", read(&pem).unwrap_err());

    assert_eq!(error(String::new()), "NoCertificate");
    assert_eq!(error(key_pem.clone()), "NoCertificate");
    assert_eq!(error(own.clone()), "NoKey");
    assert_eq!(error(own.clone() + encrypted), "KeyEncrypted");
    assert_eq!(error(own.clone() + old_encrypted), "KeyEncrypted");
    assert_eq!(error(own.clone() + &key_pem + &key_pem), "SeveralKeys");
    assert_eq!(error(own.clone() + &garbage("PRIVATE KEY")), "UnusableKey");
    assert_eq!(error(own.clone() + &other_key_pem), "Mismatch");
    assert!(error(garbage("CERTIFICATE") + &key_pem).starts_with("Unreadable"));
    assert_eq!(error(own.clone() + &key_pem[..60]), "Malformed");
    assert_eq!(error("x".repeat(CERTIFICATE_PEM_BYTES_MAX + 1)), "TooLarge");
    assert_eq!(other_topic(None), "NoTopic");
    for uid in [app, bare, split] {
        assert!(other_topic(uid).starts_with("OtherTopic"));
    }
}

/// Proves that neither debug output nor an error shows any of the key.
#[test]
fn shows_no_key() {
    let key = KeyPair::generate().unwrap();
    let key_pem = key.serialize_pem();
    let own = certificate(&key, topic());
    let shown = format!("{:?}", read(&(own.clone() + &key_pem)).unwrap());
    assert!(shown.contains(TOPIC) && !shown.contains("key"), "{shown}");
    let line = key_pem.lines().nth(1).unwrap();
    let damaged = own + &key_pem.replace(line, &format!("{line}!"));
    let error = read(&damaged).unwrap_err();
    assert!(!format!("{error:?} {error}").contains(&line[..20]));
}
