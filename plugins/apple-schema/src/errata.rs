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
];

/// Whether systems take this value of this key all the same.
pub(crate) fn takes_value(type_name: &str, key: &str, value: &str) -> bool {
    VALUES.contains(&(type_name, key, value))
}

/// Whether systems know this key of a payload, at whatever depth, all the same.
pub(crate) fn knows_key(type_name: &str, key: &str) -> bool {
    KEYS.contains(&(type_name, key))
}

/// Whether another key stands in for a required one, which the data says in prose only.
pub(crate) fn is_replaced(type_name: &str, key: &str, is_set: impl Fn(&str) -> bool) -> bool {
    type_name == "com.apple.TCC.configuration-profile-policy"
        && key == "Allowed"
        && is_set("Authorization")
}
