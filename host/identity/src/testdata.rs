//! The fixtures of `tests/data` for the tests of this crate: `make.sh` there made them once, as its
//! README says.

use crate::{Certificate, certificates_from_pem};

/// 2026-01-01T00:00:00Z would be before some fixtures were made, so tests live in 2028.
pub(crate) const NOW_MS: u64 = 1_830_297_600_000;

/// The bytes of a file in `tests/data`.
pub(crate) fn bytes(path: &str) -> Vec<u8> {
    let path = format!("{}/tests/data/{path}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The bytes of `tests/data/cms/{name}.der`.
pub(crate) fn cms(name: &str) -> Vec<u8> {
    bytes(&format!("cms/{name}.der"))
}

/// The certificate in `tests/data/certificates/{name}.pem`.
pub(crate) fn certificate(name: &str) -> Certificate {
    let pem = bytes(&format!("certificates/{name}.pem"));
    certificates_from_pem(&pem).unwrap().remove(0)
}
