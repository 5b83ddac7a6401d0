//! Disks that nobody could open again: X073.
//!
//! Knows the FileVault and escrow payloads. The escrow payload may also be in another profile,
//! which a validator of one profile cannot see: the rule is an error only where no person is shown
//! the key either, and in `apple-strict`. Invariant: one finding for each FileVault payload.

use mooring_sdk::Kind;

use crate::profile_tree::{ProfileTree, switched, text};
use crate::report::Report;

/// The types that keep a copy of the recovery key; the second is of macOS 10.12 and before.
const ESCROW_TYPES: [&str; 2] = [
    "com.apple.security.FDERecoveryKeyEscrow",
    "com.apple.security.FDERecoveryRedirect",
];

/// X073: the recovery key of a disk that is encrypted is kept.
pub(crate) fn x073_escrow(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let mut payloads = profile.payloads.iter();
    if payloads.any(|payload| ESCROW_TYPES.contains(&payload.kind)) {
        return;
    }
    for settings in profile.settings_of("com.apple.MCX.FileVault2") {
        let Some(node) = settings.node.get("Enable") else {
            continue;
        };
        let is_on = node.as_str() == Some("On") || node.as_bool() == Some(true);
        let has_institution = text(settings.node, "PayloadCertificateUUID").is_some()
            || settings.node.find(Kind::Data, "Certificate").is_some()
            || switched(settings.node, "UseKeychain", true).is_some();
        if !is_on || has_institution {
            continue;
        }
        let hint = "add a com.apple.security.FDERecoveryKeyEscrow payload to this profile";
        let is_unseen = switched(settings.node, "ShowRecoveryKey", false).is_some();
        let has_none = switched(settings.node, "UseRecoveryKey", false).is_some();
        if is_unseen || has_none {
            let message = "FileVault is turned on, and its recovery key is neither shown nor kept";
            report.error("X073", node, message, hint);
        } else {
            let message = "FileVault is turned on without escrow: only the person at the screen \
                           sees the recovery key";
            report.error_if_strict("X073", node, message, hint);
        }
    }
}
