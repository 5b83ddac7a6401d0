//! Certificates in PEM (RFC 7468), as administrators keep them in files.
//!
//! It must not know what the certificates are for. **Invariant.** Text between the entries is
//! skipped; an entry that is not a certificate, or is damaged, is never skipped silently if it
//! could have been meant as one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::certificate::{Certificate, CertificateError};

/// Most bytes of one file.
const FILE_BYTES_MAX: usize = 1024 * 1024;
/// Most certificates of one file.
const CERTIFICATES_MAX: usize = 256;

/// All certificates of a PEM file, in their order. Text around the entries is ignored, as are
/// entries that are neither certificates nor keys (such as revocation lists).
///
/// # Errors
/// When there is no certificate, when one cannot be read (the error says which), when the file has
/// a private key, or more than 1 MiB or 256 certificates.
pub fn certificates_from_pem(pem: &[u8]) -> Result<Vec<Certificate>, CertificateError> {
    let too_large = CertificateError::FileTooLarge {
        certificates: CERTIFICATES_MAX,
        bytes: FILE_BYTES_MAX,
    };
    if pem.len() > FILE_BYTES_MAX {
        return Err(too_large);
    }
    let mut certificates = Vec::new();
    let mut lines = pem.split(|&byte| byte == b'\n' || byte == b'\r');
    let mut entry = 0;
    while let Some(line) = lines.next() {
        let Some(label) = label(line, b"-----BEGIN ") else {
            continue;
        };
        entry += 1;
        if label.ends_with(b"PRIVATE KEY") {
            return Err(CertificateError::PrivateKey { number: entry });
        }
        let content = content(&mut lines, label).ok_or(CertificateError::Pem { number: entry })?;
        if label != b"CERTIFICATE" && label != b"X509 CERTIFICATE" {
            continue;
        }
        if certificates.len() == CERTIFICATES_MAX {
            return Err(too_large);
        }
        let der = STANDARD
            .decode(content)
            .map_err(|_| CertificateError::Pem { number: entry })?;
        let number = certificates.len() + 1;
        certificates.push(Certificate::from_der(&der).map_err(|source| {
            CertificateError::Entry {
                number,
                source: Box::new(source),
            }
        })?);
    }
    if certificates.is_empty() {
        Err(CertificateError::NoCertificate)
    } else {
        Ok(certificates)
    }
}

/// The label of a line that begins or ends an entry.
fn label<'a>(line: &'a [u8], prefix: &[u8]) -> Option<&'a [u8]> {
    line.trim_ascii()
        .strip_prefix(prefix)?
        .strip_suffix(b"-----")
}

/// The base64 up to the line that ends the entry, without whitespace; `None` without such a line.
fn content<'a>(lines: &mut impl Iterator<Item = &'a [u8]>, wanted: &[u8]) -> Option<Vec<u8>> {
    let mut content = Vec::new();
    for line in lines {
        if let Some(found) = label(line, b"-----END ") {
            return (found == wanted).then_some(content);
        }
        content.extend(line.iter().filter(|byte| !byte.is_ascii_whitespace()));
    }
    None
}

#[cfg(test)]
mod tests;
