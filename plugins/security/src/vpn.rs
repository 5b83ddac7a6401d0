//! How a tunnel is made: X050 to X055.
//!
//! Knows the VPN payloads, per app or for the whole device. Invariant: algorithms that are left
//! out are not reported, since Apple's defaults are sound.

use mooring_sdk::{Kind, Node};

use crate::profile_tree::{Payload, ProfileTree, switched, text};
use crate::report::Report;

const TYPES: [&str; 2] = ["com.apple.vpn.managed", "com.apple.vpn.managed.applayer"];

/// The two stages of a tunnel, each with algorithms of its own.
const STAGES: [&str; 2] = [
    "IKESecurityAssociationParameters",
    "ChildSecurityAssociationParameters",
];

/// The VPN payloads of a profile.
pub(crate) fn tunnels<'a>(profile: &'a ProfileTree<'_>) -> impl Iterator<Item = Payload<'a>> {
    let payloads = profile.payloads.iter().copied();
    payloads.filter(|payload| TYPES.contains(&payload.kind))
}

/// The dictionaries that configure `IKEv2`: the payload's own, and those of tunnels that are always
/// on.
fn ikev2<'a>(profile: &'a ProfileTree<'_>) -> impl Iterator<Item = Node<'a>> {
    tunnels(profile).flat_map(|payload| {
        let own = payload.node.find(Kind::Dictionary, "IKEv2");
        let always = payload.node.find(Kind::Dictionary, "AlwaysOn");
        let list = always.and_then(|always| always.get("TunnelConfigurations"));
        own.into_iter()
            .chain(list.into_iter().flat_map(Node::items))
    })
}

/// X050: no PPTP. X051: no secret that all devices share.
pub(crate) fn x050_x051_kind(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in tunnels(profile) {
        let Some(node) = payload.node.get("VPNType") else {
            continue;
        };
        let kind = node.as_str().unwrap_or_default();
        let hint = "use IKEv2 with certificates, or the app of the VPN's maker";
        if kind.eq_ignore_ascii_case("PPTP") {
            report.error(
                "X050",
                node,
                "VPNType is PPTP, which systems no longer have",
                hint,
            );
        }
        let ipsec = payload.node.find(Kind::Dictionary, "IPSec");
        if let Some(ipsec) = ipsec.filter(|_| matches!(kind, "L2TP" | "IPSec")) {
            let method = text(ipsec, "AuthenticationMethod");
            let is_shared = method == Some("SharedSecret")
                || (method.is_none() && ipsec.get("SharedSecret").is_some());
            if is_shared {
                let message =
                    format!("{kind} with a shared secret: each device can pose as the server");
                let at = ipsec.get("AuthenticationMethod").unwrap_or(ipsec);
                report.warning("X051", at, message, hint);
            }
        }
    }
}

/// X052: no DES. X053: no SHA-1. X054: no group that can be broken.
pub(crate) fn x052_to_x054_algorithms(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for (stage, name) in ikev2(profile).flat_map(|node| {
        STAGES
            .into_iter()
            .filter_map(move |name| Some((node.get(name)?, name)))
    }) {
        if let Some(node) = stage.get("EncryptionAlgorithm")
            && let Some(found @ ("DES" | "3DES")) = node.as_str()
        {
            let message = format!("EncryptionAlgorithm of {name} is {found}");
            report.error(
                "X052",
                node,
                message,
                "write AES-256-GCM, and set the server up alike",
            );
        }
        if let Some(node) = stage.get("IntegrityAlgorithm")
            && let Some(found @ ("SHA1-96" | "SHA1-160")) = node.as_str()
        {
            let message = format!("IntegrityAlgorithm of {name} is {found}");
            report.warning("X053", node, message, "write SHA2-256 or above");
        }
        let Some(node) = stage.get("DiffieHellmanGroup") else {
            continue;
        };
        let hint = "write 19, 20 or 21, or at least 14, and set the server up alike";
        match node.as_integer() {
            Some(group @ (1 | 2 | 5)) => {
                let message = format!("DiffieHellmanGroup of {name} is {group}: it can be broken");
                report.error("X054", node, message, hint);
            }
            Some(14) => {
                let message = format!("DiffieHellmanGroup of {name} is 14, the least that holds");
                report.info("X054", node, message, hint);
            }
            _ => {}
        }
    }
}

/// X055: old traffic stays closed when a key is lost, and the server is who it should be.
pub(crate) fn x055_checks(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for node in ikev2(profile) {
        if let Some(off) = switched(node, "EnablePFS", false) {
            let message = "EnablePFS is off: one lost key opens all recorded traffic";
            report.warning("X055", off, message, "write 1, and set the server up alike");
        }
        if let Some(off) = switched(node, "EnableCertificateRevocationCheck", false) {
            let message = "EnableCertificateRevocationCheck is off: a stolen server certificate \
                           stays good";
            report.warning("X055", off, message, "write 1");
        }
        let name = node.get("RemoteIdentifier");
        if let Some(name) = name.filter(|_| text(node, "RemoteIdentifier").is_none()) {
            let message = "RemoteIdentifier is empty: the server's name is not checked";
            report.warning(
                "X055",
                name,
                message,
                "write the name in the server's certificate",
            );
        }
    }
}
