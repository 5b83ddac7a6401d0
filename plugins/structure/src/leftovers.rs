//! Values that somebody meant to replace: T023.
//!
//! Knows nothing of what a key means, except identifiers and uuids. Invariant: only marks that no
//! working value has are reported, at most one for each value; ordinary text, code requirements and
//! scripts pass. That is why words count in capitals only and `example.com` in identifiers only.

use mooring_sdk::Node;

use crate::common_keys::is_canonical_uuid;
use crate::profile_tree::{ProfileTree, quoted};
use crate::report::Report;

/// Words that stand for "replace me" wherever they stand alone.
const WORDS: &[&str] = &[
    "CHANGEME",
    "CHANGE_ME",
    "FIXME",
    "INSERT_HERE",
    "PLACEHOLDER",
    "REPLACEME",
    "REPLACE_ME",
    "TODO",
];

/// Parts that only sample identifiers have.
const SAMPLE_NAMES: &[&str] = &[
    "example.com",
    "your-company",
    "your_company",
    "yourcompany",
    "yourdomain",
    "yourorg",
];

/// How the uuids of documentation begin.
const SAMPLE_UUIDS: &[&str] = &["12345678-1234-", "12345678-90ab-", "aaaaaaaa-bbbb-cccc-"];

/// T023: no placeholder is left in.
pub(crate) fn t023_placeholders(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for node in profile.values() {
        let Some(text) = node.as_str() else { continue };
        let key = node.key().unwrap_or_default();
        let mark = if key.ends_with("UUID") && is_sample_uuid(text) {
            Some(format!("the sample uuid {text}"))
        } else if key == "PayloadIdentifier" && is_sample_identifier(text) {
            Some(format!("the sample identifier {}", quoted(text)))
        } else {
            placeholder(text).map(|word| format!("the placeholder {}", quoted(word)))
        };
        if let Some(mark) = mark {
            let message = format!("{} still holds {mark}", name_of(node));
            report.warning("T023", node, message, "put the real value in its place");
        }
    }
}

fn name_of(node: Node<'_>) -> &str {
    node.key().unwrap_or("an array element")
}

/// All digits alike, the null uuid among them, or one that documentation counts up.
fn is_sample_uuid(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let mut digits = lower.bytes().filter(|byte| *byte != b'-');
    let first = digits.next();
    let is_uniform = digits.all(|digit| Some(digit) == first);
    let starts = |prefix: &&str| lower.starts_with(*prefix);
    is_canonical_uuid(text) && (is_uniform || SAMPLE_UUIDS.iter().any(starts))
}

fn is_sample_identifier(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let is_example = lower == "com.example" || lower.starts_with("com.example.");
    is_example || SAMPLE_NAMES.iter().any(|name| lower.contains(name))
}

/// The placeholder in a text, if there is one.
fn placeholder(text: &str) -> Option<&str> {
    // All of them have two capitals side by side, and few texts do.
    let mut pairs = text.as_bytes().windows(2);
    if !pairs.any(|pair| pair.iter().all(u8::is_ascii_uppercase)) {
        return None;
    }
    let is_filler = text.len() >= 3 && text.bytes().all(|byte| byte == b'X');
    if is_filler {
        return Some(text);
    }
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut rest = text;
    while let Some(start) = rest.find(is_word) {
        let word = &rest[start..];
        let end = word.find(|c| !is_word(c)).unwrap_or(word.len());
        let (word, after) = word.split_at(end);
        let asks_for_yours = word.starts_with("YOUR_") || (word == "YOUR" && continues(after));
        if asks_for_yours {
            return Some(&rest[start..]);
        }
        if WORDS.contains(&word) {
            return Some(word);
        }
        rest = after;
    }
    None
}

/// Whether `YOUR` goes on with another word in capitals, as in `YOUR COMPANY` or `YOUR-TOPIC`.
fn continues(after: &str) -> bool {
    let mut chars = after.chars();
    let separator = chars.next();
    let next: Vec<_> = chars.take(2).collect();
    matches!(separator, Some(' ' | '-'))
        && next.len() == 2
        && next.iter().all(char::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Placeholders are found; texts that only resemble them are not.
    #[test]
    fn placeholders() {
        for text in [
            "YOUR COMPANY HERE",
            "x.YOUR-PUSH-TOPIC",
            "YOUR_SSID",
            "a TODO",
            "XXX",
        ] {
            assert!(placeholder(text).is_some(), "{text}");
        }
        for text in [
            "todo",
            "Your company",
            "YOUR Mac",
            "TODOS",
            "XX",
            "maxXXX",
            "Change me",
            "",
        ] {
            assert!(placeholder(text).is_none(), "{text}");
        }
    }

    /// Sample uuids and identifiers are told from real ones.
    #[test]
    fn samples() {
        assert!(is_sample_uuid("00000000-0000-0000-0000-000000000000"));
        assert!(is_sample_uuid("12345678-1234-1234-1234-123456789012"));
        assert!(!is_sample_uuid("606A707D-E587-420C-A932-88A2A430046C"));
        assert!(is_sample_identifier("com.example.wifi"));
        assert!(!is_sample_identifier("com.exampleworks.wifi"));
    }
}
