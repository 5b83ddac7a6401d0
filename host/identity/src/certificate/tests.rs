//! What is read from a certificate, and what is no certificate.

use super::*;
use crate::testdata::{bytes, certificate, cms};

/// Proves that the facts of a certificate are those that `openssl x509 -text` shows.
#[test]
fn reads_the_facts() {
    let bounded = certificate("bounded");
    assert_eq!(bounded.subject(), "CN=bounded");
    assert_eq!(bounded.serial_number(), "40");
    assert_eq!(bounded.not_before_ms(), 1_893_456_000_000);
    assert_eq!(bounded.not_after_ms(), 1_924_992_000_000);
    assert_eq!(bounded.key_kind(), KeyKind::P256);
    assert!(!bounded.is_self_issued());
    assert!(bounded.is_for_client_authentication());

    let ca = certificate("ca");
    assert!(ca.is_self_issued());
    assert!(!ca.is_for_client_authentication());
    assert_eq!(ca.key_kind(), KeyKind::Rsa { bits: 2048 });
    assert_eq!(
        certificate("rsa1024").key_kind(),
        KeyKind::Rsa { bits: 1024 }
    );
    assert_eq!(certificate("p384").key_kind(), KeyKind::Other);
}

/// Proves that the fingerprint is the SHA-256 of the DER, shown in lower hex, and orders as bytes
/// do.
#[test]
fn fingerprint_is_of_the_bytes() {
    let ca = certificate("ca");
    let fingerprint = ca.fingerprint();
    assert_eq!(fingerprint.as_bytes(), &sha256(ca.der()));
    assert_eq!(
        Fingerprint::from_bytes(*fingerprint.as_bytes()),
        fingerprint
    );
    let shown = fingerprint.to_string();
    assert_eq!(shown.len(), 64);
    assert!(
        shown
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    );
    assert!(Fingerprint::from_bytes([0; 32]) < Fingerprint::from_bytes([1; 32]));
}

/// Proves that no cut, no byte behind the end, no size beyond the limit and nothing that is DER but
/// not a certificate gets through.
#[test]
fn only_exactly_one_certificate() {
    let der = certificate("rsa").der().to_vec();
    assert_eq!(Certificate::from_der(&der).unwrap(), certificate("rsa"));
    for end in 0..der.len() {
        assert!(Certificate::from_der(&der[..end]).is_err(), "cut at {end}");
    }
    let mut longer = der.clone();
    longer.push(0);
    assert!(Certificate::from_der(&longer).is_err());
    let twice = [der.as_slice(), &der].concat();
    assert!(Certificate::from_der(&twice).is_err());
    let huge = vec![0x30; CERTIFICATE_BYTES_MAX + 1];
    assert!(matches!(
        Certificate::from_der(&huge),
        Err(CertificateError::TooLarge)
    ));
    assert!(Certificate::from_der(&cms("rsa-sha256")).is_err());
    assert!(Certificate::from_der(&bytes("certificates/rsa-key.der")).is_err());
    assert!(matches!(
        Certificate::from_der(&[0x30, 0x80].repeat(5_000)),
        Err(CertificateError::Encoding(TlvError::TooDeep))
    ));
}

/// Proves that Debug shows a name and a fingerprint, and text chosen by strangers no control
/// characters.
#[test]
fn debug_is_short() {
    let shown = format!("{:?}", certificate("rsa"));
    assert!(shown.contains("CN=rsa") && shown.len() < 160, "{shown}");
}
