//! Randomness, in one place: identifiers for profiles without one, and tokens.
//!
//! Invariant: everything here comes from the operating system's generator.

use mooring_mdm::ids::PayloadIdentifier;

/// `com.mooring.<random uuid>`.
#[expect(clippy::expect_used, reason = "a fixed prefix and a uuid always are an identifier")]
pub(crate) fn profile_identifier() -> PayloadIdentifier {
    let uuid = uuid::Builder::from_random_bytes(bytes()).into_uuid();
    PayloadIdentifier::parse(&format!("com.mooring.{uuid}")).expect("a valid identifier")
}

/// A token of 256 bits, in hex.
pub(crate) fn token() -> String {
    bytes::<32>().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A short id for one request, in hex.
pub(crate) fn request_id() -> String {
    bytes::<8>().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[expect(clippy::expect_used, reason = "without randomness no secret of this server is one")]
fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}
