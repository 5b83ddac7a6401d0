//! Object identifiers, as the content octets of their DER form.
//!
//! Knows nothing of where they stand.

use super::der::{NULL, OBJECT_IDENTIFIER, element, sequence};

/// 1.2.840.113549.1.1.1, `rsaEncryption`.
pub(crate) const RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
/// 1.2.840.113549.1.1.11, `sha256WithRSAEncryption`.
pub(crate) const SHA256_WITH_RSA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B];
/// 2.16.840.1.101.3.4.2.1
pub(crate) const SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01];
/// 2.16.840.1.101.3.4.1.2
pub(crate) const AES_128_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x02];
/// 2.16.840.1.101.3.4.1.42
pub(crate) const AES_256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A];
/// 1.2.840.113549.1.7.1, `data`.
pub(crate) const DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x01];
/// 1.2.840.113549.1.7.2, `signedData`.
pub(crate) const SIGNED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x02];
/// 1.2.840.113549.1.7.3, `envelopedData`.
pub(crate) const ENVELOPED_DATA: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x07, 0x03];
/// 1.2.840.113549.1.9.3, `contentType`.
pub(crate) const CONTENT_TYPE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x03];
/// 1.2.840.113549.1.9.4, `messageDigest`.
pub(crate) const MESSAGE_DIGEST: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x04];
/// 1.2.840.113549.1.9.5, `signingTime`.
pub(crate) const SIGNING_TIME: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x05];
/// 1.2.840.113549.1.9.7, `challengePassword`.
pub(crate) const CHALLENGE: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x07];
/// 2.5.29.15, `keyUsage`.
pub(crate) const KEY_USAGE: &[u8] = &[0x55, 0x1D, 0x0F];

/// The SCEP attributes under 2.16.840.1.113733.1.9 (RFC 8894 section 3.2.1).
pub(crate) const MESSAGE_TYPE: &[u8] =
    &[0x60, 0x86, 0x48, 0x01, 0x86, 0xF8, 0x45, 0x01, 0x09, 0x02];
/// `pkiStatus`.
pub(crate) const PKI_STATUS: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xF8, 0x45, 0x01, 0x09, 0x03];
/// `failInfo`.
pub(crate) const FAIL_INFO: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x86, 0xF8, 0x45, 0x01, 0x09, 0x04];
/// `senderNonce`.
pub(crate) const SENDER_NONCE: &[u8] =
    &[0x60, 0x86, 0x48, 0x01, 0x86, 0xF8, 0x45, 0x01, 0x09, 0x05];
/// `recipientNonce`.
pub(crate) const RECIPIENT_NONCE: &[u8] =
    &[0x60, 0x86, 0x48, 0x01, 0x86, 0xF8, 0x45, 0x01, 0x09, 0x06];
/// `transactionID`.
pub(crate) const TRANSACTION_ID: &[u8] =
    &[0x60, 0x86, 0x48, 0x01, 0x86, 0xF8, 0x45, 0x01, 0x09, 0x07];

/// The identifier as an element.
pub(crate) fn object(oid: &[u8]) -> Vec<u8> {
    element(OBJECT_IDENTIFIER, &[oid])
}

/// An `AlgorithmIdentifier` whose parameters are NULL.
pub(crate) fn algorithm(oid: &[u8]) -> Vec<u8> {
    sequence(&[&object(oid), &element(NULL, &[])])
}

/// The content octets of an identifier in dotted form, or nothing if it is none.
pub(crate) fn from_dotted(text: &str) -> Option<Vec<u8>> {
    let arcs: Vec<u32> = text
        .split('.')
        .map(|arc| arc.parse().ok())
        .collect::<Option<_>>()?;
    let [first, second, rest @ ..] = arcs.as_slice() else {
        return None;
    };
    if *first > 2 || (*first < 2 && *second > 39) {
        return None;
    }
    let mut octets = Vec::new();
    push_arc(&mut octets, (first * 40).checked_add(*second)?);
    for arc in rest {
        push_arc(&mut octets, *arc);
    }
    Some(octets)
}

fn push_arc(octets: &mut Vec<u8>, arc: u32) {
    for shift in (1..5).rev().map(|group| group * 7) {
        if arc >> shift != 0 {
            octets.push(0x80 | (arc >> shift).to_le_bytes()[0] & 0x7F);
        }
    }
    octets.push(arc.to_le_bytes()[0] & 0x7F);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that the tables above say what their comments say.
    #[test]
    fn dotted_forms() {
        for (dotted, octets) in [
            ("1.2.840.113549.1.1.11", SHA256_WITH_RSA),
            ("2.16.840.1.101.3.4.1.42", AES_256_CBC),
            ("2.16.840.1.113733.1.9.7", TRANSACTION_ID),
            ("1.2.840.113549.1.9.7", CHALLENGE),
            ("2.5.29.15", KEY_USAGE),
        ] {
            assert_eq!(from_dotted(dotted).unwrap(), octets, "{dotted}");
        }
        for bad in ["", "1", "1.x", "3.1", "1.40", "1..2"] {
            assert_eq!(from_dotted(bad), None, "{bad}");
        }
    }
}
