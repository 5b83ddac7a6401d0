//! Passcodes that protect little: X072.
//!
//! Knows the passcode payload. Invariant: only what is written counts, since a second payload may
//! say what is left out here.

use crate::profile_tree::{ProfileTree, switched};
use crate::report::Report;

/// The shortest passcode that the attempts of a device hold off, in characters.
const LENGTH_MIN: i128 = 6;

/// X072: a passcode policy asks for a passcode that protects.
pub(crate) fn x072_passcode(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for settings in profile.settings_of("com.apple.mobiledevice.passwordpolicy") {
        let number = |key| {
            let node = settings.node.get(key)?;
            Some((node, node.as_integer()?))
        };
        if let Some((node, length)) = number("minLength")
            && length < LENGTH_MIN
        {
            let message = format!("minLength is {length}, less than {LENGTH_MIN}");
            report.warning(
                "X072",
                node,
                message,
                "write 6 or more; for Macs 12 is common",
            );
        }
        for key in ["pinHistory", "maxFailedAttempts"] {
            if let Some((node, number)) = number(key)
                && number <= 0
            {
                let message = format!("{key} is {number}: it asks for nothing");
                report.warning("X072", node, message, "give a number, or remove the key");
            }
        }
        if let Some(node) = switched(settings.node, "forcePIN", false) {
            let message = "forcePIN is false: no passcode is asked for";
            report.warning("X072", node, message, "write true");
        }
    }
}
