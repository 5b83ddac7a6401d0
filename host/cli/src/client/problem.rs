//! Problem documents (RFC 9457), and what stands for one where there is none; parts of paths.
//!
//! Knows nothing of connections. Invariant: what is shown of an answer that is no problem document
//! is cut and cleaned.

use mooring_server::api::ProblemDocument;

use super::ClientError;
use crate::text::clean;

/// Most of an answer that is no problem document which is shown, in characters.
const EXCERPT_CHARACTERS_MAX: usize = 200;

/// The problem that an answer is; what is no problem document becomes one with an excerpt of it.
pub(crate) fn problem(status: u16, body: &[u8]) -> ProblemDocument {
    if let Ok(mut document) = serde_json::from_slice::<ProblemDocument>(body) {
        document.title = clean(&document.title);
        document.status = status;
        return document;
    }
    let reason = hyper::StatusCode::from_u16(status)
        .ok()
        .and_then(|status| status.canonical_reason())
        .unwrap_or("no success");
    let excerpt = String::from_utf8_lossy(body);
    let excerpt = excerpt.chars().take(EXCERPT_CHARACTERS_MAX);
    ProblemDocument {
        kind: "about:blank".to_owned(),
        title: format!("the server answered {status} {reason}"),
        status,
        detail: clean(excerpt.collect::<String>().trim()),
        instance: String::new(),
        errors: Vec::new(),
        findings: Vec::new(),
        other: std::collections::BTreeMap::new(),
    }
}

/// The problem document of an error, made up where the server sent none.
pub(crate) fn into_problem(error: ClientError) -> ProblemDocument {
    let title = error.to_string();
    if let ClientError::Problem(document) = error {
        return *document;
    }
    ProblemDocument {
        title,
        ..problem(0, b"")
    }
}

/// A text as one part of a path, percent-encoded but for letters, digits and `-._~`.
pub(crate) fn segment(text: &str) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push(char::from(HEX[usize::from(byte >> 4)]));
            encoded.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that every byte that could end or change a path is encoded.
    #[test]
    fn segments() {
        assert_eq!(segment("com.example.a-b_c~1"), "com.example.a-b_c~1");
        assert_eq!(segment("a/b?c#d %é"), "a%2Fb%3Fc%23d%20%25%C3%A9");
    }

    /// Proves that an answer that is no problem document is still shown, cut and cleaned.
    #[test]
    fn answers_of_others() {
        let long = "<h1>\u{1b}bad gateway</h1>".to_owned() + &"x".repeat(1000);
        let document = problem(502, long.as_bytes());
        assert_eq!(document.title, "the server answered 502 Bad Gateway");
        assert!(document.detail.starts_with("<h1>bad"));
        assert!(document.detail.len() <= EXCERPT_CHARACTERS_MAX);
        assert_eq!(problem(418, &[0xff]).status, 418);
    }
}
