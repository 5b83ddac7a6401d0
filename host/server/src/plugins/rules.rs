//! Whose rules are whose.
//!
//! Knows nothing of what a rule demands. Invariants: a rule id has one owner, so that a policy and a
//! reader know whom they believe; a plugin speaks under the rules of its own manifest alone. The one
//! id that all share is that for settings, which no policy reaches.

use mooring_mdm::finding::{Finding, Severity};
use mooring_plugin::Plugin;

use super::PluginError;
use super::registry::Set;
use crate::core::Core;
use crate::findings::{COMPLAINT_PREFIX, HOST, SETTINGS_RULE};

/// What the host says of a file beside its rules.
const RESERVED: [&str; 2] = ["held", "owned"];

impl Core {
    /// Whether every rule that a plugin declares is its own.
    pub(super) fn check_rules(&self, set: &Set, plugin: &Plugin) -> Result<(), PluginError> {
        let own = self.judge.rules();
        let id = plugin.id().as_str();
        for rule in plugin.manifest().rules.iter().map(|rule| rule.id.as_str()) {
            if rule == SETTINGS_RULE {
                continue;
            }
            let is_same = |other: &str| other.eq_ignore_ascii_case(rule);
            let owner = if is_reserved(rule) {
                Some("the host keeps for itself".to_owned())
            } else if let Some(own) = own.values().find(|own| is_same(&own.id)) {
                Some(if own.source == HOST {
                    "is the host's".to_owned()
                } else {
                    format!("is that of the built-in plugin {}", own.source)
                })
            } else {
                owner(set, id, is_same).map(|other| format!("is that of the plugin {other}"))
            };
            if let Some(owner) = owner {
                return Err(PluginError::Rule {
                    id: id.to_owned(),
                    rule: rule.to_owned(),
                    owner,
                });
            }
        }
        Ok(())
    }
}

fn is_reserved(rule: &str) -> bool {
    let folded = rule.to_ascii_lowercase();
    folded.starts_with(COMPLAINT_PREFIX)
        || folded == SETTINGS_RULE
        || RESERVED.contains(&folded.as_str())
}

/// The installed plugin, other than this, that declares such a rule.
fn owner<'a>(set: &'a Set, id: &str, is_same: impl Fn(&str) -> bool) -> Option<&'a str> {
    let others = set.plugins.iter().filter(|(other, _)| *other != id);
    let mut loaded = others.filter_map(|(other, it)| Some((other, it.loaded.as_ref().ok()?)));
    let declares = |plugin: &Plugin| plugin.manifest().rules.iter().any(|it| is_same(&it.id));
    loaded
        .find(|(_, plugin)| declares(plugin))
        .map(|(other, _)| other.as_str())
}

/// What is said of a plugin that speaks under a rule that is not in its manifest.
pub(crate) fn stray<'a>(
    plugin: &Plugin,
    mut found: impl Iterator<Item = &'a Finding>,
) -> Option<Finding> {
    let declared = &plugin.manifest().rules;
    let is_stray = |finding: &&Finding| !declared.iter().any(|rule| rule.id == finding.rule);
    let stray = found.find(is_stray)?;
    let id = plugin.id();
    let message = format!(
        "the plugin {id} reports under the rule {:?}, which its manifest does not have",
        stray.rule
    );
    let complaint = Finding {
        source: id.to_string(),
        ..Finding::host(Severity::Error, "plugin-output", (0, 0), message)
    };
    Some(complaint.with_hint("this is a fault of the plugin: tell its author, or turn it off"))
}
