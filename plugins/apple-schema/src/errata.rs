//! What is known to hold on devices beside Apple's data.
//!
//! Each entry is a value or key that systems take though the data does not list it, or names it
//! otherwise. Knows no rule. Invariant: an entry only ever allows; nothing is refused by it.

/// Values beside those of a list: payload type, key, value.
const VALUES: &[(&str, &str, &str)] = &[
    // The data says App, but its own text on the key BundleID and all older releases Application.
    ("com.apple.homescreenlayout", "Type", "Application"),
];

/// Keys beside those of the data: payload type, key.
const KEYS: &[(&str, &str)] = &[
    // The frame of managed preferences has had these two since it was kept in directories.
    ("com.apple.ManagedClient.preferences", "mcx_data_timestamp"),
    (
        "com.apple.ManagedClient.preferences",
        "mcx_union_policy_keys",
    ),
    // What a Dock writes itself where the data says label.
    ("com.apple.dock", "file-label"),
];

/// Whether systems take this value of this key all the same.
pub(crate) fn takes_value(type_name: &str, key: &str, value: &str) -> bool {
    VALUES.contains(&(type_name, key, value))
}

/// Whether systems know this key of a payload, at whatever depth, all the same.
pub(crate) fn knows_key(type_name: &str, key: &str) -> bool {
    KEYS.contains(&(type_name, key))
}

/// Required keys that systems do without: payload type, key.
const OPTIONAL: &[(&str, &str)] = &[
    // Macs keep the screen saver that they have; every profile that only locks the screen is so.
    ("com.apple.screensaver", "moduleName"),
    ("com.apple.screensaver.user", "moduleName"),
];

/// Keys that stand in for a required one: payload type, the required key, the other.
const REPLACED: &[(&str, &str, &str)] = &[
    // The data says it in prose only.
    (
        "com.apple.TCC.configuration-profile-policy",
        "Allowed",
        "Authorization",
    ),
    // What a Dock writes for its own items, and what is copied from there into profiles.
    ("com.apple.dock", "label", "file-label"),
    ("com.apple.dock", "file-type", "file-data"),
];

/// Whether systems do without a required key.
pub(crate) fn is_optional(type_name: &str, key: &str) -> bool {
    OPTIONAL.contains(&(type_name, key))
}

/// Whether another key stands in for a required one.
pub(crate) fn is_replaced(type_name: &str, key: &str, is_set: impl Fn(&str) -> bool) -> bool {
    let mut known = REPLACED.iter();
    known.any(|(of, required, other)| *of == type_name && *required == key && is_set(other))
}
