//! Documents about installed plugins and what they are bound to. Invariants: see the parent module;
//! a plugin without a verified signature has no `signed_by`, and nothing stands in for it.

use std::collections::{BTreeMap, BTreeSet};

use mooring_drift::scope::LabelName;
use mooring_mdm::finding::Finding;
use mooring_mdm::ids::PayloadIdentifier;
use mooring_mdm::profile::placeholder::ValueName;
use serde::{Deserialize, Serialize};

use super::Impact;

/// `POST /api/v1/plugins`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a leave of its own, and a member of the document"
)]
pub struct InstallWish {
    /// The component, in base64.
    pub component: String,
    /// Its signature, as minisign writes it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signature: Option<String>,
    /// Take it without a signature of a trusted key.
    #[serde(default)]
    pub allow_unsigned: bool,
    /// Take a version that is older than the highest that was ever installed.
    #[serde(default)]
    pub allow_downgrade: bool,
    /// Take one that is signed with another key than the plugin was before.
    #[serde(default)]
    pub allow_other_signer: bool,
    /// Take one that brings its own interpreter, and so needs more time and memory.
    #[serde(default)]
    pub allow_interpreted: bool,
    /// Put it in the place of the installed version; without it that is refused.
    #[serde(default)]
    pub is_upgrade: bool,
}

/// What sort of component a plugin is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginClass {
    /// Compiled to wasm.
    Compiled,
    /// A program with its interpreter.
    Interpreted,
}

/// Whether an installed plugin works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginState {
    /// It is asked where it is bound.
    Enabled,
    /// An administrator switched it off.
    Disabled,
    /// It failed again and again in one of its bindings, and is not asked there until somebody
    /// lifts that.
    Quarantined,
    /// It does not load; its bindings say what follows.
    Failed,
}

/// Whose signature a plugin has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signer {
    /// The public key.
    pub key: String,
    /// What the list of trusted keys calls it.
    pub name: String,
}

/// One installed plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginSummary {
    /// Its id, the `source` of its findings.
    pub id: String,
    /// Its own version.
    pub version: String,
    /// SHA-256 of the component.
    pub digest: String,
    /// What sort of component it is.
    pub class: PluginClass,
    /// What it can be: `validator`, `generator`; empty while it does not load.
    pub roles: Vec<PluginRole>,
    /// Whether it works.
    pub state: PluginState,
    /// Why it does not load.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub problem: Option<String>,
    /// Whose signature it has; absent for one that is UNSIGNED.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_by: Option<Signer>,
    /// Present, and true, for one that nobody vouches for: it was taken with `allow_unsigned`.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_unsigned: bool,
    /// Present, and true, if the key of `signed_by` is not trusted any more. It serves where it is
    /// bound.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_signer_untrusted: bool,
    /// When this version was installed.
    pub installed_at: String,
    /// The names of its bindings.
    pub bindings: Vec<String>,
}

/// `GET /api/v1/plugins`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginListing {
    /// In order of id.
    pub plugins: Vec<PluginSummary>,
}

/// `GET /api/v1/plugins/{id}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginDetail {
    /// The plugin.
    #[serde(flatten)]
    pub summary: PluginSummary,
    /// A name to show.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// SHA-256 of the version before this one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub previous_digest: Option<String>,
    /// The rules that it may report.
    pub rules: Vec<PluginRule>,
    /// A JSON Schema of its settings.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub settings_schema: Option<serde_json::Value>,
    /// An SPDX expression.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub license: Option<String>,
    /// What it is bound to, in order of name.
    pub bound: Vec<BindingDetail>,
}

/// One rule of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRule {
    /// Its id.
    pub id: String,
    /// How bad what it reports is: `info`, `warning`, `error`.
    pub severity: String,
    /// What it demands.
    pub text: String,
}

/// What a plugin can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginRole {
    /// It judges profiles.
    Validator,
    /// It makes profiles.
    Generator,
    /// It judges the profiles that one host would get together. Its other name is that of records
    /// that were stored when it had no hyphen.
    #[serde(rename = "set-validator", alias = "set_validator")]
    SetValidator,
}

/// What follows where a bound validator fails.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnFailure {
    /// The profile is refused.
    #[default]
    Block,
    /// The profile is taken, with a warning.
    Warn,
    /// What the plugin last said of this profile counts, with a warning: in this version and under
    /// these settings, and over restarts too. If it said nothing, the profile is refused.
    LastKnown,
}

/// What a call may cost; what is absent is the host's default.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BindingLimits {
    /// Time of a call, in ms: 1 to 10,000.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub timeout_ms: Option<u64>,
    /// Memory of a call, in bytes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub memory_bytes: Option<u64>,
}

/// `POST /api/v1/plugins/{id}/enable`; no body means the defaults.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnableWish {
    /// Whether it may be although the key that it is signed with is not trusted any more.
    #[serde(default)]
    pub allow_untrusted: bool,
}

/// `PUT /api/v1/bindings/{name}`: what a plugin is asked, and for which profiles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BindingWish {
    /// The plugin's id.
    pub plugin: String,
    /// What it is here; may be left out for a plugin with one role.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub role: Option<PluginRole>,
    /// Profiles that it judges, by identifier, or by its beginning and `*`.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub profiles: BTreeSet<String>,
    /// It judges also the profiles whose assignment includes one of these labels, or that are for
    /// every host. Without profiles and labels it judges all.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub labels: BTreeSet<LabelName>,
    /// Its settings.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub settings: Option<serde_json::Value>,
    /// What a call may cost.
    #[serde(default)]
    pub limits: BindingLimits,
    /// What follows where it fails.
    #[serde(default)]
    pub on_failure: OnFailure,
    /// Beginnings of the identifiers that a generator's profiles may have, each with a dot at its
    /// end.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub prefixes: BTreeSet<String>,
    /// Bind it although the key that it is signed with is not trusted any more. Not kept.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub allow_untrusted: bool,
    /// Declared values of hosts, attributes and secrets, that a generator's profiles may use.
    #[serde(skip_serializing_if = "BTreeSet::is_empty", default)]
    pub values: BTreeSet<ValueName>,
}

/// Whether a binding is at work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindingState {
    /// It is.
    Active,
    /// Its plugin is disabled.
    Disabled,
    /// Its plugin does not load.
    Failed,
    /// It failed lately, and its plugin is not asked for a while.
    BackOff,
    /// It is not asked until somebody lifts that.
    Quarantined,
}

/// `GET /api/v1/bindings/{name}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BindingDetail {
    /// Its name.
    pub name: String,
    /// What was asked for.
    pub binding: BindingWish,
    /// Whether it is at work.
    pub state: BindingState,
    /// The profiles that a generator made, by its key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub makes: BTreeMap<String, PayloadIdentifier>,
}

/// The answer to a change of plugins or bindings with `?plan=true`, of which nothing was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedPlugin {
    /// What would follow from it.
    pub plan: PluginPlan,
}

/// What would follow from a change of plugins or bindings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginPlan {
    /// Stored profiles that were judged for this.
    pub judged: u64,
    /// Stored profiles for which there was no time: what would be said of them is not known.
    #[serde(skip_serializing_if = "is_none_left_out", default)]
    pub left_out: u64,
    /// Those with other findings, in order of identifier. Nothing is withdrawn from hosts for that:
    /// it is what the next upload of the same profile would get.
    pub profiles: Vec<FindingsChange>,
    /// Generated profiles that would be new, others or gone, in order of identifier, whether a host
    /// has them or not.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub generated: Vec<GeneratedChange>,
    /// What the change of generated profiles would do to hosts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hosts: Option<Impact>,
    /// Whose signature the plugin would have, if it is another one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signer: Option<SignerChange>,
}

/// What would become of a profile that a generator makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GeneratedChange {
    /// Its identifier.
    pub identifier: PayloadIdentifier,
    /// The latest version now; absent if there is none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<u32>,
    /// The version that would be made; absent if the profile would be gone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub to: Option<u32>,
}

/// Another one vouches for a plugin than before, or nobody does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignerChange {
    /// Who did; absent if nobody did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub was: Option<Signer>,
    /// Who would; absent if nobody would.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub becomes: Option<Signer>,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands over a reference"
)]
fn is_none_left_out(count: &u64) -> bool {
    *count == 0
}

/// How the findings about one stored profile would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingsChange {
    /// The profile.
    pub identifier: PayloadIdentifier,
    /// Its latest version.
    pub version: u32,
    /// Findings that are new.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub added: Vec<Finding>,
    /// Findings that are gone.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub removed: Vec<Finding>,
}
