//! Randomness, in one place: identifiers for profiles without one, and tokens.
//!
//! Invariant: everything here comes from the operating system's generator.

use mooring_mdm::ids::PayloadIdentifier;

use crate::profiles::GIVEN_PREFIX;

/// `com.mooring.<random uuid>`.
#[expect(
    clippy::expect_used,
    reason = "a fixed prefix and a uuid always are an identifier"
)]
pub(crate) fn profile_identifier() -> PayloadIdentifier {
    let uuid = uuid::Builder::from_random_bytes(bytes()).into_uuid();
    PayloadIdentifier::parse(&format!("{GIVEN_PREFIX}{uuid}")).expect("a valid identifier")
}

/// A token of 256 bits, in hex.
pub(crate) fn token() -> String {
    hex(bytes::<32>())
}

/// 256 bits that nobody can guess.
pub(crate) fn secret() -> [u8; 32] {
    bytes()
}

/// A short id for one request, in hex.
pub(crate) fn request_id() -> String {
    hex(bytes::<8>())
}

/// Where the epochs of a new enrollment begin; far enough from the end to count up for ever.
pub(crate) fn epoch() -> u32 {
    u32::from_be_bytes(bytes()) >> 1
}

fn hex<const N: usize>(bytes: [u8; N]) -> String {
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

#[expect(
    clippy::expect_used,
    reason = "without randomness no secret of this server is one"
)]
fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
