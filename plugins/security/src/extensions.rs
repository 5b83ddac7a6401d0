//! Code that is let into the system, or runs without being asked for: X075 to X077.
//!
//! Knows the three payloads that list such code. Invariant: none.

use mooring_sdk::{Kind, Node};

use crate::profile_tree::{ProfileTree, quoted, switched, text};
use crate::report::Report;

/// Names of fewer parts than this may be anyone's.
const PARTS_MIN: usize = 3;

/// X075: kernel extensions are let in one by one.
pub(crate) fn x075_kernel_extensions(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in profile.of_type("com.apple.syspolicy.kernel-extension-policy") {
        let teams = payload.node.get("AllowedTeamIdentifiers");
        if let Some(node) = teams.filter(|teams| teams.items().next().is_some()) {
            let message = "AllowedTeamIdentifiers lets in every kernel extension of these makers";
            let hint = "name the extensions in AllowedKernelExtensions, or move to a system \
                        extension";
            report.warning("X075", node, message, hint);
        }
    }
}

/// X076: system extensions are those of the list.
pub(crate) fn x076_system_extensions(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in profile.of_type("com.apple.system-extension-policy") {
        if let Some(node) = switched(payload.node, "AllowUserOverrides", true) {
            let message = "AllowUserOverrides is true: people may let in further extensions";
            report.warning(
                "X076",
                node,
                message,
                "write false, and list all that are needed",
            );
        }
        for key in ["AllowedTeamIdentifiers", "AllowedSystemExtensions"] {
            let list = payload.node.get(key);
            for node in list.into_iter().flat_map(Node::descendants) {
                let is_any = [node.key(), node.as_str()]
                    .into_iter()
                    .flatten()
                    .any(|text| text.contains('*'));
                if is_any {
                    let message = format!("{key} has a wildcard, which stands for no extension");
                    report.warning("X076", node, message, "name each team and each extension");
                }
            }
        }
    }
}

/// X077: background items are those of one maker.
pub(crate) fn x077_background_items(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let lists = profile
        .of_type("com.apple.servicemanagement")
        .filter_map(|payload| payload.node.find(Kind::Array, "Rules"));
    for rule in lists.flat_map(Node::items) {
        let (Some(kind), Some(value)) = (text(rule, "RuleType"), text(rule, "RuleValue")) else {
            continue;
        };
        if text(rule, "TeamIdentifier").is_some() {
            continue;
        }
        let parts = value.split('.').filter(|part| !part.is_empty()).count();
        let is_loose = match kind {
            "LabelPrefix" | "BundleIdentifierPrefix" => true,
            "Label" | "BundleIdentifier" => parts < PARTS_MIN,
            _ => false,
        };
        if is_loose {
            let name = quoted(value);
            let message = format!("the rule {kind} {name} fits items of any maker");
            let hint = "add TeamIdentifier to the rule, or use a rule of the type TeamIdentifier";
            report.warning("X077", rule, message, hint);
        }
    }
}
