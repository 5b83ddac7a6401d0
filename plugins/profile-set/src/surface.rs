//! What a version permits that the one before did not: R013.
//!
//! Looks at access that apps get without asking, extensions that load, items that run in the
//! background, and restrictions. Invariant: what both versions permit is not told of.

use std::collections::BTreeMap;

use mooring_sdk::{Kind, Node};

use crate::facts::RESTRICTIONS;
use crate::report::{Report, Says};
use crate::view::{Payload, Set, View, listed, text};

const ACCESS: &str = "com.apple.TCC.configuration-profile-policy";
const SYSTEM_EXTENSIONS: &str = "com.apple.system-extension-policy";
const KERNEL_EXTENSIONS: &str = "com.apple.syspolicy.kernel-extension-policy";
const BACKGROUND: &str = "com.apple.servicemanagement";

/// R013: a new version permits no more than the one before.
pub(crate) fn r013_broadened(set: &Set<'_>, report: &mut Report<'_>) {
    for (now, before) in set.replaced() {
        let (own, known) = (Surface::of(now), Surface::of(before));
        let added = own
            .grants
            .iter()
            .filter(|(it, _)| !known.grants.contains_key(*it));
        let mut place = None;
        let mut broadened: Vec<String> = Vec::new();
        for (grant, node) in added {
            place = place.or(Some(*node));
            broadened.push(grant.clone());
        }
        let lifted = known
            .limits
            .keys()
            .filter(|it| !own.limits.contains_key(*it));
        broadened.extend(lifted.map(|limit| format!("no longer {limit}")));
        if broadened.is_empty() {
            continue;
        }
        let message = format!(
            "{} permits more than {}: {}",
            now.name(),
            before.version(),
            listed(&broadened)
        );
        report.warning(
            "R013",
            Says {
                about: place.map_or_else(|| now.whole(), |node| now.spot(node)),
                other: None,
                message,
                hint: "see that this is meant; nothing on the device will ask anybody",
            },
        );
    }
}

/// What a profile permits, and what it forbids.
struct Surface<'a> {
    grants: BTreeMap<String, Node<'a>>,
    limits: BTreeMap<String, Node<'a>>,
}

impl<'a> Surface<'a> {
    fn of(view: &View<'a>) -> Self {
        let mut surface = Self {
            grants: BTreeMap::new(),
            limits: BTreeMap::new(),
        };
        for payload in &view.payloads {
            match payload.kind {
                ACCESS => surface.access(*payload),
                SYSTEM_EXTENSIONS => {
                    surface.extensions(*payload, "system", "AllowedSystemExtensions");
                }
                KERNEL_EXTENSIONS => {
                    surface.extensions(*payload, "kernel", "AllowedKernelExtensions");
                }
                BACKGROUND => surface.background(*payload),
                kind if RESTRICTIONS.contains(&kind) => surface.restrictions(*payload),
                _ => {}
            }
        }
        surface
    }

    fn access(&mut self, payload: Payload<'a>) {
        let services = payload.node.find(Kind::Dictionary, "Services");
        for (service, apps) in services.into_iter().flat_map(Node::entries) {
            for app in apps.items() {
                let is_allowed = app.get("Allowed").and_then(Node::as_bool) == Some(true)
                    || text(app, "Authorization").starts_with("Allow");
                if is_allowed {
                    let grant = format!("{service} for {}", text(app, "Identifier"));
                    self.grants.insert(grant, app);
                }
            }
        }
    }

    fn extensions(&mut self, payload: Payload<'a>, kind: &str, key: &str) {
        let teams = payload.node.find(Kind::Dictionary, key);
        for (team, bundles) in teams.into_iter().flat_map(Node::entries) {
            for bundle in bundles.items() {
                let name = bundle.as_str().unwrap_or_default();
                self.grants
                    .insert(format!("the {kind} extension {name} of {team}"), bundle);
            }
        }
        let teams = payload.node.find(Kind::Array, "AllowedTeamIdentifiers");
        for team in teams.into_iter().flat_map(Node::items) {
            let name = team.as_str().unwrap_or_default();
            self.grants
                .insert(format!("every {kind} extension of {name}"), team);
        }
        // Users may approve others unless this is false.
        let overrides = payload.node.get("AllowUserOverrides");
        if let Some(node) = overrides.filter(|node| node.as_bool() == Some(false)) {
            let limit = format!("forbids {kind} extensions that are not listed");
            self.limits.insert(limit, node);
        }
    }

    fn background(&mut self, payload: Payload<'a>) {
        let rules = payload.node.find(Kind::Array, "Rules");
        for rule in rules.into_iter().flat_map(Node::items) {
            let (kind, value) = (text(rule, "RuleType"), text(rule, "RuleValue"));
            let grant = format!("background items by {kind} {value}");
            self.grants.insert(grant, rule);
        }
    }

    fn restrictions(&mut self, payload: Payload<'a>) {
        for (key, node) in payload.node.entries() {
            let is_limit = match node.as_bool() {
                Some(true) => key.starts_with("force"),
                Some(false) => key.starts_with("allow"),
                None => false,
            };
            if is_limit {
                let value = if key.starts_with("allow") {
                    "false"
                } else {
                    "true"
                };
                self.limits.insert(format!("{key} {value}"), node);
            }
        }
    }
}
