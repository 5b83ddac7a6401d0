//! Opens what a requester sends (RFC 8894 sections 3.2 and 3.3.1).
//!
//! It must not know whether the requester is welcome. **Invariants.** First what costs little and
//! tells nothing, then the signature, and only then the decryption: so nobody makes this server
//! decrypt without signing for it with a key of their own. For a first request that key must be the
//! one to certify, and for a renewal the signer's certificate ours, so what somebody else encrypted
//! cannot be sent in again by a stranger.

use der::oid::db::rfc5911;

use super::{
    MESSAGE_BYTES_MAX, RefusalCause, Refused, Request, RequestKind, Transaction, UnreadableError,
    answered, attributes, request,
};
use crate::authority::DeviceKey;
use crate::signed_data::SignedData;
use crate::{Authority, enveloped};

/// Reads a message, checks its signature, and opens the request within.
///
/// One RSA signature check, one decryption and one more check for a message that is in order; one
/// signature more for one that is not.
///
/// # Errors
/// [`Refused`] with the reply to send, where the message says enough to be replied to.
pub fn open(authority: &Authority, message: &[u8]) -> Result<Request, Refused> {
    if message.len() > MESSAGE_BYTES_MAX {
        return Err(UnreadableError::TooLarge.into());
    }
    let message = SignedData::parse(message).map_err(UnreadableError::NotSigned)?;
    let transaction = attributes::transaction(&message).ok_or(UnreadableError::NoTransaction)?;
    judge(authority, &message, &transaction)
        .map_err(|cause| answered(authority, &transaction, cause))
}

fn judge(
    authority: &Authority,
    message: &SignedData,
    transaction: &Transaction,
) -> Result<Request, RefusalCause> {
    let kind = attributes::kind(message).ok_or(RefusalCause::MessageType)?;
    let signer = message
        .signer_certificate()
        .map_err(RefusalCause::Signature)?;
    // The reply is encrypted to this key, so it must be RSA even where signatures need not be.
    DeviceKey::read(signer.public_key_info()).map_err(RefusalCause::SignerKey)?;
    let proven_key = match kind {
        RequestKind::PkcsReq => Some(signer.public_key_info()),
        RequestKind::RenewalReq if authority.has_issued(signer) => None,
        RequestKind::RenewalReq => return Err(RefusalCause::NotOurs),
    };
    if message.content_type != rfc5911::ID_DATA {
        return Err(RefusalCause::NoContent);
    }
    let envelope = message.content.as_deref().ok_or(RefusalCause::NoContent)?;
    message
        .verify(envelope, signer)
        .map_err(RefusalCause::Signature)?;

    let recipient = authority.recipient_certificate();
    let opened = enveloped::decrypt(envelope, recipient, authority.decrypting_key())
        .map_err(|_| RefusalCause::Envelope)?;
    let asked = request::read(&opened, proven_key).map_err(RefusalCause::Request)?;
    Ok(Request {
        kind,
        transaction_id: transaction.id.clone(),
        signer: signer.clone(),
        public_key_info: asked.public_key_info,
        challenge: asked.challenge,
        requested_name: asked.name,
        sender_nonce: transaction.sender_nonce.clone(),
    })
}
