//! Forged and damaged requests for certificates.
//!
//! Knows nothing of how they are read. Invariant: nobody gets a certificate by any of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mooring_tests::http::Answer;

use super::signatures::Random;
use super::threads::{Threads, pki_operation};
use super::wire::{self, Wire};
use super::{Costs, forged};

const FLIPS: usize = 500;
/// `pkiStatus` 2, failure, as an attribute (RFC 8894 section 3.2.1.3).
const FAILURE: &[u8] = b"\x06\x0A\x60\x86\x48\x01\x86\xF8\x45\x01\x09\x03\x31\x03\x13\x01\x32";

#[track_caller]
fn assert_no_certificate(answer: &Answer, what: &str) {
    let says_failure = answer
        .body
        .windows(FAILURE.len())
        .any(|part| part == FAILURE);
    let is_refused = matches!(answer.status, 400 | 413) || (answer.status == 200 && says_failure);
    assert!(is_refused, "{what}: {}", answer.status);
}

/// Forged requests are refused, each in its bounds; then a device still gets its certificate.
#[test]
fn forged_requests() {
    let server = Threads::start("forged-scep", "127.0.0.1/32");
    let (measured, mut costs) = (server.measured(), Costs::default());
    let mut wire = Wire::new(server.device);
    for bytes_max in [4 * 1024, 64 * 1024] {
        for (name, message) in forged::messages(bytes_max) {
            let (answer, cost) = measured.cost(|| pki_operation(&mut wire, &message));
            assert_no_certificate(&answer, &name);
            costs.add(format!("{name} of {} bytes", message.len()), cost);
        }
    }
    for (name, message) in forged::messages(8 * 1024) {
        let text = STANDARD.encode(&message).replace('+', "%2B");
        let line = format!("GET /scep?operation=PKIOperation&message={text}");
        let (answer, cost) = measured.cost(|| wire.send(&line, "", b""));
        assert_no_certificate(&answer, &name);
        costs.add(format!("{name} by GET"), cost);
    }
    for query in [
        "",
        "operation=",
        "operation=GetCRL",
        "operation=PKIOperation&message=%",
    ] {
        let answer = wire.send(&format!("GET /scep?{query}"), "", b"");
        assert_eq!(answer.status, 400, "{query}");
    }
    let line = "POST /scep?operation=PKIOperation";
    let large = wire::announce(server.device, line, 64 * 1024 + 1);
    assert_eq!(large.status, 413);
    server.credential();
    costs.check("forged SCEP requests");
}

/// A request with bytes flipped anywhere gets no certificate, and costs no more than its bounds.
#[test]
fn flipped_requests() {
    let server = Threads::start("flipped-scep", "127.0.0.1/32");
    // A challenge that nobody was given: what survives is refused for it.
    let (_, whole) = server.scep_request("open sesame");
    let (measured, mut costs) = (server.measured(), Costs::default());
    let mut wire = Wire::new(server.device);
    let mut random = Random(0xCA);
    assert_no_certificate(&pki_operation(&mut wire, &whole), "the whole request");
    for flip in 0..FLIPS {
        let mut message = whole.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(message.len());
            message[at] ^= 1 << random.below(8);
        }
        if flip % 7 == 0 {
            message.truncate(random.below(message.len()));
        }
        let (answer, cost) = measured.cost(|| pki_operation(&mut wire, &message));
        assert_no_certificate(&answer, &format!("seed 0xCA, flip {flip}"));
        costs.add(format!("flip {flip} ({})", answer.status), cost);
    }
    server.credential();
    costs.check("flipped SCEP requests");
}
