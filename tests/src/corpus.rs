//! Finds the corpus of real profiles, which lies beside the checkout and not in it.
//!
//! Invariant: a test that does not find it says so where everybody sees it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

/// The folder of real profiles, or nothing and a loud line that names the test.
pub fn folder(test: &str) -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus/mobileconfig");
    if root.is_dir() {
        return Some(root);
    }
    say(&format!(
        "SKIPPED {test}: there is no corpus at {}",
        root.display()
    ));
    None
}

/// Every `*.mobileconfig` below `root`, in order of path.
pub fn profiles(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder that can be read") {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "mobileconfig") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Writes a line past the test runner, which keeps the output of tests that pass to itself.
pub fn say(line: &str) {
    // Nobody can be told if this fails.
    let _ = writeln!(std::io::stderr(), "{line}");
}
