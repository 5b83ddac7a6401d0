//! Protections of the system that a profile turns off: X074.
//!
//! Knows the switches by domain and key, as a table. Invariant: a switch that is left out is not
//! reported.

use mooring_sdk::Node;

use crate::profile_tree::{ProfileTree, quoted, switch};
use crate::report::Report;
use crate::requirement;

/// Domain, key, the value that turns it off, and what is off then.
const SWITCHES: &[(&str, &str, bool, &str)] = &[
    (
        "com.apple.systempolicy.control",
        "EnableAssessment",
        false,
        "Gatekeeper",
    ),
    (
        "com.apple.security.firewall",
        "EnableFirewall",
        false,
        "the firewall",
    ),
    ("com.apple.alf", "globalstate", false, "the firewall"),
    (
        "com.apple.SoftwareUpdate",
        "AutomaticCheckEnabled",
        false,
        "the search for updates",
    ),
    (
        "com.apple.SoftwareUpdate",
        "ConfigDataInstall",
        false,
        "updates of XProtect",
    ),
    (
        "com.apple.SoftwareUpdate",
        "CriticalUpdateInstall",
        false,
        "security updates",
    ),
    (
        "com.apple.applicationaccess",
        "allowRapidSecurityResponseInstallation",
        false,
        "rapid security responses",
    ),
    (
        "com.apple.screensaver",
        "askForPassword",
        false,
        "the screen lock",
    ),
    (
        "com.apple.screensaver.user",
        "askForPassword",
        false,
        "the screen lock",
    ),
];

/// X074: no protection of the system is turned off, and no rule of Gatekeeper lets all through.
pub(crate) fn x074_protections(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let hint = "remove the key, or turn it the other way";
    for settings in profile.settings() {
        for (domain, key, off, what) in SWITCHES {
            if settings.domain != *domain {
                continue;
            }
            let node = settings.node.get(key);
            if let Some(node) = node.filter(|node| switch(*node) == Some(*off)) {
                let message = format!("{key} of {} turns off {what}", quoted(domain));
                report.error("X074", node, message, hint);
            }
        }
        if settings.domain == "com.apple.systempolicy.rule" {
            allow_all(settings.node, report);
        }
    }
}

/// A requirement without an anchor is met by whatever anyone signs.
fn allow_all(rule: Node<'_>, report: &mut Report<'_>) {
    let Some(node) = rule.get("Requirement") else {
        return;
    };
    let read = node.as_str().and_then(requirement::read);
    if read.is_some_and(|binding| !binding.anchor) {
        let message = "Requirement has no anchor: Gatekeeper would let through what anyone signs";
        let hint = "name the maker: anchor apple generic and certificate leaf[subject.OU] = TEAM";
        report.error("X074", node, message, hint);
    }
}
