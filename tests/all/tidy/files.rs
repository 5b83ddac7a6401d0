//! Rules about the repository as a whole: its top level, its manifests, its test data.
//!
//! Knows nothing of Rust code. Invariant: nothing lies around that nobody uses.

use super::SourceFile;

/// What may lie at the top, beside dotfiles.
const TOP_LEVEL: [&str; 9] = [
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE",
    "README.md",
    "host",
    "plugins",
    "rust-toolchain.toml",
    "tests",
    "wit",
];

/// Entries of the top level that do not belong there.
pub(super) fn top_level(paths: &[String]) -> Vec<String> {
    let mut entries: Vec<&str> = paths.iter().filter_map(|p| p.split('/').next()).collect();
    entries.dedup();
    let stray = entries
        .into_iter()
        .filter(|entry| !TOP_LEVEL.contains(entry) && !entry.starts_with('.'));
    let complaint = |entry| format!("{entry} does not belong at the top of the repository");
    stray.map(complaint).collect()
}

/// Crates that do not take the workspace's lints. Trials below a `benches` folder are workspaces of
/// their own, so that no other build pays for them.
pub(super) fn manifests(texts: &[SourceFile]) -> Vec<String> {
    let is_crate = |file: &&SourceFile| {
        let is_ours = file.path.ends_with("/Cargo.toml") && !file.path.contains("/benches/");
        is_ours && file.text.contains("[package]")
    };
    let takes_lints = |text: &str| {
        let mut lines = text.lines().map(str::trim);
        lines.any(|line| line == "lints.workspace = true")
            || text.contains("[lints]\nworkspace = true")
    };
    let lax = texts
        .iter()
        .filter(is_crate)
        .filter(|file| !takes_lints(&file.text));
    let complaint = |file: &SourceFile| {
        format!(
            "{}: add `[lints]` with `workspace = true`, so that one set of lints holds everywhere",
            file.path
        )
    };
    lax.map(complaint).collect()
}

/// Files of test data that no code or document names, by their own name or their folder's.
pub(super) fn unused(paths: &[String], texts: &[SourceFile]) -> Vec<String> {
    let is_data =
        |path: &&String| path.contains("/testdata/") || format!("/{path}").contains("/tests/data/");
    let is_used = |path: &str| {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = folder.rsplit('/').next().unwrap_or(folder);
        let quoted = [format!("{folder}\""), format!("data/{folder}")];
        let by_folder = folder != "data" && folder != "testdata";
        texts.iter().filter(|file| file.is_rust()).any(|file| {
            file.text.contains(name) || (by_folder && quoted.iter().any(|q| file.text.contains(q)))
        })
    };
    let unused = paths.iter().filter(is_data).filter(|path| !is_used(path));
    let complaint = |path: &String| format!("{path} is used by no test: use it or delete it");
    unused.map(complaint).collect()
}

/// A stray entry, a manifest without lints and an unused file are found, and others are not.
#[test]
fn disorder_is_found() {
    let paths = ["docs/a.md", ".ci/run", "README.md", "host/x.rs"].map(str::to_owned);
    let found = top_level(&paths);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("docs does not belong"));

    let texts = [
        SourceFile::new("Cargo.toml", "[workspace]"),
        SourceFile::new("a/Cargo.toml", "[package]\n\n[lints]\nworkspace = true\n"),
        SourceFile::new("b/Cargo.toml", "[package]\n"),
    ];
    let found = manifests(&texts);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("b/Cargo.toml"));

    let paths = [
        "a/testdata/used.txt",
        "a/testdata/not.txt",
        "tests/data/whole/x",
    ];
    let code = "include_str!(\"testdata/used.txt\"); folder(\"data/whole\");";
    let found = unused(
        &paths.map(str::to_owned),
        &[SourceFile::new("a/src/lib.rs", code)],
    );
    assert_eq!(
        found,
        ["a/testdata/not.txt is used by no test: use it or delete it"]
    );
}
