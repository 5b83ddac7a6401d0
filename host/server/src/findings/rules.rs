//! Every rule with its reason: those of the host in a table, those of plugins from their manifests.
//!
//! Knows nothing of who breaks them. Invariant: a rule of the host that refuses a file is fixed, and
//! so are what is said of plugins that fail and of settings: no policy and no acceptance reaches it.

use std::collections::BTreeMap;

use mooring_mdm::finding::Severity;
use mooring_mdm::rules::{HOST_RULES, HostRule};
use mooring_plugin::RuleEntry;
use serde::Serialize;

use super::complaints::{COMPLAINT_PREFIX, COMPLAINTS};
use super::{SETTINGS_RULE, SIGNATURE};

/// The source of the host's own rules.
pub const HOST: &str = "host";

/// What a rule demands and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Rule {
    /// The id that findings carry.
    pub id: String,
    /// How bad it is by itself.
    pub severity: Severity,
    /// What it demands, in one sentence.
    pub text: String,
    /// What goes wrong otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// What to write instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead: Option<String>,
    /// Who reports it: `host`, or a plugin's id.
    pub source: String,
    /// Whether neither a policy nor an acceptance reaches it.
    pub is_fixed: bool,
}

impl Rule {
    /// A rule of a plugin.
    pub(crate) fn of(plugin: &str, entry: &RuleEntry) -> Self {
        Self {
            id: entry.id.clone(),
            severity: entry.severity,
            text: entry.text.clone(),
            why: entry.why.clone(),
            instead: entry.instead.clone(),
            source: plugin.to_owned(),
            is_fixed: entry.id == SETTINGS_RULE,
        }
    }

    /// Why nothing reaches it, of a fixed one.
    pub fn reason_fixed(&self) -> Option<&'static str> {
        self.is_fixed.then(|| {
            if self.id.starts_with(COMPLAINT_PREFIX) {
                "It is about the plugin and not about a profile: its binding says what follows \
                 (`mooring plugin bind --on-failure`), and no policy or acceptance reaches it."
            } else if self.id == SETTINGS_RULE {
                "Settings that a plugin does not take are refused whatever anybody says."
            } else {
                "The host refuses such a file whatever anybody says."
            }
        })
    }
}

/// Id, what it demands, why, what to do.
pub(super) type Row = (&'static str, &'static str, &'static str, &'static str);

/// What this server refuses beside a file's form. All of them are errors.
const OWN: [Row; 10] = [
    (
        "R006",
        "A signed file with other content has another PayloadUUID.",
        "Devices tell versions apart by the PayloadUUID. A signed file is delivered as it is, so two \
         contents under one uuid would look the same to them, and the new one would not arrive.",
        "Give the new content a new PayloadUUID, and sign it again.",
    ),
    (
        "R009",
        "A profile keeps its PayloadScope.",
        "The scope decides whether a profile goes to the device or to its users. With another one it \
         would have to be removed in one place and installed in the other, and be absent meanwhile.",
        "Delete the old profile, or give the new one another PayloadIdentifier.",
    ),
    (
        "V001",
        "A place for a value of each host names a value that can exist.",
        "What cannot be read would be delivered as it stands, braces and all.",
        "Write {{attribute.NAME}}, {{secret.NAME}} or one of the host's own values.",
    ),
    (
        "V002",
        "Every value that a profile uses is declared.",
        "A misspelt name would keep the profile from every host, since nobody has such a value.",
        "Declare it with `mooring value set NAME --attribute` or `--secret`, or mend the name.",
    ),
    (
        "V003",
        "No secret stands in a name or a description.",
        "Devices show these texts to their users and repeat them in every list of profiles.",
        "Take the secret out of names and descriptions.",
    ),
    (
        "X001",
        "No payload is of the type com.apple.mdm.",
        "It is the enrollment itself: a device that installed it would leave this server.",
        "Take the payload out. A device enrolls with the profile of `mooring enroll`.",
    ),
    (
        "X002",
        "No payload is of the type com.apple.declarations.",
        "It belongs to the enrollment: it would make the device listen to somebody else.",
        "Take the payload out.",
    ),
    (
        "duplicate",
        "No two files of one push have the same PayloadIdentifier.",
        "They are two contents of one profile, and nothing says which of them is meant.",
        "Push one of them, or give one another PayloadIdentifier.",
    ),
    (
        "owned",
        "No upload uses the identifier of a profile that a bound plugin makes.",
        "The plugin would make it otherwise again, and nobody could say which of them is meant.",
        "Choose another PayloadIdentifier, or remove the binding (`mooring plugin unbind`).",
    ),
    (
        "reserved",
        "No upload uses the identifiers of built-in profiles or of the enrollment.",
        "It would take the place of what the server itself makes.",
        "Choose another PayloadIdentifier. Built-ins are enabled and configured, not pushed.",
    ),
];

/// The rules of the host, by id.
pub fn host_rules() -> BTreeMap<String, Rule> {
    let own = OWN.iter().chain(&COMPLAINTS);
    let own = own.map(|&(id, text, why, instead)| HostRule {
        id,
        severity: Severity::Error,
        text,
        why,
        instead,
    });
    let all = HOST_RULES.iter().copied().chain(own);
    all.map(|rule| (rule.id.to_owned(), host_rule(rule)))
        .collect()
}

fn host_rule(rule: HostRule) -> Rule {
    Rule {
        id: rule.id.to_owned(),
        severity: rule.severity,
        text: rule.text.to_owned(),
        why: Some(rule.why.to_owned()),
        instead: Some(rule.instead.to_owned()),
        source: HOST.to_owned(),
        is_fixed: rule.severity == Severity::Error && !SIGNATURE.contains(&rule.id),
    }
}
