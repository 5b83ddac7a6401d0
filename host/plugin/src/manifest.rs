//! What a plugin says about itself, read without running it.
//!
//! Knows nothing of wasm. Invariant: a [`Manifest`] came through [`Manifest::parse`], so its id is
//! well formed and its roles are known and not empty. Keys it does not know are ignored, so that a
//! newer plugin still loads.

use std::fmt;

use mooring_mdm::finding::Severity;
use serde::Deserialize;

use crate::Class;

/// Longest plugin id, in bytes.
const ID_BYTES_MAX: usize = 128;

/// Longest manifest, in bytes: a catalogue of a thousand rules fits.
pub(crate) const MANIFEST_BYTES_MAX: usize = 256 << 10;

/// Why a manifest is not usable.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// There is no section `mooring:manifest`.
    #[error(
        "the component has no section `mooring:manifest`; the SDK's export macros write it, other \
         tools add it as a custom section holding JSON"
    )]
    Missing,
    /// There is more than one.
    #[error("the component has more than one section `mooring:manifest`")]
    Repeated,
    /// It is too long to be one.
    #[error("the manifest has {bytes} bytes; at most {MANIFEST_BYTES_MAX} are read")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// It is no JSON of the right shape.
    #[error("the manifest is not readable")]
    Json {
        /// What is wrong, and where.
        #[source]
        source: serde_json::Error,
    },
    /// The id would not do as a name.
    #[error(
        "the id `{id}` is not usable: 1 to {ID_BYTES_MAX} of a-z, 0-9, '-' and '.', such as \
         com.example.wifi-rules"
    )]
    Id {
        /// The id.
        id: String,
    },
    /// No role.
    #[error("the manifest names no role")]
    NoRole,
}

/// A plugin's own name, which stays the same over its versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginId(String);

impl PluginId {
    /// Reads an id in reverse-DNS form.
    ///
    /// # Errors
    /// [`ManifestError::Id`] if it is empty, too long or has other characters.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let fits = (1..=ID_BYTES_MAX).contains(&text.len());
        let allowed =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'.' || b == b'-';
        if fits && text.bytes().all(allowed) {
            Ok(Self(text.to_owned()))
        } else {
            let id = crate::text::clean(text, ID_BYTES_MAX);
            Err(ManifestError::Id { id })
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PluginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a plugin can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Judges profiles.
    Validator,
    /// Makes profiles.
    Generator,
    /// Judges the profiles that one host would get together.
    SetValidator,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Validator => "validator",
            Self::Generator => "generator",
            Self::SetValidator => "set-validator",
        })
    }
}

/// One rule that a plugin may report.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RuleEntry {
    /// The id that findings carry.
    pub id: String,
    /// How bad it usually is.
    pub severity: Severity,
    /// What it demands, in one sentence.
    pub text: String,
    /// Why: what goes wrong otherwise, in plain sentences of at most 300 characters.
    #[serde(default)]
    pub why: Option<String>,
    /// What to write instead, likewise.
    #[serde(default)]
    pub instead: Option<String>,
}

/// One profile that a generator can make, so that it can be listed before it is enabled.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ProfileEntry {
    /// The member of the settings that stands for it.
    pub key: String,
    /// Its hard-coded `PayloadIdentifier`.
    pub identifier: String,
    /// A name to show.
    pub name: String,
    /// What it does, in one sentence.
    pub description: String,
}

/// Limits that a plugin asks for; an administrator decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub struct LimitsAsked {
    /// Time of a call, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Memory of a call, in bytes.
    pub memory_bytes: Option<u64>,
    /// What sort of component it is; compiled, if it does not say.
    pub class: Option<Class>,
}

/// What a plugin says about itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Its name, the `source` of its findings.
    pub id: PluginId,
    /// A name to show; the id if the manifest has none.
    pub name: String,
    /// Its own version.
    pub version: String,
    /// The contract it was made for.
    pub contract: String,
    /// What it can be; sorted, each once.
    pub roles: Vec<Role>,
    /// The payload types it knows; empty means all.
    pub payload_types: Vec<String>,
    /// What it may report.
    pub rules: Vec<RuleEntry>,
    /// The profiles that it can generate.
    pub profiles: Vec<ProfileEntry>,
    /// A JSON Schema of its settings.
    pub settings_schema: Option<serde_json::Value>,
    /// What it asks for.
    pub limits: LimitsAsked,
    /// Which of the larger extra keys of a context it wants to be given, such as `schema`.
    pub reads: Vec<String>,
    /// An SPDX expression.
    pub license: Option<String>,
    /// Where its source is.
    pub source: Option<String>,
}

#[derive(Deserialize)]
struct Form {
    id: String,
    name: Option<String>,
    version: String,
    contract: String,
    roles: Vec<Role>,
    #[serde(default)]
    payload_types: Vec<String>,
    #[serde(default)]
    rules: Vec<RuleEntry>,
    #[serde(default)]
    profiles: Vec<ProfileEntry>,
    settings_schema: Option<serde_json::Value>,
    #[serde(default)]
    limits: LimitsAsked,
    #[serde(default)]
    reads: Vec<String>,
    license: Option<String>,
    source: Option<String>,
}

impl Manifest {
    /// Reads a manifest's JSON.
    ///
    /// # Errors
    /// [`ManifestError`] naming what is wrong.
    pub fn parse(json: &[u8]) -> Result<Self, ManifestError> {
        if json.len() > MANIFEST_BYTES_MAX {
            return Err(ManifestError::TooLarge { bytes: json.len() });
        }
        let mut form: Form =
            serde_json::from_slice(json).map_err(|source| ManifestError::Json { source })?;
        form.roles.sort_unstable();
        form.roles.dedup();
        if form.roles.is_empty() {
            return Err(ManifestError::NoRole);
        }
        let id = PluginId::parse(&form.id)?;
        Ok(Self {
            name: form.name.unwrap_or_else(|| id.to_string()),
            id,
            version: form.version,
            contract: form.contract,
            roles: form.roles,
            payload_types: form.payload_types,
            rules: form.rules,
            profiles: form.profiles,
            settings_schema: form.settings_schema,
            limits: form.limits,
            reads: form.reads,
            license: form.license,
            source: form.source,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest manifest is enough, unknown keys are no fault, and wrong ones are named.
    #[test]
    fn parsing() {
        let small = r#"{"id":"com.example.x","version":"1","contract":"0.1.0",
            "roles":["validator","generator","validator"],"later":true}"#;
        let manifest = Manifest::parse(small.as_bytes()).unwrap();
        assert_eq!(manifest.name, "com.example.x");
        assert_eq!(manifest.roles, [Role::Validator, Role::Generator]);
        let error = |json: &str| Manifest::parse(json.as_bytes()).unwrap_err();
        assert!(matches!(error("{"), ManifestError::Json { .. }));
        assert!(matches!(
            error(&small.replace("com.example.x", "No!")),
            ManifestError::Id { .. }
        ));
        let none = r#"{"id":"x","version":"1","contract":"0.1.0","roles":[]}"#;
        assert!(matches!(error(none), ManifestError::NoRole));
        assert!(matches!(
            error(&none.replace("[]", "[\"oracle\"]")),
            ManifestError::Json { .. }
        ));
    }
}
