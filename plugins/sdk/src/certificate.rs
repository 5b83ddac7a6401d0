//! Recognises and reads X.509 certificates in DER, for generators that put one into a profile and
//! validators that find one there.
//!
//! Checks what RFC 5280, section 4.1, demands of the outline, and nothing else: no signature, no
//! trust. Knows nothing of profiles. Invariant: what passes is one DER value with nothing behind
//! it, so that a private key or a PEM file never ends up in a profile that is handed out.

pub mod der;
mod x509;

pub use x509::{Certificate, Digest, PublicKey};

/// The longest certificate that [`is_certificate`] takes, in bytes; real ones are under 4 KiB.
pub const DER_BYTES_MAX: usize = 16 * 1024;

/// Whether the bytes are shaped as a certificate.
pub fn is_certificate(der: &[u8]) -> bool {
    der.len() <= DER_BYTES_MAX && Certificate::read(der).is_some()
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
