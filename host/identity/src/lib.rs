//! Who is speaking: certificates, which of them are trusted, signed messages, and messages for one
//! reader only.
//!
//! Everything that reads or makes X.509 and CMS is here, over `x509-cert`, `cms`, `rustls-webpki`
//! and `aws-lc-rs`. It must not know what a device, an enrollment or a profile is, and has no
//! clock, no I/O and no tasks: the time is an argument, and randomness goes into keys, serial
//! numbers and initialisation vectors only.
//!
//! **Invariants.** Bytes of strangers are bounded before anything decodes them (size, depth,
//! members of a set), and none of them can make this crate panic. A certificate keeps the bytes it
//! was read from: nothing is judged by what was encoded again. Private keys leave no trace in
//! errors and in Debug output.

pub mod attached;
mod authority;
mod certificate;
pub mod enveloped;
pub mod header;
mod pem;
mod remembered;
pub mod scep;
mod secret;
pub mod signature;
mod signed_data;
#[cfg(test)]
mod testdata;
mod tlv;
mod trust;

pub use authority::{
    Authority, AuthorityError, AuthorityPem, KeyRefused, LEAF_DAYS, LeafRequest, Part,
    ServerIdentity,
};
pub use certificate::{CERTIFICATE_BYTES_MAX, Certificate, CertificateError, Fingerprint, KeyKind};
pub use pem::certificates_from_pem;
pub use secret::Secret;
pub use tlv::TlvError;
pub use trust::{BeliefError, Shown, Trust, TrustError};
