//! A CA for the devices of one fleet, and their certificates.
//!
//! Knows nothing of hosts. Invariants: each certificate is its own, with P-256 as new devices have;
//! all have one key, since making as many would take longer than all that is measured.

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};
use sha2::{Digest as _, Sha256};
use time::{Duration, OffsetDateTime};

use super::files;
use crate::BenchError;

/// Days that every certificate is good, before and after now.
const DAYS: i64 = 365;

/// When certificates begin and end, for the pins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Validity {
    pub(crate) from_ms: u64,
    pub(crate) to_ms: u64,
}

/// What issues.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
    from: OffsetDateTime,
    to: OffsetDateTime,
}

impl Authority {
    /// Makes a CA that is good around this moment, and writes what the server needs of it.
    pub(crate) fn create(folder: &Path, now_ms: u64) -> Result<Self, BenchError> {
        let seconds = i64::try_from(now_ms / 1000).unwrap_or_default();
        let now = OffsetDateTime::from_unix_timestamp(seconds);
        let now = now.unwrap_or(OffsetDateTime::UNIX_EPOCH);
        let (from, to) = (now - Duration::days(DAYS), now + Duration::days(DAYS));
        let mut params = params("Mooring benchmark CA", from, to);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let key = KeyPair::generate()?;
        let certificate = params.self_signed(&key)?;
        files::write(folder, files::CA, certificate.pem().as_bytes())?;
        let authority = Self {
            issuer: Issuer::new(params, key),
            leaf_key: KeyPair::generate()?,
            from,
            to,
        };
        files::write(
            folder,
            files::DEVICE_KEY,
            &authority.leaf_key.serialize_der(),
        )?;
        authority.write_server(folder)?;
        Ok(authority)
    }

    fn write_server(&self, folder: &Path) -> Result<(), BenchError> {
        let mut params = params("127.0.0.1", self.from, self.to);
        let address = std::net::IpAddr::from([127, 0, 0, 1]);
        params.subject_alt_names = vec![rcgen::SanType::IpAddress(address)];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        files::write(folder, files::SERVER, certificate.pem().as_bytes())?;
        files::write(folder, files::SERVER_KEY, key.serialize_pem().as_bytes())
    }

    /// The certificate of the device with this number, in DER.
    pub(crate) fn issue(&self, number: u32) -> Result<Vec<u8>, BenchError> {
        let mut params = params(&format!("device {number}"), self.from, self.to);
        params.serial_number = Some(SerialNumber::from(u64::from(number) + 1));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = params.signed_by(&self.leaf_key, &self.issuer)?;
        Ok(certificate.der().to_vec())
    }

    /// When all of them are good.
    pub(crate) fn validity(&self) -> Validity {
        let ms = |at: OffsetDateTime| u64::try_from(at.unix_timestamp()).unwrap_or(0) * 1000;
        Validity {
            from_ms: ms(self.from),
            to_ms: ms(self.to),
        }
    }
}

fn params(name: &str, from: OffsetDateTime, to: OffsetDateTime) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = from;
    params.not_after = to;
    params
}

/// By what a certificate is pinned.
pub(crate) fn fingerprint(der: &[u8]) -> [u8; 32] {
    Sha256::digest(der).into()
}

/// Certificates as one file.
pub(crate) fn packed(leaves: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for leaf in leaves {
        let length = u32::try_from(leaf.len()).unwrap_or(u32::MAX);
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(leaf);
    }
    bytes
}

/// The certificates of such a file; a torn end is left out.
pub(crate) fn unpacked(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut leaves = Vec::new();
    while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        let Some((leaf, rest)) = rest.split_at_checked(length) else {
            break;
        };
        leaves.push(leaf.to_vec());
        bytes = rest;
    }
    leaves
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that certificates come out of their file as they went in.
    #[test]
    fn packing() {
        let leaves = vec![vec![1, 2, 3], Vec::new(), vec![4]];
        assert_eq!(unpacked(&packed(&leaves)), leaves);
        assert_eq!(unpacked(&[0, 0, 0, 9, 1]), Vec::<Vec<u8>>::new());
    }
}
