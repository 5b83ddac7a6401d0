//! One setting, two values: R008.
//!
//! Two payloads of most repeatable types describe two things (two networks, two certificates) and
//! share their keys by nature. Only types whose keys are settings of the whole device or app count,
//! and preferences by their domain. Types that may be there once are left to R007. Invariant: a
//! message shows numbers and truth values, and of everything else only that it differs, since it may
//! be a secret.

use std::collections::BTreeMap;

use mooring_sdk::{Kind, Node};

use crate::facts::{self, PASSCODE, PREFERENCES, RESTRICTIONS};
use crate::report::{Report, Says};
use crate::view::{Payload, Set, View, quoted};

/// R008: what two profiles set, they set alike.
pub(crate) fn r008_same_key(set: &Set<'_>, report: &mut Report<'_>) {
    let mut first: BTreeMap<(&str, Setting<'_>), (&View<'_>, Node<'_>)> = BTreeMap::new();
    for view in set.now() {
        let settings = view.payloads.iter().flat_map(|payload| settings(*payload));
        for (setting, node) in settings {
            let key = (view.edition.channel.as_str(), setting);
            let (earlier, other) = *first.entry(key).or_insert((view, node));
            if earlier.is_same(view) || is_equal(other, node) {
                continue;
            }
            let values = match (shown(other), shown(node)) {
                (Some(other), Some(own)) => format!("{other} and {own}"),
                _ => "two values".to_owned(),
            };
            let message = format!(
                "{} of {} has {values}, in {} and in {}; {}",
                quoted(setting.key),
                quoted(setting.domain),
                earlier.name(),
                view.name(),
                winner(&setting, (earlier, other), (view, node))
            );
            report.warning(
                "R008",
                Says {
                    about: view.spot(node),
                    other: Some(earlier.spot(other)),
                    message,
                    hint: "keep the key in one of the two profiles",
                },
            );
        }
    }
}

/// What is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Setting<'a> {
    kind: &'a str,
    /// The payload's type, or the domain of preferences.
    domain: &'a str,
    key: &'a str,
}

fn settings(payload: Payload<'_>) -> Vec<(Setting<'_>, Node<'_>)> {
    let kind = payload.kind;
    if kind == PREFERENCES {
        let domains = payload.node.find(Kind::Dictionary, "PayloadContent");
        let domains = domains.into_iter().flat_map(Node::entries);
        let keys = domains.flat_map(|(domain, node)| {
            managed(node).map(move |(key, node)| (Setting { kind, domain, key }, node))
        });
        return keys.collect();
    }
    if !facts::has_settings(kind) {
        return Vec::new();
    }
    let entries = payload.node.entries();
    entries
        .filter(|(key, _)| !key.starts_with("Payload"))
        .map(|(key, node)| {
            let domain = kind;
            (Setting { kind, domain, key }, node)
        })
        .collect()
}

/// The keys that one domain of a preferences payload manages, whatever the frequency.
fn managed(domain: Node<'_>) -> impl Iterator<Item = (&str, Node<'_>)> {
    domain
        .entries()
        .flat_map(|(_, settings)| settings.items())
        .filter_map(|item| item.find(Kind::Dictionary, "mcx_preference_settings"))
        .flat_map(Node::entries)
}

/// Whether two trees are the same, whatever the order of keys.
fn is_equal(one: Node<'_>, other: Node<'_>) -> bool {
    if one.kind() != other.kind() {
        return false;
    }
    match one.kind() {
        Kind::Dictionary => {
            let (own, others) = (one.entries().count(), other.entries().count());
            let is_there =
                |(key, node): (&str, Node<'_>)| other.get(key).is_some_and(|it| is_equal(node, it));
            own == others && one.entries().all(is_there)
        }
        Kind::Array => {
            let (own, others) = (one.items().count(), other.items().count());
            own == others && one.items().zip(other.items()).all(|(a, b)| is_equal(a, b))
        }
        Kind::String => one.as_str() == other.as_str(),
        Kind::Integer => one.as_integer() == other.as_integer(),
        Kind::Real => one.as_real() == other.as_real(),
        Kind::Boolean => one.as_bool() == other.as_bool(),
        Kind::Date => one.as_date() == other.as_date(),
        Kind::Data => one.as_data() == other.as_data(),
    }
}

/// A value that is no secret.
fn shown(node: Node<'_>) -> Option<String> {
    let number = node.as_integer().map(|number| number.to_string());
    number.or_else(|| node.as_bool().map(|truth| truth.to_string()))
}

/// Who likely wins: of restrictions and passcode rules the stricter value, of all else nobody
/// promises anything.
fn winner(
    setting: &Setting<'_>,
    (earlier, other): (&View<'_>, Node<'_>),
    (later, own): (&View<'_>, Node<'_>),
) -> String {
    let is_strict = setting.kind == PASSCODE || RESTRICTIONS.contains(&setting.kind);
    let strict = is_strict
        .then(|| is_stricter(setting.key, own, other))
        .flatten();
    match strict {
        Some(is_own) => {
            let winner = if is_own { later } else { earlier };
            format!("the stricter value of {} likely wins", winner.name())
        }
        None => format!(
            "nothing promises which counts, likely that of {}, which is installed later",
            later.name()
        ),
    }
}

/// Whether `own` is stricter than `other`, where that can be told.
fn is_stricter(key: &str, own: Node<'_>, other: Node<'_>) -> Option<bool> {
    let starts = |beginnings: &[&str]| beginnings.iter().any(|it| key.starts_with(it));
    if let (Some(own), Some(_)) = (own.as_bool(), other.as_bool()) {
        let is_true_strict = starts(&["force", "require"]);
        return (is_true_strict || starts(&["allow"])).then_some(own == is_true_strict);
    }
    let (own, other) = (own.as_integer()?, other.as_integer()?);
    let is_more_strict = starts(&["min", "pinHistory", "enforced"]);
    (is_more_strict || starts(&["max"])).then_some((own > other) == is_more_strict)
}
