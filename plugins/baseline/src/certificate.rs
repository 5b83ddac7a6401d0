//! Reads the escrow certificate that an administrator pastes: PEM, or the base64 of DER.
//!
//! Checks the shape of an X.509 certificate and nothing else: no signature, no dates, no trust, for
//! the certificate serves as the holder of a public key. Knows nothing of profiles. Invariant: what
//! is returned is one DER value of exactly that shape, with nothing behind it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mooring_sdk::certificate::{DER_BYTES_MAX, is_certificate};

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

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
    if der.len() > DER_BYTES_MAX {
        Err(CertificateError::TooLong)
    } else if !is_certificate(&der) {
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
                STANDARD.encode(vec![0x30; DER_BYTES_MAX + 1]),
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
        assert!((0..der.len()).all(|length| !is_certificate(&der[..length])));
    }
}
