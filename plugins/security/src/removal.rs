//! Who may take the profile off: X070 and X071.
//!
//! Knows nothing of other payloads but their secrets. Invariant: none.

use crate::profile_tree::{ProfileTree, switched};
use crate::report::{Report, SAME_MAX};
use crate::secrets::is_clear;

const PASSWORD_TYPE: &str = "com.apple.profileRemovalPassword";

/// The shortest removal password, in characters.
const LENGTH_MIN: usize = 8;

/// X070: `PayloadRemovalDisallowed` keeps nothing on a Mac where it was installed by hand; with MDM
/// it says nothing new.
pub(crate) fn x070_removal(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let has_password = profile.of_type(PASSWORD_TYPE).next().is_some();
    let Some(node) = switched(profile.root, "PayloadRemovalDisallowed", true) else {
        return;
    };
    if has_password {
        return;
    }
    if report.is_manual() {
        let message = "PayloadRemovalDisallowed without a removal password: an administrator of \
                       the device can still take the profile off";
        let hint = "add a com.apple.profileRemovalPassword payload";
        report.warning("X070", node, message, hint);
    } else {
        let message = "PayloadRemovalDisallowed says nothing new: what MDM installs, only MDM \
                       removes";
        report.info("X070", node, message, "it may stay, or be removed");
    }
}

/// X071: a removal password is long, not used elsewhere, and not in the clear.
pub(crate) fn x071_removal_password(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let payloads = profile.of_type(PASSWORD_TYPE);
    let passwords = payloads.filter_map(|payload| payload.node.get("RemovalPassword"));
    // Each is looked for in the whole profile, and a file may hold thousands.
    for node in passwords.filter(|node| is_clear(*node)).take(SAME_MAX) {
        let Some(password) = node.as_str() else {
            continue;
        };
        let mut values = profile.root.descendants();
        let is_reused =
            values.any(|other| other.index() != node.index() && other.as_str() == Some(password));
        let what = if password.chars().count() < LENGTH_MIN {
            "is shorter than 8 characters, and in the clear"
        } else if is_reused {
            "stands elsewhere in the profile as well"
        } else {
            "is in the clear"
        };
        let message = format!("RemovalPassword {what}");
        let hint = "write {{secret.NAME}} with a secret of 8 characters or more of its own";
        report.error("X071", node, message, hint);
    }
}
