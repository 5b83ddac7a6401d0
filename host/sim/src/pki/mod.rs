//! Certificates, keys and signed or sealed messages, as a device handles them.
//!
//! Written for this crate alone, on nothing but the cryptographic primitives, so that a mistake of
//! the server's encoders is not repeated here. Knows nothing of MDM and reads no clock. Invariant:
//! nothing reads past its input, and what is not well-formed DER is refused.

pub(crate) mod certificate;
pub(crate) mod der;
pub(crate) mod enveloped;
pub(crate) mod key;
pub(crate) mod oid;
pub(crate) mod request;
pub(crate) mod signed;
pub(crate) mod time;

/// Why a certificate, key or message is of no use. Never holds any of their bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PkiError {
    /// The bytes are not the structure they should be.
    #[error("{what} is malformed")]
    Malformed {
        /// Which structure.
        what: &'static str,
    },
    /// It is well-formed but of a kind that this device does not handle.
    #[error("{what} is not supported")]
    Unsupported {
        /// What.
        what: &'static str,
    },
    /// A signature or digest is wrong, or by somebody else.
    #[error("{what} does not verify")]
    Unverified {
        /// What.
        what: &'static str,
    },
    /// The content is not sealed for this key, or damaged.
    #[error("the content cannot be decrypted")]
    Undecryptable,
    /// The cryptographic library refused.
    #[error("the cryptographic library failed at {what}")]
    Library {
        /// Doing what.
        what: &'static str,
    },
}
