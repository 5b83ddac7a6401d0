//! Which texts are names, and how they are compared.

use super::*;

/// A uuid is compared without regard to case; other texts are kept as they are.
#[test]
fn uuid_case() {
    let lower = PayloadUuid::parse("0a1b2c3d-0000-4000-8000-00000000abcd").unwrap();
    let upper = PayloadUuid::parse("0A1B2C3D-0000-4000-8000-00000000ABCD").unwrap();
    assert_eq!(lower, upper);
    for text in [
        upper.as_str(),
        lower.as_str(),
        "0A1B2C3D000040008000-00000000ABCD",
    ] {
        let stored = PayloadUuid::try_from(text.to_owned());
        assert_eq!(stored, PayloadUuid::parse(text), "{text}");
    }
    assert_eq!(
        PayloadUuid::parse("revision-a").unwrap().as_str(),
        "revision-a"
    );
}

/// The string form of an enrollment id survives a round trip, and bad parts are refused.
#[test]
fn enrollment_id_form() {
    for text in ["ABC-123", "ABC-123:501", "ABC:a:b"] {
        assert_eq!(EnrollmentId::parse(text).unwrap().to_string(), text);
    }
    for text in ["", ":", "a:", ":b", "a,b", "a/b", "a\u{0}"] {
        assert!(EnrollmentId::parse(text).is_err(), "{text:?}");
    }
}

/// The short ways for plain text refuse and accept what the long ones do: every ASCII
/// character and some others, alone and in a longer text.
#[test]
fn single_characters() {
    let others = [
        '\u{80}',
        '\u{9f}',
        '\u{a0}',
        '\u{e4}',
        '\u{200e}',
        '\u{202e}',
        '\u{1F600}',
    ];
    for c in (0..0x80_u8).map(char::from).chain(others) {
        for text in [c.to_string(), format!("ABC-{c}-123")] {
            let is_plain = !c.is_control();
            let turns = matches!(c, '\u{200e}' | '\u{202e}');
            assert_eq!(
                PayloadIdentifier::parse(&text).is_ok(),
                is_plain,
                "{text:?}"
            );
            assert_eq!(CommandUuid::parse(&text).is_ok(), is_plain, "{text:?}");
            let is_host = is_plain && !turns && !matches!(c, ':' | ',' | '/');
            assert_eq!(HostId::parse(&text).is_ok(), is_host, "{text:?}");
            let is_user = is_plain && !turns && !matches!(c, ',' | '/');
            let host = HostId::parse("H").unwrap();
            assert_eq!(EnrollmentId::user(host, &text).is_ok(), is_user, "{text:?}");
        }
    }
}
