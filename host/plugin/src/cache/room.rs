//! Keeps the folder of compiled code within its limits.
//!
//! Knows nothing of what the files are. Invariant: the file that was just written is not among
//! those that go.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::{CacheLimits, EXTENSION};

struct Kept {
    changed_at: SystemTime,
    path: PathBuf,
    bytes: u64,
}

/// Removes the oldest files until the rest is within `limits`; what a writer left behind that was
/// cut short counts like any other.
pub(super) fn make(folder: &Path, limits: &CacheLimits, newest: &Path) -> io::Result<()> {
    let mut kept = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let extension = path.extension().unwrap_or_default();
        // One that has gone meanwhile needs no removing.
        let found = fs::symlink_metadata(&path).ok();
        if let Some(found) = found.filter(|_| extension == EXTENSION || extension == "new") {
            kept.push(Kept {
                changed_at: found.modified()?,
                path,
                bytes: found.len(),
            });
        }
    }
    kept.sort_by_key(|file| file.changed_at);
    let mut entries = kept.len();
    let mut bytes: u64 = kept.iter().map(|file| file.bytes).sum();
    for file in kept.iter().filter(|file| file.path != newest) {
        if entries <= limits.entries && bytes <= limits.bytes {
            break;
        }
        match fs::remove_file(&file.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        tracing::debug!(file = %file.path.display(), "old compiled code removed");
        entries -= 1;
        bytes -= file.bytes;
    }
    Ok(())
}
