//! Ways into a device: X078, X079 and X084.
//!
//! Knows the switches of the login window, of guests, of remote management and of scripts.
//! Invariant: none.

use crate::profile_tree::{ProfileTree, quoted, switched, text};
use crate::report::Report;

const LOGIN_WINDOW: &str = "com.apple.loginwindow";

/// X078: nobody gets in without a password.
pub(crate) fn x078_login(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for settings in profile.settings() {
        let is_login = settings.domain == LOGIN_WINDOW;
        if !is_login && settings.domain != "com.apple.MCX" {
            continue;
        }
        for key in ["AutologinUsername", "autoLoginUser"] {
            if let Some(node) = settings.node.get(key).filter(|_| is_login)
                && text(settings.node, key).is_some()
            {
                let message = format!("{key} logs a user in without a password");
                let hint = "remove it; for a kiosk, use a device without data and accept the rule";
                report.error("X078", node, message, hint);
            }
        }
        for key in ["GuestEnabled", "EnableGuestAccount"] {
            if let Some(node) = switched(settings.node, key, true) {
                let message = format!("{key} lets guests in");
                report.error("X078", node, message, "write false");
            }
        }
    }
}

/// X079: remote access is not opened on the quiet.
pub(crate) fn x079_remote_access(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    const DOMAINS: [&str; 2] = ["com.apple.RemoteManagement", "com.apple.RemoteDesktop"];
    const SWITCHES: [&str; 2] = ["ARD_AllLocalUsers", "VNCLegacyConnectionsEnabled"];
    let hint = "open remote access for named administrators only, and for the time of need";
    for settings in profile.settings() {
        for key in SWITCHES {
            let node = switched(settings.node, key, true);
            if let Some(node) = node.filter(|_| DOMAINS.contains(&settings.domain)) {
                let message = format!("{key} opens remote control of the device");
                report.warning("X079", node, message, hint);
            }
        }
    }
    for payload in &profile.payloads {
        for node in payload.node.descendants() {
            if node.as_str().is_some_and(opens_remote_access) {
                let key = node.key().unwrap_or("an array element");
                let message = format!("{key} holds a command that opens remote access");
                report.warning("X079", node, message, hint);
            }
        }
    }
}

/// Whether a text is a command that turns on remote login or remote management.
fn opens_remote_access(text: &str) -> bool {
    let is_login = text.contains("systemsetup") && text.contains("-setremotelogin on");
    is_login || (text.contains("ARDAgent.app") && text.contains("-activate"))
}

/// X084: no scripts at login.
pub(crate) fn x084_scripts(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let hint = "use a launch agent of an app that is signed, or the management agent";
    for payload in profile.of_type("com.apple.mcxloginscripts") {
        let message = format!("{} runs scripts at login or logout", payload.label());
        report.warning("X084", payload.node, message, hint);
    }
    for settings in profile.settings_of(LOGIN_WINDOW) {
        let hooks = ["LoginHook", "LogoutHook"].map(|key| settings.node.get(key));
        for node in hooks.into_iter().flatten() {
            let key = quoted(node.key().unwrap_or_default());
            let message = format!("{key} runs a script as root for every user");
            report.warning("X084", node, message, hint);
        }
    }
}
