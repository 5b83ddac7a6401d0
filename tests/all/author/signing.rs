//! Signatures of components, from the making of a key to a changed byte.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::workshop::Workshop;

const HOSTILE: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/mooring-hostile.wasm"));

/// What was signed verifies with a list that has the key; a changed byte, another key, and the
/// signature of another component do not.
#[test]
fn from_key_to_verdict() {
    let workshop = Workshop::new("signing");
    workshop.write("a.wasm", HOSTILE);
    let enrollment = mooring_builtin::ENROLLMENT.component;
    workshop.write("b.wasm", enrollment);
    workshop.plugin("keygen ours").expect(0);
    workshop.plugin("keygen other").expect(0);
    let mode = fs::metadata(workshop.path("ours.key"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    workshop.plugin("keygen ours").expect(64);

    workshop.plugin("sign a.wasm --key ours.key").expect(0);
    let list = workshop.read("other.pub") + &workshop.read("ours.pub");
    workshop.write("list", list);
    let report = workshop
        .plugin("verify a.wasm --trust list --json")
        .expect(0)
        .json();
    assert_eq!(report["id"], "com.mooring.test.hostile");
    let key = workshop.read("ours.pub");
    assert_eq!(report["key"], key.lines().nth(1).unwrap());

    let check = |line: &str, says: &str| {
        let ran = workshop.plugin(line).expect(1);
        assert!(ran.err.contains(says), "{line}: {ran:#?}");
    };
    check(
        "verify a.wasm --trust other.pub",
        "a key that is not trusted",
    );
    check(
        "verify b.wasm --trust list --signature a.wasm.minisig",
        "not of this component",
    );
    check("sign a.wasm --key ours.pub --out x", "no secret key");
    check("verify a.wasm --trust ours.key", "line 2 is no public key");
    let mut changed = HOSTILE.to_vec();
    *changed.last_mut().unwrap() ^= 1;
    workshop.write("a.wasm", changed);
    check("verify a.wasm --trust list", "not of this component");
}

/// Only what a host would take is signed.
#[test]
fn nothing_else_is_signed() {
    let workshop = Workshop::new("unsigned");
    workshop.write("text.wasm", "hello");
    workshop.plugin("keygen ours").expect(0);
    let ran = workshop.plugin("sign text.wasm --key ours.key").expect(1);
    assert!(ran.err.contains("text.wasm is not signed"), "{ran:#?}");
    assert!(!workshop.path("text.wasm.minisig").exists());
}
