//! What goes through a tunnel, and when: X056 and X057.
//!
//! Knows nothing of how a tunnel is made. Invariant: none.

use mooring_sdk::{Kind, Node};

use crate::profile_tree::{ProfileTree, switched};
use crate::report::Report;
use crate::vpn::tunnels;

/// The dictionaries in which a VPN payload keeps its routes and its rules.
const PARTS: [&str; 4] = ["VPN", "IKEv2", "IPSec", "TransparentProxy"];

/// What makes a rule match some networks only.
const CONDITIONS: [&str; 5] = [
    "DNSDomainMatch",
    "DNSServerAddressMatch",
    "InterfaceTypeMatch",
    "SSIDMatch",
    "URLStringProbe",
];

fn parts<'a>(profile: &'a ProfileTree<'_>) -> impl Iterator<Item = Node<'a>> {
    tunnels(profile).flat_map(|payload| {
        let own = PARTS.into_iter();
        own.filter_map(move |name| payload.node.find(Kind::Dictionary, name))
    })
}

/// X056: a tunnel that must be up before anything goes out can also be reached.
pub(crate) fn x056_on_demand(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for part in parts(profile) {
        let rules = part.get("OnDemandRules").into_iter().flat_map(Node::items);
        // Behind a rule with a condition, the one without is for the rest only.
        let first = rules.take(1).next();
        let Some(rule) = first.filter(|_| switched(part, "OnDemandEnabled", true).is_some()) else {
            continue;
        };
        let connects = rule.get("Action").and_then(Node::as_str) == Some("Connect");
        let matches_all = CONDITIONS.iter().all(|key| rule.get(key).is_none());
        if connects && matches_all {
            let message = "the first on-demand rule connects in every network, without a probe: \
                           where the server is out of reach, so is everything";
            let hint = "add URLStringProbe, or rules for trusted networks before it";
            report.warning("X056", rule, message, hint);
        }
    }
}

/// X057: what is meant to go through the tunnel does.
pub(crate) fn x057_routes(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for part in parts(profile) {
        let takes_all = switched(part, "IncludeAllNetworks", true).is_some();
        if let Some(node) = switched(part, "ExcludeLocalNetworks", true).filter(|_| takes_all) {
            let message = "ExcludeLocalNetworks is on: traffic of the local network goes around \
                           the tunnel that should take all";
            let hint = "write 0, unless people need printers and shares beside the tunnel";
            report.warning("X057", node, message, hint);
        }
        if let Some(node) = switched(part, "EnforceRoutes", false).filter(|_| !takes_all) {
            let message = "EnforceRoutes is off: an app bound to an interface goes around the \
                           tunnel's routes";
            report.info(
                "X057",
                node,
                message,
                "write 1 where the routes are there to protect",
            );
        }
    }
}
