//! The manifest with its self-tests: how an author writes it, and how it lies in a component.
//!
//! Knows nothing of how a test is run. Invariant: the manifest in a component needs no other file,
//! so that whoever installs the plugin can run its self-tests.
//!
//! `self_tests` is a list of vectors. One with `profile` (a path beside the manifest) or
//! `profile_text` judges that profile; one with `profiles` or `profile_texts` judges those together, as a
//! set validator does; one with `seed` makes profiles; one with neither judges the
//! settings. `expect` lists the rules of the findings, in any order; `makes` the keys of the profiles
//! made; `fails` says that the plugin answers that it cannot.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use mooring_plugin::{Context, Device, Failure, Grade, Manifest, ManifestError};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The name that the manifest has beside a plugin's sources.
pub const FILE: &str = "manifest.json";

/// The custom section that it has in a component.
pub const SECTION: &str = "mooring:manifest";

/// Most self-tests of one plugin.
pub const SELF_TESTS_MAX: usize = 1000;

/// One self-test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfTest {
    /// What it proves.
    pub name: String,
    /// The profile's file, from the folder of the manifest; a component has the text instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<PathBuf>,
    /// The profile.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_text: Option<String>,
    /// The files of profiles that are judged together, as one host would get them; a component has
    /// the texts instead.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profiles: Vec<PathBuf>,
    /// These profiles.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub profile_texts: Vec<String>,
    /// What a generator derives from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<String>,
    /// The settings, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Value>,
    /// The settings as a text that need not be JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings_text: Option<String>,
    /// Keys as for `mooring plugin run --context`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub context: BTreeMap<String, String>,
    /// The findings.
    #[serde(default)]
    pub expect: Vec<Expected>,
    /// The keys of the profiles made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub makes: Option<Vec<String>>,
    /// How the plugin fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fails: Option<ExpectedFailure>,
}

/// One finding that is expected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Expected {
    /// Of this rule, anywhere.
    Rule(String),
    /// Of this rule, at this line of the profile.
    At {
        /// The rule's id.
        rule: String,
        /// 1-based line; any if there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
    },
}

impl Expected {
    /// The rule and the line.
    pub fn parts(&self) -> (&str, Option<u32>) {
        match self {
            Self::Rule(rule) => (rule, None),
            Self::At { rule, line } => (rule, *line),
        }
    }
}

/// The ways in which a plugin can say that it could not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpectedFailure {
    /// The settings do not make sense.
    BadSettings,
    /// It does not handle such profiles or devices.
    Unsupported,
    /// Anything else.
    Other,
}

impl ExpectedFailure {
    /// Which of them a plugin's own answer is.
    pub fn of(failure: &Failure) -> Self {
        match failure {
            Failure::BadSettings(_) => Self::BadSettings,
            Failure::Unsupported(_) => Self::Unsupported,
            Failure::Other(_) => Self::Other,
        }
    }
}

/// Why a manifest or its self-tests cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is no JSON.
    #[error("{} is no JSON", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: serde_json::Error,
    },
    /// It is no manifest.
    #[error("{} is no manifest", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// Why.
        source: ManifestError,
    },
    /// Its self-tests are of another form.
    #[error("`self_tests` of the manifest cannot be read")]
    SelfTests {
        /// Where and why.
        source: serde_json::Error,
    },
    /// One self-test makes no sense.
    #[error("the self-test `{name}` {what}")]
    SelfTest {
        /// Its name.
        name: String,
        /// What is wrong with it.
        what: String,
    },
    /// There are too many.
    #[error("the manifest has {count} self-tests; {SELF_TESTS_MAX} are the most")]
    TooMany {
        /// How many there are.
        count: usize,
    },
}

/// A manifest as it goes into a component.
#[derive(Debug, Clone)]
pub struct Source {
    /// What it says.
    pub manifest: Manifest,
    /// Its JSON, with the texts of the self-tests' profiles.
    pub json: Vec<u8>,
}

/// Reads `manifest.json` of a plugin's folder, with the profiles that its self-tests name.
///
/// # Errors
/// [`SourceError`] naming the file.
pub fn read(folder: &Path) -> Result<Source, SourceError> {
    let path = folder.join(FILE);
    let bytes = fs::read(&path).map_err(|source| SourceError::Read {
        path: path.clone(),
        source,
    })?;
    let mut json: Value = serde_json::from_slice(&bytes).map_err(|source| SourceError::Json {
        path: path.clone(),
        source,
    })?;
    let mut tests = self_tests_of(&json)?;
    for test in &mut tests {
        take_in(test, folder)?;
    }
    if let (Some(object), false) = (json.as_object_mut(), tests.is_empty()) {
        let tests =
            serde_json::to_value(&tests).map_err(|source| SourceError::SelfTests { source })?;
        object.insert("self_tests".to_owned(), tests);
    }
    let json = json.to_string().into_bytes();
    let manifest =
        Manifest::parse(&json).map_err(|source| SourceError::Manifest { path, source })?;
    Ok(Source { manifest, json })
}

/// The self-tests in the manifest of a component.
///
/// # Errors
/// [`SourceError`] if they are not what this module writes.
pub fn self_tests(json: &[u8]) -> Result<Vec<SelfTest>, SourceError> {
    let json = serde_json::from_slice(json).map_err(|source| SourceError::SelfTests { source })?;
    self_tests_of(&json)
}

fn self_tests_of(json: &Value) -> Result<Vec<SelfTest>, SourceError> {
    let Some(tests) = json.get("self_tests") else {
        return Ok(Vec::new());
    };
    let tests: Vec<SelfTest> =
        Deserialize::deserialize(tests).map_err(|source| SourceError::SelfTests { source })?;
    if tests.len() > SELF_TESTS_MAX {
        return Err(SourceError::TooMany { count: tests.len() });
    }
    for test in &tests {
        let wrong = |what: &str| SourceError::SelfTest {
            name: test.name.clone(),
            what: what.to_owned(),
        };
        let asked = [
            test.profile.is_some(),
            test.profile_text.is_some(),
            !test.profiles.is_empty(),
            !test.profile_texts.is_empty(),
            test.seed.is_some(),
        ];
        if asked.into_iter().filter(|asked| *asked).count() > 1 {
            return Err(wrong("has more than one of profile, profiles and seed"));
        }
        if test.settings.is_some() && test.settings_text.is_some() {
            return Err(wrong("has settings twice"));
        }
        test.context().map_err(|what| wrong(&what))?;
    }
    Ok(tests)
}

/// Puts the profile's text in the place of its path.
fn take_in(test: &mut SelfTest, folder: &Path) -> Result<(), SourceError> {
    let read = |relative: PathBuf| {
        let path = folder.join(relative);
        fs::read_to_string(&path).map_err(|source| SourceError::Read { path, source })
    };
    if let Some(relative) = test.profile.take() {
        test.profile_text = Some(read(relative)?);
    }
    for relative in std::mem::take(&mut test.profiles) {
        test.profile_texts.push(read(relative)?);
    }
    Ok(())
}

impl SelfTest {
    /// The settings as the plugin gets them.
    pub fn settings(&self) -> String {
        match (&self.settings_text, &self.settings) {
            (Some(text), _) => text.clone(),
            (None, Some(settings)) => settings.to_string(),
            (None, None) => String::new(),
        }
    }

    /// The context of its call.
    ///
    /// # Errors
    /// What is wrong with one of its keys.
    pub fn context(&self) -> Result<Context, String> {
        let mut context = context(&self.context)?;
        context.settings = self.settings();
        Ok(context)
    }
}

/// A context from keys and values: `grade`, facts about the device as `device.platform` and so on,
/// and others, which are the contract's extra keys.
///
/// # Errors
/// What is wrong with a value.
pub fn context(pairs: &BTreeMap<String, String>) -> Result<Context, String> {
    let mut context = Context::default();
    for (key, value) in pairs {
        match (key.as_str(), key.strip_prefix("device.")) {
            ("grade", _) => context.grade = grade(value)?,
            (_, Some(fact)) => {
                let device = context.device.get_or_insert_with(|| Device {
                    platform: "macOS".to_owned(),
                    channel: "device".to_owned(),
                    ..Device::default()
                });
                set(device, fact, value)?;
            }
            (_, None) => context.extra.push((key.clone(), value.clone())),
        }
    }
    Ok(context)
}

fn grade(value: &str) -> Result<Grade, String> {
    let known = [Grade::DeviceLenient, Grade::AppleStrict];
    let found = known.into_iter().find(|grade| grade.as_str() == value);
    found.ok_or_else(|| format!("the grade `{value}` is none of device-lenient, apple-strict"))
}

fn set(device: &mut Device, fact: &str, value: &str) -> Result<(), String> {
    let text = value.to_owned();
    match fact {
        "platform" => device.platform = text,
        "os-version" => device.os_version = Some(text),
        "model" => device.model = Some(text),
        "channel" => device.channel = text,
        "labels" => device.labels = value.split(',').map(str::to_owned).collect(),
        "supervised" => {
            let value = value
                .parse()
                .map_err(|_| format!("device.supervised is true or false, and not `{value}`"))?;
            device.supervised = Some(value);
        }
        other => device.extra.push((other.to_owned(), text)),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEAD: &str =
        r#""id":"com.example.x","version":"1","contract":"0.1.0","roles":["validator"]"#;

    /// What lies in a component has the profile's text and no path, and is read again as it was.
    #[test]
    fn profiles_are_taken_in() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.mobileconfig"), "<plist/>").unwrap();
        let text = format!(
            r#"{{{HEAD},"self_tests":[{{"name":"n","profile":"a.mobileconfig",
                "expect":["A",{{"rule":"B","line":3}}]}}]}}"#
        );
        fs::write(folder.path().join(FILE), text).unwrap();
        let source = read(folder.path()).unwrap();
        let tests = self_tests(&source.json).unwrap();
        assert_eq!(tests[0].profile, None);
        assert_eq!(tests[0].profile_text.as_deref(), Some("<plist/>"));
        let parts: Vec<_> = tests[0].expect.iter().map(Expected::parts).collect();
        assert_eq!(parts, [("A", None), ("B", Some(3))]);
        fs::remove_file(folder.path().join("a.mobileconfig")).unwrap();
        assert!(matches!(read(folder.path()), Err(SourceError::Read { .. })));
    }

    /// Vectors that say nothing clear are refused with their name.
    #[test]
    fn wrong_vectors() {
        for test in [
            r#"{"name":"n","profile":"a","seed":"b"}"#,
            r#"{"name":"n","settings":{},"settings_text":"x"}"#,
            r#"{"name":"n","context":{"grade":"harsh"}}"#,
            r#"{"name":"n","context":{"device.supervised":"perhaps"}}"#,
        ] {
            let json = format!(r#"{{{HEAD},"self_tests":[{test}]}}"#);
            let error = self_tests(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("`n`"), "{error}");
        }
        let json = format!(r#"{{{HEAD},"self_tests":[{{"name":"n","expects":[]}}]}}"#);
        assert!(self_tests(json.as_bytes()).is_err());
        assert!(
            self_tests(format!("{{{HEAD}}}").as_bytes())
                .unwrap()
                .is_empty()
        );
    }

    /// Keys become grade, device and extra.
    #[test]
    fn contexts() {
        let pairs = [
            ("grade", "apple-strict"),
            ("device.os-version", "15.1"),
            ("device.labels", "a,b"),
            ("today", "2026-01-02"),
        ];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let context = context(&pairs.into()).unwrap();
        assert_eq!(context.grade, Grade::AppleStrict);
        assert_eq!(context.extra[0].0, "today");
        let device = context.device.unwrap();
        assert_eq!(device.platform, "macOS");
        assert_eq!(device.labels.len(), 2);
    }
}
