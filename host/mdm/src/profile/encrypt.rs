//! A profile whose payloads only one device can read.
//!
//! Knows the envelope that a profile has for this, not the cryptography: that is a function it is
//! given. Invariant: everything but the payloads stays as it was, the identity above all, and is
//! readable; this is checked by reading the result.
//!
//! See `IsEncrypted` and `EncryptedPayloadContent` at
//! <https://developer.apple.com/documentation/devicemanagement/toplevel>.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::{Container, container, read_again};
use crate::finding::Finding;
use crate::plist::{self, Document, Edit, NodeRef, Span, XmlWriter};

const PAYLOADS: &str = "PayloadContent";
const ENCRYPTED: &str = "EncryptedPayloadContent";
const IS_ENCRYPTED: &str = "IsEncrypted";

/// Why a profile's payloads were not encrypted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncryptPayloadsError<E> {
    /// The profile is signed, and a change would break the signature.
    #[error("the profile is signed; its payloads cannot be encrypted")]
    Signed,
    /// The profile is a binary property list; what is delivered is XML.
    #[error("the profile is a binary property list")]
    Binary,
    /// The profile cannot be read.
    #[error("the profile cannot be read: {0}")]
    Profile(Finding),
    /// The profile has no array of payloads, or is encrypted already.
    #[error("the profile has no readable payloads")]
    NoPayloads,
    /// The function given failed.
    #[error("the payloads could not be encrypted")]
    Encrypt(#[source] E),
    /// What came out does not say what it must.
    #[error("the profile with encrypted payloads is not the same profile")]
    Changed,
}

/// Replaces the payloads of an unsigned XML profile, as it would be delivered, by what `encrypt`
/// makes of them. It gets the array as a complete XML property list, and returns a DER-encoded
/// CMS `EnvelopedData` (RFC 5652 section 6) for one device. Every other top-level value, its
/// place and its layout stay.
///
/// # Errors
/// [`EncryptPayloadsError`] if the profile is signed or has no payloads to encrypt, or if
/// `encrypt` fails.
pub fn encrypt_payloads<E>(
    raw: &[u8],
    encrypt: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<Vec<u8>, EncryptPayloadsError<E>> {
    match container::detect(raw).map_err(EncryptPayloadsError::Profile)? {
        Container::Xml => {}
        Container::Binary => return Err(EncryptPayloadsError::Binary),
        Container::Signed => return Err(EncryptPayloadsError::Signed),
    }
    let old = read_again(raw).map_err(EncryptPayloadsError::Profile)?;
    let root = old.root();
    let flag = root.get(IS_ENCRYPTED);
    let is_encrypted = flag.and_then(NodeRef::as_bool) == Some(true);
    let payloads = root.get(PAYLOADS).filter(|payloads| payloads.is_array());
    let payloads = payloads.filter(|_| !is_encrypted && root.get(ENCRYPTED).is_none());
    let payloads = payloads.ok_or(EncryptPayloadsError::NoPayloads)?;
    let sealed = encrypt(&alone(raw, payloads)).map_err(EncryptPayloadsError::Encrypt)?;
    let new = plist::apply_edits(raw, edits(payloads, flag, &sealed));
    match read_again(&new) {
        Ok(document) if is_same(&old, &document, &sealed) => Ok(new),
        Ok(_) | Err(_) => Err(EncryptPayloadsError::Changed),
    }
}

/// The array as a property list of its own, with the author's bytes.
fn alone(raw: &[u8], array: NodeRef<'_>) -> Vec<u8> {
    let span = array.node().span;
    let mut xml = XmlWriter::new().finish();
    xml.truncate(xml.len() - FOOTER.len());
    xml.extend_from_slice(&raw[span.start as usize..span.end as usize]);
    xml.push(b'\n');
    xml.extend_from_slice(FOOTER);
    xml
}

const FOOTER: &[u8] = b"</plist>\n";

fn edits(payloads: NodeRef<'_>, flag: Option<NodeRef<'_>>, sealed: &[u8]) -> Vec<Edit> {
    let node = payloads.node();
    let sealed = STANDARD.encode(sealed);
    let added = match flag {
        Some(_) => String::new(),
        None => format!("<key>{IS_ENCRYPTED}</key><true/>"),
    };
    let replaced = Edit {
        span: Span {
            start: node.start(),
            end: node.span.end,
        },
        bytes: format!("<key>{ENCRYPTED}</key><data>{sealed}</data>{added}").into_bytes(),
    };
    let turned = flag.map(|flag| Edit {
        span: flag.node().span,
        bytes: b"<true/>".to_vec(),
    });
    [replaced].into_iter().chain(turned).collect()
}

/// Whether the new profile is the old one with its payloads sealed: the same keys and values
/// beside the payloads in the same order, none of them lost and none added.
fn is_same(old: &Document, new: &Document, sealed: &[u8]) -> bool {
    fn others(document: &Document) -> impl Iterator<Item = (&str, NodeRef<'_>)> {
        let ours = [PAYLOADS, ENCRYPTED, IS_ENCRYPTED];
        let entries = document.root().entries();
        entries.filter(move |(key, _)| !ours.contains(key))
    }
    let is_kept = |(old, new): ((&str, NodeRef<'_>), (&str, NodeRef<'_>))| {
        old.0 == new.0 && old.1.is_like(new.1)
    };
    let root = new.root();
    root.get(PAYLOADS).is_none()
        && root.get(ENCRYPTED).and_then(NodeRef::as_data) == Some(sealed)
        && root.get(IS_ENCRYPTED).and_then(NodeRef::as_bool) == Some(true)
        && others(old).count() == others(new).count()
        && others(old).zip(others(new)).all(is_kept)
}
