//! Reads the escrow certificate that an administrator pastes: PEM, or the base64 of DER.
//!
//! Checks the shape of an X.509 certificate and nothing else: no signature, no dates, no trust, for
//! the certificate serves as the holder of a public key. Knows nothing of profiles. Invariant: what
//! is returned is one DER value of exactly that shape, with nothing behind it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The longest certificate taken, in bytes of DER; real ones are under 4 KiB.
const DER_MAX: usize = 16 * 1024;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// Why a text is no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateError {
    PrivateKey,
    NotOne,
    NotBase64,
    NotDer,
    TooLong,
}

impl CertificateError {
    /// What is wrong, without a word of the text itself.
    pub(crate) fn message(self) -> &'static str {
        match self {
            Self::PrivateKey => "this holds a private key, which must never leave its owner",
            Self::NotOne => "this is not exactly one PEM certificate",
            Self::NotBase64 => "this is neither PEM nor the base64 of DER",
            Self::NotDer => "the bytes are not an X.509 certificate in DER",
            Self::TooLong => "the certificate is over 16 KiB",
        }
    }
}

/// The DER of the one certificate in a text.
pub(crate) fn read(text: &str) -> Result<Vec<u8>, CertificateError> {
    if text.contains("PRIVATE KEY-----") {
        return Err(CertificateError::PrivateKey);
    }
    let body: String = body(text)?.split_whitespace().collect();
    let der = STANDARD
        .decode(body)
        .map_err(|_| CertificateError::NotBase64)?;
    if der.len() > DER_MAX {
        Err(CertificateError::TooLong)
    } else if is_certificate(&der).is_none() {
        Err(CertificateError::NotDer)
    } else {
        Ok(der)
    }
}

fn body(text: &str) -> Result<&str, CertificateError> {
    if !text.contains("-----") {
        return Ok(text);
    }
    let (_, rest) = text.split_once(BEGIN).ok_or(CertificateError::NotOne)?;
    let (body, rest) = rest.split_once(END).ok_or(CertificateError::NotOne)?;
    if rest.contains(BEGIN) {
        Err(CertificateError::NotOne)
    } else {
        Ok(body)
    }
}

/// Follows the outline of RFC 5280, section 4.1: `Some` if every part is there and fills its parent.
fn is_certificate(der: &[u8]) -> Option<()> {
    let (certificate, rest) = element(der, SEQUENCE)?;
    is_empty(rest)?;
    let (body, rest) = element(certificate, SEQUENCE)?;
    let (_algorithm, rest) = element(rest, SEQUENCE)?;
    let (_signature, rest) = element(rest, BIT_STRING)?;
    is_empty(rest)?;
    let rest = element(body, VERSION).map_or(body, |(_, rest)| rest);
    let (_serial, mut rest) = element(rest, INTEGER)?;
    // Signature algorithm, issuer, validity, subject and public key; extensions may follow.
    for _ in 0..5 {
        (_, rest) = element(rest, SEQUENCE)?;
    }
    Some(())
}

fn is_empty(bytes: &[u8]) -> Option<()> {
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

    const PEM: &str = include_str!("../tests/data/escrow.pem");

    /// PEM, text around it and plain base64 all give the same DER.
    #[test]
    fn forms() {
        let der = read(PEM).unwrap();
        assert_eq!(
            read(&format!("subject=x\n{}", PEM.replace('\n', "\r\n"))),
            Ok(der.clone())
        );
        assert_eq!(read(&STANDARD.encode(&der)), Ok(der));
    }

    /// Anything but one certificate is refused with its reason.
    #[test]
    fn refused() {
        let der = read(PEM).unwrap();
        let mut longer = der.clone();
        longer.push(0);
        let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        for (text, error) in [
            (format!("{PEM}{key}"), CertificateError::PrivateKey),
            (format!("{PEM}{PEM}"), CertificateError::NotOne),
            (BEGIN.to_owned(), CertificateError::NotOne),
            ("-----BEGIN PKCS7-----".to_owned(), CertificateError::NotOne),
            ("not base64!".to_owned(), CertificateError::NotBase64),
            (String::new(), CertificateError::NotDer),
            (STANDARD.encode("hello"), CertificateError::NotDer),
            (STANDARD.encode(&longer), CertificateError::NotDer),
            (
                STANDARD.encode(vec![0x30; DER_MAX + 1]),
                CertificateError::TooLong,
            ),
        ] {
            assert_eq!(read(&text), Err(error), "{text}");
        }
    }

    /// No beginning of a certificate is a certificate, and no cut of it panics.
    #[test]
    fn cut_off() {
        let der = read(PEM).unwrap();
        assert!((0..der.len()).all(|length| is_certificate(&der[..length]).is_none()));
    }
}
