//! Payload types against Apple's list: L007 to L009.
//!
//! The catalogue calls an unknown `com.apple.*` type an error. Real profiles name preference domains
//! of Apple's software as types, and macOS manages those preferences, so here an unknown one is a
//! warning, and an error in `apple-strict` only: Apple's list is never complete. The domains that
//! are known pass in both grades. Invariant: each payload gets at most one of L007 and L008.

use std::collections::BTreeMap;

use crate::apple_types::{is_preference_domain, right_case, schema_type};
use crate::profile_tree::{ProfileTree, quoted};
use crate::report::Report;

/// What every type of Apple's begins with, two old ones apart.
const APPLE_PREFIX: &str = "com.apple.";

/// L007: every payload's type is known.
pub(crate) fn l007_known(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in &profile.payloads {
        let Some(found) = payload.payload_type() else {
            continue;
        };
        let name = found.text;
        let is_known = schema_type(name).is_some() || is_preference_domain(name);
        if is_known || right_case(name).is_some() {
            continue;
        }
        let start = name.get(..APPLE_PREFIX.len());
        if start.is_some_and(|start| start.eq_ignore_ascii_case(APPLE_PREFIX)) {
            let message = format!("{} is no payload type or domain of Apple's", quoted(name));
            let hint =
                "check the spelling; for the preferences of an app, name its bundle identifier";
            report.error_if_strict("L007", found.node, message, hint);
        } else {
            let message = format!(
                "the type {} is not Apple's: its keys are unknown",
                quoted(name)
            );
            let hint = "macOS hands the keys to the app of that name; check them with its maker";
            report.warning("L007", found.node, message, hint);
        }
    }
}

/// L008: a known type is written in the right case.
pub(crate) fn l008_case(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in &profile.payloads {
        let Some(found) = payload.payload_type() else {
            continue;
        };
        if schema_type(found.text).is_some() || is_preference_domain(found.text) {
            continue;
        }
        if let Some(right) = right_case(found.text) {
            let wrong = quoted(found.text);
            let message = format!("the payload type {wrong} is written in the wrong case");
            report.error("L008", found.node, message, &format!("write {right}"));
        }
    }
}

/// L009: a type of which a device takes one only is there once.
pub(crate) fn l009_single(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let mut seen = BTreeMap::new();
    for payload in &profile.payloads {
        let Some(found) = payload.payload_type() else {
            continue;
        };
        if schema_type(found.text).is_none_or(|known| known.multiple) {
            continue;
        }
        if let Some(first) = seen.get(found.text) {
            let label = payload.label();
            let message =
                format!("{label} repeats a type that may be there once; see payload {first}");
            report.error(
                "L009",
                found.node,
                message,
                "merge the two payloads into one",
            );
        } else {
            seen.insert(found.text, payload.number);
        }
    }
}
