//! Payloads of which there can be one: R007, R014.
//!
//! Invariant: of several profiles with such a payload, each but the first is told of once a type.

use std::collections::BTreeMap;

use mooring_sdk::Kind;

use crate::facts;
use crate::report::{Report, Says};
use crate::view::{Payload, Set, View, quoted, text};

/// R007: a type that may be there once is in one profile.
pub(crate) fn r007_single(set: &Set<'_>, report: &mut Report<'_>) {
    each_second(
        set,
        |payload| facts::is_single(payload.kind).then_some(payload.kind),
        |(_, first), (view, payload), earlier| {
            let message = format!(
                "{} has a payload of type {}, of which a host can have one; {} has another",
                view.name(),
                quoted(payload.kind),
                earlier.name()
            );
            report.error(
                "R007",
                Says {
                    about: view.spot(payload.node),
                    other: Some(earlier.spot(first.node)),
                    message,
                    hint: "put the settings into one profile, or assign the two to different hosts",
                },
            );
        },
    );
}

/// R014: what a device refuses a second of is there once.
pub(crate) fn r014_exclusive(set: &Set<'_>, report: &mut Report<'_>) {
    each_second(
        set,
        |payload| facts::exclusive(payload.kind),
        |(thing, first), (view, payload), earlier| {
            let message = format!(
                "a host can have one {thing}; {} has one ({}), and so has {}",
                view.name(),
                quoted(payload.kind),
                earlier.name()
            );
            report.error(
                "R014",
                Says {
                    about: view.spot(payload.node),
                    other: Some(earlier.spot(first.node)),
                    message,
                    hint: "a device refuses the second: assign the two to different hosts",
                },
            );
        },
    );
    notifications(set, report);
}

/// On a Mac several payloads may be about notifications, but not two about one app.
fn notifications(set: &Set<'_>, report: &mut Report<'_>) {
    let is_mac = report.platform().is_none_or(|platform| platform == "macOS");
    let mut first: BTreeMap<(&str, &str), &View<'_>> = BTreeMap::new();
    for view in set.now() {
        let payloads = view.payloads.iter();
        let about = payloads.filter(|payload| payload.kind == facts::NOTIFICATIONS);
        let items = about.flat_map(|payload| {
            let items = payload.node.find(Kind::Array, "NotificationSettings");
            items.into_iter().flat_map(mooring_sdk::Node::items)
        });
        for item in items {
            let app = text(item, "BundleIdentifier");
            let key = if is_mac { app } else { "" };
            let channel = view.edition.channel.as_str();
            let earlier = *first.entry((channel, key)).or_insert(view);
            if earlier.is_same(view) {
                continue;
            }
            let message = format!(
                "{} says how {} may notify, and so does {}",
                view.name(),
                quoted(app),
                earlier.name()
            );
            report.error(
                "R014",
                Says {
                    about: view.spot(item),
                    other: Some(earlier.whole()),
                    message,
                    hint: "a device takes one of them: name an app in one profile only",
                },
            );
        }
    }
}

/// Tells of the first payload of each later profile that has something of which the key says that
/// there is one, with the profile and payload that had it first.
fn each_second<'a, K: Ord + Copy>(
    set: &Set<'a>,
    key: impl Fn(&Payload<'a>) -> Option<K>,
    mut tell: impl FnMut((K, Payload<'a>), (&View<'a>, Payload<'a>), &View<'a>),
) {
    let mut first: BTreeMap<(&str, K), (&View<'a>, Payload<'a>)> = BTreeMap::new();
    for view in set.now() {
        let mut told = Vec::new();
        for payload in &view.payloads {
            let Some(thing) = key(payload) else {
                continue;
            };
            let channel = view.edition.channel.as_str();
            let (earlier, had) = *first.entry((channel, thing)).or_insert((view, *payload));
            if !earlier.is_same(view) && !told.contains(&thing) {
                told.push(thing);
                tell((thing, had), (view, *payload), earlier);
            }
        }
    }
}
