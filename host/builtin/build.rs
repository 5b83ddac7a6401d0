//! Compiles the plugins that ship with Mooring.

fn main() {
    mooring_guest_build::run(&[
        "mooring-structure",
        "mooring-baseline",
        "mooring-enrollment",
    ]);
}
