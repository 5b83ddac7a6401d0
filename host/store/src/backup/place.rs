//! Files that get their name last.
//!
//! Knows nothing of what is in them. Invariants: a file is never readable by others; until it is
//! whole and durable it has a name that nobody looks for, and it is deleted if it never gets
//! another.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::BackupError;
use crate::StoreError;
use crate::redb_store::sync_folder_of;

/// A file that is not finished. Dropping it deletes it.
pub(super) struct Unfinished {
    path: PathBuf,
    target: PathBuf,
}

impl Unfinished {
    /// A new, empty file beside `target`.
    pub(super) fn beside(target: &Path) -> Result<(Self, File), BackupError> {
        let mut number = [0; 8];
        getrandom::fill(&mut number).map_err(StoreError::Random)?;
        let mut name = std::ffi::OsString::from(".");
        name.push(target.file_name().unwrap_or_default());
        name.push(format!(".{:016x}.unfinished", u64::from_be_bytes(number)));
        let path = target.with_file_name(name);
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options
            .open(&path)
            .map_err(BackupError::file(target, "made"))?;
        let target = target.to_owned();
        Ok((Self { path, target }, file))
    }

    /// Where it is until then.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Gives a file that was synced its name.
    ///
    /// # Errors
    /// [`BackupError::Exists`] if there is a file of that name, unless it may be replaced.
    pub(super) fn finish(self, may_replace: bool) -> Result<(), BackupError> {
        let named = if may_replace {
            fs::rename(&self.path, &self.target)
        } else {
            self.link()
        };
        match named {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(BackupError::Exists {
                    path: self.target.clone(),
                });
            }
            outcome => outcome.map_err(BackupError::file(&self.target, "given its name"))?,
        }
        sync_folder_of(&self.target).map_err(BackupError::file(&self.target, "made durable"))
    }

    /// Unlike a rename, a second link never takes the place of a file. Some file systems have no
    /// links; there, a moment remains in which somebody else could make the file.
    fn link(&self) -> io::Result<()> {
        match fs::hard_link(&self.path, &self.target) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                if self.target.try_exists()? {
                    return Err(io::ErrorKind::AlreadyExists.into());
                }
                fs::rename(&self.path, &self.target)
            }
            outcome => {
                // Before the folder is synced, so that it does not come back.
                let _ = fs::remove_file(&self.path);
                outcome
            }
        }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Once it has its name there is nothing left to delete.
        let _ = fs::remove_file(&self.path);
    }
}

/// Refuses a target that is there.
pub(super) fn check_absent(target: &Path) -> Result<(), BackupError> {
    // A link that leads nowhere is there as well.
    match fs::symlink_metadata(target) {
        Ok(_) => Err(BackupError::Exists {
            path: target.to_owned(),
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(BackupError::file(target, "looked for")(error)),
    }
}
