//! From the files and folders that a person names to the profiles meant by them.
//!
//! Knows nothing of what is in a file. Invariants: the files come in a settled order, each once; a
//! folder or file that cannot be read does not stop the others; a file that is named is meant, and
//! what a fix wrote beside its file is not meant by their folder.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::output;
use crate::text::clean;

/// Deepest folder looked into, counted from the one named.
const DEPTH_MAX: u32 = 64;
/// Most of a file that is read, in bytes: several times what a profile may have, so that an
/// oversized one is still refused by its rule and not here.
pub(crate) const READ_BYTES_MAX: u64 = 16 * 1024 * 1024;
/// How the files in a folder that count end, in any case.
const EXTENSION: &str = "mobileconfig";
/// How the names of fixed files end, before the extension.
pub(crate) const FIXED: &str = ".fixed";
/// How many files a note names.
const NAMED_MAX: usize = 5;

/// What the names stand for.
#[derive(Debug, Default)]
pub(crate) struct Gathered {
    /// The files, in order of path.
    pub(crate) files: BTreeSet<PathBuf>,
    /// What could not be looked into.
    pub(crate) unreadable: Vec<(PathBuf, io::Error)>,
    /// Fixed files in folders that have the file they were made of.
    passed_over: BTreeSet<PathBuf>,
}

impl Gathered {
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.unreadable.is_empty()
    }

    /// Says which fixed files were passed over, if any were.
    pub(crate) fn tell_passed_over(&self) {
        for path in self.passed_over.iter().take(NAMED_MAX) {
            let name = clean(&path.display().to_string());
            output::note(&format!(
                "{name} was passed over, since the file it was made of lies beside it: \
                 put it in the place of that one, or name it"
            ));
        }
        if self.passed_over.len() > NAMED_MAX {
            let more = self.passed_over.len() - NAMED_MAX;
            output::note(&format!("and {more} more such files were passed over"));
        }
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
    let Gathered {
        files, passed_over, ..
    } = &mut gathered;
    passed_over.retain(|path| !files.contains(path));
    gathered
}

/// The file that a fixed one of this name was made of.
fn original(path: &Path) -> Option<PathBuf> {
    let (stem, extension) = (path.file_stem()?.to_str()?, path.extension()?.to_str()?);
    let stem = stem.strip_suffix(FIXED).filter(|stem| !stem.is_empty())?;
    Some(path.with_file_name(format!("{stem}.{extension}")))
}

fn walk(folder: &Path, depth: u32, gathered: &mut Gathered) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return gathered.unreadable.push((folder.to_owned(), error)),
    };
    let mut found = BTreeSet::new();
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
                found.insert(path);
            }
            Ok(_) => {}
            Err(error) => gathered.unreadable.push((folder.to_owned(), error)),
        }
    }
    let is_fixed =
        |path: &PathBuf| original(path).is_some_and(|original| found.contains(&original));
    let (fixed, files): (BTreeSet<_>, BTreeSet<_>) = found.iter().cloned().partition(is_fixed);
    gathered.files.extend(files);
    gathered.passed_over.extend(fixed);
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

    /// Proves that a folder does not stand for a fixed file beside its original, that such a file
    /// counts where it is alone or named, and that those left out are known.
    #[test]
    fn fixed_files_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for name in [
            "a.mobileconfig",
            "a.fixed.mobileconfig",
            "b.fixed.mobileconfig",
            "c.MOBILECONFIG",
            "c.fixed.MOBILECONFIG",
            ".fixed.mobileconfig",
            "d/a.fixed.mobileconfig",
        ] {
            touch(&at(name));
        }
        let gathered = gather(&[at("")]);
        let left = [
            ".fixed.mobileconfig",
            "a.mobileconfig",
            "b.fixed.mobileconfig",
            "c.MOBILECONFIG",
            "d/a.fixed.mobileconfig",
        ];
        assert_eq!(gathered.files, left.map(at).into());
        let passed = ["a.fixed.mobileconfig", "c.fixed.MOBILECONFIG"];
        assert_eq!(gathered.passed_over, passed.map(at).into());
        let named = gather(&[at(""), at("a.fixed.mobileconfig")]);
        assert_eq!(named.files.len(), left.len() + 1);
        assert_eq!(named.passed_over.len(), 1);
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
