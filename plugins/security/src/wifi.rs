//! Networks that a device joins: X040 to X045 and X048.
//!
//! Knows the Wi-Fi payload, and 802.1X wherever it stands: the Ethernet payloads have the same
//! dictionary. Invariant: what Apple's default would be is not reported, only what is written.

use mooring_sdk::{Kind, Node};

use crate::profile_tree::{Payload, ProfileTree, switched, text};
use crate::report::Report;

const TYPE: &str = "com.apple.wifi.managed";

/// EAP methods, by number.
const TLS: i128 = 13;
const LEAP: i128 = 17;
const TTLS: i128 = 21;
const PEAP: i128 = 25;
const FAST: i128 = 43;

/// X040: no WEP. X041: no open network, and none of any kind. X042: no WPA of the first generation,
/// which `WPA` admits beside WPA2.
pub(crate) fn x040_to_x042_encryption(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in profile.of_type(TYPE) {
        let Some(node) = payload.node.get("EncryptionType") else {
            continue;
        };
        let hint = "write WPA2 or WPA3, and set up the access points alike";
        match node.as_str() {
            Some("WEP") => {
                let message = "EncryptionType is WEP: it is broken in minutes";
                report.error("X040", node, message, hint);
            }
            Some("None") => {
                let message = "EncryptionType is None: anyone nearby can read along";
                report.warning("X041", node, message, hint);
            }
            Some("Any") => {
                let message = "EncryptionType is Any: the device also joins a network of that name \
                               with WEP";
                report.warning("X041", node, message, hint);
            }
            Some("WPA") => {
                let message =
                    "EncryptionType is WPA: the device also joins with TKIP, which is broken";
                report.warning("X042", node, message, hint);
            }
            _ => {}
        }
    }
}

/// X043: the network proves who it is. X044: TLS is of today. X045: no method without a proof.
pub(crate) fn x043_to_x045_eap(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in &profile.payloads {
        if let Some(eap) = payload
            .node
            .find(Kind::Dictionary, "EAPClientConfiguration")
        {
            x043_trust(*payload, eap, report);
            x045_methods(eap, report);
        }
        for node in payload.node.descendants().skip(1) {
            x044_tls(node, report);
        }
    }
}

fn accepts(eap: Node<'_>, wanted: &[i128]) -> bool {
    let types = eap.get("AcceptEAPTypes");
    let mut numbers = types.into_iter().flat_map(Node::items);
    numbers.any(|node| {
        node.as_integer()
            .is_some_and(|number| wanted.contains(&number))
    })
}

/// Whether a name of a server tells it from strangers: a wildcard for a whole domain of the top, or
/// for everything, does not.
fn is_telling(name: &str) -> bool {
    let name = name.trim();
    let labels = name.split('.').filter(|label| !label.is_empty());
    let stars = labels.clone().filter(|label| label.contains('*')).count();
    let plain = labels.count() - stars;
    match stars {
        0 => plain > 0,
        _ => plain > 1,
    }
}

fn x043_trust(payload: Payload<'_>, eap: Node<'_>, report: &mut Report<'_>) {
    let names = |key| eap.get(key).into_iter().flat_map(Node::items);
    let anchors = ["TLSTrustedCertificates", "PayloadCertificateAnchorUUID"];
    let has_anchor = anchors
        .into_iter()
        .any(|key| names(key).any(|item| item.as_str() != Some("")));
    let mut servers = names("TLSTrustedServerNames");
    let has_server = servers.any(|item| item.as_str().is_none_or(is_telling));
    let has_proof = has_anchor || has_server;
    let vague = names("TLSTrustedServerNames").find(|item| item.as_str() != Some(""));
    let uses_tls = accepts(eap, &[TLS, TTLS, PEAP])
        || (accepts(eap, &[FAST]) && switched(eap, "EAPFASTUsePAC", true).is_none());
    if uses_tls && !has_proof {
        let label = payload.label();
        let why = match vague {
            Some(_) => "the names that it trusts fit strangers' too",
            None => "it names no trust",
        };
        let message = format!("{label} takes any server for the network's: {why}");
        let hint = "add TLSTrustedServerNames, and TLSTrustedCertificates with the uuid of the \
                    authority's payload";
        report.error("X043", vague.unwrap_or(eap), message, hint);
    }
}

fn x044_tls(node: Node<'_>, report: &mut Report<'_>) {
    match node.key() {
        Some("TLSAllowTrustExceptions")
            if node.as_bool() == Some(true) || node.as_integer() == Some(1) =>
        {
            let message = "TLSAllowTrustExceptions is true: people may accept any server";
            let hint = "write false, and name the trusted certificates and servers";
            report.warning("X044", node, message, hint);
        }
        Some("TLSMinimumVersion") if matches!(node.as_str(), Some("1.0" | "1.1")) => {
            let message = "TLSMinimumVersion is below 1.2";
            report.warning(
                "X044",
                node,
                message,
                "write 1.2, or 1.3 where servers have it",
            );
        }
        _ => {}
    }
}

fn x045_methods(eap: Node<'_>, report: &mut Report<'_>) {
    let types = eap.get("AcceptEAPTypes");
    for node in types.into_iter().flat_map(Node::items) {
        if node.as_integer() == Some(LEAP) {
            let message = "AcceptEAPTypes has LEAP (17): its passwords are read off the air";
            report.error(
                "X045",
                node,
                message,
                "use TLS (13), or PEAP (25) with named servers",
            );
        }
    }
    let anonymous = switched(eap, "EAPFASTProvisionPACAnonymously", true);
    if let Some(node) = anonymous.filter(|_| accepts(eap, &[FAST])) {
        let message = "EAPFASTProvisionPACAnonymously is true: the server proves nothing";
        let hint = "write false, and name the trusted certificates and servers";
        report.error("X045", node, message, hint);
    }
}

/// X048: a device does not show the same address in every network.
pub(crate) fn x048_fixed_address(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in profile.of_type(TYPE) {
        if let Some(node) = switched(payload.node, "DisableAssociationMACRandomization", true) {
            let open = matches!(text(payload.node, "EncryptionType"), Some("None" | "Any"));
            let place = if open { ", in an open network" } else { "" };
            let message =
                format!("DisableAssociationMACRandomization is true: devices are followed{place}");
            let hint = "remove it, unless the network admits devices by their address";
            report.warning("X048", node, message, hint);
        }
    }
}
