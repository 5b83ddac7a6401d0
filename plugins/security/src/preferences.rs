//! Preferences of any domain: X082 and X083.
//!
//! Knows the payload that carries them, and which domains have a payload type of their own.
//! Invariant: none.

use crate::profile_tree::{ProfileTree, quoted};
use crate::report::Report;

/// Domains that have a payload type of the same name, which devices check and report on.
const OWN_TYPES: &[&str] = &[
    ".GlobalPreferences",
    "com.apple.AssetCache.managed",
    "com.apple.DiscRecording",
    "com.apple.MCX",
    "com.apple.MCX.FileVault2",
    "com.apple.MCX.TimeMachine",
    "com.apple.SetupAssistant.managed",
    "com.apple.ShareKitHelper",
    "com.apple.SoftwareUpdate",
    "com.apple.SystemConfiguration",
    "com.apple.TCC.configuration-profile-policy",
    "com.apple.airplay",
    "com.apple.airprint",
    "com.apple.applicationaccess",
    "com.apple.applicationaccess.new",
    "com.apple.appstore",
    "com.apple.dashboard",
    "com.apple.desktop",
    "com.apple.dnsSettings.managed",
    "com.apple.dock",
    "com.apple.extensiblesso",
    "com.apple.familycontrols.contentfilter",
    "com.apple.familycontrols.timelimits.v2",
    "com.apple.fileproviderd",
    "com.apple.finder",
    "com.apple.gamed",
    "com.apple.ironwood.support",
    "com.apple.loginitems.managed",
    "com.apple.loginwindow",
    "com.apple.mcxloginscripts",
    "com.apple.mcxMenuExtras",
    "com.apple.mcxprinting",
    "com.apple.mobiledevice.passwordpolicy",
    "com.apple.notificationsettings",
    "com.apple.preference.security",
    "com.apple.preferences.users",
    "com.apple.screensaver",
    "com.apple.screensaver.user",
    "com.apple.security.firewall",
    "com.apple.security.smartcard",
    "com.apple.servicemanagement",
    "com.apple.syspolicy.kernel-extension-policy",
    "com.apple.system-extension-policy",
    "com.apple.system.logging",
    "com.apple.systempolicy.control",
    "com.apple.systempolicy.managed",
    "com.apple.systempolicy.rule",
    "com.apple.systempreferences",
    "com.apple.systemuiserver",
    "com.apple.universalaccess",
    "com.apple.vpn.managed",
    "com.apple.wifi.managed",
];

/// X082: preferences are forced, so that they stay what they are.
pub(crate) fn x082_frequency(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let domains = profile
        .payloads
        .iter()
        .flat_map(|payload| payload.domains());
    for (domain, frequencies) in domains {
        for (frequency, node) in frequencies.entries() {
            if matches!(frequency, "Set-Once" | "Often") {
                let name = quoted(domain);
                let message =
                    format!("{frequency} of {name} is only a start: people may change it");
                let hint = "use Forced where the value matters; accept the rule where it does not";
                report.warning("X082", node, message, hint);
            }
        }
    }
}

/// X083: what has a payload type of its own comes in that type.
pub(crate) fn x083_own_type(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let domains = profile
        .payloads
        .iter()
        .flat_map(|payload| payload.domains());
    for (domain, node) in domains.filter(|(domain, _)| OWN_TYPES.contains(domain)) {
        let name = quoted(domain);
        let message = format!("the domain {name} has a payload type of its own");
        let hint = "use a payload of that type: devices check its keys, and no other profile can \
                    set the same preference unseen";
        report.warning("X083", node, message, hint);
    }
}
