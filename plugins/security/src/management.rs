//! Payloads that no server may push: X001 and X002.
//!
//! Knows nothing of what they hold. Invariant: none.

use crate::profile_tree::ProfileTree;
use crate::report::Report;

/// X001: no `com.apple.mdm` payload, X002: no `com.apple.declarations` payload in a profile that is
/// pushed. A profile that is installed by hand may be the one that enrolls.
pub(crate) fn x001_x002_management(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    if report.is_manual() {
        return;
    }
    for payload in &profile.payloads {
        let label = payload.label();
        match payload.kind {
            "com.apple.mdm" => {
                let message = format!("{label} would enroll the device anew");
                let hint = "keep this profile for enrolling, and push the other payloads alone";
                report.error("X001", payload.node, message, hint);
            }
            "com.apple.declarations" => {
                let message = format!("{label} cannot be pushed: devices refuse it");
                let hint = "send declarations over declarative management";
                report.error("X002", payload.node, message, hint);
            }
            _ => {}
        }
    }
}
