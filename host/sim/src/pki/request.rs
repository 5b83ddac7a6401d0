//! A certificate request (PKCS#10, RFC 2986) and the names in it.
//!
//! Knows nothing of how it travels.

use super::PkiError;
use super::der::{CONTEXT_0, SET, bit_string, element, integer, sequence, text};
use super::key::PrivateKey;
use super::oid::{self, CHALLENGE, SHA256_WITH_RSA};

/// A name of these attributes (short name or dotted identifier, and value), one a level.
pub(crate) fn name(attributes: &[(String, String)]) -> Result<Vec<u8>, PkiError> {
    let mut levels = Vec::new();
    for (kind, value) in attributes {
        let dotted = match kind.as_str() {
            "CN" => "2.5.4.3",
            "SERIALNUMBER" => "2.5.4.5",
            "C" => "2.5.4.6",
            "L" => "2.5.4.7",
            "ST" => "2.5.4.8",
            "O" => "2.5.4.10",
            "OU" => "2.5.4.11",
            other => other,
        };
        let kind = oid::from_dotted(dotted).ok_or(PkiError::Unsupported {
            what: "an attribute of the subject",
        })?;
        let attribute = sequence(&[&oid::object(&kind), &text(value)]);
        levels.extend(element(SET, &[&attribute]));
    }
    Ok(sequence(&[&levels]))
}

/// The request for a key, with the challenge where there is one.
pub(crate) fn certification_request(
    key: &PrivateKey,
    subject: &[u8],
    challenge: Option<&str>,
) -> Result<Vec<u8>, PkiError> {
    let attributes = challenge.map(|challenge| {
        let values = element(SET, &[&text(challenge)]);
        sequence(&[&oid::object(CHALLENGE), &values])
    });
    let attributes = element(CONTEXT_0, &[&attributes.unwrap_or_default()]);
    let body = sequence(&[&integer(&[0]), subject, &key.public_key_info(), &attributes]);
    let signature = bit_string(&key.sign(&body)?);
    Ok(sequence(&[
        &body,
        &oid::algorithm(SHA256_WITH_RSA),
        &signature,
    ]))
}
