//! Private keys that a profile brings: X004 and X008.
//!
//! Knows PKCS#12 (RFC 7292) as far as telling whether a key in it is encrypted, and PEM by its
//! lines. Invariant: what cannot be read, such as BER with indefinite lengths, is not judged.

use mooring_sdk::certificate::der::{self, CONTEXT_0, INTEGER, OCTET_STRING, OID, SEQUENCE};
use mooring_sdk::{Kind, Node};

use crate::profile_tree::{ProfileTree, text};
use crate::report::Report;
use crate::secrets::is_reference;

const PKCS12_TYPE: &str = "com.apple.security.pkcs12";

/// PKCS#7 data: content that is not encrypted.
const PLAIN_DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
/// A bag with a private key that is not encrypted.
const PLAIN_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 1];

/// X004: a PKCS#12 file is encrypted, and its password is not beside it. X008: it has a password.
pub(crate) fn x004_x008_identity(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in profile.of_type(PKCS12_TYPE) {
        let label = payload.label();
        let content = payload.node.find(Kind::Data, "PayloadContent");
        let bytes = content.and_then(Node::as_data).unwrap_or_default();
        if let Some(node) = content.filter(|_| has_plain_key(bytes).unwrap_or(false)) {
            let message = format!("the PKCS#12 file of {label} holds a private key in the clear");
            let hint = "have the device make its key, with ACME or SCEP, or encrypt the file";
            report.error("X004", node, message, hint);
        }
        match text(payload.node, "Password") {
            Some(password) if is_reference(password.trim()) => {}
            Some(_) => {
                let node = payload.node.get("Password").unwrap_or(payload.node);
                let message = format!("the password of the PKCS#12 file of {label} is beside it");
                let hint = "write {{secret.NAME}}, or have the device make its key with ACME";
                report.error("X004", node, message, hint);
            }
            None => {
                let node = payload.node.get("Password").unwrap_or(payload.node);
                let message = format!("{label} has no password: nobody is there to type it");
                let hint = "encrypt the file, and add Password with {{secret.NAME}}";
                report.error("X008", node, message, hint);
            }
        }
    }
}

/// X004: no private key in PEM anywhere in the profile.
pub(crate) fn x004_private_key(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for node in profile.root.descendants() {
        let bytes = node.as_str().map(str::as_bytes).or(node.as_data());
        if bytes.is_some_and(has_pem_key) {
            let key = node.key().unwrap_or("an array element");
            let message = format!("{key} holds a private key in PEM that is not encrypted");
            let hint = "take the key out, and treat it as known to others: make a new one";
            report.error("X004", node, message, hint);
        }
    }
}

/// Whether there is a private key in PEM that is not encrypted.
fn has_pem_key(bytes: &[u8]) -> bool {
    const MARK: &[u8] = b"PRIVATE KEY-----";
    const BEGIN: &[u8] = b"-----BEGIN ";
    if bytes.len() < BEGIN.len() + MARK.len() {
        return false;
    }
    let starts = bytes.windows(BEGIN.len()).enumerate();
    let starts = starts.filter(|(_, window)| *window == BEGIN);
    starts
        .map(|(index, _)| &bytes[index + BEGIN.len()..])
        .any(|rest| {
            // "RSA ", "EC ", "DSA ", "OPENSSH " or nothing; "ENCRYPTED " is what is wanted.
            let end = rest
                .windows(MARK.len())
                .take(12)
                .position(|window| window == MARK);
            let is_key = end.is_some_and(|end| !rest[..end].starts_with(b"ENCRYPTED"));
            let head = &rest[..rest.len().min(120)];
            let has_own_cipher = head.windows(9).any(|window| window == b"ENCRYPTED");
            is_key && !has_own_cipher
        })
}

/// Whether a PKCS#12 file holds a private key in the clear; `None` if it cannot be read.
fn has_plain_key(file: &[u8]) -> Option<bool> {
    let (file, _) = der::element(file, SEQUENCE)?;
    let (_version, rest) = der::element(file, INTEGER)?;
    let safes = plain_content(der::element(rest, SEQUENCE)?.0)?;
    let safes = der::whole(safes, SEQUENCE)?;
    let mut contents = der::elements(safes).filter(|one| one.tag == SEQUENCE);
    Some(contents.any(|one| {
        let bags = plain_content(one.content).and_then(|bags| der::whole(bags, SEQUENCE));
        let mut bags = bags.into_iter().flat_map(der::elements);
        bags.any(|bag| der::element(bag.content, OID).is_some_and(|(oid, _)| oid == PLAIN_KEY))
    }))
}

/// The bytes inside a `ContentInfo` that is plain data.
fn plain_content(info: &[u8]) -> Option<&[u8]> {
    let (kind, rest) = der::element(info, OID)?;
    let (content, _) = der::element(rest, CONTEXT_0)?;
    (kind == PLAIN_DATA).then(|| der::whole(content, OCTET_STRING))?
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Keys in PEM are told from encrypted ones and from certificates.
    #[test]
    fn pem_keys() {
        for plain in [
            "-----BEGIN PRIVATE KEY-----\nMII",
            "x-----BEGIN RSA PRIVATE KEY-----\nMII",
            "-----BEGIN OPENSSH PRIVATE KEY-----",
        ] {
            assert!(has_pem_key(plain.as_bytes()), "{plain}");
        }
        for other in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMII",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n",
            "-----BEGIN CERTIFICATE-----\nMII",
            "PRIVATE KEY-----",
            "",
        ] {
            assert!(!has_pem_key(other.as_bytes()), "{other}");
        }
    }
}
