//! Recognises an X.509 certificate in DER, for generators that put one into a profile.
//!
//! Checks the outline of RFC 5280, section 4.1, and nothing else: no signature, no dates, no trust.
//! Knows nothing of profiles. Invariant: what passes is one DER value with nothing behind it, so that
//! a private key or a PEM file never ends up in a profile that is handed out.

/// The longest certificate taken, in bytes; real ones are under 4 KiB.
pub const DER_BYTES_MAX: usize = 16 * 1024;

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// Whether the bytes are shaped as a certificate.
pub fn is_certificate(der: &[u8]) -> bool {
    der.len() <= DER_BYTES_MAX && outline(der).is_some()
}

/// `Some` if every part is there and fills its parent.
fn outline(der: &[u8]) -> Option<()> {
    let (certificate, rest) = element(der, SEQUENCE)?;
    ends(rest)?;
    let (body, rest) = element(certificate, SEQUENCE)?;
    let (_algorithm, rest) = element(rest, SEQUENCE)?;
    let (_signature, rest) = element(rest, BIT_STRING)?;
    ends(rest)?;
    let rest = element(body, VERSION).map_or(body, |(_, rest)| rest);
    let (_serial, mut rest) = element(rest, INTEGER)?;
    // Signature algorithm, issuer, validity, subject and public key; extensions may follow.
    for _ in 0..5 {
        (_, rest) = element(rest, SEQUENCE)?;
    }
    Some(())
}

fn ends(bytes: &[u8]) -> Option<()> {
    bytes.is_empty().then_some(())
}

/// The content of the DER element with this tag that `bytes` begin with, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, mut rest) = rest.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7f);
        // Zero bytes of length is BER's indefinite form; three are enough for 16 KiB.
        if !(1..=3).contains(&count) || rest.len() < count {
            return None;
        }
        let (digits, after) = rest.split_at(count);
        length = digits
            .iter()
            .fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        rest = after;
    }
    (found == tag && rest.len() >= length).then(|| rest.split_at(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DER: &[u8] = include_bytes!("../tests/data/ca.der");

    /// A certificate is one; anything shorter, longer or else is not, and no cut of it panics.
    #[test]
    fn recognised() {
        assert!(is_certificate(DER));
        assert!((0..DER.len()).all(|length| !is_certificate(&DER[..length])));
        let longer = [DER, &[0]].concat();
        let large = vec![0x30; DER_BYTES_MAX + 1];
        for bytes in [b"hello".as_slice(), b"\x30\x00", &longer, &large] {
            assert!(!is_certificate(bytes));
        }
    }
}
