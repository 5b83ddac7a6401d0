//! Files and folders that their owner alone can have written.
//!
//! Knows nothing of what is in them. Invariants: what is read was looked at after it was opened, so
//! nobody can put another file in its place between the two; what is written is there whole or not
//! at all.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use super::CacheError;

/// Who may write, beside the owner, by the mode of a file.
const OTHERS_MAY_WRITE: u32 = 0o022;

/// Who may read, beside the owner.
const OTHERS_MAY_READ: u32 = 0o044;

/// Why a file's content is not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum FileError {
    /// There is none.
    #[error("there is none")]
    Missing,
    /// Somebody else could have written it.
    #[error("{0}")]
    NotOurs(&'static str),
    /// It is not what was written.
    #[error("its content is not what was written")]
    Altered,
    /// It cannot be read.
    #[error("{0}")]
    Io(#[from] io::Error),
}

/// Makes sure that `folder` is there, is a folder, and that nobody else writes to it.
pub(super) fn own_folder(folder: &Path) -> Result<(), CacheError> {
    let failed = |source| CacheError::File {
        path: folder.to_owned(),
        source,
    };
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true).mode(0o700);
    builder.create(folder).map_err(failed)?;
    let found = fs::symlink_metadata(folder).map_err(failed)?;
    let not_ours = |reason| CacheError::NotOurs {
        path: folder.to_owned(),
        reason,
    };
    if !found.is_dir() {
        return Err(not_ours("it is a link or no folder"));
    }
    foreign(&found).map_or(Ok(()), |reason| Err(not_ours(reason)))
}

/// The whole of a file of ours of at most `bytes_max` bytes.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FileError> {
    // Not following links; and not waiting for a writer, should it be a pipe.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match rustix::fs::open(path, flags, Mode::empty()) {
        Ok(file) => File::from(file),
        Err(rustix::io::Errno::NOENT) => return Err(FileError::Missing),
        Err(rustix::io::Errno::LOOP) => return Err(FileError::NotOurs("it is a link")),
        Err(error) => return Err(io::Error::from(error).into()),
    };
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(FileError::NotOurs("it is no file"));
    }
    if let Some(reason) = foreign(&found) {
        return Err(FileError::NotOurs(reason));
    }
    if found.len() > bytes_max {
        return Err(FileError::NotOurs("it is larger than anything kept here"));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or(0));
    file.take(bytes_max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The same of a file that nobody else can read either.
pub(super) fn read_secret(path: &Path, bytes_max: u64) -> Result<Vec<u8>, FileError> {
    let mode = fs::symlink_metadata(path).map(|found| found.mode());
    if mode.is_ok_and(|mode| mode & OTHERS_MAY_READ != 0) {
        return Err(FileError::NotOurs("other users may read it"));
    }
    read(path, bytes_max)
}

/// Whether somebody else could have written it, and how.
fn foreign(found: &fs::Metadata) -> Option<&'static str> {
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Some("it belongs to another user");
    }
    (found.mode() & OTHERS_MAY_WRITE != 0).then_some("other users may write to it")
}

/// Puts a file of these parts where `path` says, in place of what may be there, also of a link.
pub(super) fn replace(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut salt = [0; 8];
    getrandom::fill(&mut salt).map_err(|_| io::Error::other("no randomness"))?;
    let salt = u64::from_ne_bytes(salt);
    let beside = path.with_extension(format!("{salt:016x}.new"));
    let written = write(&beside, parts).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // Whether it is there or not: there is nothing more to do about it.
        let _ = fs::remove_file(&beside);
        return written;
    }
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn write(path: &Path, parts: &[&[u8]]) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    let mut file = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    parts.iter().try_for_each(|part| file.write_all(part))?;
    file.sync_all()
}
