//! The repository's own shape, held by tests: what may lie where, and who may depend on whom.
//!
//! Each rule is a plain function from files to complaints, so that a sample proves that it bites.
//! Knows nothing of what the code does. Invariant: a complaint names the file and what to do.

mod cases;
mod files;
mod layers;
mod sources;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// One text file of the repository.
pub(crate) struct SourceFile {
    /// From the root, with `/` between the parts.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    fn new(path: &str, text: &str) -> Self {
        Self {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn is_rust(&self) -> bool {
        has_extension(&self.path, "rs")
    }

    /// Whether it is test code as a whole: it may print, and its dependencies prove nothing.
    fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
    }
}

/// Whether a path ends in `.` and the extension.
pub(crate) fn has_extension(path: &str, extension: &str) -> bool {
    Path::new(path).extension().is_some_and(|e| e == extension)
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests
        .parent()
        .expect("the tests lie in the root")
        .to_owned()
}

/// The repository's files: what git tracks, or everything where there is no git.
fn paths() -> Vec<String> {
    let root = root();
    let mut git = Command::new("git");
    git.arg("-C").arg(&root).args(["ls-files", "-z"]);
    let mut paths = match git.output() {
        Ok(listed) if listed.status.success() && !listed.stdout.is_empty() => {
            let listed = String::from_utf8(listed.stdout).expect("paths are UTF-8");
            let listed = listed.split('\0').filter(|path| !path.is_empty());
            listed.map(str::to_owned).collect()
        }
        _ => {
            let mut found = Vec::new();
            walk(&root, "", &mut found);
            found
        }
    };
    // A file that was removed but is still tracked is on its way out.
    paths.retain(|path| root.join(path).is_file());
    assert!(paths.len() > 100, "the repository was not found");
    paths.sort();
    paths
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let entry = entry.expect("a readable entry");
        let name = entry.file_name().into_string().expect("a UTF-8 name");
        let path = format!("{prefix}{name}");
        if !entry.path().is_dir() {
            found.push(path);
        } else if path != "target" && name != ".git" {
            walk(&entry.path(), &format!("{path}/"), found);
        }
    }
}

/// Every file that is text.
pub(crate) fn texts() -> Vec<SourceFile> {
    let root = root();
    let read = |path: String| {
        let text = fs::read_to_string(root.join(&path)).ok()?;
        Some(SourceFile { path, text })
    };
    paths().into_iter().filter_map(read).collect()
}

/// What `cargo metadata` says of the workspace's own crates.
fn metadata() -> serde_json::Value {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.current_dir(root());
    command.args([
        "metadata",
        "--offline",
        "--no-deps",
        "--format-version",
        "1",
    ]);
    let output = command.output().expect("cargo starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo metadata failed: {errors}");
    serde_json::from_slice(&output.stdout).expect("cargo metadata is JSON")
}

/// Fails with every complaint, or not at all.
fn demand(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// The rules about dependencies hold for the workspace as it is.
#[test]
fn crates_depend_as_designed() {
    let crates = layers::read(&metadata());
    demand(&layers::complaints(&crates));
}

/// The rules about single files hold for the repository as it is.
#[test]
fn every_source_file_is_in_order() {
    demand(&sources::complaints(&texts()));
}

/// The rules about the whole hold: the top level, the manifests, the files that tests use.
#[test]
fn the_repository_is_in_order() {
    let (paths, texts) = (paths(), texts());
    let mut complaints = files::top_level(&paths);
    complaints.extend(files::manifests(&texts));
    complaints.extend(files::unused(&paths, &texts));
    demand(&complaints);
}

/// Every case that a sync engine must get right has a test of its name, or a line saying where it
/// is proven or why it is not.
#[test]
fn every_case_is_accounted_for() {
    let tables = (crate::cases::UNTESTED, crate::cases::ELSEWHERE);
    demand(&cases::complaints(&texts(), &tables.0, &tables.1));
}
