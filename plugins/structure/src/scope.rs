//! Who the profile is for: T009, T010 and T019.
//!
//! Knows nothing of payloads. Invariant: none.

use mooring_sdk::{Device, Node};

use crate::envelope::described;
use crate::profile_tree::{ProfileTree, is_miscased};
use crate::report::Report;

/// The device types of Apple's schema, by number, with the platform of the host records.
const DEVICE_TYPES: &[(i128, &str, &str)] = &[
    (0, "any device", ""),
    (1, "iPhone, iPad or iPod touch", "iOS"),
    (2, "Apple Watch", "watchOS"),
    (3, "HomePod", "audioOS"),
    (4, "Apple TV", "tvOS"),
    (5, "Mac", "macOS"),
    (6, "Vision Pro", "visionOS"),
];

/// T009: `PayloadScope` is exactly `System` or `User`. Case counts: `system` is no scope.
pub(crate) fn t009_scope(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let Some(node) = profile.root.get("PayloadScope") else {
        return;
    };
    if matches!(node.as_str(), Some("System" | "User")) {
        return;
    }
    let text = node.as_str().unwrap_or_default().trim();
    let mut scopes = ["System", "User"].into_iter();
    let meant = scopes.find(|scope| scope.eq_ignore_ascii_case(text));
    let hint = match meant {
        Some("System") => "write System, with a capital S",
        Some(_) => "write User, with a capital U",
        None => "write System for the whole device or User for one user",
    };
    let message = format!("PayloadScope is {}, not System or User", described(node));
    report.error("T009", node, message, hint);
    if let Some(scope) = meant {
        report.fix(format!("value <string>{scope}</string>"));
    }
}

/// T010: the scope is written down. What holds without it is what the delivery says.
pub(crate) fn t010_no_scope(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let root = profile.root;
    if root.get("PayloadScope").is_some() || is_miscased(root, "PayloadScope") {
        return;
    }
    let channel = report.device().map_or("", |device| device.channel.as_str());
    let effect = match channel {
        _ if report.is_manual() => "installed by hand it applies to one user (User)",
        "user" => "delivered on the user channel it applies to one user (User)",
        "device" => "delivered on the device channel it applies to the whole device (System)",
        _ => {
            "delivered on the device channel the profile applies to the whole Mac (System), \
             installed by hand to one user (User)"
        }
    };
    let hint = "write PayloadScope System or User";
    report.warning(
        "T010",
        root,
        format!("PayloadScope is missing: {effect}"),
        hint,
    );
}

/// T019: `TargetDeviceType` is an integer from 0 to 6, and the host at hand is of that type.
pub(crate) fn t019_target(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let Some(node) = profile.root.get("TargetDeviceType") else {
        return;
    };
    let number = node.as_integer();
    let Some((_, name, platform)) = DEVICE_TYPES.iter().find(|kind| Some(kind.0) == number) else {
        let message = format!("TargetDeviceType is {}, not 0 to 6", described(node));
        let hint = "0 any, 1 iPhone and iPad, 2 Watch, 3 HomePod, 4 Apple TV, 5 Mac, 6 Vision Pro";
        report.error("T019", node, message, hint);
        return;
    };
    if let Some(device) = report
        .device()
        .filter(|device| contradicts(platform, device))
    {
        let message = format!(
            "the profile is for {name}, this host runs {}",
            device.platform
        );
        let hint = "leave TargetDeviceType out, or assign the profile to such hosts only";
        report.error("T019", node, message, hint);
    }
}

/// Whether a host of the known platform is not of the wanted one. iPadOS counts as iOS: Apple's
/// schema has one number for both.
fn contradicts(wanted: &str, device: &Device) -> bool {
    let platform = match device.platform.as_str() {
        "iPadOS" => "iOS",
        platform => platform,
    };
    !wanted.is_empty() && !platform.is_empty() && !wanted.eq_ignore_ascii_case(platform)
}

/// Whether a boolean key of the top level is there and true.
pub(crate) fn is_true(root: Node<'_>, key: &str) -> bool {
    root.get(key).and_then(Node::as_bool) == Some(true)
}
