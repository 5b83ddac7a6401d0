//! The authority by itself: what it issues, how long, and how it is kept.

use mooring_identity::{
    Authority, AuthorityError, AuthorityPem, KeyKind, KeyRefused, LEAF_DAYS, LeafRequest, Part,
    Secret, certificates_from_pem,
};

use crate::client::public_key_info;
use crate::der::{INTEGER, algorithm, bits, certificate, read, sequence, value};
use crate::{DAY_MS, NOW_MS, authority, device_key, other_key, weak_certificate};

const WEAK_CERTIFICATE: &str = include_str!("../data/certificates/rsa1024.pem");
const P256_CERTIFICATE: &str = include_str!("../data/certificates/p256.pem");
const YEAR_MS: u64 = 365 * DAY_MS;

fn leaf(common_name: &str, days: u16) -> LeafRequest<'_> {
    LeafRequest { common_name, days }
}

/// Another authority with the same name and time.
fn another() -> Authority {
    Authority::create("Test", NOW_MS).unwrap()
}

/// What is stored and read again is the same authority, and nothing of a key is shown.
#[test]
fn pem_round_trip() {
    let stored = authority().to_pem();
    let again = Authority::from_pem(&stored).expect("the same authority");
    assert_eq!(again.ca_certificate(), authority().ca_certificate());
    assert_eq!(
        again.recipient_certificate(),
        authority().recipient_certificate()
    );
    let info = public_key_info(device_key());
    let issued = again
        .issue(&info, &leaf("device", LEAF_DAYS), NOW_MS)
        .unwrap();
    let first = authority()
        .issue(&info, &leaf("device", LEAF_DAYS), NOW_MS)
        .unwrap();
    let (issued_der, first_der) = (certificate(issued.der()), certificate(first.der()));
    assert_eq!(issued_der.issuer.whole, first_der.issuer.whole);
    assert_eq!(issued_der.subject.whole, first_der.subject.whole);
    assert_ne!(
        issued_der.serial.whole, first_der.serial.whole,
        "serial numbers are random"
    );
    assert!(
        stored
            .ca_key
            .expose()
            .starts_with("-----BEGIN PRIVATE KEY-----\n")
    );
    let inner = &stored.ca_key.expose()[40..80];
    for shown in [format!("{again:?}"), format!("{stored:?}")] {
        assert!(
            !shown.contains(inner) && !shown.contains("PRIVATE"),
            "{shown}"
        );
    }
}

/// A key of another certificate, one key for both, a recipient of another CA, and parts that are
/// not what they should be are refused.
#[test]
fn mismatched_parts_are_refused() {
    let ours = authority().to_pem();
    let other = another().to_pem();
    let refusal = |stored: AuthorityPem| Authority::from_pem(&stored).expect_err("refused");
    let key = AuthorityPem {
        ca_key: other.ca_key.clone(),
        ..ours.clone()
    };
    let is_named = matches!(refusal(key), AuthorityError::Mismatch { part: Part::CaKey });
    assert!(is_named);
    let key = AuthorityPem {
        recipient_key: ours.ca_key.clone(),
        ..ours.clone()
    };
    let is_named = matches!(
        refusal(key),
        AuthorityError::Mismatch {
            part: Part::RecipientKey
        }
    );
    assert!(is_named);
    let recipient = AuthorityPem {
        recipient_certificate: other.recipient_certificate.clone(),
        recipient_key: other.recipient_key.clone(),
        ..ours.clone()
    };
    assert!(matches!(
        refusal(recipient),
        AuthorityError::ForeignRecipient
    ));
    let shared = AuthorityPem {
        recipient_certificate: ours.ca_certificate.clone(),
        recipient_key: ours.ca_key.clone(),
        ..ours.clone()
    };
    assert!(matches!(refusal(shared), AuthorityError::ForeignRecipient));
    let not_a_ca = AuthorityPem {
        ca_certificate: ours.recipient_certificate.clone(),
        ca_key: ours.recipient_key.clone(),
        ..ours.clone()
    };
    assert!(matches!(refusal(not_a_ca), AuthorityError::NotACa));
    for text in [
        "",
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    ] {
        let damaged = AuthorityPem {
            ca_key: Secret::new(text),
            ..ours.clone()
        };
        assert!(matches!(
            refusal(damaged),
            AuthorityError::Pem { part: Part::CaKey }
        ));
    }
    let two = format!("{0}{0}", ours.ca_certificate);
    let two = AuthorityPem {
        ca_certificate: two,
        ..ours
    };
    assert!(matches!(
        refusal(two),
        AuthorityError::Pem {
            part: Part::CaCertificate
        }
    ));
}

/// The CA lives ten years, the recipient five and is due for renewal before it expires.
#[test]
fn lifetimes() {
    let ca = authority().ca_certificate();
    let recipient = authority().recipient_certificate();
    assert_eq!(ca.key_kind(), KeyKind::Rsa { bits: 3072 });
    assert_eq!(recipient.key_kind(), KeyKind::Rsa { bits: 2048 });
    assert!(ca.is_self_issued() && !recipient.is_self_issued());
    assert_eq!(ca.subject(), "CN=Test device CA,O=Test");
    assert_eq!(ca.not_after_ms(), NOW_MS + 3652 * DAY_MS);
    assert_eq!(recipient.not_after_ms(), NOW_MS + 1826 * DAY_MS);
    assert!(!authority().recipient_due(NOW_MS + 4 * YEAR_MS));
    assert!(authority().recipient_due(NOW_MS + 5 * YEAR_MS));
    assert!(
        authority().recipient_due(NOW_MS + 6 * YEAR_MS),
        "and after it has expired"
    );
    let late = authority().renew_recipient(NOW_MS + 9 * YEAR_MS).unwrap();
    assert_eq!(
        late.recipient_certificate().not_after_ms(),
        ca.not_after_ms()
    );
    assert!(
        !late.recipient_due(NOW_MS + 10 * YEAR_MS),
        "it cannot last longer than the CA"
    );
    let stored = late.to_pem();
    Authority::from_pem(&stored).expect("a renewed one can be stored");
}

/// No certificate lives longer than the CA's, and none is issued after that has expired.
#[test]
fn nothing_outlives_the_ca() {
    let info = public_key_info(device_key());
    let ca_end = authority().ca_certificate().not_after_ms();
    let last = authority()
        .issue(&info, &leaf("x", 365), ca_end - DAY_MS)
        .unwrap();
    assert_eq!(last.not_after_ms(), ca_end);
    let issue = |days, now_ms| authority().issue(&info, &leaf("x", days), now_ms);
    assert!(matches!(
        issue(365, ca_end + DAY_MS),
        Err(AuthorityError::Expired)
    ));
    assert!(matches!(
        issue(365, NOW_MS - DAY_MS),
        Err(AuthorityError::Expired)
    ));
    assert!(matches!(issue(0, NOW_MS), Err(AuthorityError::Time)));
    assert!(matches!(issue(365, u64::MAX), Err(AuthorityError::Time)));
    assert!(matches!(
        Authority::create("Test", u64::MAX),
        Err(AuthorityError::Time)
    ));
}

/// Names that cannot stand in a certificate, or would garble a log, are refused.
#[test]
fn names_are_checked() {
    let info = public_key_info(device_key());
    let long = "x".repeat(65);
    for name in ["", "a\nb", "a\0", &long] {
        let refused = authority().issue(&info, &leaf(name, 1), NOW_MS);
        assert!(
            matches!(refused, Err(AuthorityError::CommonName)),
            "{name:?}"
        );
    }
    let fits = authority().issue(&info, &leaf(&"é".repeat(64), 1), NOW_MS);
    assert!(fits.is_ok());
    for name in ["", "a\tb", &long] {
        let refused = Authority::create(name, NOW_MS);
        assert!(matches!(refused, Err(AuthorityError::Name)), "{name:?}");
    }
}

/// Only RSA keys of a sound length and exponent are certified.
#[test]
fn keys_are_checked() {
    let refusal = |info: &[u8]| {
        let issued = authority().issue(info, &leaf("x", 1), NOW_MS);
        let Err(AuthorityError::Key(refused)) = issued else {
            panic!("{issued:?}")
        };
        refused
    };
    let info_of = |der: &[u8]| certificate(der).public_key_info.whole.to_vec();
    let weak = info_of(&weak_certificate(WEAK_CERTIFICATE));
    assert_eq!(refusal(&weak), KeyRefused::Bits { bits: 1024 });
    let p256 = info_of(&weak_certificate(P256_CERTIFICATE));
    assert_eq!(refusal(&p256), KeyRefused::NotRsa);
    let info = public_key_info(other_key());
    let modulus = read(&read(&info).children()[1].content[1..]).children()[0].whole;
    let with = |modulus: &[u8], exponent: &[u8]| {
        let key = sequence(&[modulus, &value(INTEGER, exponent)]);
        sequence(&[&algorithm("1.2.840.113549.1.1.1"), &bits(&key)])
    };
    assert_eq!(with(modulus, &[1, 0, 1]), info);
    for exponent in [&[3][..], &[1, 0, 0], &[1, 0, 0, 0, 1], &[1]] {
        assert_eq!(refusal(&with(modulus, exponent)), KeyRefused::Exponent);
    }
    let long = value(INTEGER, &[&[1], [0; 511].as_slice(), &[1]].concat());
    assert_eq!(
        refusal(&with(&long, &[1, 0, 1])),
        KeyRefused::Bits { bits: 4097 }
    );
    for junk in [&[][..], &[0x30, 0], &info[..info.len() - 1], &[0x30; 2000]] {
        assert_eq!(refusal(junk), KeyRefused::NotRsa);
    }
}

/// A server's certificate has the names that were asked for, server authentication and its own key.
#[test]
fn a_server_gets_a_certificate() {
    let names = ["mdm.test".to_owned(), "127.0.0.1".to_owned()];
    let made = authority().issue_server(&names, 90, NOW_MS).unwrap();
    let [server] = certificates_from_pem(made.certificate.as_bytes())
        .unwrap()
        .try_into()
        .unwrap();
    assert_eq!(server.key_kind(), KeyKind::P256);
    assert_eq!(server.not_after_ms(), NOW_MS + 90 * DAY_MS);
    let fields = certificate(server.der());
    let wanted = sequence(&[&value(0x82, b"mdm.test"), &value(0x87, &[127, 0, 0, 1])]);
    assert_eq!(fields.extension("2.5.29.17"), Some((false, &wanted[..])));
    assert!(made.key.expose().contains("BEGIN PRIVATE KEY"));
    assert!(!format!("{made:?}").contains("PRIVATE"));
    for bad in ["", "a b", "http://mdm.test", "é.test"] {
        let refused = authority().issue_server(&["x".to_owned(), bad.to_owned()], 1, NOW_MS);
        assert!(
            matches!(refused, Err(AuthorityError::ServerName { .. })),
            "{bad}"
        );
    }
    assert!(authority().issue_server(&[], 1, NOW_MS).is_err());
}
