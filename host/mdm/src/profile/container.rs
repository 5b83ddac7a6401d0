//! What kind of file an upload is, told from its first bytes.
//!
//! Reads nothing beyond what naming the kind takes. Invariant: a refusal says what the file
//! looks like, so that a person who picked the wrong file sees it at once.

use crate::finding::{Finding, Severity};

/// How a profile is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    /// An XML property list.
    Xml,
    /// A binary property list.
    Binary,
    /// Either inside a CMS signature.
    Signed,
}

const EXPORT_HINT: &str = "export the profile as an XML .mobileconfig, signed or not";

/// Tells the kind of a file.
///
/// # Errors
/// `P001` or `P022` if it is none that can hold a profile, `P008` for UTF-16.
pub(super) fn detect(bytes: &[u8]) -> Result<Container, Finding> {
    if bytes.starts_with(b"bplist00") {
        return Ok(Container::Binary);
    }
    if looks_like_cms(bytes) {
        return Ok(Container::Signed);
    }
    let text = bytes
        .strip_prefix(b"\xEF\xBB\xBF")
        .unwrap_or(bytes)
        .trim_ascii_start();
    let is_utf16 = matches!(bytes, [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] | [0, b'<', ..]);
    // The reader names the encoding, and knows what else may follow a `<`.
    if is_utf16 || text.starts_with(b"<") {
        return Ok(Container::Xml);
    }
    Err(refusal(bytes, text))
}

/// Whether the bytes begin as CMS does: a sequence, of definite or indefinite length, whose first
/// element is an object identifier.
fn looks_like_cms(bytes: &[u8]) -> bool {
    let after_length = match bytes {
        [0x30, 0..=0x80, ..] => 2,
        [0x30, length @ 0x81..=0x84, ..] => 2 + usize::from(*length - 0x80),
        _ => return false,
    };
    bytes.get(after_length) == Some(&0x06)
}

fn refusal(bytes: &[u8], text: &[u8]) -> Finding {
    let old_style = "write it as XML, for instance with: plutil -convert xml1 FILE";
    let (rule, message, hint) = match text {
        [] => ("P001", "the file is empty", EXPORT_HINT),
        [b'{' | b'[', ..] if looks_like_json(text) => (
            "P001",
            "this looks like JSON, not a configuration profile",
            EXPORT_HINT,
        ),
        [b'{' | b'(', ..] => (
            "P022",
            "this looks like an OpenStep property list",
            old_style,
        ),
        _ if text.starts_with(b"// !$*UTF8*$!") => (
            "P022",
            "this looks like an OpenStep property list",
            old_style,
        ),
        _ if text.starts_with(b"-----BEGIN ") => {
            let hint = "decode it first, for instance with: openssl pkcs7 -outform DER";
            (
                "P001",
                "this looks like PEM, a signature or certificate written as text",
                hint,
            )
        }
        _ if text.starts_with(b"MI") && text.iter().take(64).all(u8::is_ascii_alphanumeric) => {
            let hint = "decode it first, for instance with: base64 -d";
            (
                "P001",
                "this looks like a signed profile written in base64",
                hint,
            )
        }
        _ if text.starts_with(b"PK\x03\x04") => (
            "P001",
            "this looks like a ZIP archive",
            "unpack it and upload the profiles in it",
        ),
        _ if text.starts_with(b"\x1F\x8B") => (
            "P001",
            "this looks like a gzip file",
            "unpack it and upload the profile in it",
        ),
        _ if text.starts_with(b"bplist") => (
            "P021",
            "this is a binary property list of an unknown version",
            old_style,
        ),
        _ if text.starts_with(b"0") && !text.is_ascii() => (
            "P001",
            "this looks like DER, but not like a signed profile",
            EXPORT_HINT,
        ),
        _ => (
            "P001",
            "this is no XML, no binary property list and no signed profile",
            EXPORT_HINT,
        ),
    };
    let blank = bytes.len() - text.len();
    let place = crate::plist::LineIndex::new(bytes).position(blank);
    Finding::host(Severity::Error, rule, place, message).with_hint(hint)
}

/// Whether a text that begins with a bracket goes on as JSON: `{ "name" :`, `{}` or `[`.
fn looks_like_json(text: &[u8]) -> bool {
    let [bracket, rest @ ..] = text else {
        return false;
    };
    let rest = rest.trim_ascii_start();
    match rest {
        _ if *bracket == b'[' => true,
        [b'}', ..] => true,
        [b'"', rest @ ..] => {
            let name = rest.iter().take(1024).position(|byte| *byte == b'"');
            let after = name.and_then(|end| rest.get(end + 1..)).unwrap_or_default();
            after.trim_ascii_start().starts_with(b":")
        }
        _ => false,
    }
}
