//! The keys of the top level and of each payload: T011 to T013, T015 and T016.
//!
//! Knows nothing of a payload's own keys. Invariant: none.

use mooring_sdk::Node;

use crate::common_keys::{HARMLESS, PAYLOAD, TOP_LEVEL};
use crate::profile_tree::{ProfileTree, is_miscased, quoted, text};
use crate::report::Report;

/// T011: Apple's keys are written in Apple's case, at the top level and in every payload.
pub(crate) fn t011_case(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    miscased(profile.root, TOP_LEVEL, report);
    for payload in &profile.payloads {
        miscased(payload.node, PAYLOAD, report);
    }
}

fn miscased(dictionary: Node<'_>, known: &[&str], report: &mut Report<'_>) {
    for (key, node) in dictionary.entries() {
        let right = known.iter().find(|name| name.eq_ignore_ascii_case(key));
        if let Some(right) = right.filter(|name| **name != key) {
            let message = format!("the key {key} is written in the wrong case: devices ignore it");
            report.error("T011", node, message, &format!("write {right}"));
            if dictionary.get(right).is_none() {
                report.fix(format!("rename {right}"));
            }
        }
    }
}

/// T012: the top level has no key that Apple does not know. T013: known-harmless extras are only
/// remarked on.
pub(crate) fn t012_t013_extra_keys(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for (key, node) in profile.root.entries() {
        if TOP_LEVEL.iter().any(|name| name.eq_ignore_ascii_case(key)) {
            continue;
        }
        if HARMLESS.contains(&key) {
            let message = format!("{key} is in no schema of Apple's; devices ignore it");
            report.info("T013", node, message, "it may be removed");
            report.fix("remove".to_owned());
        } else {
            let message = format!("the top level has the unknown key {}", quoted(key));
            let hint = "remove it, or move it into the payload that it belongs to";
            report.warning("T012", node, message, hint);
        }
    }
}

/// T015: the profile has a name that people can read.
pub(crate) fn t015_display_name(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let root = profile.root;
    if text(root, "PayloadDisplayName").is_none() && !is_miscased(root, "PayloadDisplayName") {
        let message = "PayloadDisplayName is missing: people would see the identifier".to_owned();
        report.warning("T015", root, message, "add a short name");
    }
}

/// T016: the profile says who made it and what it is for.
pub(crate) fn t016_description(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let root = profile.root;
    for key in ["PayloadOrganization", "PayloadDescription"] {
        if root.get(key).is_none() && !is_miscased(root, key) {
            let hint = "devices show it beside the profile's name";
            report.info("T016", root, format!("{key} is missing"), hint);
        }
    }
}
