//! Real components in the real engine: what loads, and how each misbehaviour ends.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod calls;
mod generating;
mod load;
mod measuring;

use std::path::Path;
use std::sync::LazyLock;

use mooring_plugin::{Plugin, Runtime, RuntimeOptions};

/// The component of `tests/guests/hostile`.
static HOSTILE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let guests = mooring_guest_build::build(&["mooring-hostile"], folder).unwrap();
    std::fs::read(&guests[0].component).unwrap()
});

static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new(&RuntimeOptions::default()).unwrap());

static PLUGIN: LazyLock<Plugin> = LazyLock::new(|| RUNTIME.load(&HOSTILE).unwrap());
