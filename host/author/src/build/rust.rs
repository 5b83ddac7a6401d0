//! Plugins in Rust: cargo, and the step that makes a component of a core module.
//!
//! Knows nothing of manifests but that the one of the SDK's macros is replaced. Invariant: flags and
//! wrappers that the shell has for other code do not reach the plugin.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{BuildError, section, tools};
use crate::manifest::SECTION;

/// The only target: it has no WASI to import.
const TARGET: &str = "wasm32-unknown-unknown";

/// What the shell may have set for other code.
const SCRUBBED: [&str; 5] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_TARGET_DIR",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
];

const INSTALL_RUST: &str = "install Rust from https://rustup.rs";

/// The package's name, and its component.
pub(super) fn build(folder: &Path) -> Result<(String, Vec<u8>), BuildError> {
    check_target(folder)?;
    let mut cargo = command("cargo", folder);
    cargo.args(["build", "--release", "--lib", "--target", TARGET]);
    cargo.args(["--message-format", "json-render-diagnostics"]);
    let output = tools::output(&mut cargo, "cargo", INSTALL_RUST)?;
    if !output.status.success() {
        let what = "cargo build".to_owned();
        return Err(BuildError::Failed { what });
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut built = messages.lines().filter_map(|line| module(line, folder));
    let Some((name, path)) = built.next_back() else {
        let what = "cargo built no module: Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\", \
                    \"rlib\"]`";
        let what = what.to_owned();
        return Err(BuildError::Nothing { what });
    };
    let module = fs::read(&path).map_err(|source| BuildError::File { path, source })?;
    let component = wit_component::ComponentEncoder::default()
        .module(&section::without(&module, SECTION))
        .and_then(|mut encoder| encoder.encode())
        .map_err(|error| BuildError::Encode {
            reason: format!("{error:#}"),
        })?;
    Ok((name, component))
}

fn command(program: &str, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).stderr(Stdio::inherit());
    for name in SCRUBBED {
        command.env_remove(name);
    }
    command
}

fn check_target(folder: &Path) -> Result<(), BuildError> {
    let mut rustc = command("rustc", folder);
    rustc.args(["--print", "target-libdir", "--target", TARGET]);
    let output = tools::output(&mut rustc, "rustc", INSTALL_RUST)?;
    let libdir = String::from_utf8_lossy(&output.stdout);
    if output.status.success() && Path::new(libdir.trim()).is_dir() {
        Ok(())
    } else {
        Err(BuildError::NoTarget)
    }
}

/// The package and the module of one of cargo's messages, if it is about a `cdylib` of this folder.
fn module(line: &str, folder: &Path) -> Option<(String, PathBuf)> {
    let message: Value = serde_json::from_str(line).ok()?;
    if message["reason"] != "compiler-artifact" {
        return None;
    }
    let own = fs::canonicalize(folder.join("Cargo.toml")).ok()?;
    let manifest = fs::canonicalize(message["manifest_path"].as_str()?).ok()?;
    let kinds = message["target"]["crate_types"].as_array()?;
    if own != manifest || !kinds.iter().any(|kind| kind == "cdylib") {
        return None;
    }
    let files = message["filenames"].as_array()?.iter();
    let mut files = files.filter_map(|file| file.as_str().map(PathBuf::from));
    let file = files.find(|file| file.extension().is_some_and(|e| e == "wasm"))?;
    let name = message["target"]["name"].as_str()?.replace('_', "-");
    Some((name, file))
}
