//! The attributes that make a signed message one of SCEP (RFC 8894 section 3.2.1).
//!
//! It must not know what messages mean. **Invariant.** What is read here is bounded in length and
//! alphabet, so that it may be written into answers and logs.

use cms::signed_data::SignedAttributes;
use der::asn1::{ObjectIdentifier, OctetStringRef, PrintableStringRef, SetOfVec};
use der::{Any, EncodeValue, Tagged};
use x509_cert::attr::Attribute;

use super::{RequestKind, Transaction};
use crate::signed_data::SignedData;

const MESSAGE_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.2");
pub(super) const PKI_STATUS: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.3");
pub(super) const FAIL_INFO: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.4");
const SENDER_NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.5");
const RECIPIENT_NONCE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.6");
const TRANSACTION_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.113733.1.9.7");

const CERT_REP: &str = "3";
const PKCS_REQ: &str = "19";
const RENEWAL_REQ: &str = "17";

/// Characters of a transaction id. Apple's are the 40 hex digits of a digest.
const TRANSACTION_ID_MAX: usize = 128;
/// Bytes of a nonce: 16 by the RFC, and some clients take the size of their digest.
const NONCE_MAX: usize = 64;
/// Bytes of our own.
pub(super) const NONCE_LENGTH: usize = 16;

/// What an answer has to repeat; none if any of it is missing or out of bounds.
pub(super) fn transaction(message: &SignedData) -> Option<Transaction> {
    let id = printable(message, TRANSACTION_ID)?;
    let nonce = message.signed_attribute(SENDER_NONCE).ok()??;
    let nonce = nonce.decode_as::<OctetStringRef<'_>>().ok()?.as_bytes();
    let is_bounded =
        (1..=TRANSACTION_ID_MAX).contains(&id.len()) && (1..=NONCE_MAX).contains(&nonce.len());
    is_bounded.then(|| Transaction {
        id,
        sender_nonce: nonce.to_vec(),
    })
}

/// The message type, if it is one that is served.
pub(super) fn kind(message: &SignedData) -> Option<RequestKind> {
    match printable(message, MESSAGE_TYPE)?.as_str() {
        PKCS_REQ => Some(RequestKind::PkcsReq),
        RENEWAL_REQ => Some(RequestKind::RenewalReq),
        _ => None,
    }
}

fn printable(message: &SignedData, kind: ObjectIdentifier) -> Option<String> {
    let value = message.signed_attribute(kind).ok()??;
    let text = value.decode_as::<PrintableStringRef<'_>>().ok()?;
    Some(text.as_str().to_owned())
}

/// The attributes of an answer, besides those of any signature: `status` has its kind and digit,
/// and for a failure a second pair.
pub(super) fn answer(
    transaction: &Transaction,
    nonce: [u8; NONCE_LENGTH],
    status: &[(ObjectIdentifier, &str)],
) -> der::Result<Vec<Attribute>> {
    let mut all = vec![
        text(MESSAGE_TYPE, CERT_REP)?,
        text(TRANSACTION_ID, &transaction.id)?,
        octets(RECIPIENT_NONCE, &transaction.sender_nonce)?,
        octets(SENDER_NONCE, &nonce)?,
    ];
    for (kind, digit) in status {
        all.push(text(*kind, digit)?);
    }
    Ok(all)
}

/// Puts attributes in the order that DER wants.
pub(super) fn ordered(attributes: Vec<Attribute>) -> der::Result<SignedAttributes> {
    SetOfVec::try_from(attributes)
}

fn text(kind: ObjectIdentifier, text: &str) -> der::Result<Attribute> {
    attribute(kind, &PrintableStringRef::new(text)?)
}

pub(super) fn octets(kind: ObjectIdentifier, octets: &[u8]) -> der::Result<Attribute> {
    attribute(kind, &OctetStringRef::new(octets)?)
}

pub(super) fn attribute(
    oid: ObjectIdentifier,
    value: &(impl Tagged + EncodeValue),
) -> der::Result<Attribute> {
    let values = SetOfVec::try_from([Any::encode_from(value)?])?;
    Ok(Attribute { oid, values })
}
