//! What a payload names by its uuid: R001 to R004.
//!
//! The keys are those of Apple's schema that hold the uuid of another payload, 42 in its files under
//! 20 names, with what each may lead to. `ContentFilterUUID`, `DNSProxyUUID`, `RelayUUID` and the
//! `VPNUUID` of a per-app VPN name the payload that they stand in, and are no references. Keys of
//! payloads that are not Apple's are not read. Invariant: each reference gets at most one finding,
//! and case does not tell two uuids apart.

use std::collections::BTreeMap;

use mooring_sdk::Node;

use crate::profile_tree::{Payload, ProfileTree, quoted, text};
use crate::report::Report;

/// What a reference may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// A certificate with its private key.
    Identity,
    /// Any certificate.
    Certificate,
    /// A certificate in a payload of the type `com.apple.security.pkcs1`.
    Pkcs1,
    /// A per-app VPN, which may also be in another profile.
    Vpn,
}

/// Keys that name another payload, with what they want.
const KEYS: &[(&str, Wanted)] = &[
    ("AuthenticationCertificateUUID", Wanted::Identity),
    ("CheckInURLPinningCertificateUUIDs", Wanted::Certificate),
    ("ControllerCACertificateUUIDs", Wanted::Certificate),
    ("ControllerCertificateUUID", Wanted::Identity),
    ("DeviceCACertificateUUIDs", Wanted::Certificate),
    ("DeviceCertificateUUID", Wanted::Identity),
    ("EncryptCertPayloadUUID", Wanted::Pkcs1),
    ("IdentityCertificateUUID", Wanted::Identity),
    ("LeaderPayloadCertificateAnchorUUID", Wanted::Certificate),
    ("MemberPayloadCertificateAnchorUUID", Wanted::Certificate),
    ("PayloadCertificateAnchorUUID", Wanted::Certificate),
    ("PayloadCertificateUUID", Wanted::Identity),
    ("ResourcePayloadCertificateUUID", Wanted::Identity),
    ("SMIMEEncryptionCertificateUUID", Wanted::Identity),
    ("SMIMESigningCertificateUUID", Wanted::Identity),
    ("ServerURLPinningCertificateUUIDs", Wanted::Certificate),
    ("TLSTrustedCertificates", Wanted::Certificate),
    ("VPNUUID", Wanted::Vpn),
    ("certificateUUID", Wanted::Identity),
];

/// Types whose `PayloadCertificateUUID` wants a certificate alone.
const CERTIFICATE_ONLY: [&str; 2] = [
    "com.apple.MCX.FileVault2",
    "com.apple.security.certificatepreference",
];

/// The type that defines a per-app VPN, and the one whose keys name no payload of the profile.
const APP_VPN: &str = "com.apple.vpn.managed.applayer";

const PKCS1: &str = "com.apple.security.pkcs1";
const ROOT: &str = "com.apple.security.root";
const CERTIFICATES: [&str; 3] = [PKCS1, ROOT, "com.apple.security.pem"];
const IDENTITIES: [&str; 5] = [
    "com.apple.ADCertificate.managed",
    "com.apple.security.acme",
    "com.apple.security.pkcs12",
    "com.apple.security.scep",
    "com.apple.security.wapi-identity",
];

/// One uuid that names another payload.
#[derive(Clone, Copy)]
struct Reference<'a> {
    /// The place of the payload that holds it, in the list of payloads.
    from: usize,
    /// The place of the payload that it names, if the profile has it.
    to: Option<usize>,
    node: Node<'a>,
    key: &'a str,
    uuid: &'a str,
    wanted: Wanted,
}

/// R001: every reference leads to a payload. R002: to one of a fitting type. R003: no certificate
/// is left over. R004: no payload needs itself.
pub(crate) fn r001_to_r004_references(profile: &ProfileTree<'_>, report: &mut Report<'_>) {
    let references = references(profile);
    let circle = circle(profile.payloads.len(), &references);
    for reference in &references {
        let Some(to) = reference.to else {
            r001_missing(reference, report);
            continue;
        };
        if circle[reference.from] && circle[to] {
            r004_circle(profile, reference, report);
        } else {
            r002_type(profile.payloads[to], reference, report);
        }
    }
    r003_left_over(profile, &references, report);
}

fn references<'a>(profile: &ProfileTree<'a>) -> Vec<Reference<'a>> {
    let mut places = BTreeMap::new();
    for (place, payload) in profile.payloads.iter().enumerate() {
        let uuid = payload.uuid();
        places.extend(uuid.map(|uuid| ((false, uuid.text.to_ascii_lowercase()), place)));
        if is_type(*payload, APP_VPN) {
            let uuid = text(payload.node, "VPNUUID");
            places.extend(uuid.map(|uuid| ((true, uuid.text.to_ascii_lowercase()), place)));
        }
    }
    let mut found = Vec::new();
    for (from, payload) in profile.payloads.iter().enumerate() {
        for (node, key, uuid, wanted) in named(*payload) {
            let wanted_uuid = (wanted == Wanted::Vpn, uuid.to_ascii_lowercase());
            let to = places.get(&wanted_uuid).copied();
            found.push(Reference {
                from,
                to,
                node,
                key,
                uuid,
                wanted,
            });
        }
    }
    found
}

/// The references inside a payload of Apple's: where, under which key, the uuid, what it wants.
fn named(payload: Payload<'_>) -> impl Iterator<Item = (Node<'_>, &str, &str, Wanted)> {
    let kind = payload.payload_type().map_or("", |found| found.text);
    let is_read = kind.starts_with("com.apple.");
    let values = payload.node.descendants().skip(1).filter(move |_| is_read);
    let keys = values.filter_map(move |node| {
        let key = node.key()?;
        let known = KEYS.binary_search_by(|(name, _)| name.cmp(&key)).ok()?;
        let wanted = if key == "PayloadCertificateUUID" && CERTIFICATE_ONLY.contains(&kind) {
            Wanted::Certificate
        } else {
            KEYS[known].1
        };
        if wanted == Wanted::Vpn && kind == APP_VPN {
            return None;
        }
        Some((node, key, wanted))
    });
    keys.flat_map(|(node, key, wanted)| {
        let own = std::iter::once(node).chain(node.items());
        own.filter_map(move |node| Some((node, key, node.as_str()?, wanted)))
    })
    .filter(|(_, _, uuid, _)| !uuid.is_empty() && !uuid.contains(['$', '{', '%']))
}

fn is_type(payload: Payload<'_>, wanted: &str) -> bool {
    let found = payload.payload_type();
    found.is_some_and(|found| found.text == wanted)
}

fn r001_missing(reference: &Reference<'_>, report: &mut Report<'_>) {
    let (key, uuid) = (reference.key, quoted(reference.uuid));
    if reference.wanted == Wanted::Vpn {
        let message = format!("{key} {uuid} is the VPNUUID of no payload of this profile");
        let hint = "make sure that the profile with the per-app VPN goes to the same hosts";
        report.info("R001", reference.node, message, hint);
    } else {
        let message = format!("{key} {uuid} is the PayloadUUID of no payload of this profile");
        let hint = "add the certificate's payload to this profile, or correct the uuid";
        report.error("R001", reference.node, message, hint);
    }
}

fn r002_type(target: Payload<'_>, reference: &Reference<'_>, report: &mut Report<'_>) {
    let kind = target.payload_type().map_or("", |found| found.text);
    let is_certificate = CERTIFICATES.contains(&kind);
    let is_identity = IDENTITIES.contains(&kind);
    let (is_right, wanted) = match reference.wanted {
        Wanted::Identity => (is_identity, "an identity (PKCS#12, SCEP, ACME)"),
        Wanted::Certificate => (is_identity || is_certificate, "a certificate"),
        Wanted::Pkcs1 => (
            kind == PKCS1,
            "a certificate of the type com.apple.security.pkcs1",
        ),
        Wanted::Vpn => (true, ""),
    };
    if is_right {
        return;
    }
    let message = format!(
        "{} leads to {}, not to {wanted}",
        reference.key,
        target.label()
    );
    let hint = "give the uuid of a payload of that type";
    if reference.wanted == Wanted::Pkcs1 && is_certificate {
        report.error_if_strict("R002", reference.node, message, hint);
    } else {
        report.error("R002", reference.node, message, hint);
    }
}

/// Beside a payload that uses certificates, one that none uses was probably meant to be used. A
/// root is there to be trusted, and certificates alone are for apps.
fn r003_left_over(
    profile: &ProfileTree<'_>,
    references: &[Reference<'_>],
    report: &mut Report<'_>,
) {
    let uses = |payload: &Payload<'_>| {
        let has_eap = payload.node.get("EAPClientConfiguration").is_some();
        has_eap || named(*payload).any(|(_, _, _, wanted)| wanted != Wanted::Vpn)
    };
    if !profile.payloads.iter().any(uses) {
        return;
    }
    let mut is_used = vec![false; profile.payloads.len()];
    for to in references.iter().filter_map(|reference| reference.to) {
        is_used[to] = true;
    }
    for (payload, _) in profile
        .payloads
        .iter()
        .zip(is_used)
        .filter(|(_, used)| !used)
    {
        let kind = payload.payload_type().map_or("", |found| found.text);
        let is_meant = kind != ROOT && CERTIFICATES.contains(&kind);
        if is_meant || IDENTITIES.contains(&kind) {
            let message = format!("{} is used by no payload of this profile", payload.label());
            let hint =
                "name its uuid where it is meant to be used, or give it a profile of its own";
            report.warning("R003", payload.node, message, hint);
        }
    }
}

fn r004_circle(profile: &ProfileTree<'_>, reference: &Reference<'_>, report: &mut Report<'_>) {
    let label = profile.payloads[reference.from].label();
    let message = format!(
        "{} of {label} leads back to the payload itself",
        reference.key
    );
    let hint = "give the uuid of a payload that does not need this one";
    report.error("R004", reference.node, message, hint);
}

/// Which payloads stand in a circle of references, or on a way from one circle to another: those
/// that are left when payloads that name none, or that none names, are taken away again and again.
fn circle(count: usize, references: &[Reference<'_>]) -> Vec<bool> {
    let edges = references
        .iter()
        .filter_map(|one| Some((one.from, one.to?)));
    let edges: Vec<_> = edges.collect();
    let mut is_left = vec![true; count];
    for is_forward in [true, false] {
        let mut next = vec![Vec::new(); count];
        let mut degrees = vec![0_usize; count];
        let ends = |(from, to): &(usize, usize)| {
            if is_forward {
                (*from, *to)
            } else {
                (*to, *from)
            }
        };
        for (near, far) in edges
            .iter()
            .map(ends)
            .filter(|(a, b)| is_left[*a] && is_left[*b])
        {
            degrees[near] += 1;
            next[far].push(near);
        }
        let mut bare: Vec<_> = (0..count).filter(|place| degrees[*place] == 0).collect();
        while let Some(place) = bare.pop() {
            is_left[place] = false;
            for near in std::mem::take(&mut next[place]) {
                degrees[near] -= 1;
                if degrees[near] == 0 {
                    bare.push(near);
                }
            }
        }
    }
    is_left
}

#[cfg(test)]
mod tests {
    use super::KEYS;

    /// The table is sorted, so that bisection finds every key.
    #[test]
    fn keys_are_sorted() {
        assert!(KEYS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
