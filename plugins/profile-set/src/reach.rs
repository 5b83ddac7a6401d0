//! A change that cuts a device off: R011.
//!
//! What a device reaches the server by is not known here. Two changes are bad for any: the last
//! network that profiles configured goes, or the identity with which it joins one that stays.
//! Invariant: a set of which no past is known is not told of.

use mooring_sdk::{Node, Spot};

use crate::facts::{is_identity, is_network};
use crate::report::{Report, Says};
use crate::view::{Payload, Set, View, text};

/// The key by which a network payload names its identity.
const IDENTITY_KEY: &str = "PayloadCertificateUUID";

/// R011: the way to the server stays.
pub(crate) fn r011_cut_off(set: &Set<'_>, report: &mut Report<'_>) {
    last_network(set, report);
    lost_identity(set, report);
}

fn last_network(set: &Set<'_>, report: &mut Report<'_>) {
    let networks = |view: &View<'_>| view.payloads.iter().any(|it| is_network(it.kind));
    if set.now().any(networks) {
        return;
    }
    for view in set.past() {
        let Some(payload) = view.payloads.iter().find(|it| is_network(it.kind)) else {
            continue;
        };
        let message = format!(
            "{} of {} goes, and with it the last network that these hosts get by a profile: they may \
             not reach this server any more",
            payload.label(),
            view.name()
        );
        report.error(
            "R011",
            Says {
                about: spot_of_past(view, *payload),
                other: None,
                message,
                hint: "assign the new network first, and take the old one away once hosts have it",
            },
        );
    }
}

fn lost_identity(set: &Set<'_>, report: &mut Report<'_>) {
    for view in set.now() {
        let networks = view.payloads.iter().filter(|it| is_network(it.kind));
        for network in networks {
            let wanted = text(network.node, IDENTITY_KEY);
            let is_wanted = |payload: &&Payload<'_>| {
                !wanted.is_empty()
                    && is_identity(payload.kind)
                    && payload.uuid.eq_ignore_ascii_case(wanted)
            };
            if set
                .now()
                .flat_map(|it| &it.payloads)
                .any(|it| is_wanted(&it))
            {
                continue;
            }
            let mut past = set.past();
            let lost = past.find_map(|it| Some((it, it.payloads.iter().find(is_wanted)?)));
            let Some((loser, identity)) = lost else {
                continue;
            };
            let message = format!(
                "{} of {} joins its network with {} of {}, which goes",
                network.label(),
                view.name(),
                identity.label(),
                loser.name()
            );
            let node: Node<'_> = network.key(IDENTITY_KEY);
            report.error(
                "R011",
                Says {
                    about: view.spot(node),
                    other: Some(spot_of_past(loser, *identity)),
                    message,
                    hint: "keep the identity in the profile of the network that uses it",
                },
            );
        }
    }
}

/// A place in what is gone; of a version that was replaced, the present one as a whole.
fn spot_of_past(view: &View<'_>, payload: Payload<'_>) -> Spot {
    match view.subject {
        mooring_sdk::SetSubject::Gone(_) => view.spot(payload.node),
        mooring_sdk::SetSubject::Set | mooring_sdk::SetSubject::Member(_) => view.whole(),
    }
}
