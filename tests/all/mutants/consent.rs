//! Real grants of privacy preferences made loose: rules X020 to X027.
//!
//! Knows the payload by Apple's documentation. Invariant: a wrong value is found at its key, and what
//! is about an entry as a whole at the entry.

use mooring_mdm::plist::NodeRef;

use super::Kind;
use super::source::{Change, Random, Source, put, type_of};

pub(crate) const KINDS: &[Kind] = &[
    ("grant with an empty requirement", &["X020"], |s, r| {
        let entry = allowed(s, r, |_| true)?.node;
        Some(s.with_value(entry.get("CodeRequirement")?, "<string></string>"))
    }),
    ("grant without a requirement", &["X020"], |s, r| {
        let entry = allowed(s, r, |_| true)?.node;
        let node = entry.get("CodeRequirement")?;
        Some(s.without(Source::entry(node), Source::entry(entry).start))
    }),
    ("grant with half a requirement", &["X021"], |s, r| {
        let entry = allowed(s, r, |_| true)?.node;
        let other = r.pick(&["identifier \"org.company.agent\"", "anchor apple generic"])?;
        let node = entry.get("CodeRequirement")?;
        Some(s.with_value(node, format!("<string>{other}</string>")))
    }),
    ("grant to a path", &["X022"], |s, r| {
        let entry = r.pick(&entries(s))?.node;
        put(s, entry, "IdentifierType", "<string>path</string>")
    }),
    ("grant to a shell", &["X023"], |s, r| {
        let wide = ["SystemPolicyAllFiles", "Accessibility", "PostEvent"];
        let entry = allowed(s, r, |one| wide.contains(&one.service))?.node;
        let shell = r.pick(&[
            "com.apple.Terminal",
            "/bin/sh",
            "python3",
            "/usr/bin/osascript",
        ])?;
        let node = entry.get("Identifier")?;
        let element = format!("<string>{shell}</string>");
        let at = Source::entry(entry).start;
        Some(s.replaced_with_fault_of(Source::element(node), element, at))
    }),
    ("grant that is for people", &["X024"], for_people),
    ("entry that decides twice", &["X025"], |s, r| {
        let entry = r.pick(&entries(s))?.node;
        let old = entry.get("Allowed")?;
        let entry = "<key>Authorization</key><string>Allow</string>";
        let start = Source::entry(old).start;
        let is_once = old.parent()?.get("Authorization").is_none();
        is_once.then(|| s.replaced_with_fault_at(start..start, entry, start + entry.len()))
    }),
    ("entry that decides nothing", &["X025"], |s, r| {
        let entry = r.pick(&entries(s))?.node;
        let (old, new) = (entry.get("Allowed"), entry.get("Authorization"));
        let node = old.xor(new)?;
        Some(s.without(Source::entry(node), Source::entry(entry).start))
    }),
    ("events to nobody", &["X026"], |s, r| {
        let mut events = entries(s);
        events.retain(|entry| entry.service == "AppleEvents");
        let entry = r.pick(&events)?.node;
        let keys = [
            "AEReceiverIdentifier",
            "AEReceiverIdentifierType",
            "AEReceiverCodeRequirement",
        ];
        let node = entry.get(r.pick(&keys)?)?;
        Some(s.without(Source::entry(node), Source::entry(entry).start))
    }),
    ("entry twice", &["X027"], |s, r| {
        let element = Source::element(r.pick(&entries(s))?.node);
        let copy = s.text(element.clone()).to_vec();
        Some(s.replaced(element.end..element.end, copy))
    }),
];

/// An entry of one service.
#[derive(Clone, Copy)]
struct Entry<'a> {
    service: &'a str,
    /// The service's list.
    list: NodeRef<'a>,
    node: NodeRef<'a>,
}

fn entries(source: &Source) -> Vec<Entry<'_>> {
    let is_consent = |payload: &NodeRef<'_>| {
        let name = type_of(*payload);
        name == Some("com.apple.TCC.configuration-profile-policy")
    };
    let mut found = Vec::new();
    for payload in source.payloads().into_iter().filter(is_consent) {
        let services = payload.get("Services").into_iter();
        for (service, list) in services.flat_map(NodeRef::entries) {
            let nodes = list.items().filter(|node| node.is_dictionary());
            found.extend(nodes.map(|node| Entry {
                service,
                list,
                node,
            }));
        }
    }
    found
}

/// What an entry allows by: the key that says so.
fn permission(entry: NodeRef<'_>) -> Option<NodeRef<'_>> {
    let new = entry.get("Authorization");
    let old = entry.get("Allowed").filter(|_| new.is_none());
    let new = new.filter(|node| node.as_str() == Some("Allow"));
    new.or(old.filter(|node| node.as_bool() == Some(true)))
}

fn allowed<'a>(
    source: &'a Source,
    random: &mut Random,
    is_fit: impl Fn(&Entry<'a>) -> bool,
) -> Option<Entry<'a>> {
    let mut found = entries(source);
    found.retain(|entry| is_fit(entry) && permission(entry.node).is_some());
    random.pick(&found)
}

/// A list of grants under the name of a service that only people can allow.
fn for_people(source: &Source, random: &mut Random) -> Option<Change> {
    let entry = allowed(source, random, |entry| entry.service != "AppleEvents")?;
    let service = random.pick(&["Camera", "Microphone"])?;
    let is_new = entry.list.parent()?.get(service).is_none();
    let at = Source::entry(permission(entry.node)?).start;
    let key = format!("<key>{service}</key>");
    is_new.then(|| source.replaced_with_fault_of(Source::key(entry.list), key, at))
}
