//! Files that their owner alone can read.
//!
//! Knows nothing of what is in them. Invariants: a file is never readable by others, not even for
//! a moment; whoever reads it sees the old content or the new one, whole.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Writes `text` in place of what may be there.
pub(crate) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let beside = path.with_file_name(name);
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    // Left behind by a start that was cut short; its mode is not to be trusted.
    if beside.exists() {
        fs::remove_file(&beside)?;
    }
    let mut file = options.open(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    if let Some(folder) = path.parent() {
        fs::File::open(folder)?.sync_all()?;
    }
    Ok(())
}
