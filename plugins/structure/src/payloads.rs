//! The names that every payload has: L001 to L006.
//!
//! Knows nothing of what a payload type means. Invariant: of two that collide the later one in the
//! file is reported, and the message names the earlier.

use std::collections::BTreeMap;

use mooring_sdk::Kind;

use crate::envelope::version;
use crate::profile_tree::{Payload, ProfileTree, Text, is_miscased, quoted, text};
use crate::report::Report;

/// L001: every payload has its type, version, identifier and uuid.
pub(crate) fn l001_required(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in &profile.payloads {
        for key in ["PayloadType", "PayloadIdentifier", "PayloadUUID"] {
            required_text(*payload, key, report);
        }
        let node = payload.node;
        if node.get("PayloadVersion").is_none() && !is_miscased(node, "PayloadVersion") {
            let message = format!("PayloadVersion of {} is missing", payload.label());
            report.error(
                "L001",
                node,
                message,
                "add PayloadVersion with the integer 1",
            );
            report.fix("insert PayloadVersion <integer>1</integer>".to_owned());
        }
    }
}

fn required_text(payload: Payload<'_>, key: &str, report: &mut Report<'_>) {
    if text(payload.node, key).is_some() || is_miscased(payload.node, key) {
        return;
    }
    let label = payload.label();
    let (at, what) = match payload.node.get(key) {
        None => (payload.node, "is missing".to_owned()),
        Some(node) if node.kind() == Kind::String => (node, "is empty".to_owned()),
        Some(node) => (node, format!("is a {}, not a string", node.kind().name())),
    };
    let hint = match key {
        "PayloadType" => "name the kind of settings, such as com.apple.dock",
        "PayloadUUID" => "add a uuid of its own; uuidgen prints one",
        _ => "add a name of its own, such as the profile's identifier with one more part",
    };
    report.error("L001", at, format!("{key} of {label} {what}"), hint);
}

/// L002: every payload's `PayloadVersion` is the integer 1.
pub(crate) fn l002_version(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in &profile.payloads {
        if payload.node.get("PayloadVersion").is_some() {
            version("L002", payload.node, &payload.label(), report);
        }
    }
}

/// L003: no uuid twice in the profile, its own included. Case does not tell two uuids apart.
pub(crate) fn l003_unique_uuid(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let mut seen = BTreeMap::new();
    if let Some(uuid) = text(profile.root, "PayloadUUID") {
        seen.insert(uuid.text.to_ascii_uppercase(), "the profile".to_owned());
    }
    for payload in &profile.payloads {
        let Some(uuid) = payload.uuid() else { continue };
        let key = uuid.text.to_ascii_uppercase();
        let hint = "give each its own uuid; uuidgen prints one";
        collision(
            ("L003", "PayloadUUID", hint),
            (&key, uuid),
            *payload,
            &mut seen,
            report,
        );
    }
}

/// L004: no payload identifier twice in the profile.
pub(crate) fn l004_unique_identifier(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let mut seen = BTreeMap::new();
    for payload in &profile.payloads {
        let Some(name) = payload.identifier() else {
            continue;
        };
        let hint = "give each its own identifier, such as the profile's with one more part";
        let rule = ("L004", "PayloadIdentifier", hint);
        collision(rule, (name.text, name), *payload, &mut seen, report);
    }
}

/// Reports `value` if its key was seen before, and remembers it otherwise.
fn collision(
    (rule, name, hint): (&'static str, &str, &str),
    (key, value): (&str, Text<'_>),
    payload: Payload<'_>,
    seen: &mut BTreeMap<String, String>,
    report: &mut Report<'_>,
) {
    if let Some(first) = seen.get(key) {
        let (label, found) = (payload.label(), quoted(value.text));
        let message = format!("{label} has the same {name} {found} as {first}");
        report.error(rule, value.node, message, hint);
    } else {
        seen.insert(key.to_owned(), payload.label());
    }
}

/// L005: a payload's identifier is not the profile's own. L006: it begins with the profile's.
pub(crate) fn l005_l006_identifier(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let Some(top) = text(profile.root, "PayloadIdentifier") else {
        return;
    };
    for payload in &profile.payloads {
        let Some(name) = payload.identifier() else {
            continue;
        };
        let label = payload.label();
        let rest = name.text.strip_prefix(top.text);
        if rest == Some("") {
            let message = format!("{label} has the identifier of the profile itself");
            report.warning("L005", name.node, message, "add one more part to it");
        } else if rest.is_none_or(|rest| !rest.starts_with('.')) {
            let message = format!("the identifier of {label} does not begin with the profile's");
            let hint = "by custom it is the profile's identifier with one more part";
            report.info("L006", name.node, message, hint);
        }
    }
}
