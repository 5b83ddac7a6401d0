//! What real payloads have to do with each other, broken: rules R, and L009 and L010.
//!
//! Knows which keys of Apple's name another payload. Invariant: a broken reference is found at its
//! key, wherever the change was made.

use mooring_mdm::plist::NodeRef;

use super::Kind;
use super::facts::{facts, is_single};
use super::source::{Change, Random, Source, is_text, put, type_of};

pub(crate) const KINDS: &[Kind] = &[
    ("reference with a slip", &["R001"], |s, r| {
        let (node, _) = r.pick(&references(s))?;
        let inside = Source::inside(node);
        let last = *s.text(inside.clone()).last()?;
        let other = if last == b'0' { "1" } else { "0" };
        let at = Source::entry(node).start;
        let is_plain = is_text(node) && last.is_ascii_hexdigit();
        is_plain.then(|| s.replaced_with_fault_at(inside.end - 1..inside.end, other, at))
    }),
    ("payload renamed that is named", &["R001"], |s, r| {
        let (node, target) = r.pick(&references(s))?;
        let range = Source::element(target.get("PayloadUUID")?);
        let element = format!("<string>{}</string>", r.uuid());
        Some(s.replaced_with_fault_of(range, element, Source::entry(node).start))
    }),
    ("payload gone that is named", &["R001"], |s, r| {
        let (node, target) = r.pick(&references(s))?;
        let is_other = !is_inside(node, target);
        is_other.then(|| s.without(Source::element(target), Source::entry(node).start))
    }),
    ("reference to nobody", &["R001"], |s, r| {
        let place = with_reference(s, r)?;
        named(s, place, &r.uuid())
    }),
    ("reference to another payload", &["R002"], |s, r| {
        let place = with_reference(s, r)?;
        let mut others = s.payloads();
        others.retain(|one| {
            let is_other = type_of(*one).is_some_and(|name| {
                !name.starts_with("com.apple.security.") && !name.contains("ADCertificate")
            });
            is_other && !is_inside(place, *one)
        });
        let uuid = r
            .pick(&others)?
            .get("PayloadUUID")
            .filter(|uuid| is_text(*uuid))?;
        named(s, place, uuid.as_str()?)
    }),
    ("payload that needs itself", &["R004"], |s, r| {
        let place = with_reference(s, r)?;
        let mut payloads = s.payloads().into_iter();
        let own = payloads.find(|one| is_inside(place, *one))?;
        let uuid = own.get("PayloadUUID").filter(|uuid| is_text(*uuid))?;
        named(s, place, uuid.as_str()?)
    }),
    ("type twice", &["L009"], |s, r| {
        let mut found = s.payloads();
        found.retain(|one| type_of(*one).is_some_and(is_single));
        let payload = r.pick(&found)?;
        copied(s, r, payload, payload.get("PayloadType")?)
    }),
    ("settings twice", &["L010"], |s, r| {
        let mut found = s.payloads();
        found.retain(|one| {
            let name = type_of(*one);
            let is_loose = name.is_some_and(|name| {
                name == "com.apple.ManagedClient.preferences" || !name.starts_with("com.apple.")
            });
            is_loose && has_settings(*one)
        });
        let payload = r.pick(&found)?;
        copied(s, r, payload, payload)
    }),
];

/// Keys of Apple's payloads that name another payload of the profile.
const NAMES: [&str; 8] = [
    "EncryptCertPayloadUUID",
    "IdentityCertificateUUID",
    "PayloadCertificateAnchorUUID",
    "PayloadCertificateUUID",
    "SMIMEEncryptionCertificateUUID",
    "SMIMESigningCertificateUUID",
    "TLSTrustedCertificates",
    "VPNUUID",
];

/// Whether a payload has a key beside its names.
fn has_settings(payload: NodeRef<'_>) -> bool {
    let content = payload.get("PayloadContent").into_iter();
    let domains = content.flat_map(NodeRef::entries).count();
    domains > 0
        || payload
            .entries()
            .any(|(key, _)| !key.starts_with("Payload"))
}

/// The key that most payloads name a certificate by.
const CERTIFICATE: &str = "PayloadCertificateUUID";

/// A dictionary that may name a certificate by the schema, and names none.
fn with_reference<'a>(source: &'a Source, random: &mut Random) -> Option<NodeRef<'a>> {
    let mut places = facts(source).places;
    places.retain(|place| {
        let may = place.keys.iter().any(|key| key.name == CERTIFICATE);
        may && place
            .node
            .get(CERTIFICATE)
            .is_none_or(|node| node.as_str() == Some(""))
    });
    random.pick(&places).map(|place| place.node)
}

fn named(source: &Source, place: NodeRef<'_>, uuid: &str) -> Option<Change> {
    put(
        source,
        place,
        CERTIFICATE,
        &format!("<string>{uuid}</string>"),
    )
}

fn is_inside(node: NodeRef<'_>, payload: NodeRef<'_>) -> bool {
    (payload.id()..payload.node().end).contains(&node.id())
}

/// The values that name a payload of the profile, and that payload.
fn references(source: &Source) -> Vec<(NodeRef<'_>, NodeRef<'_>)> {
    let payloads = source.payloads();
    let mut found = Vec::new();
    for id in 1..u32::try_from(source.document.nodes().len()).unwrap() {
        let Some(node) = source.document.node(id) else {
            continue;
        };
        let own = node.node().key.as_ref();
        let above = node.parent().and_then(|list| list.node().key.as_ref());
        let name = own.or(above.filter(|_| node.parent().is_some_and(NodeRef::is_array)));
        let (Some(name), Some(uuid)) = (name, node.as_str()) else {
            continue;
        };
        let is_name = |other: &&NodeRef<'_>| {
            let other = other.get("PayloadUUID").and_then(NodeRef::as_str);
            other.is_some_and(|other| other.eq_ignore_ascii_case(uuid))
        };
        if is_text(node) && NAMES.contains(&name.text.as_str()) {
            found.extend(payloads.iter().find(is_name).map(|target| (node, *target)));
        }
    }
    found
}

/// A payload once more behind itself under other names; the fault is at this value of the copy.
fn copied(
    source: &Source,
    random: &mut Random,
    payload: NodeRef<'_>,
    at: NodeRef<'_>,
) -> Option<Change> {
    let element = Source::element(payload);
    let mut names = ["PayloadUUID", "PayloadIdentifier"].map(|key| payload.get(key));
    // From the end, so that what is put in moves nothing that is still to be replaced.
    names.sort_by_key(|node| std::cmp::Reverse(node.map(NodeRef::id)));
    let mut copy = source.text(element.clone()).to_vec();
    let mut fault = Source::entry(at).start - element.start;
    for node in names {
        let range = Source::element(node?);
        let range = range.start - element.start..range.end - element.start;
        let name = format!("<string>{}</string>", random.uuid());
        if range.start < fault {
            fault = fault - range.len() + name.len();
        }
        copy.splice(range, name.into_bytes());
    }
    let fault = element.end + fault;
    Some(source.replaced_with_fault_at(element.end..element.end, copy, fault))
}
