//! Requests that are in order, and what comes of them.

use mooring_identity::scep::{self, FailInfo, Request, RequestKind};
use mooring_identity::{Certificate, LeafRequest, Trust};

use crate::client::{Csr, Envelope, Message, pkcs_req, public_key_info, self_signed, utf8};
use crate::der::{self, SEQUENCE, UTF8, oid, read, sequence, set, value};
use crate::{DAY_MS, NOW_MS, authority, device_key, other_key, reply};

const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";

fn opened(message: &[u8]) -> Request {
    scep::open(authority(), message).expect("a request")
}

fn issue(request: &Request) -> Certificate {
    let leaf = LeafRequest {
        common_name: "C02XK1ZZJG5H",
        days: 365,
    };
    authority()
        .issue(&request.public_key_info, &leaf, NOW_MS)
        .expect("a leaf")
}

fn recipient() -> &'static [u8] {
    authority().recipient_certificate().der()
}

/// A request is granted, and the certificate has our subject, usage and no names, although the
/// request asked for another subject, a name of a server, server authentication and to be a CA.
#[test]
fn the_server_decides_what_the_leaf_says() {
    let request = opened(&pkcs_req(&Csr::of(device_key()), recipient()));
    assert_eq!(request.kind, RequestKind::PkcsReq);
    assert_eq!(request.requested_name, "root of all");
    assert!(request.challenge.as_ref().unwrap().matches("open-sesame"));
    assert_eq!(request.public_key_info, public_key_info(device_key()));

    let leaf = issue(&request);
    let granted = scep::grant(authority(), &request, &leaf).expect("an answer");
    let answer = reply::open(authority(), &granted);
    assert_eq!((answer.status.as_str(), answer.fail_info), ("0", None));
    let bundle = reply::decrypt(&answer.content.unwrap(), device_key());
    assert_eq!(
        reply::certificates(&bundle),
        [leaf.der()],
        "the leaf and nothing else"
    );

    let fields = der::certificate(leaf.der());
    let attribute =
        |kind, text: &str| set(&[&sequence(&[&oid(kind), &value(UTF8, text.as_bytes())])]);
    let subject = [
        attribute("2.5.4.10", "Test"),
        attribute("2.5.4.3", "C02XK1ZZJG5H"),
    ];
    assert_eq!(fields.subject.content, subject.concat());
    let usage = sequence(&[&oid(CLIENT_AUTH)]);
    assert_eq!(fields.extension("2.5.29.37"), Some((false, &usage[..])));
    assert_eq!(fields.extension("2.5.29.17"), None, "no names of servers");
    assert_eq!(
        fields.extension("2.5.29.19"),
        Some((true, &[SEQUENCE, 0][..])),
        "no CA"
    );
    assert_eq!(
        fields.extension("2.5.29.15"),
        Some((true, &[3, 2, 5, 0xA0][..]))
    );
    assert_eq!(fields.serial.content.len(), 16);
    assert!(fields.serial.content[0] < 0x80, "positive");
    let ca = der::certificate(authority().ca_certificate().der());
    assert_eq!(fields.issuer.whole, ca.subject.whole);
    let ca_key = read(ca.extension("2.5.29.14").unwrap().1);
    let issuer_key = sequence(&[&value(0x80, ca_key.content)]);
    assert_eq!(
        fields.extension("2.5.29.35"),
        Some((false, &issuer_key[..]))
    );
    assert!(fields.extension("2.5.29.14").is_some());
}

/// What was issued is valid from an hour ago for its days, and is trusted by who trusts the CA.
#[test]
fn the_leaf_is_trusted() {
    let leaf = issue(&opened(&pkcs_req(&Csr::of(device_key()), recipient())));
    assert_eq!(leaf.not_before_ms(), NOW_MS - 60 * 60 * 1000);
    assert_eq!(leaf.not_after_ms(), NOW_MS + 365 * DAY_MS);
    let trust = Trust::new(vec![authority().ca_certificate().clone()]).unwrap();
    trust.verify(&leaf, &[], NOW_MS).expect("trusted");
    trust
        .verify(authority().recipient_certificate(), &[], NOW_MS)
        .expect_err("no identity");
}

/// A message in the streamed encoding of Apple's client is the same request.
#[test]
fn streams_are_read() {
    let envelope = Envelope::seal(&Csr::of(device_key()).build(), recipient()).build(true);
    let mut message = Message::around(envelope, device_key());
    message.is_streamed = true;
    let bytes = message.build();
    assert!(bytes.starts_with(&[SEQUENCE, 0x80]));
    assert_eq!(opened(&bytes).requested_name, "root of all");
}

/// A requester whose own certificate is of version 1 gets an answer that it can decrypt.
#[test]
fn a_signer_of_version_1_is_answered() {
    let envelope = Envelope::seal(&Csr::of(device_key()).build(), recipient()).build(false);
    let mut message = Message::around(envelope, device_key());
    message.certificate = self_signed(device_key(), "old", false);
    let request = opened(&message.build());
    let granted = scep::grant(authority(), &request, &issue(&request)).unwrap();
    let content = reply::open(authority(), &granted).content.unwrap();
    assert_eq!(
        reply::certificates(&reply::decrypt(&content, device_key())).len(),
        1
    );
}

/// A renewal gives the present certificate to the caller, for a key that may be another one.
#[test]
fn a_renewal_says_who_signed_it() {
    let leaf = LeafRequest {
        common_name: "present",
        days: 365,
    };
    let info = public_key_info(device_key());
    let present = authority().issue(&info, &leaf, NOW_MS).unwrap();
    let mut csr = Csr::of(other_key());
    csr.challenges.clear();
    let envelope = Envelope::seal(&csr.build(), recipient()).build(false);
    let mut message = Message::around(envelope, device_key());
    message.kind = Some("17");
    message.certificate = present.der().to_vec();
    let request = opened(&message.build());
    assert_eq!(request.kind, RequestKind::RenewalReq);
    assert_eq!(request.signer, present);
    assert_eq!(request.public_key_info, public_key_info(other_key()));
    assert!(request.challenge.is_none());
}

/// The caller's refusal is signed, says why, and has no content.
#[test]
fn the_caller_refuses() {
    let request = opened(&pkcs_req(&Csr::of(device_key()), recipient()));
    let refused = scep::refuse(authority(), &request, FailInfo::BadRequest).unwrap();
    let answer = reply::open(authority(), &refused);
    assert_eq!(
        (answer.status.as_str(), answer.fail_info.as_deref()),
        ("2", Some("2"))
    );
    assert!(answer.content.is_none());
    let again = scep::refuse(authority(), &request, FailInfo::BadRequest).unwrap();
    let nonce = reply::open(authority(), &again).sender_nonce;
    assert_ne!(nonce, answer.sender_nonce, "a nonce is used once");
    assert_eq!(nonce.len(), 16);
}

/// A challenge may be of either kind of text, and does not show; the requested name is fit for a
/// log.
#[test]
fn words_of_the_requester_are_handled_with_care() {
    let mut csr = Csr::of(device_key());
    csr.challenges = vec![utf8("sésame")];
    let name = format!("a\u{1b}[31m\n{}", "b".repeat(100));
    csr.common_name = &name;
    let request = opened(&pkcs_req(&csr, recipient()));
    assert!(request.challenge.as_ref().unwrap().matches("sésame"));
    assert!(!request.challenge.as_ref().unwrap().matches("sesame"));
    assert!(!format!("{request:?}").contains("same"), "{request:?}");
    assert_eq!(request.requested_name, format!("a[31m{}", "b".repeat(59)));
    assert_eq!(format!("{:?}", request.challenge), "Some(Secret(..))");
    let mut bare = Csr::of(device_key());
    bare.challenges.clear();
    assert!(opened(&pkcs_req(&bare, recipient())).challenge.is_none());
}

/// The certificates for a requester are the recipient's and the CA's, and their usage tells which.
#[test]
fn requesters_learn_whom_to_encrypt_to() {
    let (kind, message) = scep::ca_certificates(authority()).unwrap();
    assert_eq!(kind, "application/x-x509-ca-ra-cert");
    let all = reply::certificates(&message);
    assert_eq!(all.len(), 2);
    for (certificate, usage) in [
        (authority().recipient_certificate(), [3, 2, 5, 0xA0]),
        (authority().ca_certificate(), [3, 2, 1, 0x06]),
    ] {
        assert!(all.iter().any(|der| der == certificate.der()));
        let fields = der::certificate(certificate.der());
        assert_eq!(fields.extension("2.5.29.15"), Some((true, &usage[..])));
    }
    let ca = der::certificate(authority().ca_certificate().der());
    let constraints = sequence(&[&[1, 1, 0xFF], &[2, 1, 0]]);
    assert_eq!(ca.extension("2.5.29.19"), Some((true, &constraints[..])));
    assert_ne!(recipient(), authority().ca_certificate().der());
    for line in scep::CAPABILITIES.lines() {
        let is_known = [
            "POSTPKIOperation",
            "SHA-256",
            "AES",
            "SCEPStandard",
            "Renewal",
        ];
        assert!(is_known.contains(&line));
    }
}
