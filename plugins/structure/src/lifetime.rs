//! How long the profile stays and how it may go: T017, T018 and T020 to T022.
//!
//! Knows no clock: the host says which day it is. Invariant: none.

use mooring_sdk::Kind;
use mooring_sdk::date::day_number;

use crate::envelope::described;
use crate::profile_tree::ProfileTree;
use crate::report::Report;
use crate::scope::is_true;

/// Dates nearer than this are worth a warning, in days.
const SOON_DAYS: i64 = 30;

/// T017: the profile's dates are not over (error) and not nearer than 30 days (warning). Silent
/// where the host does not say which day it is.
pub(crate) fn t017_dates(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let Some(today) = report.today().and_then(day_number) else {
        return;
    };
    for key in ["RemovalDate", "PayloadExpirationDate"] {
        let Some(node) = profile.root.get(key) else {
            continue;
        };
        let Some(text) = node.as_date() else { continue };
        let Some(day) = day_number(text) else {
            continue;
        };
        let hint = "choose a later date, or remove the key";
        if day < today {
            report.error("T017", node, format!("{key} {text} is in the past"), hint);
        } else if day - today <= SOON_DAYS {
            let message = format!("{key} {text} is within {SOON_DAYS} days");
            report.warning("T017", node, message, hint);
        }
    }
}

/// T018: `DurationUntilRemoval` is more than nothing.
pub(crate) fn t018_duration(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let Some(node) = profile.root.get("DurationUntilRemoval") else {
        return;
    };
    let is_over = node.as_integer().is_some_and(|seconds| seconds <= 0)
        || node.as_real().is_some_and(|seconds| seconds <= 0.0);
    if is_over {
        let found = described(node);
        let message = format!("DurationUntilRemoval is {found}: it would go at once");
        let hint = "give the seconds until removal, or remove the key";
        report.error("T018", node, message, hint);
    }
}

/// T020: nobody is asked when MDM installs a profile, so `ConsentText` has no effect there; for
/// installing by hand it needs a `default`.
pub(crate) fn t020_consent(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let Some(node) = profile.root.get("ConsentText") else {
        return;
    };
    let is_unseen = !report.is_manual();
    let has_default = node.get("default").is_some();
    let message = match (is_unseen, has_default) {
        (false, true) => return,
        (true, true) => "ConsentText is shown to nobody when MDM installs the profile",
        (true, false) => {
            "ConsentText is shown to nobody when MDM installs the profile, and lacks the text \
             under the key default"
        }
        (false, false) => "ConsentText lacks the text under the key default",
    };
    let hint = "remove it, or give a default text if the profile is installed by hand as well";
    report.warning("T020", node, message.to_owned(), hint);
}

/// T021: either `IsEncrypted` with `EncryptedPayloadContent`, or `PayloadContent`, never a mixture.
pub(crate) fn t021_encryption(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let root = profile.root;
    let encrypted = root.get("EncryptedPayloadContent");
    if !profile.is_encrypted() {
        if let Some(node) = encrypted {
            let message = "EncryptedPayloadContent without IsEncrypted true".to_owned();
            report.error(
                "T021",
                node,
                message,
                "set IsEncrypted to true, or remove the key",
            );
        }
        return;
    }
    if encrypted.is_none_or(|node| node.kind() != Kind::Data) {
        let message = "IsEncrypted is true, but EncryptedPayloadContent holds no data".to_owned();
        let hint = "add the encrypted payloads, or remove IsEncrypted";
        report.error("T021", encrypted.unwrap_or(root), message, hint);
    }
    if let Some(node) = root.get("PayloadContent") {
        let message = "PayloadContent is in the clear, though IsEncrypted is true".to_owned();
        report.error("T021", node, message, "keep one of the two");
    }
}

/// T022: `HasRemovalPasscode` and a removal-password payload come together.
pub(crate) fn t022_removal_passcode(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    const PAYLOAD_TYPE: &str = "com.apple.profileRemovalPassword";
    if profile.is_encrypted() {
        return;
    }
    let mut payloads = profile.payloads.iter();
    let payload = payloads.find(|payload| {
        let found = payload.payload_type();
        found.is_some_and(|found| found.text == PAYLOAD_TYPE)
    });
    let flag = profile.root.get("HasRemovalPasscode");
    match (is_true(profile.root, "HasRemovalPasscode"), payload) {
        (true, None) => {
            let message = format!("HasRemovalPasscode is true without a {PAYLOAD_TYPE} payload");
            let hint = "add the payload, or remove the key";
            report.warning("T022", flag.unwrap_or(profile.root), message, hint);
        }
        (false, Some(payload)) => {
            let message = format!("a {PAYLOAD_TYPE} payload without HasRemovalPasscode true");
            let hint = "set HasRemovalPasscode to true at the top level";
            report.warning("T022", payload.node, message, hint);
        }
        (true, Some(_)) | (false, None) => {}
    }
}
