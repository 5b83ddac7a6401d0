//! Messages that are not in order: refused with one word, and nothing more is learnt from it.

use std::error::Error;

use mooring_identity::scep::{self, FailInfo, Refused, Request};
use mooring_identity::{Authority, LeafRequest};

use crate::client::{
    Csr, Envelope, Message, NONCE, SHA1_OID, TRANSACTION, pkcs_req, public_key_info,
    self_signed_as, utf8,
};
use crate::der::{INTEGER, certificate, sequence, value};
use crate::{NOW_MS, authority, device_key, other_key, reply, weak_certificate};

/// `openssl req -new -newkey rsa:1024 -nodes -subj /CN=weak -sha256 -outform DER`, with OpenSSL 3.0.
const WEAK_REQUEST: &[u8] = include_bytes!("../data/scep/rsa1024-request.der");
const WEAK_CERTIFICATE: &str = include_str!("../data/certificates/rsa1024.pem");
const P256_CERTIFICATE: &str = include_str!("../data/certificates/p256.pem");

fn recipient() -> &'static [u8] {
    authority().recipient_certificate().der()
}

/// The whole text of a refusal, as it would be logged.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}

/// The reply to a message that must be refused with this, whose log has these words.
fn refused(message: &[u8], expected: FailInfo, words: &str) -> Vec<u8> {
    let error = scep::open(authority(), message).expect_err("refused");
    let text = chain(&error);
    assert!(text.contains(words), "{text}");
    let Refused::Answered {
        reply, fail_info, ..
    } = error
    else {
        panic!("{text}")
    };
    assert_eq!(fail_info, expected, "{text}");
    let answer = reply::open(authority(), &reply);
    let digit = match expected {
        FailInfo::BadAlgorithm => "0",
        FailInfo::BadMessageCheck => "1",
        FailInfo::BadRequest => "2",
    };
    assert_eq!(
        (answer.status.as_str(), answer.fail_info.as_deref()),
        ("2", Some(digit))
    );
    assert!(answer.content.is_none());
    reply
}

fn unreadable(message: &[u8], words: &str) {
    let error = scep::open(authority(), message).expect_err("unreadable");
    let text = chain(&error);
    assert!(matches!(error, Refused::Unreadable(_)), "{text}");
    assert!(text.contains(words), "{text}");
}

fn sealed(csr: &Csr<'_>) -> Envelope {
    Envelope::seal(&csr.build(), recipient())
}

fn around(envelope: &Envelope) -> Message<'static> {
    Message::around(envelope.build(false), device_key())
}

/// The one answer for whatever is wrong within.
fn usual_answer() -> Vec<u8> {
    let mut envelope = sealed(&Csr::of(device_key()));
    envelope.key[9] ^= 1;
    let reply = refused(&around(&envelope).build(), FailInfo::BadMessageCheck, "");
    reply::invariable(authority(), &reply)
}

/// Only the two kinds of requests are served; what asks for something else is told so.
#[test]
fn other_message_types_are_refused() {
    for kind in [
        Some("20"),
        Some("21"),
        Some("22"),
        Some("3"),
        Some("019"),
        Some("19 "),
        None,
    ] {
        let mut message = around(&sealed(&Csr::of(device_key())));
        message.kind = kind;
        refused(
            &message.build(),
            FailInfo::BadRequest,
            "PKCSReq and RenewalReq",
        );
    }
}

/// Keys and digests that are too weak, or no RSA, are refused before anything is decrypted.
#[test]
fn weak_algorithms_are_refused() {
    let envelope = sealed(&Csr::of(device_key()));
    let mut digest = around(&envelope);
    digest.digest = SHA1_OID;
    refused(&digest.build(), FailInfo::BadAlgorithm, "SHA-256");
    for (certificate, words) in [
        (WEAK_CERTIFICATE, "1024"),
        (P256_CERTIFICATE, "not an RSA key"),
    ] {
        let mut message = around(&envelope);
        message.certificate = weak_certificate(certificate);
        refused(&message.build(), FailInfo::BadAlgorithm, words);
    }
}

/// However an envelope is damaged, the answers have the same length and differ in our nonce and the
/// signature only.
#[test]
fn decryption_failures_are_alike() {
    let envelope = sealed(&Csr::of(device_key()));
    let usual = usual_answer();
    let mut random = Lcg(7);
    for round in 0..60 {
        let mut damaged = envelope.clone();
        let part = match round % 4 {
            0 => &mut damaged.key,
            1 => &mut damaged.iv,
            2 => &mut damaged.content,
            _ => &mut damaged.issuer_and_serial,
        };
        let at = random.below(part.len());
        part[at] ^= 1 << random.below(8);
        let reply = refused(&around(&damaged).build(), FailInfo::BadMessageCheck, "");
        assert_eq!(
            reply::invariable(authority(), &reply),
            usual,
            "seed 7, round {round}"
        );
    }
    let mut short = envelope.clone();
    short.content.truncate(16);
    let mut odd = envelope.clone();
    odd.content.pop();
    let mut empty = envelope;
    empty.content.clear();
    for damaged in [short, odd, empty] {
        let reply = refused(
            &around(&damaged).build(),
            FailInfo::BadMessageCheck,
            "decrypted",
        );
        assert_eq!(reply::invariable(authority(), &reply), usual);
    }
}

/// What can be decrypted and is no good request gets the same answer as what cannot be.
#[test]
fn bad_requests_are_answered_like_bad_encryption() {
    let usual = usual_answer();
    let leaf = LeafRequest {
        common_name: "present",
        days: 365,
    };
    let info = public_key_info(device_key());
    let present = authority().issue(&info, &leaf, NOW_MS).unwrap();
    let check = |content: &[u8], kind: &'static str, words: &str| {
        let mut message = around(&Envelope::seal(content, recipient()));
        message.kind = Some(kind);
        message.certificate = present.der().to_vec();
        let reply = refused(&message.build(), FailInfo::BadMessageCheck, words);
        assert_eq!(reply::invariable(authority(), &reply), usual, "{words}");
    };
    let mut foreign = Csr::of(device_key());
    foreign.signed_by = other_key();
    check(&foreign.build(), "19", "does not fit its key");
    check(&foreign.build(), "17", "does not fit its key");
    check(
        &Csr::of(other_key()).build(),
        "19",
        "not the one that signed",
    );
    check(WEAK_REQUEST, "17", "1024");
    check(b"", "19", "well-formed");
    check(&[0x30, 0x80].repeat(50), "19", "well-formed");
    check(&sequence(&[&value(INTEGER, &[0])]), "19", "cannot be read");
    let long = "x".repeat(257);
    for challenges in [
        vec![utf8("one"), utf8("two")],
        vec![utf8("")],
        vec![utf8(&long)],
        vec![(0x1E, b"\0b\0m\0p".to_vec())],
    ] {
        let mut csr = Csr::of(device_key());
        csr.challenges = challenges;
        check(&csr.build(), "19", "challenge");
    }
}

/// Who has recorded somebody's envelope cannot have it opened under a key of their own, and hears
/// nothing about whether it could be.
#[test]
fn an_envelope_of_another_is_worth_nothing() {
    let recorded = sealed(&Csr::of(device_key())).build(false);
    let message = Message::around(recorded, other_key()).build();
    let reply = refused(
        &message,
        FailInfo::BadMessageCheck,
        "not the one that signed",
    );
    assert_eq!(reply::invariable(authority(), &reply), usual_answer());
}

/// Only who has a certificate of this CA can ask for another one, whatever the certificate says: a
/// stranger's renewal is refused before anything is decrypted.
#[test]
fn strangers_cannot_renew() {
    let mut message = around(&sealed(&Csr::of(device_key())));
    message.kind = Some("17");
    refused(
        &message.build(),
        FailInfo::BadRequest,
        "not issued by this CA",
    );
    // The same name for its issuer as ours have, without our signature.
    let issuer = certificate(recipient()).issuer.whole;
    message.certificate = self_signed_as(device_key(), issuer, true);
    refused(
        &message.build(),
        FailInfo::BadRequest,
        "not issued by this CA",
    );
}

/// A message that somebody has altered is refused for its signature.
#[test]
fn altered_messages_are_refused() {
    let envelope = sealed(&Csr::of(device_key()));
    let mut message = around(&envelope);
    message.key = other_key();
    refused(
        &message.build(),
        FailInfo::BadMessageCheck,
        "signature of the message",
    );
    let bytes = around(&envelope).build();
    let at = bytes
        .windows(16)
        .position(|part| part == &envelope.content[..16])
        .unwrap();
    let mut altered = bytes;
    altered[at] ^= 1;
    refused(&altered, FailInfo::BadMessageCheck, "different body");
}

/// Without a transaction to refer to there is no answer, and nothing is decrypted.
#[test]
fn what_names_no_transaction_is_not_answered() {
    let envelope = sealed(&Csr::of(device_key()));
    let long_id = "A".repeat(129);
    let id = |id| {
        Message {
            transaction: id,
            ..around(&envelope)
        }
        .build()
    };
    let nonce = |nonce| {
        Message {
            nonce,
            ..around(&envelope)
        }
        .build()
    };
    for message in [
        id(None),
        id(Some("")),
        id(Some(&long_id)),
        id(Some("a\nb")),
        nonce(None),
        nonce(Some(&[])),
        nonce(Some(&[0; 65])),
    ] {
        unreadable(&message, "no usable transaction id");
    }
    unreadable(&[], "CMS");
    unreadable(b"GET / HTTP/1.1", "CMS");
    unreadable(&[0x30, 0x80].repeat(10_000), "CMS");
    unreadable(&vec![0x30; 64 * 1024 + 1], "65536 bytes");
    assert_eq!((TRANSACTION.len(), NONCE.len()), (16, 16));
}

/// Bytes flipped anywhere, or cut off, never make the service panic; what is granted nevertheless
/// is the same request.
#[test]
fn damage_anywhere_is_survived() {
    let message = pkcs_req(&Csr::of(device_key()), recipient());
    let sent: Request = scep::open(authority(), &message).unwrap();
    let mut random = Lcg(2026);
    for round in 0..1500 {
        let mut damaged = message.clone();
        for _ in 0..=random.below(3) {
            let at = random.below(damaged.len());
            damaged[at] ^= 1 << random.below(8);
        }
        if round % 10 == 0 {
            damaged.truncate(random.below(damaged.len()));
        }
        match scep::open(authority(), &damaged) {
            // The signature of the requester's own certificate is nobody's concern.
            Ok(request) => assert_eq!(request.public_key_info, sent.public_key_info),
            Err(Refused::Answered { reply, .. }) => assert!(reply.len() < 4096),
            Err(Refused::Unreadable(_)) => {}
            Err(other) => panic!("seed 2026, round {round}: {other}"),
        }
    }
}

/// After the recipient has been renewed, what was encrypted to the old one gets the usual answer.
#[test]
fn the_old_recipient_is_gone() {
    let renewed: Authority = authority().renew_recipient(NOW_MS).unwrap();
    assert_eq!(renewed.ca_certificate(), authority().ca_certificate());
    assert_ne!(
        renewed.recipient_certificate(),
        authority().recipient_certificate()
    );
    let message = pkcs_req(&Csr::of(device_key()), recipient());
    let error = scep::open(&renewed, &message).expect_err("refused");
    let Refused::Answered {
        reply, fail_info, ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!(fail_info, FailInfo::BadMessageCheck);
    assert_eq!(reply::open(&renewed, &reply).status, "2");
    let message = pkcs_req(
        &Csr::of(device_key()),
        renewed.recipient_certificate().der(),
    );
    let request = scep::open(&renewed, &message).expect("a request");
    let leaf = LeafRequest {
        common_name: "x",
        days: 1,
    };
    renewed
        .issue(&request.public_key_info, &leaf, NOW_MS)
        .expect("a leaf");
}

/// Random numbers that are the same each time.
struct Lcg(u64);

impl Lcg {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}
