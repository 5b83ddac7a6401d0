//! Files of certificates, good and bad.

use super::*;
use crate::testdata::{bytes, certificate};

fn file(names: &[&str]) -> Vec<u8> {
    names
        .iter()
        .flat_map(|name| bytes(&format!("certificates/{name}")))
        .collect()
}

/// Proves that certificates come out in their order, whatever text and line ends are around them.
#[test]
fn reads_a_chain() {
    let text = String::from_utf8(file(&["below.pem", "intermediate.pem"])).unwrap();
    let text = format!(
        "# our chain\n{}\ntrailing words\n",
        text.replace('\n', "\r\n")
    );
    let found = certificates_from_pem(text.as_bytes()).unwrap();
    assert_eq!(found, [certificate("below"), certificate("intermediate")]);
}

/// Proves that the error says which certificate cannot be read, counted from 1.
#[test]
fn names_the_damaged_one() {
    let good = String::from_utf8(file(&["ca.pem"])).unwrap();
    let wrong = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    let error = certificates_from_pem(format!("{good}{wrong}{good}").as_bytes()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "certificate 2 of the file cannot be read"
    );
    for damage in [
        "not base64!\n-----END CERTIFICATE-----\n",
        "MAA=\n",
        "MAA=\n-----END X-----\n",
    ] {
        let file = format!("{good}-----BEGIN CERTIFICATE-----\n{damage}");
        let error = certificates_from_pem(file.as_bytes()).unwrap_err();
        assert!(
            matches!(error, CertificateError::Pem { number: 2 }),
            "{damage}: {error}"
        );
    }
}

/// Proves that a private key in the file is refused by name, and that nothing of it is in the
/// error.
#[test]
fn refuses_a_private_key() {
    let error = certificates_from_pem(&file(&["ca.pem", "p256-key.pem"])).unwrap_err();
    assert!(
        matches!(error, CertificateError::PrivateKey { number: 2 }),
        "{error:?}"
    );
    assert_eq!(
        error.to_string(),
        "entry 2 of the file is a private key: a file of certificates must not have one"
    );
}

/// Proves that a file without a certificate, and one with too much, are errors.
#[test]
fn bounds_the_file() {
    let revoked = b"-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n";
    for none in [b"".as_slice(), b"no certificate here", revoked] {
        assert!(matches!(
            certificates_from_pem(none),
            Err(CertificateError::NoCertificate)
        ));
    }
    let many = file(&["p256.pem"]).repeat(CERTIFICATES_MAX + 1);
    assert!(matches!(
        certificates_from_pem(&many),
        Err(CertificateError::FileTooLarge { .. })
    ));
    let long = vec![b'\n'; FILE_BYTES_MAX + 1];
    assert!(matches!(
        certificates_from_pem(&long),
        Err(CertificateError::FileTooLarge { .. })
    ));
}
