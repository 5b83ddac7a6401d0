//! The same setting twice in one profile: L010.
//!
//! Two payloads of most repeatable types describe two things (two networks, two certificates) and
//! share their keys by nature. Only types whose keys are settings of the whole device or app
//! count: the list below, types that are not Apple's, and the domains inside
//! `com.apple.ManagedClient.preferences`. Types that may be there once are left to L009, which
//! needs Apple's schema and is a rule of `apple-schema`.
//! Invariant: each later payload gets at most one finding.

use std::collections::BTreeMap;

use mooring_sdk::{Kind, Node};

use crate::profile_tree::{Payload, ProfileTree, quoted};
use crate::report::Report;

/// What every type of Apple's begins with.
const APPLE_PREFIX: &str = "com.apple.";

/// Repeatable types of Apple's whose keys are settings of the whole device or of one app, the
/// preference domains that profiles name as types among them.
const SETTINGS_TYPES: &[&str] = &[
    "com.apple.Bluetooth",
    "com.apple.HIToolbox",
    "com.apple.MCX",
    "com.apple.RemoteManagement",
    "com.apple.Safari",
    "com.apple.Siri",
    "com.apple.SubmitDiagInfo",
    "com.apple.Terminal",
    "com.apple.applicationaccess",
    "com.apple.applicationaccess.new",
    "com.apple.assistant.support",
    "com.apple.controlcenter",
    "com.apple.desktopservices",
    "com.apple.loginwindow",
    "com.apple.mail",
    "com.apple.mobiledevice.passwordpolicy",
    "com.apple.screencapture",
    "com.apple.screensaver.ByHost",
    "com.apple.security",
    "com.apple.security.firewall",
    "com.apple.systempolicy.control",
    "com.apple.systempolicy.managed",
];

/// The type that carries preferences of any domain, sorted by domain and frequency.
const PREFERENCES_TYPE: &str = "com.apple.ManagedClient.preferences";

/// How many keys a message names.
const NAMED_MAX: usize = 3;

/// L010: no two payloads of one type set the same key.
pub(crate) fn l010_same_key(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let mut seen: BTreeMap<(&str, &str, &str), usize> = BTreeMap::new();
    for payload in &profile.payloads {
        let mut shared = Vec::new();
        let mut earlier = 0;
        for setting in settings(*payload) {
            let first = *seen.entry(setting).or_insert(payload.number);
            if first != payload.number && !shared.contains(&setting.2) {
                shared.push(setting.2);
                earlier = first;
            }
        }
        if !shared.is_empty() {
            let label = payload.label();
            let message = format!("{label} sets {} like payload {earlier}", listed(&shared));
            let hint = "keep each key in one payload: which of two wins is not defined";
            report.warning("L010", payload.node, message, hint);
        }
    }
}

fn listed(keys: &[&str]) -> String {
    let named: Vec<_> = keys.iter().take(NAMED_MAX).map(|key| quoted(key)).collect();
    match keys.len().checked_sub(NAMED_MAX) {
        Some(more) if more > 0 => format!("{} and {more} more keys", named.join(", ")),
        _ => named.join(", "),
    }
}

/// The settings of a payload as type, domain and key.
fn settings(payload: Payload<'_>) -> Vec<(&str, &str, &str)> {
    let Some(found) = payload.payload_type() else {
        return Vec::new();
    };
    if found.text == PREFERENCES_TYPE {
        let domains = payload.node.find(Kind::Dictionary, "PayloadContent");
        let domains = domains.into_iter().flat_map(Node::entries);
        return domains
            .flat_map(|(domain, node)| managed_keys(node).map(move |key| (domain, key)))
            .map(|(domain, key)| (PREFERENCES_TYPE, domain, key))
            .collect();
    }
    let counts = SETTINGS_TYPES.contains(&found.text) || !found.text.starts_with(APPLE_PREFIX);
    let keys = payload.node.entries().map(|(key, _)| key);
    keys.filter(|key| counts && !key.starts_with("Payload"))
        .map(|key| (found.text, "", key))
        .collect()
}

/// The keys that one domain of a preferences payload manages, whatever the frequency.
fn managed_keys(domain: Node<'_>) -> impl Iterator<Item = &str> {
    domain
        .entries()
        .flat_map(|(_, settings)| settings.items())
        .filter_map(|item| item.find(Kind::Dictionary, "mcx_preference_settings"))
        .flat_map(|settings| settings.entries().map(|(key, _)| key))
}
