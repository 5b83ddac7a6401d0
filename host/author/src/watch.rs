//! What a plugin's folder looks like from outside, to notice that something in it changed.
//!
//! Knows nothing of what is in the files. Invariant: what a build writes does not count.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::build::{DIST, INSTALL_FOLDERS};

/// Most files that are looked at.
const FILES_MAX: usize = 20_000;

/// Files, with when each was last written and how long it is.
pub type Snapshot = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Looks at every file of a plugin's folder but what is built or installed in it. What cannot be
/// looked at is left out.
pub fn snapshot(folder: &Path) -> Snapshot {
    let mut seen = Snapshot::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let (Ok(kind), name) = (entry.file_type(), name.to_string_lossy()) else {
                continue;
            };
            if kind.is_dir() {
                if !is_made(&name) {
                    open.push(entry.path());
                }
            } else if let Ok(found) = entry.metadata()
                && seen.len() < FILES_MAX
                && name != "Cargo.lock"
            {
                seen.insert(entry.path(), (found.modified().ok(), found.len()));
            }
        }
    }
    seen
}

/// The first file that is not what it was.
pub fn changed(before: &Snapshot, after: &Snapshot) -> Option<PathBuf> {
    let differs =
        |(path, now): &(&PathBuf, &(Option<SystemTime>, u64))| before.get(*path) != Some(*now);
    let new = after.iter().find(differs).map(|(path, _)| path);
    let gone = || before.keys().find(|path| !after.contains_key(*path));
    new.or_else(gone).cloned()
}

fn is_made(name: &str) -> bool {
    [DIST, "target", ".git"].contains(&name) || INSTALL_FOLDERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// New, changed and removed sources are noticed; what is built is not.
    #[test]
    fn changes() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("src/lib.rs", "a");
        let first = snapshot(folder.path());
        write("target/release/x", "a");
        write("dist/x.wasm", "a");
        assert_eq!(changed(&first, &snapshot(folder.path())), None);
        write("src/lib.rs", "ab");
        let second = snapshot(folder.path());
        assert!(changed(&first, &second).unwrap().ends_with("src/lib.rs"));
        write("testdata/new", "a");
        assert!(changed(&second, &snapshot(folder.path())).is_some());
        fs::remove_file(folder.path().join("src/lib.rs")).unwrap();
        assert!(changed(&second, &snapshot(folder.path())).is_some());
    }
}
