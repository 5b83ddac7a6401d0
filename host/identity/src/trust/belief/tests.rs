//! What is remembered of what was shown, and that it changes no verdict.

use super::*;
use crate::testdata::{NOW_MS, bytes, certificate};

/// The bounds of the fixture `bounded`: 2030 is its only year.
const FROM_MS: u64 = 1_893_456_000_000;
const TO_MS: u64 = 1_924_992_000_000;

fn trust(names: &[&str]) -> Trust {
    Trust::new(names.iter().map(|name| certificate(name)).collect()).unwrap()
}

/// The header of RFC 9440 for a certificate.
fn rfc9440(name: &str) -> Vec<u8> {
    use base64::Engine as _;
    let encoded = base64::engine::general_purpose::STANDARD.encode(certificate(name).der());
    format!(":{encoded}:").into_bytes()
}

/// The header as nginx sends it.
fn escaped(name: &str) -> Vec<u8> {
    let pem = bytes(&format!("certificates/{name}.pem"));
    let escape = |byte: &u8| match byte {
        b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' => char::from(*byte).to_string(),
        other => format!("%{other:02X}"),
    };
    pem.iter().map(escape).collect::<String>().into_bytes()
}

/// Whether it is the certificate in every respect.
#[track_caller]
fn check_same(believed: &Certificate, name: &str) {
    let expected = certificate(name);
    assert_eq!(*believed, expected);
    assert_eq!(believed.fingerprint(), expected.fingerprint());
    assert_eq!(believed.not_before_ms(), expected.not_before_ms());
    assert_eq!(believed.not_after_ms(), expected.not_after_ms());
    assert_eq!(believed.key_kind(), expected.key_kind());
    assert_eq!(believed.der(), expected.der());
    assert_eq!(believed.subject(), expected.subject());
    assert_eq!(believed.serial_number(), expected.serial_number());
    assert_eq!(believed.public_key_info(), expected.public_key_info());
    assert_eq!(believed.public_key(), expected.public_key());
}

/// Proves that the first time and every later one give the same certificate, in every form, and
/// that each form is remembered once.
#[test]
fn the_same_every_time() {
    let trust = trust(&["ca"]);
    for name in ["rsa", "p256"] {
        let (plain, pem) = (rfc9440(name), escaped(name));
        let leaf = certificate(name).der().to_vec();
        for _ in 0..3 {
            for shown in [
                Shown::Header(&plain),
                Shown::Header(&pem),
                Shown::Connection {
                    leaf: &leaf,
                    sent: &[],
                },
            ] {
                check_same(&trust.believe(shown, NOW_MS).unwrap(), name);
            }
        }
    }
    assert_eq!((trust.believed.len(), trust.chains.len()), (6, 2));
}

/// Proves that what is refused is refused again, and nothing of it is remembered: a stranger, a
/// certificate for something else, and what is none, in whichever form.
#[test]
fn refusals_are_not_remembered() {
    let trust = trust(&["ca"]);
    for _ in 0..2 {
        for name in ["stranger", "server", "impostor", "bounded"] {
            let header = rfc9440(name);
            let error = trust.believe(Shown::Header(&header), NOW_MS).unwrap_err();
            assert!(matches!(error, BeliefError::Untrusted { .. }), "{error:?}");
        }
        let error = trust.believe(Shown::Header(b":AAAA:"), NOW_MS).unwrap_err();
        assert!(matches!(error, BeliefError::Header(_)), "{error:?}");
        let none = Shown::Connection {
            leaf: b"0",
            sent: &[],
        };
        let error = trust.believe(none, NOW_MS).unwrap_err();
        assert!(matches!(error, BeliefError::Certificate(_)), "{error:?}");
    }
    assert_eq!(trust.believed.len(), 0);
}

/// Proves that the clock is looked at every time: the leaf's own end and beginning, and those of a
/// CA that ends before it.
#[test]
fn the_clock_counts_every_time() {
    let check = |trust: &Trust, name: &str, now_ms: u64, expected: &str| {
        let header = rfc9440(name);
        let found = match trust.believe(Shown::Header(&header), now_ms) {
            Ok(_) => "ok",
            Err(BeliefError::Untrusted {
                source: TrustError::Expired,
                ..
            }) => "expired",
            Err(BeliefError::Untrusted {
                source: TrustError::NotYetValid,
                ..
            }) => "not yet",
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(found, expected, "{name} at {now_ms}");
    };
    let own = trust(&["ca"]);
    for _ in 0..2 {
        check(&own, "bounded", FROM_MS - 1, "not yet");
        check(&own, "bounded", FROM_MS, "ok");
        check(&own, "bounded", TO_MS, "ok");
        check(&own, "bounded", TO_MS + 1_000, "expired");
    }
    let short = trust(&["short-ca"]);
    check(&short, "under-short", NOW_MS, "ok");
    check(&short, "under-short", FROM_MS, "expired");
    check(&short, "under-short", NOW_MS, "ok");
}

/// Proves that a renewed CA takes over for what is remembered under the old one.
#[test]
fn a_renewed_ca_takes_over() {
    let trust = trust(&["short-ca", "short-ca-renewed"]);
    let header = rfc9440("under-short");
    for now_ms in [NOW_MS, FROM_MS, NOW_MS] {
        check_same(
            &trust.believe(Shown::Header(&header), now_ms).unwrap(),
            "under-short",
        );
    }
}

/// Proves that one changed byte makes it something else: a form in another form's place, and any
/// bit of a header.
#[test]
fn other_bytes_are_others() {
    let trust = trust(&["ca"]);
    let header = rfc9440("p256");
    trust.believe(Shown::Header(&header), NOW_MS).unwrap();
    let as_leaf = Shown::Connection {
        leaf: &header,
        sent: &[],
    };
    assert!(trust.believe(as_leaf, NOW_MS).is_err());
    for at in (0..header.len()).step_by(7) {
        let mut other = header.clone();
        other[at] ^= 2;
        assert!(
            trust.believe(Shown::Header(&other), NOW_MS).is_err(),
            "byte {at}"
        );
    }
    assert_eq!(trust.believed.len(), 1);
}

/// Proves that an intermediate that the client sent completes the chain, also while it is damaged
/// company that it comes in.
#[test]
fn what_is_sent_completes_the_chain() {
    let trust = trust(&["ca"]);
    let leaf = certificate("below").der().to_vec();
    let alone = Shown::Connection {
        leaf: &leaf,
        sent: &[],
    };
    assert!(trust.believe(alone, NOW_MS).is_err());
    let sent = [
        b"damaged".to_vec(),
        certificate("intermediate").der().to_vec(),
    ];
    let whole = Shown::Connection {
        leaf: &leaf,
        sent: &sent,
    };
    for _ in 0..2 {
        check_same(&trust.believe(whole, NOW_MS).unwrap(), "below");
    }
    // Who holds the key is the connection's business; the chain was complete once.
    check_same(&trust.believe(alone, NOW_MS).unwrap(), "below");
}
