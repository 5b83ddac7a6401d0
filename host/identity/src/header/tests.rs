//! Certificates as proxies hand them on.

use std::fmt::Write as _;

use super::*;
use crate::testdata::{bytes, certificate as fixture};

/// As nginx escapes: everything but letters, digits and a few marks.
fn escaped(pem: &[u8]) -> String {
    pem.iter().fold(String::new(), |mut out, &byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            write!(out, "%{byte:02X}").unwrap();
        }
        out
    })
}

/// Proves that both forms give the certificate, with space around them and hex digits of either
/// case.
#[test]
fn reads_both_forms() {
    let wanted = fixture("rsa");
    let sequence = format!(" :{}: ", STANDARD.encode(wanted.der()));
    assert_eq!(certificate(sequence.as_bytes()).unwrap(), wanted);
    let pem = bytes("certificates/rsa.pem");
    let upper = escaped(&pem);
    assert_eq!(certificate(upper.as_bytes()).unwrap(), wanted);
    let lower = upper
        .replace("%2B", "%2b")
        .replace("%0A", "%0a")
        .replace("%2F", "%2f");
    assert_eq!(certificate(lower.as_bytes()).unwrap(), wanted);
    // Only what must be escaped is: a plus sign stays one.
    let sparse = String::from_utf8(pem)
        .unwrap()
        .replace('\n', "%0A")
        .replace(' ', "%20");
    assert_eq!(certificate(sparse.as_bytes()).unwrap(), wanted);
}

/// Proves that two certificates, none, and values in neither form are refused, each with its
/// reason.
#[test]
fn refuses_the_rest() {
    let two = [
        bytes("certificates/rsa.pem"),
        bytes("certificates/p256.pem"),
    ]
    .concat();
    assert!(matches!(
        certificate(escaped(&two).as_bytes()),
        Err(HeaderError::Several(2))
    ));
    let der = STANDARD.encode(fixture("rsa").der());
    let list = format!(":{der}:, :{der}:");
    for value in [
        list.as_str(),
        ":",
        "::x",
        ":MAA=",
        ":***:",
        &format!(":{der}"),
    ] {
        let refused = certificate(value.as_bytes());
        assert!(
            matches!(refused, Err(HeaderError::NotByteSequence)),
            "{value}: {refused:?}"
        );
    }
    for value in ["%", "%4", "%zz", "a%+1"] {
        assert!(
            matches!(certificate(value.as_bytes()), Err(HeaderError::Escape)),
            "{value}"
        );
    }
    for value in ["", "  "] {
        assert!(matches!(
            certificate(value.as_bytes()),
            Err(HeaderError::Empty)
        ));
    }
    for value in [
        &b"::"[..],
        der.as_bytes(),
        b"\xff\xfe",
        b"CN=rsa",
        b":MAA=:",
    ] {
        assert!(
            matches!(certificate(value), Err(HeaderError::Certificate(_))),
            "{value:?}"
        );
    }
    let long = vec![b'%'; CERTIFICATE_HEADER_BYTES_MAX + 1];
    assert!(matches!(certificate(&long), Err(HeaderError::TooLarge)));
}
