//! Compiles the plugins that ship with Mooring.

fn main() {
    mooring_guest_build::run(&[
        "mooring-structure",
        "mooring-apple-schema",
        "mooring-security",
        "mooring-profile-set",
        "mooring-baseline",
        "mooring-enrollment",
    ]);
}
