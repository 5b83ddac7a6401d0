//! Embeds what a new plugin is made of: the templates, the SDK, the contract, and the versions of
//! the crates that the SDK uses.
//!
//! Knows nothing of what the files say. Invariant: what is embedded is what lies in this checkout.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// The crates of others that a template or the SDK names.
const NAMED: [&str; 5] = ["base64", "serde_json", "talc", "uuid", "wit-bindgen"];

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let root = here.ancestors().nth(2).unwrap_or(&here).to_owned();
    let mut code = String::new();
    for (name, folder) in [
        ("TEMPLATES", here.join("templates")),
        ("SDK", root.join("plugins/sdk/src")),
        ("WIT", root.join("wit/0.1.0")),
    ] {
        let mut files = Vec::new();
        walk(&folder, &folder, &mut files)?;
        files.sort();
        let _ = writeln!(code, "pub(crate) const {name}: &[(&str, &[u8])] = &[");
        for (path, file) in files {
            let file = file.to_string_lossy();
            let _ = writeln!(code, "    ({path:?}, include_bytes!({file:?})),");
        }
        code.push_str("];\n");
    }
    let lock_path = root.join("Cargo.lock");
    say(&lock_path)?;
    let named = named(&fs::read_to_string(root.join("Cargo.toml"))?);
    say(&root.join("Cargo.toml"))?;
    let lock = pruned(&fs::read_to_string(lock_path)?, &named);
    let _ = writeln!(code, "pub(crate) const LOCK: &str = {lock:?};");
    let versions: Vec<(&str, &String)> = named.iter().map(|(name, v)| (*name, v)).collect();
    let _ = writeln!(
        code,
        "pub(crate) const VERSIONS: &[(&str, &str)] = &{versions:?};"
    );
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    fs::write(out.join("embedded.rs"), code)
}

/// Tells cargo to run this again when that changes.
fn say(path: &Path) -> io::Result<()> {
    writeln!(io::stdout(), "cargo::rerun-if-changed={}", path.display())
}

fn walk(top: &Path, folder: &Path, files: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    say(folder)?;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            walk(top, &path, files)?;
        } else if let Ok(inner) = path.strip_prefix(top) {
            let name = inner.to_string_lossy().replace('\\', "/");
            files.push((name, path));
        }
    }
    Ok(())
}

/// The versions that the root manifest asks for, by crate: the workspace may have older ones too.
fn named(manifest: &str) -> BTreeMap<&'static str, String> {
    let line = |name: &str| {
        let mut lines = manifest.lines();
        let line = lines.find(|line| line.starts_with(&format!("{name} = ")))?;
        let digits = |c: char| c.is_ascii_digit() || c == '.';
        let version = line.split('"').find(|part| part.starts_with(digits))?;
        Some(version.to_owned())
    };
    NAMED
        .into_iter()
        .filter_map(|name| Some((name, line(name)?)))
        .collect()
}

/// One package of a lock file: its whole text, and what it needs.
struct Package<'a> {
    text: &'a str,
    name: &'a str,
    version: &'a str,
    needs: Vec<&'a str>,
}

/// The lock file with nothing but the named crates and what they need.
fn pruned(lock: &str, named: &BTreeMap<&'static str, String>) -> String {
    let (head, _) = lock.split_once("[[package]]").unwrap_or((lock, ""));
    let packages: Vec<Package<'_>> = lock.split("[[package]]").skip(1).map(package).collect();
    let mut open: Vec<usize> = Vec::new();
    for (name, version) in named {
        let fits = |p: &Package<'_>| p.name == *name && is_within(p.version, version);
        open.extend(packages.iter().position(fits));
    }
    let mut taken = BTreeSet::new();
    while let Some(at) = open.pop() {
        if !taken.insert(at) {
            continue;
        }
        for need in &packages[at].needs {
            let (name, version) = need.split_once(' ').unwrap_or((need, ""));
            let fits = |p: &Package<'_>| {
                p.name == name && (version.is_empty() || version.starts_with(p.version))
            };
            open.extend(packages.iter().position(fits));
        }
    }
    let mut text = head.to_owned();
    for at in taken {
        text.push_str("[[package]]");
        text.push_str(packages[at].text.trim_end());
        text.push_str("\n\n");
    }
    text.trim_end().to_owned() + "\n"
}

fn package(text: &str) -> Package<'_> {
    let value = |key: &str| {
        let mut lines = text.lines();
        lines
            .find_map(|line| line.strip_prefix(key)?.strip_prefix(" = "))
            .map_or("", |value| value.trim_matches('"'))
    };
    let (_, needs) = text.split_once("dependencies = [").unwrap_or((text, "]"));
    let (needs, _) = needs.split_once(']').unwrap_or((needs, ""));
    let needs = needs.split('"').skip(1).step_by(2).collect();
    Package {
        text,
        name: value("name"),
        version: value("version"),
        needs,
    }
}

/// Whether `version` is what `wanted` asks for, as cargo reads it.
fn is_within(version: &str, wanted: &str) -> bool {
    version == wanted || version.starts_with(&format!("{wanted}."))
}
