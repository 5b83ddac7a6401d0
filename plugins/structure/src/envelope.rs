//! The top level itself: T001 to T008 and T014.
//!
//! Knows nothing of what the payloads hold. Invariant: a rule about an absent key is silent where
//! the key is there in another case, since T011 names it.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use mooring_sdk::{Kind, Node};

use crate::common_keys::{is_canonical_uuid, is_reverse_dns};
use crate::profile_tree::{ProfileTree, is_miscased, quoted, text};
use crate::report::Report;

/// The longest identifier that is handled everywhere, in characters.
const IDENTIFIER_MAX: usize = 255;

/// T001: the top level's `PayloadType` is `Configuration`.
pub(crate) fn t001_type(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let root = profile.root;
    let hint = "set the top-level PayloadType to the string Configuration";
    match root.get("PayloadType") {
        None if is_miscased(root, "PayloadType") => {}
        None => {
            report.error("T001", root, "PayloadType is missing".to_owned(), hint);
            report.fix("insert PayloadType <string>Configuration</string>".to_owned());
        }
        Some(node) if node.as_str() == Some("Configuration") => {}
        Some(node) => {
            let message = format!("PayloadType is {}, not Configuration", described(node));
            report.error("T001", node, message, hint);
            let text = node.as_str().unwrap_or_default().trim();
            if text.eq_ignore_ascii_case("Configuration") {
                report.fix("value <string>Configuration</string>".to_owned());
            }
        }
    }
}

/// T002: the top level's `PayloadVersion` is the integer 1. A string or real that reads as 1 is
/// an error as well: macOS coerces it, iOS does not.
pub(crate) fn t002_version(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    version("T002", profile.root, "the profile", report);
}

/// The check behind T002 and the second half of L002.
pub(crate) fn version(
    rule: &'static str,
    dictionary: Node<'_>,
    owner: &str,
    report: &mut Report<'_>,
) {
    let hint = "write <key>PayloadVersion</key><integer>1</integer>; it is the version of the \
                format, not of the profile";
    match dictionary.get("PayloadVersion") {
        None if is_miscased(dictionary, "PayloadVersion") => {}
        None => {
            let message = format!("PayloadVersion of {owner} is missing");
            report.error(rule, dictionary, message, hint);
            report.fix("insert PayloadVersion <integer>1</integer>".to_owned());
        }
        Some(node) if node.as_integer() == Some(1) => {}
        Some(node) => {
            let found = described(node);
            let message = format!("PayloadVersion of {owner} is {found}, not the integer 1");
            report.error(rule, node, message, hint);
            report.fix("value <integer>1</integer>".to_owned());
        }
    }
}

/// T003: the top level has a `PayloadIdentifier`.
pub(crate) fn t003_identifier(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let hint = "add a reverse-DNS name that stays the same for the profile's whole life";
    required_text("T003", profile.root, "PayloadIdentifier", hint, report);
}

/// T004: the top level has a `PayloadUUID`.
pub(crate) fn t004_uuid(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let hint = "add a uuid; uuidgen prints one";
    required_text("T004", profile.root, "PayloadUUID", hint, report);
}

fn required_text(
    rule: &'static str,
    root: Node<'_>,
    key: &str,
    hint: &str,
    report: &mut Report<'_>,
) {
    if text(root, key).is_some() || is_miscased(root, key) {
        return;
    }
    let (at, what) = match root.get(key) {
        None => (root, "missing".to_owned()),
        Some(node) if node.kind() == Kind::String => (node, "empty".to_owned()),
        Some(node) => (node, format!("{}, not a string", described(node))),
    };
    report.error(rule, at, format!("{key} is {what}"), hint);
}

/// T005: every `PayloadUUID`, the payloads' included, is written 8-4-4-4-12. Devices take any
/// string, so this is an error in `apple-strict` only.
pub(crate) fn t005_canonical_uuid(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    // A uuid that is named elsewhere cannot be changed alone.
    let braced = LazyCell::new(|| {
        let texts = profile.values().filter_map(Node::as_str);
        let mut counts = BTreeMap::<&str, usize>::new();
        for text in texts.filter(|text| text.starts_with('{')) {
            *counts.entry(text).or_default() += 1;
        }
        counts
    });
    let payloads = profile.payloads.iter().map(|payload| payload.node);
    for dictionary in std::iter::once(profile.root).chain(payloads) {
        let Some(uuid) = text(dictionary, "PayloadUUID") else {
            continue;
        };
        if !is_canonical_uuid(uuid.text) {
            let message = format!("PayloadUUID {} is not a uuid", quoted(uuid.text));
            let hint = "write 32 hexadecimal digits as 8-4-4-4-12; uuidgen prints one";
            report.error_if_strict("T005", uuid.node, message, hint);
            let inside = uuid
                .text
                .strip_prefix('{')
                .and_then(|text| text.strip_suffix('}'));
            let is_named = || braced.get(uuid.text).is_some_and(|count| *count > 1);
            if let Some(inside) = inside.filter(|text| is_canonical_uuid(text) && !is_named()) {
                report.fix(format!("value <string>{inside}</string>"));
            }
        }
    }
}

/// T006: `PayloadContent` is an array, or the profile is encrypted. T007: it is not empty.
/// T008: it holds dictionaries only.
pub(crate) fn t006_to_t008_content(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let root = profile.root;
    let hint = "PayloadContent is an array with one dictionary for each payload";
    let Some(content) = root.get("PayloadContent") else {
        if !profile.is_encrypted() && !is_miscased(root, "PayloadContent") {
            report.error("T006", root, "PayloadContent is missing".to_owned(), hint);
        }
        return;
    };
    if content.kind() != Kind::Array {
        let message = format!(
            "PayloadContent is a {}, not an array",
            content.kind().name()
        );
        report.error("T006", content, message, hint);
    } else if content.items().next().is_none() {
        let message = "PayloadContent is empty: the profile would do nothing".to_owned();
        report.error("T007", content, message, "add at least one payload");
    }
    for (index, item) in content.items().enumerate() {
        if item.kind() != Kind::Dictionary {
            let kind = item.kind().name();
            let message = format!("element {} of PayloadContent is a {kind}", index + 1);
            report.error("T008", item, message, hint);
        }
    }
}

/// T014: the identifier is a reverse-DNS name of at most 255 characters. Devices take any string,
/// and other tools write bare uuids, so this stays a warning.
pub(crate) fn t014_reverse_dns(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let Some(identifier) = text(profile.root, "PayloadIdentifier") else {
        return;
    };
    let hint = "choose a name such as com.company.wifi before the first install: a later change \
                makes it another profile";
    let length = identifier.text.chars().count();
    if length > IDENTIFIER_MAX {
        let message = format!("PayloadIdentifier has {length} characters, over {IDENTIFIER_MAX}");
        report.warning("T014", identifier.node, message, hint);
    } else if !is_reverse_dns(identifier.text) {
        let found = quoted(identifier.text);
        let message = format!("PayloadIdentifier {found} is not a reverse-DNS name");
        report.warning("T014", identifier.node, message, hint);
    }
}

/// A value in the words of a message: its kind, and what it says if that is short and plain.
pub(crate) fn described(node: Node<'_>) -> String {
    let kind = node.kind().name();
    match (node.as_str(), node.as_integer()) {
        (Some(text), _) => format!("the {kind} {}", quoted(text)),
        (_, Some(number)) => format!("the {kind} {number}"),
        _ => format!("a {kind}"),
    }
}
