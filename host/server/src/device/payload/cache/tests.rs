//! What is remembered, for how long, and of which version.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::convert::Infallible;

use mooring_drift::policy::Timestamp;

use super::*;

fn version(number: u32, uuid: &str) -> VersionRecord {
    VersionRecord {
        version: number,
        uuid: PayloadUuid::parse(uuid).unwrap(),
        is_signed: false,
        display_name: None,
        scope: None,
        payload_types: Vec::new(),
        content_digest: [0; 32],
        loose_digest: [0; 32],
        uploaded_digest: [0; 32],
        uploaded_uuid: None,
        findings: Vec::new(),
        uploaded_at: Timestamp(0),
        uploaded_by: String::new(),
        source_name: String::new(),
        bytes: 0,
        secrets: None,
        placeholders: BTreeSet::new(),
        introduced: BTreeSet::new(),
    }
}

fn identifier(name: &str) -> PayloadIdentifier {
    PayloadIdentifier::parse(name).unwrap()
}

/// Asks for a version whose bytes are `raw`; returns what came and whether they were read.
fn ask(payloads: &Payloads, name: &str, record: &VersionRecord, raw: &[u8]) -> (Base64, bool) {
    let was_read = Cell::new(false);
    let read = || {
        was_read.set(true);
        Ok::<_, Infallible>(Some(raw.to_vec()))
    };
    let payload = payloads
        .of(&identifier(name), record, read)
        .unwrap()
        .unwrap();
    (Base64::clone(&payload), was_read.get())
}

/// A version is read once; what comes is byte for byte what it would be without the memory.
#[test]
fn reads_once() {
    let payloads = Payloads::default();
    let one = version(1, "A");
    for (time, raw) in [b"first".as_slice(), b"never read"].into_iter().enumerate() {
        let (payload, was_read) = ask(&payloads, "com.example.a", &one, raw);
        assert_eq!((payload, was_read), (Base64::of(b"first"), time == 0));
    }
}

/// Another version, another profile and the same number under another uuid get their own bytes.
#[test]
fn versions_are_told_apart() {
    let payloads = Payloads::default();
    let asked = [
        ("com.example.a", version(1, "A"), b"a1"),
        ("com.example.a", version(2, "B"), b"a2"),
        ("com.example.b", version(1, "A"), b"b1"),
        ("com.example.a", version(1, "C"), b"c1"),
    ];
    for _ in 0..2 {
        for (name, record, raw) in &asked {
            assert_eq!(ask(&payloads, name, record, *raw).0, Base64::of(*raw));
        }
    }
}

/// Whatever is asked for in whatever order, no more is kept than the bound, and what is asked for
/// again and again stays; a profile that is too large is served and not kept.
#[test]
fn the_bound_holds() {
    let payloads = Payloads::bounded(4000);
    let favourite = version(1, "A");
    ask(&payloads, "favourite", &favourite, &[7; 300]);
    for number in 0..200_u32 {
        let raw = vec![1; (number as usize * 37) % 900];
        let name = format!("other{number}");
        let (payload, _) = ask(&payloads, &name, &version(number, "B"), &raw);
        assert_eq!(payload, Base64::of(&raw));
        assert!(
            !ask(&payloads, "favourite", &favourite, &[7; 300]).1,
            "{number}"
        );
        let halves = payloads.halves();
        for half in [&halves.new, &halves.old] {
            let bytes: usize = half.entries.values().map(|kept| kept.len()).sum();
            assert_eq!(bytes, half.bytes);
        }
        assert!(halves.new.bytes + halves.old.bytes <= 4000);
    }
    let large = version(1, "L");
    for _ in 0..2 {
        assert!(ask(&payloads, "large", &large, &[1; 1600]).1);
    }
}

/// What cannot be read is nothing, an error stays one, and neither is remembered.
#[test]
fn nothing_is_not_remembered() {
    let payloads = Payloads::default();
    let (name, one) = (identifier("com.example.a"), version(1, "A"));
    let nothing = payloads.of(&name, &one, || Ok::<_, u8>(None));
    assert_eq!(nothing, Ok(None));
    assert_eq!(payloads.of(&name, &one, || Err(7)), Err(7));
    assert!(ask(&payloads, "com.example.a", &one, b"now").1);
}

/// Debug output tells how much there is and not what.
#[test]
fn nothing_shows() {
    let payloads = Payloads::default();
    ask(&payloads, "com.example.a", &version(1, "A"), b"secret");
    assert_eq!(
        format!("{payloads:?}"),
        "Payloads { profiles: 1, bytes: 8, .. }"
    );
}
