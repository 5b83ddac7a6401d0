//! The SCEP service, without its HTTP (RFC 8894).
//!
//! [`open`] reads what a stranger sends, [`grant`] and [`refuse`] make the answer. It must not know
//! which challenges are good, whose certificates may be renewed, or what a device is: the caller
//! decides between `open` and `grant`.
//!
//! **Invariants.** The kinds of messages are a closed list. What a requester wants in its
//! certificate is read for the log only. Whatever is wrong with the encrypted part, from its
//! padding to the request within, gets one answer: the differences go to the log, and never to the
//! sender.

mod attributes;
mod open;
mod reply;
mod request;

use std::fmt;

use crate::authority::KeyRefused;
use crate::signature::SignatureError;
use crate::{Authority, Certificate, Secret};

pub use open::open;
pub use reply::{ReplyError, ca_certificates, grant, refuse};
pub use request::RequestError;

/// The answer to `GetCACaps` (RFC 8894 section 3.5.2), of type `text/plain`.
pub const CAPABILITIES: &str = "POSTPKIOperation\nSHA-256\nAES\nSCEPStandard\nRenewal\n";
/// The type of the answer to `GetCACert`.
pub const CA_CERTIFICATES_TYPE: &str = "application/x-x509-ca-ra-cert";
/// The type of messages and answers.
pub const MESSAGE_TYPE: &str = "application/x-pki-message";
/// Most bytes of a message. Devices send 3 to 5 KiB.
pub const MESSAGE_BYTES_MAX: usize = 64 * 1024;

/// What a requester may ask for (RFC 8894 section 3.2.1.2). There is nothing pending here, so
/// nobody has to ask again, and certificates and revocation lists are not given out over SCEP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// `PKCSReq` (19): a first certificate, signed with the very key that it is for.
    PkcsReq,
    /// `RenewalReq` (17): another one, signed with the present certificate.
    RenewalReq,
}

/// A request that could be read and is signed by its signer. Nothing says yet that it is welcome.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Request {
    /// What is asked for.
    pub kind: RequestKind,
    /// The requester's name for this exchange, 1 to 128 printable characters.
    pub transaction_id: String,
    /// Who signed. For [`RequestKind::PkcsReq`] any certificate with the requested key, made by the
    /// requester. For [`RequestKind::RenewalReq`] the present certificate, issued by this CA: the
    /// caller checks it against trust, validity and pins.
    pub signer: Certificate,
    /// The key to certify, as DER `SubjectPublicKeyInfo`: RSA of 2048 to 4096 bits.
    pub public_key_info: Vec<u8>,
    /// The challenge, 1 to 256 bytes, if there is one.
    pub challenge: Option<Secret>,
    /// The common name that was asked for, for the log only: at most 64 characters, no control
    /// characters, perhaps empty.
    pub requested_name: String,
    sender_nonce: Vec<u8>,
}

/// Why a request is refused, as the requester is told (RFC 8894 section 3.2.1.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailInfo {
    /// `badAlg` (0): an algorithm or a key that is not accepted.
    BadAlgorithm,
    /// `badMessageCheck` (1): signature or encryption do not hold, or what was encrypted is no
    /// request.
    BadMessageCheck,
    /// `badRequest` (2): not permitted or not supported.
    BadRequest,
}

impl FailInfo {
    /// The number as it is written.
    pub(crate) fn digit(self) -> &'static str {
        match self {
            Self::BadAlgorithm => "0",
            Self::BadMessageCheck => "1",
            Self::BadRequest => "2",
        }
    }
}

impl fmt::Display for FailInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadAlgorithm => "badAlg",
            Self::BadMessageCheck => "badMessageCheck",
            Self::BadRequest => "badRequest",
        })
    }
}

/// A message that is not a request to decide about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// Nothing to answer to: HTTP 400 without a body.
    #[error("the message cannot be read")]
    Unreadable(#[from] UnreadableError),
    /// The requester is told: HTTP 200 with the reply.
    #[error("the request is refused with {fail_info}")]
    Answered {
        /// A `CertRep` that says so, of type [`MESSAGE_TYPE`].
        reply: Vec<u8>,
        /// What it says.
        fail_info: FailInfo,
        /// What is wrong in fact. For the log: the requester must not learn it.
        #[source]
        cause: RefusalCause,
    },
    /// The answer could not be made: HTTP 500.
    #[error("the refusal could not be made")]
    Reply(#[from] ReplyError),
}

/// Why a message cannot even be refused by name.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnreadableError {
    /// More than [`MESSAGE_BYTES_MAX`].
    #[error("a SCEP message has {MESSAGE_BYTES_MAX} bytes at most")]
    TooLarge,
    /// No CMS message with one signer.
    #[error("it is not a CMS message with one signer")]
    NotSigned(#[from] SignatureError),
    /// Without these the answer would find nobody.
    #[error("it has no usable transaction id or sender nonce")]
    NoTransaction,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RefusalCause {
    /// No message type, or none of those in [`RequestKind`].
    #[error("the message type is not one of PKCSReq and RenewalReq")]
    MessageType,
    /// The key of the signer is not accepted.
    #[error("the signer's key is not accepted")]
    SignerKey(#[source] KeyRefused),
    /// The certificate to renew is not from this CA.
    #[error("the certificate to renew was not issued by this CA")]
    NotOurs,
    /// The signature of the message does not hold.
    #[error("the signature of the message is not accepted")]
    Signature(#[source] SignatureError),
    /// The message is about no content, or of another type than data.
    #[error("the message has no content, or not of type data")]
    NoContent,
    /// The content cannot be decrypted. Nothing here knows more about it than that.
    #[error("the content cannot be decrypted")]
    Envelope,
    /// What was encrypted is not an acceptable request.
    #[error("the certification request is not accepted")]
    Request(#[source] RequestError),
}

impl RefusalCause {
    /// What the requester is told. Everything from decryption on is the same.
    fn fail_info(&self) -> FailInfo {
        match self {
            Self::MessageType | Self::NotOurs => FailInfo::BadRequest,
            Self::SignerKey(_)
            | Self::Signature(
                SignatureError::UnsupportedDigest | SignatureError::UnsupportedAlgorithm,
            ) => FailInfo::BadAlgorithm,
            Self::Signature(_) | Self::NoContent | Self::Envelope | Self::Request(_) => {
                FailInfo::BadMessageCheck
            }
        }
    }
}

/// What an answer refers to: the requester's own words.
#[derive(Debug, Clone)]
struct Transaction {
    id: String,
    sender_nonce: Vec<u8>,
}

impl Request {
    fn transaction(&self) -> Transaction {
        Transaction {
            id: self.transaction_id.clone(),
            sender_nonce: self.sender_nonce.clone(),
        }
    }
}

/// Makes the answer to a message that is refused before anyone has to decide.
fn answered(authority: &Authority, transaction: &Transaction, cause: RefusalCause) -> Refused {
    let fail_info = cause.fail_info();
    match reply::failure(authority, transaction, fail_info) {
        Ok(reply) => Refused::Answered {
            reply,
            fail_info,
            cause,
        },
        Err(error) => Refused::Reply(error),
    }
}
