//! Turns the folder of a plugin into a component.
//!
//! Knows nothing of servers. Invariants: a component has the manifest that lies beside its sources,
//! whole; it is written only if a host would take it, and in one step.

mod rust;
mod section;
mod tools;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use mooring_plugin::{Compiler, Digest, LoadError, Manifest};

use crate::workshop::{OpenError, Workshop, WorkshopError};
use crate::{files, manifest};

pub use tools::INSTALL_FOLDERS;

/// The folder below a plugin's own that components are written to.
pub const DIST: &str = "dist";

/// A component that was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is.
    pub component: Vec<u8>,
    /// Its digest.
    pub digest: Digest,
    /// What it says about itself.
    pub manifest: Manifest,
}

/// Why there is no component.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The folder is no plugin's.
    #[error(
        "{} is no folder of a plugin: it has none of Cargo.toml, package.json, requirements.txt",
        folder.display()
    )]
    NoProject {
        /// The folder.
        folder: PathBuf,
    },
    /// The manifest cannot be used.
    #[error(transparent)]
    Source(#[from] manifest::SourceError),
    /// A tool is not there.
    #[error("`{tool}` is not there; {remedy}")]
    NoTool {
        /// The program.
        tool: &'static str,
        /// What brings it.
        remedy: &'static str,
    },
    /// Rust cannot compile to WebAssembly yet.
    #[error(
        "a plugin is WebAssembly, which this Rust toolchain cannot build yet. Run: rustup target \
         add wasm32-unknown-unknown"
    )]
    NoTarget,
    /// A tool could not be started.
    #[error("could not start {tool}")]
    Start {
        /// The program.
        tool: String,
        /// What the system says.
        source: io::Error,
    },
    /// A tool failed; it has said why.
    #[error("{what} failed; what it says stands above")]
    Failed {
        /// Which step.
        what: String,
    },
    /// The build went well and there is nothing.
    #[error("{what}")]
    Nothing {
        /// What is missing, and how to mend it.
        what: String,
    },
    /// A file could not be read or written.
    #[error("could not use {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The core module does not become a component.
    #[error("the module does not become a component: {reason}")]
    Encode {
        /// What `wit-component` says, with its causes.
        reason: String,
    },
    /// No host would take it.
    #[error("it was built, but no host would take it")]
    Refused(#[source] LoadError),
    /// The plugin runtime does not start.
    #[error(transparent)]
    Workshop(WorkshopError),
}

/// What a folder is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Project {
    Rust,
    Js,
    Python,
}

impl Project {
    fn of(folder: &Path) -> Option<Self> {
        let has = |name: &str| folder.join(name).is_file();
        match () {
            () if has("Cargo.toml") => Some(Self::Rust),
            () if has("package.json") => Some(Self::Js),
            () if has("requirements.txt") => Some(Self::Python),
            () => None,
        }
    }
}

/// The component that was built of `folder`, if it is newer than every file there. Cargo knows better
/// what is new, so for Rust there is never one.
pub fn up_to_date(folder: &Path) -> Option<PathBuf> {
    if Project::of(folder)? == Project::Rust {
        return None;
    }
    let dist = fs::read_dir(folder.join(DIST)).ok()?;
    let built = dist.flatten().map(|entry| entry.path());
    let mut built = built.filter(|path| path.extension().is_some_and(|e| e == "wasm"));
    let component = built.next().filter(|_| built.next().is_none())?;
    let at = fs::metadata(&component)
        .and_then(|found| found.modified())
        .ok()?;
    let sources = crate::watch::snapshot(folder);
    let is_older = |modified: &Option<SystemTime>| modified.is_some_and(|modified| modified < at);
    let mut times = sources.values().map(|(modified, _)| modified);
    times.all(is_older).then_some(component)
}

/// Builds the plugin in `folder` into `dist/NAME.wasm`. What the tools say goes to standard error.
/// `say` is told of steps that take long; `compiler` tries out the result.
///
/// # Errors
/// [`BuildError`]; then a component that was there is still there.
pub fn build(folder: &Path, compiler: &Compiler, say: &dyn Fn(&str)) -> Result<Built, BuildError> {
    let no_project = || BuildError::NoProject {
        folder: folder.to_owned(),
    };
    let project = Project::of(folder).ok_or_else(no_project)?;
    let source = manifest::read(folder)?;
    let (name, component) = match project {
        Project::Rust => rust::build(folder)?,
        Project::Js => tools::js(folder, &source.manifest, say)?,
        Project::Python => tools::python(folder, &source.manifest, say)?,
    };
    let component = section::appended(component, manifest::SECTION, &source.json);
    let workshop = Workshop::open(&component, compiler).map_err(|error| match error {
        OpenError::Refused(reason) => BuildError::Refused(reason),
        OpenError::Workshop(reason) => BuildError::Workshop(reason),
    })?;
    let path = folder.join(DIST).join(format!("{name}.wasm"));
    files::replace(&path, &component).map_err(|source| BuildError::File {
        path: path.clone(),
        source,
    })?;
    Ok(Built {
        path,
        digest: workshop.plugin().digest(),
        manifest: workshop.plugin().manifest().clone(),
        component,
    })
}
