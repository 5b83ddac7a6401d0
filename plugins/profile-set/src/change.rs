//! What changed without need since the version before: R010, R012.
//!
//! Invariant: a payload is the same one as before if its type and its identifier are, and both are
//! there once.

use std::collections::BTreeMap;

use crate::report::{Report, Says};
use crate::view::{Payload, Set, View};

/// Payloads by type and identifier.
type Named<'a> = BTreeMap<(&'a str, &'a str), Payload<'a>>;

/// R010: a payload that stays keeps its uuid.
pub(crate) fn r010_uuid_changed(set: &Set<'_>, report: &mut Report<'_>) {
    for (now, before) in set.replaced() {
        let known = named(before);
        for (name, payload) in named(now) {
            let Some(old) = known.get(&name) else {
                continue;
            };
            let is_kept = old.uuid.is_empty() || old.uuid.eq_ignore_ascii_case(payload.uuid);
            if is_kept {
                continue;
            }
            let message = format!(
                "{} of {} has another PayloadUUID than in {}: devices remove it and add it anew",
                payload.label(),
                now.name(),
                before.version()
            );
            report.warning(
                "R010",
                Says {
                    about: now.spot(payload.key("PayloadUUID")),
                    other: None,
                    message,
                    hint: "keep the PayloadUUID of a payload for as long as it is the same thing",
                },
            );
        }
    }
}

/// R012: payloads that stay are in the order they were in.
pub(crate) fn r012_order(set: &Set<'_>, report: &mut Report<'_>) {
    for (now, before) in set.replaced() {
        let (own, known) = (named(now), named(before));
        let order =
            |view: &View<'_>, other: &Named<'_>, own: &Named<'_>| -> Vec<(String, String)> {
                let payloads = view.payloads.iter();
                payloads
                    .map(|payload| (payload.kind, payload.identifier))
                    .filter(|name| own.contains_key(name) && other.contains_key(name))
                    .map(|(kind, identifier)| (kind.to_owned(), identifier.to_owned()))
                    .collect()
            };
        if order(now, &known, &own) != order(before, &own, &known) {
            let message = format!(
                "the payloads of {} are in another order than in {}",
                now.name(),
                before.version()
            );
            report.warning(
                "R012",
                Says {
                    about: now.key_spot("PayloadContent"),
                    other: None,
                    message,
                    hint: "keep the order: declarative management takes a profile over only if it \
                           is as it was",
                },
            );
        }
    }
}

fn named<'a>(view: &View<'a>) -> Named<'a> {
    let mut named = BTreeMap::new();
    let mut repeated = Vec::new();
    for payload in &view.payloads {
        let name = (payload.kind, payload.identifier);
        if named.insert(name, *payload).is_some() {
            repeated.push(name);
        }
    }
    for name in repeated {
        named.remove(&name);
    }
    named
}
