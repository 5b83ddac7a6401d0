//! From the files and folders that a person names to the profiles meant by them.
//!
//! Knows nothing of what is in a file. Invariant: the files come in a settled order, each once; a
//! folder or file that cannot be read does not stop the others.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

/// Deepest folder looked into, counted from the one named.
const DEPTH_MAX: u32 = 64;
/// Most of a file that is read, in bytes: several times what a profile may have, so that an
/// oversized one is still refused by its rule and not here.
pub(crate) const READ_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How the files in a folder that count end, in any case.
const EXTENSION: &str = "mobileconfig";

/// What the names stand for.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// The files, in order of path.
    pub(crate) files: BTreeSet<PathBuf>,
    /// What could not be looked into.
    pub(crate) unreadable: Vec<(PathBuf, io::Error)>,
}

impl Gathered {
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.unreadable.is_empty()
    }
}

/// Takes files as they are, and from folders and the folders in them every `*.mobileconfig`.
/// Links to folders inside a folder are not followed.
pub(crate) fn gather(names: &[PathBuf]) -> Gathered {
    let mut gathered = Gathered::default();
    for name in names {
        match fs::metadata(name) {
            Ok(found) if found.is_dir() => walk(name, 0, &mut gathered),
            Ok(_) => {
                gathered.files.insert(name.clone());
            }
            Err(error) => gathered.unreadable.push((name.clone(), error)),
        }
    }
    gathered
}

fn walk(folder: &Path, depth: u32, gathered: &mut Gathered) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return gathered.unreadable.push((folder.to_owned(), error)),
    };
    for entry in entries {
        let looked = entry.and_then(|entry| Ok((entry.path(), entry.file_type()?)));
        match looked {
            Ok((path, kind)) if kind.is_dir() => {
                if depth < DEPTH_MAX {
                    walk(&path, depth + 1, gathered);
                } else {
                    let error = io::Error::other("the folders are nested too deep");
                    gathered.unreadable.push((path, error));
                }
            }
            // A link counts as what it leads to, but for folders: they could lead back up.
            Ok((path, _)) if is_profile(&path) && !path.is_dir() => {
                gathered.files.insert(path);
            }
            Ok(_) => {}
            Err(error) => gathered.unreadable.push((folder.to_owned(), error)),
        }
    }
}

fn is_profile(path: &Path) -> bool {
    path.extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case(EXTENSION))
}

/// Reads a file of at most [`READ_BYTES_MAX`].
///
/// # Errors
/// If it cannot be read, or is larger.
pub(crate) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(READ_BYTES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= READ_BYTES_MAX) {
        return Ok(bytes);
    }
    let text = format!("it has more than {READ_BYTES_MAX} bytes, which no profile has");
    Err(io::Error::new(io::ErrorKind::FileTooLarge, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn touch(path: &Path) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "x").unwrap();
    }

    /// Proves that folders are searched for profiles, that named files are taken as they are, each
    /// once, and that a missing one is told apart.
    #[test]
    fn names_become_files() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [
            "d/b.mobileconfig",
            "d/a/C.MobileConfig",
            "d/notes.txt",
            "other.xml",
        ] {
            touch(&at(name));
        }
        let names = [
            at("other.xml"),
            at("d"),
            at("d/b.mobileconfig"),
            at("missing"),
        ];
        let gathered = gather(&names);
        let found: Vec<_> = gathered.files.iter().cloned().collect();
        assert_eq!(
            found,
            [
                at("d/a/C.MobileConfig"),
                at("d/b.mobileconfig"),
                at("other.xml")
            ]
        );
        assert_eq!(gathered.unreadable[0].0, at("missing"));
        assert!(gather(&[]).is_empty());
    }

    /// Proves that a link that leads back up does not make the walk endless.
    #[cfg(unix)]
    #[test]
    fn links_to_folders_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        touch(&folder.path().join("d/a.mobileconfig"));
        std::os::unix::fs::symlink(folder.path(), folder.path().join("d/up.mobileconfig")).unwrap();
        assert_eq!(gather(&[folder.path().to_owned()]).files.len(), 1);
    }

    /// Proves that a file is read up to the bound and refused beyond it.
    #[test]
    fn large_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("large");
        let file = File::create(&path).unwrap();
        file.set_len(READ_BYTES_MAX).unwrap();
        assert!(read(&path).is_ok());
        file.set_len(READ_BYTES_MAX + 1).unwrap();
        assert_eq!(read(&path).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
    }
}
