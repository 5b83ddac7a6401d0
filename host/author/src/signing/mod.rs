//! Detached signatures of components, in the format of minisign.
//!
//! Knows nothing of plugins but that they have an id and a version, which a signature names so that an
//! old one cannot be passed off as new. `trust.rs` verifies and `keys.rs` signs; neither needs
//! anything else of this crate. Invariant: a signature is over every byte of the component, so over
//! the manifest in it too.

mod keys;
mod trust;

pub use keys::{KeyError, KeyPair, SecretKey};
pub use trust::{Signed, TrustError, TrustList, VerifyError};

/// What is put behind a component's file name.
pub const EXTENSION: &str = "minisig";

/// What a trusted comment of ours begins with.
const MARK: &str = "mooring-plugin";
