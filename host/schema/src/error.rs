//! Why there is no table.
//!
//! Invariant: each text names the file, and the line where there is one.

use std::io;
use std::path::PathBuf;

/// Why a checkout or a table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    /// A file or folder cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("cannot write {}", path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder has no `mdm/profiles` with YAML files in it.
    #[error(
        "{} holds no mdm/profiles/*.yaml and no *.yaml; give a checkout of \
         github.com/apple/device-management",
        path.display()
    )]
    NoCheckout {
        /// The folder.
        path: PathBuf,
    },
    /// The folder has no manifests.
    #[error(
        "{} holds no property list with pfm_domain; give a checkout of \
         github.com/ProfileManifests/ProfileManifests",
        path.display()
    )]
    NoManifests {
        /// The folder.
        path: PathBuf,
    },
    /// A YAML file is not well-formed.
    #[error("{}:{line}: {reason}", path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What the parser says.
        reason: String,
    },
    /// A YAML file is not what Apple's files are.
    #[error("{}:{line}: {wanted} was expected here", path.display())]
    Shape {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What should stand there.
        wanted: &'static str,
    },
    /// A file is longer than any of its kind.
    #[error("{} has {bytes} bytes; at most {limit} are read", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its length.
        bytes: usize,
        /// What is allowed.
        limit: usize,
    },
    /// A text is no table.
    #[error("line {line} of the schema table: {reason}; make it with `mooring schema update`")]
    Table {
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
    /// A file is no table.
    #[error("{} is no usable schema table", path.display())]
    TableFile {
        /// The file.
        path: PathBuf,
        /// Why.
        source: Box<Self>,
    },
    /// There is no home folder to keep a table in.
    #[error("neither XDG_CONFIG_HOME nor HOME is set; name the file with --out")]
    NoHome,
}
