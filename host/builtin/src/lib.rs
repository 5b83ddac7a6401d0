//! The plugins that ship with Mooring, embedded as components.
//!
//! Knows nothing of how a plugin is run. Invariant: these are ordinary components, loaded and
//! limited like anyone's.

/// One plugin of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// The name of its folder in `plugins/`; its id is in its manifest.
    pub name: &'static str,
    /// The component's bytes.
    pub component: &'static [u8],
}

/// Judges what every profile must have: validator.
pub const STRUCTURE: BuiltIn = BuiltIn {
    name: "structure",
    component: include_bytes!(concat!(env!("OUT_DIR"), "/mooring-structure.wasm")),
};

/// Judges what payloads hold, by Apple's data: validator.
pub const APPLE_SCHEMA: BuiltIn = BuiltIn {
    name: "apple-schema",
    component: include_bytes!(concat!(env!("OUT_DIR"), "/mooring-apple-schema.wasm")),
};

/// Judges what profiles give away, trust and weaken: validator.
pub const SECURITY: BuiltIn = BuiltIn {
    name: "security",
    component: include_bytes!(concat!(env!("OUT_DIR"), "/mooring-security.wasm")),
};

/// Judges the profiles that one host would get together: set validator.
pub const PROFILE_SET: BuiltIn = BuiltIn {
    name: "profile-set",
    component: include_bytes!(concat!(env!("OUT_DIR"), "/mooring-profile-set.wasm")),
};

/// Makes the built-in profiles: generator.
pub const BASELINE: BuiltIn = BuiltIn {
    name: "baseline",
    component: include_bytes!(concat!(env!("OUT_DIR"), "/mooring-baseline.wasm")),
};

/// Makes the profile that enrolls a device: generator.
pub const ENROLLMENT: BuiltIn = BuiltIn {
    name: "enrollment",
    component: include_bytes!(concat!(env!("OUT_DIR"), "/mooring-enrollment.wasm")),
};

/// All of them.
pub const ALL: [BuiltIn; 6] = [
    STRUCTURE,
    APPLE_SCHEMA,
    SECURITY,
    PROFILE_SET,
    BASELINE,
    ENROLLMENT,
];
