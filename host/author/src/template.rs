//! Makes the folder of a new plugin.
//!
//! Knows nothing of how a plugin is built. Invariants: a folder that exists is never written into;
//! what is written builds with the crates that this checkout's own lock file names.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mooring_plugin::{ManifestError, PluginId, Role};

use crate::embedded::{LOCK, SDK, TEMPLATES, VERSIONS, WIT};

/// Longest name of a plugin, in bytes.
const NAME_BYTES_MAX: usize = 64;

/// Names that cargo or the toolchain has for itself, or that a template uses.
const RESERVED: [&str; 6] = ["sdk", "mooring-sdk", "test", "core", "std", "alloc"];

/// What a plugin can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Rust, with the SDK.
    Rust,
    /// JavaScript, by `componentize-js`.
    Js,
    /// Python, by `componentize-py`.
    Python,
}

impl Language {
    /// Its folder among the templates.
    fn folder(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Js => "js",
            Self::Python => "python",
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.folder())
    }
}

/// What is wanted.
#[derive(Debug, Clone)]
pub struct NewPlugin {
    /// The name of the package, and of the folder.
    pub name: String,
    /// The id; `com.example.NAME` if there is none.
    pub id: Option<String>,
    /// What it is written in.
    pub language: Language,
    /// What it can be.
    pub role: Role,
    /// Where the folder is made.
    pub parent: PathBuf,
}

/// Why there is no new plugin.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// The name would not do for a package.
    #[error(
        "the name `{name}` is not usable: 1 to {NAME_BYTES_MAX} of a-z, 0-9 and '-', beginning \
         with a letter, and no name of the toolchain's own"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// The id would not do.
    #[error(transparent)]
    Id(ManifestError),
    /// There is something already.
    #[error("{} exists already, and nothing in it is touched", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// A file could not be written.
    #[error("could not write {}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl TemplateError {
    /// Whether something else has to be asked for.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Name { .. } | Self::Id(_) | Self::Exists { .. } => true,
            Self::Write { .. } => false,
        }
    }
}

/// Writes the folder of a new plugin, and tells where it is.
///
/// # Errors
/// [`TemplateError`]; what was written until then stays.
pub fn create(wanted: &NewPlugin) -> Result<PathBuf, TemplateError> {
    check_name(&wanted.name)?;
    let id = match &wanted.id {
        Some(id) => id.clone(),
        None => format!("com.example.{}", wanted.name),
    };
    PluginId::parse(&id).map_err(TemplateError::Id)?;
    let (language, role) = (wanted.language, wanted.role);
    let folder = wanted.parent.join(&wanted.name);
    let write_error = |path: &Path| {
        let path = path.to_owned();
        move |source| TemplateError::Write { path, source }
    };
    fs::create_dir_all(&wanted.parent).map_err(write_error(&wanted.parent))?;
    match fs::create_dir(&folder) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(TemplateError::Exists { path: folder });
        }
        made => made.map_err(write_error(&folder))?,
    }
    let words = words(&wanted.name, &id, role, language);
    for (name, bytes) in files(language, role) {
        let path = folder.join(&name);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(write_error(parent))?;
        }
        fs::write(&path, fill(bytes, &words)).map_err(write_error(&path))?;
    }
    Ok(folder)
}

fn check_name(name: &str) -> Result<(), TemplateError> {
    let fits = (1..=NAME_BYTES_MAX).contains(&name.len());
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    if fits && begins && name.bytes().all(allowed) && !RESERVED.contains(&name) {
        return Ok(());
    }
    let name = name.escape_debug().take(NAME_BYTES_MAX).collect();
    Err(TemplateError::Name { name })
}

/// Every file of a new plugin, from the general to the special.
fn files(language: Language, role: Role) -> Vec<(String, &'static [u8])> {
    let folders = [
        format!("{role}/"),
        format!("{language}/"),
        format!("{language}-{role}/"),
    ];
    let mut files: BTreeMap<String, &'static [u8]> = BTreeMap::new();
    for folder in &folders {
        let inside = TEMPLATES
            .iter()
            .filter_map(|(path, bytes)| Some((path.strip_prefix(folder.as_str())?, *bytes)));
        files.extend(inside.map(|(path, bytes)| (file_name(path), bytes)));
    }
    if language == Language::Rust {
        let sdk = SDK.iter();
        files.extend(sdk.map(|(path, bytes)| (format!("sdk/src/{path}"), *bytes)));
        files.insert("Cargo.lock".to_owned(), LOCK.as_bytes());
    }
    let wit = WIT.iter();
    files.extend(wit.map(|(path, bytes)| (format!("sdk/wit/{path}"), *bytes)));
    files.into_iter().collect()
}

/// The name that a file has in a plugin: those that would mean something here have another.
fn file_name(path: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let name = name.strip_suffix(".in").unwrap_or(name);
    let name = match name.strip_prefix("dot-") {
        Some(rest) => format!(".{rest}"),
        None => name.to_owned(),
    };
    match folder {
        "" => name,
        folder => format!("{folder}/{name}"),
    }
}

fn words(name: &str, id: &str, role: Role, language: Language) -> BTreeMap<String, String> {
    let package = name.replace('-', "_");
    // A server takes a rule from one plugin only.
    let rule = rule(name);
    let run = match role {
        Role::Validator => "mooring plugin run . --profile testdata/bad.mobileconfig",
        Role::SetValidator => "mooring plugin run . --set testdata",
        Role::Generator => "mooring plugin run . --settings '{\"text\": \"Call 4711\"}'",
    };
    // A generator is tried on settings.
    let testdata = match role {
        Role::Validator | Role::SetValidator => {
            "| `testdata/` | profiles for trying it out, which the self-tests name |\n"
        }
        Role::Generator => "",
    };
    let limits = match language {
        Language::Rust => "",
        Language::Js | Language::Python => {
            "\n  \"limits\": { \"class\": \"interpreted\", \"timeout_ms\": 2000 },"
        }
    };
    let own = [
        ("name", name),
        ("id", id),
        ("crate", &package),
        ("rule", &rule),
        ("role", &role.to_string()),
        ("language", &language.to_string()),
        ("run", run),
        ("testdata", testdata),
        ("limits", limits),
        ("version", env!("CARGO_PKG_VERSION")),
        ("rust-version", env!("CARGO_PKG_RUST_VERSION")),
    ];
    own.iter()
        .chain(VERSIONS)
        .map(|(word, value)| (format!("{{{{{word}}}}}"), (*value).to_owned()))
        .collect()
}

/// The rule of a new plugin. A server keeps what begins with `plugin-` for what it says of plugins.
fn rule(name: &str) -> String {
    let mut parts = name
        .split('-')
        .skip_while(|part| ["plugin", ""].contains(part));
    let own = match parts.by_ref().collect::<Vec<_>>().join("-") {
        own if own.is_empty() => "own".to_owned(),
        own => own,
    };
    format!("{}-1", own.to_ascii_uppercase())
}

/// The file with every word in braces replaced; one that is no text is left as it is.
fn fill(bytes: &[u8], words: &BTreeMap<String, String>) -> Vec<u8> {
    let Ok(text) = str::from_utf8(bytes) else {
        return bytes.to_vec();
    };
    let mut text = text.to_owned();
    for (word, value) in words {
        if text.contains(word.as_str()) {
            text = text.replace(word.as_str(), value);
        }
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(name: &str, parent: &Path) -> NewPlugin {
        NewPlugin {
            name: name.to_owned(),
            id: None,
            language: Language::Rust,
            role: Role::Validator,
            parent: parent.to_owned(),
        }
    }

    /// Every template is whole: no word in braces is left, and the SDK and the contract are there.
    #[test]
    fn whole_folders() {
        for (language, role) in [
            (Language::Rust, Role::Validator),
            (Language::Rust, Role::Generator),
            (Language::Js, Role::Validator),
            (Language::Python, Role::Validator),
            (Language::Js, Role::Generator),
            (Language::Python, Role::Generator),
            (Language::Rust, Role::SetValidator),
            (Language::Js, Role::SetValidator),
            (Language::Python, Role::SetValidator),
        ] {
            let parent = tempfile::tempdir().unwrap();
            let plugin = NewPlugin {
                language,
                role,
                ..wanted("wifi-rules", parent.path())
            };
            let folder = create(&plugin).unwrap();
            let own = TEMPLATES.iter().filter(|(path, _)| {
                path.starts_with(&format!("{language}")) || path.starts_with(&format!("{role}/"))
            });
            assert!(own.count() > 3, "{language} {role}");
            for (name, _) in files(language, role) {
                let text = fs::read(folder.join(&name)).unwrap();
                let text = String::from_utf8_lossy(&text);
                let is_ours = !name.starts_with("sdk/src/") && !name.contains("wit/");
                assert!(!is_ours || !text.contains("{{"), "{name}");
            }
            assert!(folder.join("sdk/wit/types.wit").is_file());
            let manifest = fs::read_to_string(folder.join("manifest.json")).unwrap();
            let has_rule = manifest.contains("\"id\": \"WIFI-RULES-1\"");
            assert_eq!(has_rule, role != Role::Generator, "a rule of its own");
        }
    }

    /// What exists is not touched, whatever it is.
    #[test]
    fn nothing_is_overwritten() {
        let parent = tempfile::tempdir().unwrap();
        let folder = create(&wanted("a", parent.path())).unwrap();
        fs::write(folder.join("src/lib.rs"), "mine").unwrap();
        assert!(matches!(
            create(&wanted("a", parent.path())),
            Err(TemplateError::Exists { .. })
        ));
        fs::write(parent.path().join("b"), "a file").unwrap();
        assert!(matches!(
            create(&wanted("b", parent.path())),
            Err(TemplateError::Exists { .. })
        ));
        assert_eq!(fs::read(folder.join("src/lib.rs")).unwrap(), b"mine");
    }

    /// Names that would leave the folder or that cargo refuses are refused first.
    #[test]
    fn names() {
        let parent = tempfile::tempdir().unwrap();
        for name in ["", "../x", "a/b", "9a", "A", "a b", "-a", "std", "sdk"] {
            let created = create(&wanted(name, parent.path()));
            assert!(matches!(created, Err(TemplateError::Name { .. })), "{name}");
        }
        let odd = NewPlugin {
            id: Some("No!".to_owned()),
            ..wanted("a", parent.path())
        };
        assert!(matches!(create(&odd), Err(TemplateError::Id(_))));
    }

    /// No name makes a rule that a server keeps for itself.
    #[test]
    fn rules() {
        for (name, expected) in [
            ("wifi-rules", "WIFI-RULES-1"),
            ("plugin", "OWN-1"),
            ("plugin-", "OWN-1"),
            ("plugin-demo", "DEMO-1"),
            ("plugin--plugin-demo", "DEMO-1"),
            ("plugins", "PLUGINS-1"),
        ] {
            assert_eq!(rule(name), expected);
        }
    }

    /// The lock file has what the SDK needs, in one version each, and little else.
    #[test]
    fn lock_file() {
        let count = |name: &str| LOCK.matches(&format!("\nname = \"{name}\"\n")).count();
        for name in ["base64", "serde_json", "talc", "uuid", "wit-bindgen"] {
            assert_eq!(count(name), 1, "{name} in\n{LOCK}");
        }
        assert_eq!(count("wasmtime"), 0);
        assert!(LOCK.matches("[[package]]").count() < 50, "{LOCK}");
    }
}
