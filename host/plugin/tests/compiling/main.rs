//! How a component becomes a plugin: where it is compiled, what is kept of it and of its answers, what
//! the classes may have.
//!
//! A program of its own: compiling takes all processors, and other tests look at the clock.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod classes;
mod keeping;
mod processes;

use std::path::Path;
use std::sync::LazyLock;

use mooring_mdm::plist::{Document, ReaderLimits, read_xml};
use mooring_plugin::{Plugin, Runtime, RuntimeOptions};

/// The component of `tests/guests/hostile`.
static HOSTILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let guests = mooring_guest_build::build(&["mooring-hostile"], folder).unwrap();
    std::fs::read(&guests[0].component).unwrap()
});

/// The same, loaded.
fn hostile() -> Plugin {
    static PLUGIN: LazyLock<Plugin> = LazyLock::new(|| {
        let runtime = Runtime::new(&RuntimeOptions::default()).unwrap();
        runtime.load(&HOSTILE).unwrap()
    });
    PLUGIN.clone()
}

/// A dictionary with an array of one dictionary.
fn document() -> Document {
    let text = b"<plist version=\"1.0\"><dict><key>PayloadContent</key><array><dict/></array></dict></plist>";
    read_xml(text, &ReaderLimits::default()).unwrap().document
}
