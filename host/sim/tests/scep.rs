//! SCEP against a stub authority: what a device asks for, and which replies it takes.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod kit;

use der::{Decode, Encode};
use kit::authority::{Asked, Authority, key};
use kit::cms::degenerate;
use mooring_sim::{Credential, Enrollment, PkiError, ScepFailure, Wish};
use x509_cert::Certificate;

/// 2026-01-15 12:00:00 UTC.
const NOW_MS: u64 = 1_768_478_400_000;

fn subject() -> Vec<(String, String)> {
    [("O", "Harborworks"), ("CN", "Mac of Zoë")]
        .map(|(kind, value)| (kind.to_owned(), value.to_owned()))
        .to_vec()
}

/// Runs SCEP for a key up to the reply, which `answer` makes.
fn obtain(
    number: usize,
    present: Option<&Credential>,
    answer: impl FnOnce(&Authority, &Asked) -> Vec<u8>,
) -> (Asked, Result<Credential, ScepFailure>) {
    let authority = Authority::shared();
    let subject = subject();
    let wish = Wish {
        authorities: &authority.certificate(),
        subject: &subject,
        challenge: Some("open sesame"),
        present,
    };
    let (state, message) = Enrollment::begin(wish, key(number), NOW_MS).unwrap();
    let asked = authority.read(&message);
    let outcome = state.finish(&answer(authority, &asked));
    (asked, outcome)
}

fn granted(authority: &Authority, asked: &Asked) -> Vec<u8> {
    let issued = authority.issue(&asked.public_key, "device", false);
    authority.grant(asked, &issued)
}

/// Proves that an enrollment asks for what it should and ends with a certificate for its key.
#[test]
fn scep_ends_with_an_identity() {
    let (asked, outcome) = obtain(1, None, granted);
    assert_eq!(asked.kind, "19");
    assert_eq!(asked.challenge.as_deref(), Some("open sesame"));
    assert_eq!(asked.subject, "CN=Mac of Zoë,O=Harborworks");
    let own = &asked.signer.tbs_certificate;
    assert_eq!(own.issuer, own.subject, "signed by itself");
    assert_eq!(
        own.subject_public_key_info.to_der().unwrap(),
        asked.public_key
    );
    let credential = outcome.unwrap();
    let issued = Certificate::from_der(credential.certificate()).unwrap();
    let info = issued.tbs_certificate.subject_public_key_info;
    assert_eq!(info.to_der().unwrap(), asked.public_key);
    assert_eq!(credential.pkcs8(), key(1).pkcs8());
    assert_eq!(format!("{credential:?}"), "Credential");
}

/// Proves that a renewal is signed by the present identity and that the reply sealed for it opens.
#[test]
fn a_renewal_is_signed_by_the_present_identity() {
    let present = obtain(1, None, granted).1.unwrap();
    let (asked, outcome) = obtain(2, Some(&present), granted);
    assert_eq!(asked.kind, "17");
    assert_eq!(asked.signer.to_der().unwrap(), present.certificate());
    assert_eq!(outcome.unwrap().pkcs8(), key(2).pkcs8());
}

/// Proves that the authority's certificates are read from a list too, and that nonsense is not.
#[test]
fn authorities_come_alone_or_as_a_list() {
    let authority = Authority::shared();
    let certificate = Certificate::from_der(&authority.certificate()).unwrap();
    let list = degenerate(vec![certificate]);
    let subject = subject();
    let wish = |authorities| Wish {
        authorities,
        subject: &subject,
        challenge: None,
        present: None,
    };
    let (state, message) = Enrollment::begin(wish(&list), key(1), NOW_MS).unwrap();
    let asked = authority.read(&message);
    assert_eq!(asked.challenge, None);
    assert!(state.finish(&granted(authority, &asked)).is_ok());
    let empty = degenerate(Vec::new());
    let outcome = Enrollment::begin(wish(&empty), key(1), NOW_MS);
    assert_eq!(outcome.unwrap_err(), ScepFailure::NoRecipient);
    assert!(Enrollment::begin(wish(b"nonsense"), key(1), NOW_MS).is_err());
}

/// Proves that every reply but the right one is refused, each for its reason.
#[test]
fn other_replies_are_refused() {
    let fails = |answer: fn(&Authority, &Asked) -> Vec<u8>| obtain(1, None, answer).1.unwrap_err();
    let refused = fails(|authority, asked| authority.refuse(asked, "2"));
    let reason = "badRequest";
    assert_eq!(refused, ScepFailure::Refused { reason });
    let changed = |asked: &Asked, change: fn(&mut Asked)| {
        let mut asked = asked.clone();
        change(&mut asked);
        asked
    };
    let what = "nonce";
    let outcome = obtain(1, None, |authority, asked| {
        granted(authority, &changed(asked, |asked| asked.nonce[0] ^= 1))
    });
    assert_eq!(outcome.1.unwrap_err(), ScepFailure::Foreign { what });
    let what = "transaction";
    let outcome = obtain(1, None, |authority, asked| {
        granted(
            authority,
            &changed(asked, |asked| asked.transaction.push('0')),
        )
    });
    assert_eq!(outcome.1.unwrap_err(), ScepFailure::Foreign { what });
    let other_key = obtain(1, None, |authority, asked| {
        let mut other = obtain(2, None, granted).0;
        other.signer = asked.signer.clone();
        let issued = authority.issue(&other.public_key, "device", false);
        authority.grant(asked, &issued)
    });
    assert_eq!(other_key.1.unwrap_err(), ScepFailure::OtherKey);
    let stranger = fails(|_, asked| granted(&Authority::new(&key(3)), asked));
    assert!(matches!(
        stranger,
        ScepFailure::Pki(PkiError::Unverified { .. })
    ));
}

/// Proves that a damaged reply is an error wherever the damage is, and never a panic.
#[test]
fn damaged_replies_are_refused() {
    let authority = Authority::shared();
    let subject = subject();
    let certificate = authority.certificate();
    let begin = || {
        let wish = Wish {
            authorities: &certificate,
            subject: &subject,
            challenge: None,
            present: None,
        };
        Enrollment::begin(wish, key(1), NOW_MS).unwrap()
    };
    let (_, message) = begin();
    let reply = granted(authority, &authority.read(&message));
    for at in (0..reply.len()).step_by(reply.len() / 60) {
        assert!(begin().0.finish(&reply[..at]).is_err(), "cut at {at}");
        let mut changed = reply.clone();
        changed[at] ^= 0x11;
        assert!(begin().0.finish(&changed).is_err(), "changed at {at}");
    }
}
