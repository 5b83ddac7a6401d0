//! The folder in the data folder that holds a backup until it is fetched.
//!
//! Knows nothing of what is in a backup. Invariant: only files that a server named itself are ever
//! removed; what a person put beside them stays.

use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The folder in the data folder that holds a backup until it is fetched.
const FOLDER: &str = "backups";
/// How the name of a backup there ends, behind its id.
const ENDING: &str = ".backup";
/// How the name of one ends that is not finished.
const UNFINISHED: &str = ".unfinished";
/// Hex digits of an id.
const ID_DIGITS: usize = 16;
/// The folder.
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn in_data(data: &Path) -> Self {
        Self(data.join(FOLDER))
    }

    pub(super) fn folder(&self) -> &Path {
        &self.0
    }

    /// Makes the folder, for its owner alone.
    pub(super) fn make(&self) -> io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true).mode(0o700).create(&self.0)
    }

    /// Where the backup `id` is.
    pub(super) fn path(&self, id: &str) -> PathBuf {
        self.0.join(format!("{id}{ENDING}"))
    }

    /// The bytes of all backups there, finished or not.
    pub(super) fn bytes(&self) -> u64 {
        let sizes = self.ours().into_iter().filter_map(|path| {
            let found = fs::symlink_metadata(path).ok()?;
            Some(found.len())
        });
        sizes.sum()
    }

    /// Removes all backups, finished or not.
    pub(super) fn sweep(&self) {
        for path in self.ours() {
            if let Err(error) = fs::remove_file(&path) {
                tracing::warn!(path = %path.display(), %error, "a backup cannot be removed");
            }
        }
    }

    /// Removes all backups, and the folder if nothing else is in it.
    pub(super) fn leave(&self) {
        self.sweep();
        let _ = fs::remove_dir(&self.0);
    }

    fn ours(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.0).into_iter().flatten().flatten();
        let ours = entries.filter(|entry| entry.file_name().to_str().is_some_and(is_ours));
        ours.map(|entry| entry.path()).collect()
    }
}

/// Whether a name is one that a server gives: an id and its ending, perhaps not finished.
fn is_ours(name: &str) -> bool {
    let name = match name.strip_suffix(UNFINISHED) {
        Some(rest) => rest
            .strip_prefix('.')
            .and_then(|rest| Some(rest.rsplit_once('.')?.0)),
        None => Some(name),
    };
    let id = name.and_then(|name| name.strip_suffix(ENDING));
    id.is_some_and(|id| id.len() == ID_DIGITS && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The SHA-256 of a file, in hex.
///
/// # Errors
/// The system's reason if it cannot be read.
pub fn sha256(file: &Path) -> io::Result<String> {
    let mut file = File::open(file)?;
    let mut digest = Sha256::new();
    let mut chunk = vec![0; 64 * 1024];
    loop {
        match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => digest.update(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(format!("{:x}", digest.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Proves that only names of a server's own are swept: what a person puts beside them stays.
    #[test]
    fn names() {
        for name in [
            "0123456789abcdef.backup",
            ".0123456789abcdef.backup.00ff00ff00ff00ff.unfinished",
        ] {
            assert!(is_ours(name), "{name}");
        }
        for name in [
            "monday.backup",
            "0123456789abcdef",
            "0123456789abcdeg.backup",
            "0123456789abcdef.backup.old",
            ".monday.backup.00ff00ff00ff00ff.unfinished",
            "0123456789abcdef.backup.unfinished",
            ".unfinished",
            ".backup",
        ] {
            assert!(!is_ours(name), "{name}");
        }
    }
}
