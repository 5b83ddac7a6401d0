//! Keys that a device makes and has certified: X085 and X086.
//!
//! Knows the payloads of SCEP, ACME and Active Directory certificates. Invariant: a message never
//! holds an address or a challenge.

use mooring_sdk::{Kind, Node};

use crate::network::is_http;
use crate::profile_tree::{ProfileTree, switched, text};
use crate::report::Report;

/// The smallest RSA key that devices still accept in TLS, in bits.
const BITS_MIN: i128 = 2048;

const SCEP: &str = "com.apple.security.scep";
const ACME: &str = "com.apple.security.acme";

/// X085: a device's key is strong, stays on the device, and is certified over a closed way.
pub(crate) fn x085_key(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in &profile.payloads {
        let request = match payload.kind {
            SCEP => payload.node.find(Kind::Dictionary, "PayloadContent"),
            ACME | "com.apple.ADCertificate.managed" => Some(payload.node),
            _ => None,
        };
        let Some(request) = request else { continue };
        address(request, report);
        x085_size(payload.kind, request, report);
        if let Some(node) = switched(request, "KeyIsExtractable", true) {
            let message = "KeyIsExtractable is true: an administrator of the device can copy the \
                           key";
            report.warning("X085", node, message, "write false");
        }
        if let Some(node) = request
            .get("Key Usage")
            .filter(|node| node.as_integer() == Some(0))
        {
            let message = "Key Usage is 0: the key may be used for anything";
            report.warning(
                "X085",
                node,
                message,
                "write 1 to sign, 4 to encrypt, 5 for both",
            );
        }
    }
}

fn address(request: Node<'_>, report: &mut Report<'_>) {
    for key in ["URL", "DirectoryURL"] {
        if let Some(node) = request.get(key)
            && node.as_str().is_some_and(is_http)
        {
            let message = format!("{key} is an http address: others see and may change the answer");
            report.warning("X085", node, message, "give the https address");
        }
    }
}

fn x085_size(kind: &str, request: Node<'_>, report: &mut Report<'_>) {
    let is_curve = text(request, "KeyType") == Some("ECSECPrimeRandom");
    let found = ["Keysize", "KeySize"]
        .into_iter()
        .find_map(|key| request.get(key));
    let hint = "write 2048 or more";
    match found.and_then(|node| Some((node, node.as_integer()?))) {
        Some((node, bits)) if bits < BITS_MIN && !is_curve => {
            let message = format!("the key has {bits} bits, less than {BITS_MIN}");
            report.warning("X085", node, message, hint);
        }
        None if kind == SCEP && found.is_none() => {
            let message = "Keysize is missing: devices would make a key of 1024 bits";
            report.warning("X085", request, message, hint);
        }
        Some(_) | None => {}
    }
}

/// X086: a key that is attested is made by the hardware.
pub(crate) fn x086_attestation(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    for payload in profile.of_type(ACME) {
        let attests = switched(payload.node, "Attest", true).is_some();
        if let Some(node) = switched(payload.node, "HardwareBound", false).filter(|_| attests) {
            let message = "HardwareBound is false, though Attest asks the hardware to vouch for \
                           the key";
            let hint = "write true, with KeyType ECSECPrimeRandom";
            report.error("X086", node, message, hint);
        }
    }
}
