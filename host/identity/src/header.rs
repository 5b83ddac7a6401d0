//! The certificate of a TLS connection that a proxy in front of us has ended, as it hands it on in
//! a header.
//!
//! It must not know which proxies may be believed: whoever calls this has made sure that no
//! stranger can send the header. **Invariant.** One value gives one certificate or none, never a
//! choice.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::{Certificate, CertificateError};
use crate::pem::certificates_from_pem;

/// Most bytes of the header's value: a certificate of 16 KiB as PEM, with escapes.
pub const CERTIFICATE_HEADER_BYTES_MAX: usize = 32 * 1024;

/// Why a header's value is not one certificate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// More than [`CERTIFICATE_HEADER_BYTES_MAX`].
    #[error("the header may have {CERTIFICATE_HEADER_BYTES_MAX} bytes at most")]
    TooLarge,
    /// The value is empty: the proxy got no certificate.
    #[error("the header is empty")]
    Empty,
    /// It begins as RFC 9440 says (`:`) and does not go on so.
    #[error("the header begins with a colon and is not a byte sequence as in RFC 9440")]
    NotByteSequence,
    /// A `%` without two hex digits behind it.
    #[error("the header has an escape that is not % and two hex digits")]
    Escape,
    /// More certificates than one: the header is for the client's own.
    #[error("the header has {0} certificates instead of one")]
    Several(usize),
    /// The certificate in it cannot be read.
    #[error("the certificate in the header cannot be read")]
    Certificate(#[from] CertificateError),
}

/// The certificate in a header's value, which is either `:base64 of the DER:` (RFC 9440 section 2)
/// or PEM with URL escapes (nginx, `$ssl_client_escaped_cert`).
///
/// # Errors
/// When the value is neither, is too long, or has not exactly one certificate.
pub fn certificate(value: &[u8]) -> Result<Certificate, HeaderError> {
    if value.len() > CERTIFICATE_HEADER_BYTES_MAX {
        return Err(HeaderError::TooLarge);
    }
    let value = value.trim_ascii();
    if value.is_empty() {
        return Err(HeaderError::Empty);
    }
    if let Some(rest) = value.strip_prefix(b":") {
        let encoded = rest
            .strip_suffix(b":")
            .ok_or(HeaderError::NotByteSequence)?;
        let der = STANDARD
            .decode(encoded)
            .map_err(|_| HeaderError::NotByteSequence)?;
        return Ok(Certificate::from_der(&der)?);
    }
    let mut certificates = certificates_from_pem(&unescape(value)?)?;
    match (certificates.pop(), certificates.len()) {
        (Some(certificate), 0) => Ok(certificate),
        (_, others) => Err(HeaderError::Several(others + 1)),
    }
}

/// Undoes URL escapes. A plus sign is itself: it belongs to base64, and nginx escapes it.
fn unescape(value: &[u8]) -> Result<Vec<u8>, HeaderError> {
    let mut out = Vec::with_capacity(value.len());
    let mut bytes = value.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            out.push(byte);
            continue;
        }
        let (high, low) = (hex_digit(bytes.next()), hex_digit(bytes.next()));
        let (Some(high), Some(low)) = (high, low) else {
            return Err(HeaderError::Escape);
        };
        out.push(high << 4 | low);
    }
    Ok(out)
}

fn hex_digit(byte: Option<u8>) -> Option<u8> {
    let digit = char::from(byte?).to_digit(16)?;
    u8::try_from(digit).ok()
}

#[cfg(test)]
mod tests;
