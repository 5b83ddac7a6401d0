//! The client side of SCEP (RFC 8894): bytes to send, and what to make of the bytes that come back.
//!
//! Carries nothing over the network and reads no clock; its randomness is for nonces, serial
//! numbers and content keys. Invariant: a credential comes out only if the reply was signed by the
//! authority that was asked, answers this very request, and certifies the key that was sent.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;

use crate::credential::Credential;
use crate::pki::PkiError;
use crate::pki::certificate::Certificate;
use crate::pki::der::{OCTET_STRING, PRINTABLE_STRING, element};
use crate::pki::key::PrivateKey;
use crate::pki::signed::{self, Attribute, Verified};
use crate::pki::{enveloped, oid, request};

/// Content type of a request to a SCEP server.
pub const SCEP_MESSAGE_TYPE: &str = "application/x-pki-message";
const NONCE_BYTES: usize = 16;
const SERIAL_BYTES: usize = 8;
const CERT_REP: &str = "3";
const RENEWAL_REQ: &str = "17";
const PKCS_REQ: &str = "19";

/// Why no credential came out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScepFailure {
    /// A certificate or message is of no use.
    #[error("the SCEP exchange broke down")]
    Pki(#[from] PkiError),
    /// The authority's list holds no certificate that requests can be sealed for.
    #[error("the SCEP server has no certificate to seal a request for")]
    NoRecipient,
    /// The server refused, for one of the reasons of RFC 8894 section 3.2.1.4.
    #[error("the SCEP server refused: {reason}")]
    Refused {
        /// Such as `badRequest`.
        reason: &'static str,
    },
    /// The server wants a person to decide first.
    #[error("the SCEP server has not decided yet")]
    Pending,
    /// The reply is to another request, or to none.
    #[error("the reply's {what} is not that of the request")]
    Foreign {
        /// Which part.
        what: &'static str,
    },
    /// The reply certifies another key.
    #[error("the reply has no certificate for the requested key")]
    OtherKey,
    /// The exchange did not take place: no connection, or no SCEP server at its end. The text is
    /// for people.
    #[error("the SCEP server cannot be used: {text}")]
    Unreachable {
        /// Why.
        text: String,
    },
}

/// What a device asks for. It has no `Debug`, since it holds the challenge.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// The reply to `GetCACert`: one certificate, or a degenerate signed message with several.
    pub authorities: &'a [u8],
    /// The subject: short name (`CN`) or dotted identifier, and value.
    pub subject: &'a [(String, String)],
    /// The challenge password.
    pub challenge: Option<&'a str>,
    /// Makes it a `RenewalReq`, signed with the present identity, in place of a `PKCSReq`.
    pub present: Option<&'a Credential>,
}

/// A request that was made and waits for its reply.
#[derive(Debug)]
pub struct Enrollment {
    authorities: Vec<Certificate>,
    key: PrivateKey,
    /// Whoever signed the request: the reply is sealed for it.
    signer: Certificate,
    present: Option<Credential>,
    transaction_id: String,
    nonce: [u8; NONCE_BYTES],
}

impl Enrollment {
    /// Makes the body of a `PKIOperation` for a new key at a time in Unix milliseconds.
    ///
    /// # Errors
    /// [`ScepFailure`] if the authority's certificates are of no use.
    pub fn begin(
        wish: Wish<'_>,
        key: PrivateKey,
        now_ms: u64,
    ) -> Result<(Self, Vec<u8>), ScepFailure> {
        let authorities = authorities(wish.authorities)?;
        let recipient = recipient(&authorities).ok_or(ScepFailure::NoRecipient)?;
        let subject = request::name(wish.subject)?;
        let wanted = request::certification_request(&key, &subject, wish.challenge)?;
        let sealed = enveloped::seal(&wanted, recipient)?;
        let nonce = random::<NONCE_BYTES>()?;
        let transaction_id = transaction_id(&key);
        let (kind, signer, signing_key) = if let Some(present) = wish.present {
            (RENEWAL_REQ, present.parsed().clone(), present.key())
        } else {
            let serial = random::<SERIAL_BYTES>()?;
            let own = Certificate::self_signed(&key, &subject, &serial, now_ms)?;
            (PKCS_REQ, own, &key)
        };
        let attributes = vec![
            printable(oid::MESSAGE_TYPE, kind),
            printable(oid::TRANSACTION_ID, &transaction_id),
            Attribute {
                kind: oid::SENDER_NONCE,
                value: element(OCTET_STRING, &[&nonce]),
            },
        ];
        let message = signed::sign(&sealed, false, attributes, &signer, signing_key)?;
        let state = Self {
            authorities,
            present: wish.present.cloned(),
            key,
            signer,
            transaction_id,
            nonce,
        };
        Ok((state, message))
    }

    /// Reads the reply, a `CertRep`.
    ///
    /// # Errors
    /// [`ScepFailure`] if the server refused, or if anything about the reply is not as it must be.
    pub fn finish(self, reply: &[u8]) -> Result<Credential, ScepFailure> {
        let reply = signed::verify(reply, &self.authorities)?;
        self.check(&reply)?;
        match printed(&reply, oid::PKI_STATUS) {
            Some("0") => {}
            Some("2") => {
                let reason = reason(printed(&reply, oid::FAIL_INFO));
                return Err(ScepFailure::Refused { reason });
            }
            Some("3") => return Err(ScepFailure::Pending),
            Some(_) | None => return Err(ScepFailure::Foreign { what: "status" }),
        }
        let missing = PkiError::Malformed {
            what: "the reply's content",
        };
        let sealed = reply.content.ok_or(missing)?;
        let key = self.present.as_ref().map_or(&self.key, Credential::key);
        let opened = enveloped::open(sealed, &self.signer, key)?;
        let wanted = self.key.public_key_info();
        let issued = signed::certificates(&opened)?
            .into_iter()
            .find(|one| one.public_key == wanted)
            .ok_or(ScepFailure::OtherKey)?;
        Ok(Credential::new(&issued.der, self.key)?)
    }

    fn check(&self, reply: &Verified<'_>) -> Result<(), ScepFailure> {
        let foreign = |what| Err(ScepFailure::Foreign { what });
        if printed(reply, oid::MESSAGE_TYPE) != Some(CERT_REP) {
            return foreign("message type");
        }
        if printed(reply, oid::TRANSACTION_ID) != Some(&self.transaction_id) {
            return foreign("transaction");
        }
        let nonce = reply.attribute(oid::RECIPIENT_NONCE);
        if nonce.map(|nonce| nonce.content) != Some(&self.nonce) {
            return foreign("nonce");
        }
        Ok(())
    }
}

/// The certificates of a `GetCACert` reply.
fn authorities(bytes: &[u8]) -> Result<Vec<Certificate>, PkiError> {
    match Certificate::read(bytes) {
        Ok(only) => Ok(vec![only]),
        Err(_) => signed::certificates(bytes),
    }
}

/// Whom to seal for: somebody who may open keys, rather one that another issued (RFC 8894 section
/// 4.2.1.2).
fn recipient(authorities: &[Certificate]) -> Option<&Certificate> {
    let able = || authorities.iter().filter(|one| one.may_encipher());
    able()
        .find(|one| !one.is_self_issued())
        .or_else(|| able().next())
}

/// One name a key, so that a request that is sent again is the same transaction.
fn transaction_id(key: &PrivateKey) -> String {
    let digest = digest(&SHA256, &key.public_key_info());
    let mut text = String::new();
    for octet in digest.as_ref() {
        let written = write!(text, "{octet:02X}");
        debug_assert!(written.is_ok(), "writing to memory cannot fail");
    }
    text
}

fn random<const COUNT: usize>() -> Result<[u8; COUNT], PkiError> {
    let mut bytes = [0; COUNT];
    let failed = |_| PkiError::Library {
        what: "drawing numbers",
    };
    rand::fill(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

fn printable(kind: &'static [u8], text: &str) -> Attribute {
    Attribute {
        kind,
        value: element(PRINTABLE_STRING, &[text.as_bytes()]),
    }
}

fn printed<'a>(reply: &Verified<'a>, kind: &[u8]) -> Option<&'a str> {
    let value = reply.attribute(kind)?;
    let is_text = value.tag == PRINTABLE_STRING;
    std::str::from_utf8(value.content).ok().filter(|_| is_text)
}

fn reason(code: Option<&str>) -> &'static str {
    match code {
        Some("0") => "badAlg",
        Some("1") => "badMessageCheck",
        Some("2") => "badRequest",
        Some("3") => "badTime",
        Some("4") => "badCertId",
        Some(_) | None => "no reason given",
    }
}
