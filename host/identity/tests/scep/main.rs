//! The authority and its SCEP service as a requester sees them.
//!
//! The requester here shares nothing with the code under test: it writes and reads DER by itself,
//! and has only the cryptographic library in common. Keys are made once, since that takes time.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test that cannot go on fails"
)]

mod authority;
mod client;
mod der;
mod elsewhere;
mod grant;
mod refusal;
mod reply;

use std::sync::OnceLock;

use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::RsaKeyPair;
use mooring_identity::{Authority, certificates_from_pem};

/// 1 January 2026.
pub(crate) const NOW_MS: u64 = 1_767_225_600_000;
pub(crate) const DAY_MS: u64 = 86_400_000;

/// The authority that most tests ask.
pub(crate) fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(|| Authority::create("Test", NOW_MS).expect("an authority"))
}

/// The key of the device that asks.
pub(crate) fn device_key() -> &'static RsaKeyPair {
    static KEY: OnceLock<RsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"))
}

/// The key of somebody else.
pub(crate) fn other_key() -> &'static RsaKeyPair {
    static KEY: OnceLock<RsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| RsaKeyPair::generate(KeySize::Rsa2048).expect("a key"))
}

/// The DER of a fixture that `openssl` has made: keys that the library refuses to make.
pub(crate) fn weak_certificate(pem: &str) -> Vec<u8> {
    let all = certificates_from_pem(pem.as_bytes()).expect("a certificate");
    all[0].der().to_vec()
}
