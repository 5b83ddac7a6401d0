//! The content of a CMS signature.
//!
//! Knows nothing of what is signed. The signature itself is not checked here; whoever relies on
//! it must. Invariant: before the `cms` crate sees any bytes, a walk without recursion has shown
//! that they are DER of bounded depth with small sets, since that crate's `der` recurses over
//! depth and sorts sets in quadratic time.
//! See <https://www.rfc-editor.org/rfc/rfc5652>.

use cms::content_info::ContentInfo;
use cms::signed_data::SignedData;
use der::Decode;
use der::asn1::{ObjectIdentifier, OctetString};

use super::placeholder::placeholders;
use crate::finding::{Finding, Severity};
use crate::plist::{Document, LineIndex};

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const ENCRYPTED: [ObjectIdentifier; 3] = [
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6"),
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.23"),
];

/// Deepest nesting of DER; a signature with a certificate chain stays under 15.
const DEPTH_MAX: usize = 32;
/// Most elements in a set (certificates, signers, attributes) or another such collection.
const SET_MAX: usize = 256;

const SIGN_HINT: &str =
    "sign it again, for instance with: openssl smime -sign -nodetach -outform DER";

/// The bytes that are signed, and a notice that the signature was not checked.
///
/// # Errors
/// `S001` if nothing can be taken out, `S006` for a signature in a signature, `S008` if it is
/// encrypted, `S009` if bytes follow it.
pub(super) fn content(bytes: &[u8], notices: &mut Vec<Finding>) -> Result<Vec<u8>, Finding> {
    guard(bytes)?;
    let info = ContentInfo::from_der(bytes).map_err(|error| malformed(&error))?;
    if ENCRYPTED.contains(&info.content_type) {
        let hint = "upload the profile unencrypted; the connection to devices protects it";
        return Err(refused(
            "S008",
            "the profile is encrypted and cannot be read",
            hint,
        ));
    }
    if info.content_type != SIGNED_DATA {
        return Err(refused(
            "S001",
            "this CMS message is not a signed one",
            SIGN_HINT,
        ));
    }
    let signed: SignedData = info
        .content
        .decode_as()
        .map_err(|error| malformed(&error))?;
    let inner = signed.encap_content_info;
    if inner.econtent_type == SIGNED_DATA {
        return Err(nested());
    }
    if inner.econtent_type != DATA {
        return Err(refused(
            "S001",
            "what is signed is not plain data",
            SIGN_HINT,
        ));
    }
    if signed.signer_infos.0.is_empty() {
        return Err(refused("S001", "this CMS message has no signer", SIGN_HINT));
    }
    let Some(octets) = inner.econtent else {
        let message = "the signature is detached: the profile is not in it";
        return Err(refused("S001", message, SIGN_HINT));
    };
    let octets: OctetString = octets.decode_as().map_err(|error| malformed(&error))?;
    let notice = Finding::host(
        Severity::Info,
        "S002",
        (0, 0),
        "the signature was not checked",
    );
    notices.push(notice.with_hint("places are those of the XML that is signed"));
    Ok(octets.into_bytes())
}

/// Refuses places for values of each host: filling them in would break the signature.
///
/// # Errors
/// `S007` at the first string with one.
pub(super) fn check_fixed(document: &Document, text: &[u8]) -> Result<(), Finding> {
    // What is misnamed is told for what it is, by whoever looks for values to fill in.
    let places = placeholders(document).map_or_else(|_| Vec::new(), |found| found.places);
    let Some((node, placeholder)) = places.first() else {
        return Ok(());
    };
    let start = document.node(*node).map_or(0, |node| node.node().start());
    let place = LineIndex::new(text).position(start as usize);
    let message = format!(
        "{{{{{placeholder}}}}} stands in a signed file, which cannot be changed for each host"
    );
    let hint = "upload the profile unsigned, or without values of each host";
    Err(Finding::host(Severity::Error, "S007", place, message).with_hint(hint))
}

/// A signature around a signature.
pub(super) fn nested() -> Finding {
    let hint = "take the outer signature off and upload what is in it";
    refused("S006", "the signed content is itself a CMS message", hint)
}

/// What is open at a place of the walk.
struct Open {
    end: usize,
    children: usize,
    is_sequence: bool,
}

/// Walks over all headers and refuses what is not DER or too deep.
fn guard(bytes: &[u8]) -> Result<(), Finding> {
    let mut at = 0;
    let mut open = vec![Open {
        end: bytes.len(),
        children: 0,
        is_sequence: false,
    }];
    while let Some(inner) = open.last_mut() {
        if at == inner.end {
            open.pop();
            continue;
        }
        inner.children += 1;
        let end = inner.end;
        if open.len() == 1 && at > 0 {
            let hint = "cut the file after the signature, or sign it again";
            return Err(refused("S009", "bytes follow the CMS message", hint));
        }
        if open
            .last()
            .is_some_and(|inner| inner.children > SET_MAX && !inner.is_sequence)
        {
            return Err(refused(
                "S001",
                "the CMS message has an oversized set",
                SIGN_HINT,
            ));
        }
        let header = header(bytes.get(at..end).unwrap_or_default())?;
        at += header.length;
        if !header.is_constructed {
            at += header.content_length;
            continue;
        }
        if open.len() > DEPTH_MAX {
            return Err(refused(
                "S001",
                "the CMS message is nested too deep",
                SIGN_HINT,
            ));
        }
        let is_sequence = header.tag == 0x30;
        open.push(Open {
            end: at + header.content_length,
            children: 0,
            is_sequence,
        });
    }
    Ok(())
}

struct Header {
    tag: u8,
    is_constructed: bool,
    length: usize,
    content_length: usize,
}

/// Reads tag and length of the element that begins here and must end within `bytes`.
fn header(bytes: &[u8]) -> Result<Header, Finding> {
    let cut = || refused("S001", "the CMS message is cut off", SIGN_HINT);
    let &[tag, first, ref rest @ ..] = bytes else {
        return Err(cut());
    };
    let is_constructed = tag & 0x20 != 0;
    let is_constructed_string = is_constructed && tag & 0xC0 == 0 && !matches!(tag, 0x30 | 0x31);
    if first == 0x80 || is_constructed_string {
        let message = "the CMS message is in BER (streamed), not in DER";
        return Err(refused("S001", message, SIGN_HINT));
    }
    let long = usize::from(first & 0x7F) * usize::from(first > 0x80);
    if tag & 0x1F == 0x1F || long > 4 {
        return Err(refused(
            "S001",
            "the CMS message is not well-formed DER",
            SIGN_HINT,
        ));
    }
    let digits = rest.get(..long).ok_or_else(cut)?;
    let content_length = match long {
        0 => usize::from(first),
        _ => digits
            .iter()
            .fold(0, |sum, digit| sum << 8 | usize::from(*digit)),
    };
    let length = 2 + long;
    if content_length > bytes.len() - length {
        return Err(cut());
    }
    Ok(Header {
        tag,
        is_constructed,
        length,
        content_length,
    })
}

fn malformed(error: &der::Error) -> Finding {
    refused(
        "S001",
        &format!("the CMS message cannot be read: {error}"),
        SIGN_HINT,
    )
}

fn refused(rule: &str, message: &str, hint: &str) -> Finding {
    Finding::host(Severity::Error, rule, (0, 0), message).with_hint(hint)
}
