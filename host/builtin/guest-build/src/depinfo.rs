//! Reads the dependency listings that cargo writes beside what it builds.
//!
//! Knows nothing of which files matter. Invariant: a listing it does not understand yields fewer
//! files, never wrong ones.

use std::path::PathBuf;

/// The files after `target:` on each line, in make's syntax: separated by spaces, with a space
/// inside a name written as `\ `.
pub(crate) fn files(listing: &str) -> impl Iterator<Item = PathBuf> {
    listing
        .lines()
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(_, files)| names(files))
}

fn names(files: &str) -> Vec<PathBuf> {
    let mut names = Vec::new();
    let mut name = String::new();
    let mut rest = files.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\\' if rest.peek() == Some(&' ') => name.extend(rest.next()),
            ' ' => names.push(std::mem::take(&mut name)),
            _ => name.push(c),
        }
    }
    names.push(name);
    names
        .into_iter()
        .filter(|name| !name.is_empty())
        .map(PathBuf::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names with spaces survive, and a line without names yields none.
    #[test]
    fn names_are_split_as_make_does() {
        let listing = "/t/a.wasm: /w/src/lib.rs /w/my\\ file.json\n\n/w/src/lib.rs:\n";
        let found: Vec<_> = files(listing).collect();
        assert_eq!(
            found,
            [
                PathBuf::from("/w/src/lib.rs"),
                PathBuf::from("/w/my file.json")
            ]
        );
    }
}
