//! Compiles plugins of this workspace to components, from a build script.
//!
//! A build script calls [`run`] with package names and embeds `$OUT_DIR/<package>.wasm`. It knows
//! nothing of what a plugin does. Invariant: the inner cargo has its own target folder (the outer
//! one holds the lock of its own) and none of the outer one's flags and wrappers, so that a plugin
//! comes out the same under `build`, `test` and `clippy`.

mod depinfo;

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::{fs, io};

/// The only target a plugin is built for: it has no WASI to import.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// The profile of the root manifest that plugins are built with.
const PROFILE: &str = "plugin";

/// What adds the target where it is missing.
pub const ADD_TARGET: &str = "rustup target add wasm32-unknown-unknown";

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The toolchain has no standard library for [`TARGET`].
    #[error(
        "the plugins are WebAssembly, which this Rust toolchain cannot build yet. Run: {ADD_TARGET}"
    )]
    MissingTarget,
    /// A program could not be started.
    #[error("could not start {program}")]
    Start {
        /// The program.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// The inner cargo failed.
    #[error("the plugins did not compile\n{output}")]
    Compile {
        /// What the compiler said.
        output: String,
    },
    /// A file could not be read or written.
    #[error("could not use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The core module is no plugin.
    #[error("{package} does not become a component: {reason}")]
    Encode {
        /// The package.
        package: String,
        /// What `wit-component` says, with its causes.
        reason: String,
    },
}

/// One plugin, built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Guest {
    /// The package's name.
    pub package: String,
    /// The component.
    pub component: PathBuf,
    /// Every file of this workspace that went into it, manifests included.
    pub sources: BTreeSet<PathBuf>,
}

/// Builds `packages` and tells cargo when to do it again; the whole of a build script.
/// A failure is reported so that cargo's own output names it, and ends the process.
#[expect(
    clippy::print_stdout,
    reason = "cargo reads a build script's standard output"
)]
pub fn run(packages: &[&str]) {
    let Some(out_dir) = env::var_os("OUT_DIR").map(PathBuf::from) else {
        println!("cargo::error=this is for build scripts, which have an OUT_DIR");
        return;
    };
    match build(packages, &out_dir) {
        Ok(guests) => {
            let sources: BTreeSet<_> = guests.iter().flat_map(|guest| &guest.sources).collect();
            for source in sources {
                println!("cargo::rerun-if-changed={}", source.display());
            }
        }
        Err(error) => {
            let mut text = error.to_string();
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                text = format!("{text}: {cause}");
                source = cause.source();
            }
            for line in text.lines() {
                println!("cargo::error={line}");
            }
            std::process::exit(1);
        }
    }
}

/// Builds `packages` into `<out_dir>/<package>.wasm`.
///
/// # Errors
/// [`BuildError`]; each text says what to do or carries the compiler's own.
pub fn build(packages: &[&str], out_dir: &Path) -> Result<Vec<Guest>, BuildError> {
    check_target()?;
    let root = workspace_root();
    let target_dir = target_dir(out_dir, &root).join("guests");
    compile(packages, &root, &target_dir)?;
    let built = target_dir.join(TARGET).join(PROFILE);
    packages
        .iter()
        .map(|package| wrap(package, &root, &built, out_dir))
        .collect()
}

fn check_target() -> Result<(), BuildError> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let mut command = Command::new(rustc);
    scrub(&mut command);
    command.args(["--print", "target-libdir", "--target", TARGET]);
    let libdir = start(&mut command)?;
    if libdir.status.success() && Path::new(text(&libdir.stdout).trim()).is_dir() {
        Ok(())
    } else {
        Err(BuildError::MissingTarget)
    }
}

fn compile(packages: &[&str], root: &Path, target_dir: &Path) -> Result<(), BuildError> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(cargo);
    scrub(&mut command);
    command
        .current_dir(root)
        .args(["build", "--locked", "--color", "never", "--lib"]);
    command
        .args(["--profile", PROFILE, "--target", TARGET, "--target-dir"])
        .arg(target_dir);
    for package in packages {
        command.args(["-p", package]);
    }
    let output = start(&mut command)?;
    if output.status.success() {
        Ok(())
    } else {
        Err(BuildError::Compile {
            output: text(&output.stderr),
        })
    }
}

/// Takes away what the outer cargo, clippy or the user's shell set for other code than plugins.
/// The job server stays, so that both cargos together keep to one number of jobs.
fn scrub(command: &mut Command) {
    const NAMES: [&str; 6] = [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_TARGET_DIR",
        "RUSTC_WRAPPER",
        "RUSTC_WORKSPACE_WRAPPER",
        "CLIPPY_ARGS",
    ];
    const PREFIXES: [&str; 5] = [
        "CARGO_BUILD_",
        "CARGO_PROFILE_",
        "CARGO_TARGET_",
        "CARGO_FEATURE_",
        "CARGO_CFG_",
    ];
    for (name, _) in env::vars_os() {
        let known = name.to_str().is_some_and(|name| {
            NAMES.contains(&name) || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
        });
        if known {
            command.env_remove(name);
        }
    }
}

fn start(command: &mut Command) -> Result<Output, BuildError> {
    command.output().map_err(|source| BuildError::Start {
        program: command.get_program().to_string_lossy().into_owned(),
        source,
    })
}

fn wrap(package: &str, root: &Path, built: &Path, out_dir: &Path) -> Result<Guest, BuildError> {
    let library = package.replace('-', "_");
    let module_path = built.join(format!("{library}.wasm"));
    let module = fs::read(&module_path).map_err(|source| BuildError::File {
        path: module_path.clone(),
        source,
    })?;
    let encoded = wit_component::ComponentEncoder::default()
        .module(&module)
        .and_then(|mut encoder| encoder.encode())
        .map_err(|e| BuildError::Encode {
            package: package.to_owned(),
            reason: format!("{e:#}"),
        })?;
    let component = out_dir.join(format!("{package}.wasm"));
    fs::write(&component, encoded).map_err(|source| BuildError::File {
        path: component.clone(),
        source,
    })?;
    let depinfo_path = built.join(format!("{library}.d"));
    let depinfo = fs::read_to_string(&depinfo_path).map_err(|source| BuildError::File {
        path: depinfo_path,
        source,
    })?;
    Ok(Guest {
        package: package.to_owned(),
        component,
        sources: sources(&depinfo, root),
    })
}

/// The files that a dependency listing names, the manifests beside them, and what decides the
/// versions of everything else.
fn sources(depinfo: &str, root: &Path) -> BTreeSet<PathBuf> {
    let mut all: BTreeSet<PathBuf> = ["Cargo.toml", "Cargo.lock"]
        .map(|name| root.join(name))
        .into();
    for file in depinfo::files(depinfo).filter(|file| file.starts_with(root)) {
        let manifest = file
            .ancestors()
            .map(|folder| folder.join("Cargo.toml"))
            .find(|m| m.exists());
        all.extend(manifest);
        all.insert(file);
    }
    all
}

/// This crate lies three folders below the workspace's root.
fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(3)
        .unwrap_or(Path::new("/"))
        .to_owned()
}

/// The outer cargo's target folder: the one above `out_dir` that cargo has marked, however it was
/// named to cargo.
fn target_dir(out_dir: &Path, root: &Path) -> PathBuf {
    out_dir
        .ancestors()
        .find(|folder| folder.join("CACHEDIR.TAG").exists())
        .map_or_else(|| root.join("target"), Path::to_owned)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The plugins' target folder lies in the outer one, wherever that is.
    #[test]
    fn target_folder_is_found_by_its_mark() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("debug/build/x-1/out");
        fs::create_dir_all(&out).unwrap();
        let root = Path::new("/somewhere");
        assert_eq!(target_dir(&out, root), Path::new("/somewhere/target"));
        fs::write(folder.path().join("CACHEDIR.TAG"), "").unwrap();
        assert_eq!(target_dir(&out, root), folder.path());
    }

    /// The text for a missing target is the command, and nothing after it.
    #[test]
    fn missing_target_names_the_command() {
        let text = BuildError::MissingTarget.to_string();
        assert!(
            text.ends_with("Run: rustup target add wasm32-unknown-unknown"),
            "{text}"
        );
    }
}
