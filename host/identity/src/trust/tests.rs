//! Whom to believe, at which moment.

use super::*;
use crate::testdata::{NOW_MS, certificate};

/// The bounds of the fixture `bounded`: 2030 is its only year.
const FROM_MS: u64 = 1_893_456_000_000;
const TO_MS: u64 = 1_924_992_000_000;

fn trust(names: &[&str]) -> Trust {
    Trust::new(names.iter().map(|name| certificate(name)).collect()).unwrap()
}

fn check(trust: &Trust, leaf: &str, sent: &[&str], now_ms: u64, expected: &str) {
    let sent: Vec<_> = sent.iter().map(|name| certificate(name)).collect();
    let found = match trust.verify(&certificate(leaf), &sent, now_ms) {
        Ok(()) => "ok",
        Err(TrustError::NotYetValid) => "not yet",
        Err(TrustError::Expired) => "expired",
        Err(TrustError::UnknownIssuer) => "unknown",
        Err(TrustError::WrongUsage) => "usage",
        Err(other) => panic!("{leaf}: {other:?}"),
    };
    assert_eq!(found, expected, "{leaf} with {sent:?} at {now_ms}");
}

/// Proves that leaves of the CA are believed, RSA, P-256 and P-384, the first time and remembered.
#[test]
fn believes_its_own() {
    let trust = trust(&["ca"]);
    for leaf in ["rsa", "p256", "p384", "rsa", "p256"] {
        check(&trust, leaf, &[], NOW_MS, "ok");
    }
    assert_eq!(trust.chains.len(), 3);
}

/// Proves that other CAs, one that bears the CA's very name, and a self-signed certificate of that
/// name are unknown, whatever they send along; and that nothing of it is remembered.
#[test]
fn refuses_strangers() {
    let trust = trust(&["ca"]);
    check(&trust, "stranger", &[], NOW_MS, "unknown");
    check(&trust, "stranger", &["other", "ca"], NOW_MS, "unknown");
    check(&trust, "impostors", &["impostor"], NOW_MS, "unknown");
    check(&trust, "below", &["ca", "rsa"], NOW_MS, "unknown");
    let itself = trust.verify(&certificate("impostor"), &[], NOW_MS);
    assert!(
        matches!(itself, Err(TrustError::Unusable { .. })),
        "{itself:?}"
    );
    assert!(trust.chains.len() == 0);
}

/// Proves that the usage must be stated and be client authentication.
#[test]
fn asks_for_the_usage() {
    let trust = trust(&["ca"]);
    check(&trust, "server", &[], NOW_MS, "usage");
    check(&trust, "unstated", &[], NOW_MS, "usage");
    assert!(trust.chains.len() == 0);
}

/// Proves that both ends of the validity count to the second, and that an expired stranger is a
/// stranger.
#[test]
fn looks_at_the_clock() {
    let trust = trust(&["ca"]);
    check(&trust, "bounded", &[], FROM_MS - 1, "not yet");
    check(&trust, "bounded", &[], FROM_MS, "ok");
    check(&trust, "bounded", &[], TO_MS, "ok");
    check(&trust, "bounded", &[], TO_MS + 1_000, "expired");
    check(&trust, "bounded-stranger", &[], TO_MS + 1_000, "unknown");
    check(&trust, "bounded-stranger", &[], FROM_MS - 1, "unknown");
}

/// Proves that a remembered chain is still refused after it ends and before it begins, and accepted
/// again within.
#[test]
fn remembers_the_chain_and_not_the_verdict() {
    let trust = trust(&["ca"]);
    check(&trust, "bounded", &[], FROM_MS + 1, "ok");
    assert_eq!(trust.chains.len(), 1);
    check(&trust, "bounded", &[], TO_MS + 1_000, "expired");
    check(&trust, "bounded", &[], FROM_MS - 1, "not yet");
    check(&trust, "bounded", &[], TO_MS - 1, "ok");
}

/// Proves that the issuers' validity counts too, remembered or not: the anchor's and an
/// intermediate's, though the leaf outlives them.
#[test]
fn the_shortest_certificate_counts() {
    let cases: [(&[&str], &str, &[&str]); 3] = [
        (&["short-ca"], "under-short", &[]),
        (&["ca"], "below-short", &["short-intermediate"]),
        (&["ca", "short-intermediate"], "below-short", &[]),
    ];
    for (cas, leaf, sent) in cases {
        check(&trust(cas), leaf, sent, FROM_MS, "expired");
        let trust = trust(cas);
        check(&trust, leaf, sent, NOW_MS, "ok");
        check(&trust, leaf, sent, FROM_MS, "expired");
        check(&trust, leaf, sent, NOW_MS, "ok");
    }
}

/// Proves that a renewed CA with the same key takes over where the old one ends: a remembered chain
/// that has ended is no reason to refuse. And that it is no stand-in before its own time.
#[test]
fn a_renewed_ca_takes_over() {
    let trust = trust(&["short-ca", "short-ca-renewed"]);
    check(&trust, "under-short", &[], NOW_MS, "ok");
    check(&trust, "under-short", &[], FROM_MS, "ok");
    let renewed = self::trust(&["short-ca-renewed"]);
    check(&renewed, "under-short", &[], NOW_MS, "not yet");
    check(&renewed, "under-short", &[], FROM_MS, "ok");
}

/// Proves that an intermediate completes the chain when the device sends it, when the administrator
/// gave it, and when it alone is trusted; and that without it there is no chain.
#[test]
fn uses_intermediates() {
    check(&trust(&["ca"]), "below", &[], NOW_MS, "unknown");
    check(
        &trust(&["ca"]),
        "below",
        &["p256", "intermediate"],
        NOW_MS,
        "ok",
    );
    check(&trust(&["ca", "intermediate"]), "below", &[], NOW_MS, "ok");
    check(&trust(&["intermediate"]), "below", &[], NOW_MS, "ok");
    check(&trust(&["intermediate"]), "rsa", &[], NOW_MS, "unknown");
}

/// Proves that a device can send only so many certificates that the search looks at.
#[test]
fn bounds_what_is_sent() {
    let trust = trust(&["ca"]);
    let sent = ["p256", "p256", "p256", "p256", "intermediate"];
    check(&trust, "below", &sent, NOW_MS, "unknown");
    check(&trust, "below", &sent[1..], NOW_MS, "ok");
}

/// Proves that no CA is an error and a certificate that cannot be an anchor is named.
#[test]
fn needs_an_anchor() {
    assert!(matches!(Trust::new(Vec::new()), Err(TrustError::NoAnchor)));
    let shown = format!("{:?}", trust(&["ca", "other", "intermediate"]));
    assert_eq!(shown, "Trust { anchors: 2, intermediates: 1, .. }");
}
