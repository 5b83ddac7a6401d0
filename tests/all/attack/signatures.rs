//! Forged and damaged signatures and certificates, as headers of messages.
//!
//! Knows nothing of how they are read. Invariant: nobody is let in by any of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::threads::{CERTIFICATE_HEADER, NOW_MS, Threads};
use super::wire::Wire;
use super::{Costs, forged};

const AUTHENTICATE: &[u8] = include_bytes!("../../data/messages/authenticate.plist");
const TOKEN_UPDATE: &[u8] = include_bytes!("../../data/messages/token-update.plist");
const IDLE: &[u8] = include_bytes!("../../data/messages/idle.plist");
/// Bytes of a signature whose base64 still fits into a request's head.
const SIGNATURE_BYTES: usize = 11 * 1024;
const FLIPS: usize = 1_000;

fn signed(value: &str) -> String {
    format!("Mdm-Signature: {value}\r\n")
}

/// Forged signatures, and certificates of no proxy's client, are each refused with 400 in their
/// bounds, and change nothing.
#[test]
fn forged_headers() {
    let server = Threads::start("forged", "127.0.0.1/32");
    let (measured, mut costs) = (server.measured(), Costs::default());
    let mut wire = Wire::new(server.device);
    let mut send = |name: String, header: &str| {
        let (answer, cost) = measured.cost(|| wire.send("PUT /mdm", header, AUTHENTICATE));
        assert_eq!(answer.status, 400, "{name}: {}", answer.text());
        assert!(answer.text().len() < 500, "{name}: {}", answer.text());
        costs.add(name, cost);
    };
    for (name, message) in forged::messages(SIGNATURE_BYTES) {
        let text = STANDARD.encode(&message);
        send(format!("signature: {name}"), &signed(&text));
        send(
            format!("certificate: {name}"),
            &format!("{CERTIFICATE_HEADER}: :{text}:\r\n"),
        );
    }
    for (modulus, exponent) in [(256, 3), (1024, 1024), (2048, 3), (64, 3), (0, 0)] {
        let text = STANDARD.encode(forged::certificate(modulus, exponent, 0));
        let name = format!("a certificate of {modulus} and {exponent} bytes");
        send(name, &format!("{CERTIFICATE_HEADER}: :{text}:\r\n"));
    }
    for text in [
        "",
        "=",
        "AAAA====",
        "%%%",
        ":",
        "::",
        "a\u{e9}",
        "-----BEGIN CERTIFICATE-----",
    ] {
        send(format!("signature {text:?}"), &signed(text));
        send(
            format!("certificate {text:?}"),
            &format!("{CERTIFICATE_HEADER}: {text}\r\n"),
        );
    }
    let escaped = "%0A".repeat(4_000);
    send(
        "escapes".to_owned(),
        &format!("{CERTIFICATE_HEADER}: {escaped}\r\n"),
    );
    send(
        "signed twice".to_owned(),
        &(signed("AAAA") + &signed("AAAA")),
    );
    assert_eq!(server.get("/api/v1/status").json()["hosts"], 0);
    costs.check("forged headers");
}

/// A signed message with bytes flipped anywhere in its signature or its body is refused with 400,
/// or is the very message that it was; the device it came from goes on.
#[test]
#[expect(clippy::print_stderr, reason = "the figures are for people")]
fn flipped_bytes() {
    let server = Threads::start("flipped", "127.0.0.1/32");
    let credential = server.credential();
    let sign = |body: &[u8], at_ms| credential.sign_message(body, at_ms).expect("a signature");
    let mut wire = Wire::new(server.device);
    for body in [AUTHENTICATE, TOKEN_UPDATE] {
        let answer = wire.send("PUT /mdm", &signed(&sign(body, NOW_MS)), body);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let signature = sign(IDLE, NOW_MS + 1_000);
    let original = wire.send("PUT /mdm", &signed(&signature), IDLE);
    assert_eq!(original.status, 200);
    assert!(
        original.text().contains("CommandUUID"),
        "{}",
        original.text()
    );

    let (measured, mut costs) = (server.measured(), Costs::default());
    let whole = STANDARD.decode(&signature).unwrap();
    let (mut random, mut taken) = (Random(0x5EED), 0);
    for flip in 0..FLIPS {
        let (mut signature, mut body) = (whole.clone(), IDLE.to_vec());
        let target = if flip % 10 == 0 {
            &mut body
        } else {
            &mut signature
        };
        for _ in 0..=random.below(3) {
            let at = random.below(target.len());
            target[at] ^= 1 << random.below(8);
        }
        if flip % 7 == 0 {
            let end = random.below(target.len());
            target.truncate(end);
        }
        let header = signed(&STANDARD.encode(&signature));
        let (answer, cost) = measured.cost(|| wire.send("PUT /mdm", &header, &body));
        match answer.status {
            200 => {
                assert_eq!(answer.body, original.body, "seed 0x5EED, flip {flip}");
                assert_eq!(body, IDLE, "seed 0x5EED, flip {flip}");
                taken += 1;
            }
            status => assert_eq!(status, 400, "seed 0x5EED, flip {flip}: {}", answer.text()),
        }
        costs.add(format!("flip {flip} ({})", answer.status), cost);
    }
    eprintln!("{taken} of {FLIPS} damaged signatures still named the same message");
    assert!(taken < FLIPS / 10, "{taken}");
    let answer = wire.send("PUT /mdm", &signed(&sign(IDLE, NOW_MS + 2_000)), IDLE);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(server.get("/api/v1/status").json()["hosts"], 1);
    costs.check("flipped bytes");
}

/// Headers in which clients say where they come from are believed from nobody: neither they nor a
/// certificate header of a stranger let anyone in.
#[test]
fn forwarded_addresses_are_ignored() {
    let server = Threads::start("forwarded", "192.0.2.1/32");
    let certificate = STANDARD.encode(server.credential().certificate());
    let certificate = format!("{CERTIFICATE_HEADER}: :{certificate}:\r\n");
    let mut wire = Wire::new(server.device);
    for address in [
        "192.0.2.1",
        "127.0.0.1",
        "\"[::ffff:192.0.2.1]:80\"",
        "unknown",
    ] {
        for name in [
            "X-Forwarded-For",
            "X-Real-IP",
            "X-Client-IP",
            "True-Client-IP",
            "CF-Connecting-IP",
            "X-Original-Forwarded-For",
            "Forwarded",
        ] {
            let value = if name == "Forwarded" { "for=" } else { "" };
            let headers = format!("{name}: {value}{address}\r\n{certificate}");
            let answer = wire.send("PUT /mdm", &headers, AUTHENTICATE);
            assert_eq!(answer.status, 400, "{name}");
            assert!(answer.text().contains("127.0.0.1"), "{}", answer.text());
        }
    }
    assert_eq!(server.get("/api/v1/status").json()["hosts"], 0);
}

/// Numbers that are the same each time.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end.max(1)
    }
}
