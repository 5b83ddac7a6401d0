//! Compiles the misbehaving plugins that the tests load.

fn main() {
    mooring_guest_build::run(&["mooring-hostile"]);
}
