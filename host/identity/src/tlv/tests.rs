//! The outer form: what is kept, what is mended, what is refused.

use super::*;

fn check(input: &[u8], expected: Result<&[u8], TlvError>) {
    assert_eq!(
        to_der(input).as_deref(),
        expected.as_deref(),
        "{input:02x?}"
    );
}

/// Proves that DER passes unchanged and the BER of streaming encoders becomes DER.
#[test]
fn makes_der() {
    check(&[0x05, 0x00], Ok(&[0x05, 0x00]));
    check(
        &[0x30, 0x03, 0x02, 0x01, 0x05],
        Ok(&[0x30, 0x03, 0x02, 0x01, 0x05]),
    );
    check(
        &[0x30, 0x80, 0x02, 0x01, 0x05, 0x00, 0x00],
        Ok(&[0x30, 0x03, 0x02, 0x01, 0x05]),
    );
    check(
        &[0xa0, 0x80, 0x30, 0x80, 0, 0, 0, 0],
        Ok(&[0xa0, 0x02, 0x30, 0x00]),
    );
    // An octet string in pieces, one of them in pieces itself.
    let pieces = [0x24, 0x80, 4, 1, b'a', 0x24, 3, 4, 1, b'b', 4, 0, 0, 0];
    check(&pieces, Ok(&[0x04, 0x02, b'a', b'b']));
    // Lengths that do not fit one byte once they are definite.
    let long = [&[0x30, 0x80, 0x04, 0x81, 0x80][..], &[7; 128], &[0, 0]].concat();
    let made = to_der(&long).unwrap();
    assert_eq!(made[..6], [0x30, 0x81, 0x83, 0x04, 0x81, 0x80]);
    assert_eq!(check_der(&made), Ok(()));
    assert_eq!(check_der(&long), Err(TlvError::NotDer));
}

/// Proves that each malformed value is refused for its reason.
#[test]
fn refuses_malformed_values() {
    check(&[], Err(TlvError::Truncated));
    check(&[0x30], Err(TlvError::Truncated));
    check(&[0x30, 0x80], Err(TlvError::Truncated));
    check(&[0x30, 0x80, 0x00], Err(TlvError::Form));
    check(&[0x04, 0x02, 0x01], Err(TlvError::Truncated));
    check(&[0x05, 0x00, 0x00], Err(TlvError::Trailing));
    check(&[0x30, 0x80, 0, 0, 0, 0], Err(TlvError::Trailing));
    check(&[0x30, 0x02, 0x04, 0x01, 0xff], Err(TlvError::Overlap));
    check(&[0x30, 0x02, 0x00, 0x00], Err(TlvError::Form));
    check(&[0x00, 0x00], Err(TlvError::Form));
    // Indefinite and primitive; a length that is not minimal, or absurd; a long tag.
    check(&[0x04, 0x80, 0x00, 0x00], Err(TlvError::Form));
    check(&[0x04, 0x81, 0x01, 0x00], Err(TlvError::Form));
    check(&[0x04, 0x82, 0x00, 0x80], Err(TlvError::Form));
    check(&[0x04, 0x85, 1, 0, 0, 0, 0], Err(TlvError::Form));
    check(
        &[0x04, 0x84, 0xff, 0xff, 0xff, 0xff],
        Err(TlvError::Truncated),
    );
    check(&[0x3f, 0x21, 0x00], Err(TlvError::Form));
    // A primitive sequence, a constructed integer, an integer among the pieces of an octet string.
    check(&[0x10, 0x00], Err(TlvError::Form));
    check(&[0x22, 0x03, 0x02, 0x01, 0x05], Err(TlvError::Form));
    check(&[0x24, 0x03, 0x02, 0x01, 0x05], Err(TlvError::Form));
}

/// Proves that 5,000 levels, definite or not, end in an error and not in a stack overflow, and that
/// the limit itself is reached.
#[test]
fn bounds_the_depth() {
    check(&[0x30, 0x80].repeat(5_000), Err(TlvError::TooDeep));
    let definite = (0..5_000).fold(vec![0x05, 0x00], |inner, _| wrap(&inner));
    check(&definite, Err(TlvError::TooDeep));
    let deepest = (0..DEPTH_MAX).fold(vec![0x05, 0x00], |inner, _| wrap(&inner));
    assert_eq!(check_der(&deepest), Ok(()));
    check(&wrap(&deepest), Err(TlvError::TooDeep));
}

fn wrap(inner: &[u8]) -> Vec<u8> {
    let mut out = vec![0x30];
    push_length(&mut out, inner.len());
    out.extend_from_slice(inner);
    out
}

/// Proves that sets, explicit and implicit, have a bound on their members and sequences have none.
#[test]
fn bounds_sets() {
    let members = |tag: u8, count: usize| {
        let mut out = vec![tag, 0x80];
        out.extend([0x05, 0x00].repeat(count));
        out.extend([0, 0]);
        to_der(&out).map(Cow::into_owned)
    };
    for tag in [0x31, 0xa0, 0xa1] {
        assert!(members(tag, MEMBERS_MAX).is_ok());
        assert_eq!(members(tag, MEMBERS_MAX + 1), Err(TlvError::TooManyMembers));
    }
    assert!(members(0x30, 4 * MEMBERS_MAX).is_ok());
}

/// Proves that looking first and mending after says what mending alone would: DER is itself, and
/// what is wrong is wrong in the same way, at every damaged byte of a real message.
#[test]
fn a_look_says_what_mending_says() {
    for name in ["rsa-sha256", "ber-attached", "enc-ber"] {
        let whole = crate::testdata::cms(name);
        for at in 0..whole.len() {
            for damage in [0x01, 0x20, 0x80, 0xff] {
                let mut bytes = whole.clone();
                bytes[at] ^= damage;
                let mended = walk(&bytes, Purpose::Mend);
                let found = to_der(&bytes).map(|der| Some(der.into_owned()));
                assert_eq!(found, mended, "{name}: byte {at} ^ {damage:02x}");
            }
            let cut = &whole[..at];
            let found = to_der(cut).map(|der| Some(der.into_owned()));
            assert_eq!(found, walk(cut, Purpose::Mend), "{name}: {at} bytes");
        }
    }
}
