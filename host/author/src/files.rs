//! Writes files whole.
//!
//! Knows nothing of what is in them. Invariant: whoever reads a file that is being replaced sees the
//! old one or the new one.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Writes a file in place of what was there, and makes its folder.
///
/// # Errors
/// What the system says; then the old file is still there.
pub fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let beside = beside(path);
    fs::write(&beside, bytes)?;
    fs::rename(&beside, path)
}

fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{}", std::process::id()))
}
