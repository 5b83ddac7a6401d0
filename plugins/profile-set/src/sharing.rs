//! Names that two profiles share: R005, R006, R009.
//!
//! Invariant: two profiles with one identifier are told of once, by R005 or R009; what else they
//! share follows from that.

use std::collections::BTreeMap;

use crate::report::{Report, Says};
use crate::view::{Set, View, listed, quoted};

/// R005: no two profiles of a channel have one identifier.
pub(crate) fn r005_identifier(set: &Set<'_>, report: &mut Report<'_>) {
    each_namesake(set, |earlier, later| {
        if earlier.shares_channel(later) {
            report.error(
                "R005",
                Says {
                    about: later.key_spot("PayloadIdentifier"),
                    other: Some(earlier.key_spot("PayloadIdentifier")),
                    message: format!(
                        "{} is the PayloadIdentifier of two profiles for the same host: each would \
                         replace the other",
                        later.name()
                    ),
                    hint: "give one of them another PayloadIdentifier, or assign only one",
                },
            );
        }
    });
}

/// R009: one identifier is delivered on one channel.
pub(crate) fn r009_scope(set: &Set<'_>, report: &mut Report<'_>) {
    each_namesake(set, |earlier, later| {
        if !earlier.shares_channel(later) {
            report.error(
                "R009",
                Says {
                    about: later.key_spot("PayloadScope"),
                    other: Some(earlier.key_spot("PayloadScope")),
                    message: format!(
                        "{} would be on the {} channel and on the {} channel at once",
                        later.name(),
                        later.edition.channel,
                        earlier.edition.channel
                    ),
                    hint: "keep one PayloadScope for an identifier, or use two identifiers",
                },
            );
        }
    });
}

fn each_namesake<'a>(set: &Set<'a>, mut tell: impl FnMut(&View<'a>, &View<'a>)) {
    let mut first: BTreeMap<&str, &View<'a>> = BTreeMap::new();
    for view in set.now() {
        match first.get(view.edition.identifier.as_str()) {
            Some(earlier) => tell(earlier, view),
            None => drop(first.insert(&view.edition.identifier, view)),
        }
    }
}

/// R006: no two profiles have a uuid in common, their own or a payload's.
pub(crate) fn r006_uuid(set: &Set<'_>, report: &mut Report<'_>) {
    let mut first = BTreeMap::new();
    for view in set.now() {
        let root = view.edition.document.root();
        let payloads = view.payloads.iter();
        let own = payloads.map(|payload| (payload.uuid, payload.key("PayloadUUID")));
        let top = root.get("PayloadUUID").unwrap_or(root);
        // By the earlier profile, in order: what is shared, and where both have it first.
        let mut shared: BTreeMap<usize, Shared> = BTreeMap::new();
        for (uuid, node) in std::iter::once((view.edition.uuid.as_str(), top)).chain(own) {
            if uuid.is_empty() {
                continue;
            }
            let place = view.spot(node);
            let (number, earlier, other): &(usize, &View<'_>, _) = first
                .entry(uuid.to_ascii_uppercase())
                .or_insert((first_number(view), view, place.clone()));
            if !earlier.is_same(view) {
                let entry = shared.entry(*number).or_insert_with(|| Shared {
                    uuids: Vec::new(),
                    about: place,
                    other: other.clone(),
                    name: earlier.name(),
                });
                entry.uuids.push(quoted(uuid));
            }
        }
        for shared in shared.into_values() {
            let message = format!(
                "{} has {} in common with {}",
                view.name(),
                listed(&shared.uuids),
                shared.name
            );
            report.error(
                "R006",
                Says {
                    about: shared.about,
                    other: Some(shared.other),
                    message,
                    hint: "give every profile and every payload a PayloadUUID of its own",
                },
            );
        }
    }
}

/// What two profiles have in common.
struct Shared {
    uuids: Vec<String>,
    about: mooring_sdk::Spot,
    other: mooring_sdk::Spot,
    name: String,
}

fn first_number(view: &View<'_>) -> usize {
    match view.subject {
        mooring_sdk::SetSubject::Member(number) => number as usize,
        mooring_sdk::SetSubject::Set | mooring_sdk::SetSubject::Gone(_) => usize::MAX,
    }
}
