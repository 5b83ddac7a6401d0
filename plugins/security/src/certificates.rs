//! The certificates that a profile brings: X005 to X007.
//!
//! Knows no clock: the host says which day it is. Trust is not judged, only what a certificate
//! says of itself. Invariant: a payload whose bytes are no certificate gets X006 and nothing else.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use mooring_sdk::Node;
use mooring_sdk::certificate::{Certificate, Digest, PublicKey};
use mooring_sdk::date::day_number;

use crate::profile_tree::{Payload, ProfileTree, quoted};
use crate::report::Report;

/// Certificates that end sooner than this are worth a warning, in days.
const SOON_DAYS: i64 = 30;

/// The weakest RSA key that devices still accept in TLS, in bits.
const RSA_BITS_MIN: usize = 2048;

/// How many escrow payloads are looked at: devices take one.
const ESCROW_MAX: usize = 8;

/// The type whose certificate becomes a trusted root.
const ROOT_TYPE: &str = "com.apple.security.root";

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// X005: certificates are current and strong, and a root is one. X006: they can be read. X007:
/// every new root is listed.
pub(crate) fn x005_to_x007_certificates(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let escrow = escrow_uuids(profile);
    for payload in &profile.payloads {
        let is_certificate = matches!(
            payload.kind,
            ROOT_TYPE | "com.apple.security.pem" | "com.apple.security.pkcs1"
        );
        let content = payload.node.get("PayloadContent");
        let Some((node, bytes)) = content.and_then(|node| Some((node, node.as_data()?))) else {
            continue;
        };
        if !is_certificate || bytes.is_empty() {
            continue;
        }
        let blocks = certificates(bytes);
        let read: Option<Vec<_>> = blocks.iter().map(|der| Certificate::read(der)).collect();
        if let Some(read) = read.filter(|read| !read.is_empty()) {
            for certificate in &read {
                judge(*payload, node, certificate, report);
                let uuid = payload.node.get("PayloadUUID").and_then(Node::as_str);
                if uuid.is_none_or(|uuid| !escrow.contains(&uuid)) {
                    x007_root(*payload, node, certificate, report);
                }
            }
        } else {
            let message = format!("the data of {} is no X.509 certificate", payload.label());
            let hint = "put the certificate in as DER, or as PEM whole with both lines around";
            report.error("X006", node, message, hint);
        }
    }
}

/// The certificates in some bytes: DER is one, PEM may be several.
fn certificates(bytes: &[u8]) -> Vec<Vec<u8>> {
    let text = std::str::from_utf8(bytes).unwrap_or_default();
    if !text.contains(BEGIN) {
        return vec![bytes.to_vec()];
    }
    text.split(BEGIN)
        .skip(1)
        .map(|block| {
            let body = block.split_once(END).map_or("", |(body, _)| body);
            let body: String = body.split_whitespace().collect();
            STANDARD.decode(body).unwrap_or_default()
        })
        .collect()
}

fn judge(payload: Payload<'_>, node: Node<'_>, found: &Certificate<'_>, report: &mut Report<'_>) {
    let name = name(found);
    lifetime(node, &name, found, report);
    strength(node, &name, found, report);
    let is_root_payload = payload.kind == ROOT_TYPE;
    let is_root = found.is_self_issued() && found.is_authority != Some(false);
    if is_root_payload && !is_root {
        let what = if found.is_self_issued() {
            "says that it is no authority"
        } else {
            "was issued by another"
        };
        // An intermediate given as root is trusted as an anchor: unusual, but some mean it.
        let message = format!("the certificate {name} is no root: it {what}");
        let hint = "give the authority's own certificate, or use the type com.apple.security.pkcs1";
        if found.is_authority == Some(true) {
            report.warning("X005", node, message, hint);
        } else {
            report.error("X005", node, message, hint);
        }
    }
}

/// Devices that MDM manages trust an authority's own certificate in whichever of the types.
fn x007_root(
    payload: Payload<'_>,
    node: Node<'_>,
    found: &Certificate<'_>,
    report: &mut Report<'_>,
) {
    let is_root = found.is_self_issued() && found.is_authority == Some(true);
    if payload.kind == ROOT_TYPE || is_root {
        let name = name(found);
        let until = found.last_day().unwrap_or_else(|| "no day".to_owned());
        let message = format!("devices would trust {name}, until {until}, for every connection");
        let hint = "make sure that the root is meant, and that its key is well kept";
        report.warning("X007", node, message, hint);
    }
}

fn name(found: &Certificate<'_>) -> String {
    let name = found.name();
    quoted(&name.unwrap_or_else(|| "without a name".to_owned()))
}

/// The uuids of certificates that only encrypt recovery keys.
fn escrow_uuids<'a>(profile: &ProfileTree<'a>) -> Vec<&'a str> {
    const KEYS: [(&str, &str); 3] = [
        (
            "com.apple.security.FDERecoveryKeyEscrow",
            "EncryptCertPayloadUUID",
        ),
        (
            "com.apple.security.FDERecoveryRedirect",
            "EncryptCertPayloadUUID",
        ),
        ("com.apple.MCX.FileVault2", "PayloadCertificateUUID"),
    ];
    let uuid = |payload: &Payload<'a>| {
        let (_, key) = KEYS.into_iter().find(|(kind, _)| *kind == payload.kind)?;
        payload.node.get(key)?.as_str()
    };
    profile
        .payloads
        .iter()
        .filter_map(uuid)
        .take(ESCROW_MAX)
        .collect()
}

fn lifetime(node: Node<'_>, name: &str, found: &Certificate<'_>, report: &mut Report<'_>) {
    let Some(today) = report.today().and_then(day_number) else {
        return;
    };
    let hint = "renew the certificate and put the new one in";
    let (first, last) = (found.first_day(), found.last_day());
    if let Some(last) = last
        && let Some(day) = day_number(&last)
        && day - today <= SOON_DAYS
    {
        let when = if day < today {
            "expired on"
        } else {
            "expires on"
        };
        report.warning(
            "X005",
            node,
            format!("the certificate {name} {when} {last}"),
            hint,
        );
    }
    if let Some(first) = first
        && let Some(day) = day_number(&first)
        && day > today
    {
        let message = format!("the certificate {name} holds only from {first}");
        report.warning(
            "X005",
            node,
            message,
            "wait until then, or put another one in",
        );
    }
}

fn strength(node: Node<'_>, name: &str, found: &Certificate<'_>, report: &mut Report<'_>) {
    let key = match found.key {
        PublicKey::Rsa(bits) if bits < RSA_BITS_MIN => Some(format!("an RSA key of {bits} bits")),
        PublicKey::Dsa => Some("a DSA key".to_owned()),
        PublicKey::Rsa(_) | PublicKey::Other => None,
    };
    // A root is not trusted for its signature.
    let digest = match found.digest {
        Digest::Sha1 if !found.is_self_issued() => Some("a signature over SHA-1".to_owned()),
        Digest::Md => Some("a signature over MD5 or older".to_owned()),
        Digest::Sha1 | Digest::Other => None,
    };
    for weakness in [key, digest].into_iter().flatten() {
        let message = format!("the certificate {name} has {weakness}");
        let hint = "have it issued anew with RSA of 2048 bits or more, or P-256, and SHA-256";
        report.warning("X005", node, message, hint);
    }
}
