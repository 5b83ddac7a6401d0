//! What Apple's schema says of the values that a real profile has.
//!
//! Reads the table by the crate that makes it, and not as the plugin does. Knows no rule. Types that
//! the table describes in several ways, and keys that may be of several sorts, are left out.
//! Invariant: a fact is about a value that is as the schema wants it.

use std::sync::LazyLock;

use mooring_mdm::plist::{NodeRef, Value};
use mooring_schema::{BUILT_IN, Facet, Group, Key, Kind, Platform, Schema, Variant, parse};

use super::source::Source;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| parse(BUILT_IN).unwrap());

/// A dictionary of a real profile, and the keys that it may have.
#[derive(Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) node: NodeRef<'a>,
    pub(crate) keys: &'static Group,
    /// The dictionary of settings that it stands in, or is.
    pub(crate) settings: NodeRef<'a>,
    /// A domain among preferences need not have any key.
    pub(crate) is_domain: bool,
}

/// One value, and what is said of it.
#[derive(Clone, Copy)]
pub(crate) struct Fact<'a> {
    pub(crate) node: NodeRef<'a>,
    pub(crate) key: &'static Key,
    pub(crate) settings: NodeRef<'a>,
    /// What is said of the elements of an array, if they are of one sort.
    pub(crate) element: Option<&'static Key>,
}

/// All that the schema knows of one profile.
#[derive(Default)]
pub(crate) struct Facts<'a> {
    pub(crate) places: Vec<Place<'a>>,
    pub(crate) values: Vec<Fact<'a>>,
}

/// The only description of a payload type.
fn variant(name: &str) -> Option<&'static Variant> {
    match SCHEMA.types.get(name)?.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// Whether there is a payload type of this name.
pub(crate) fn is_known(name: &str) -> bool {
    SCHEMA.types.contains_key(name)
}

/// Whether a Mac takes one payload of this type, and no second.
pub(crate) fn is_single(name: &str) -> bool {
    let support = variant(name).and_then(|only| only.supports.get(&Platform::Macos));
    let said = support.and_then(|support| support.get(&Facet::Multiple));
    said.is_some_and(|said| said == "false")
}

/// The settings in a payload: domain or type, and the dictionary.
pub(crate) fn settings(source: &Source) -> Vec<(&str, NodeRef<'_>)> {
    let mut found = Vec::new();
    for payload in source.payloads() {
        let Some(name) = payload.get("PayloadType").and_then(NodeRef::as_str) else {
            continue;
        };
        found.push((name, payload));
        if name == "com.apple.ManagedClient.preferences" {
            let domains = payload.get("PayloadContent").into_iter();
            for (domain, frequencies) in domains.flat_map(NodeRef::entries) {
                let lists = frequencies.entries().flat_map(|(_, list)| list.items());
                let inner = lists.filter_map(|item| item.get("mcx_preference_settings"));
                let inner = inner.filter(|inner| inner.is_dictionary());
                found.extend(inner.map(|inner| (domain, inner)));
            }
        }
    }
    found
}

/// What the schema knows of a profile's payloads, and of the preferences in them.
pub(crate) fn facts(source: &Source) -> Facts<'_> {
    let mut facts = Facts::default();
    for (name, node) in settings(source) {
        let Some(variant) = variant(name) else {
            continue;
        };
        let is_domain = node.get("PayloadType").is_none();
        let Some(keys) = variant.groups.first() else {
            continue;
        };
        let place = Place {
            node,
            keys,
            settings: node,
            is_domain,
        };
        dictionary(place, variant, &mut facts);
    }
    facts
}

fn dictionary<'a>(place: Place<'a>, variant: &'static Variant, facts: &mut Facts<'a>) {
    let is_top = place.node.id() == place.settings.id();
    facts.places.push(place);
    for (name, node) in place.node.entries() {
        let mut named = place.keys.iter().filter(|key| key.name == name);
        let (Some(key), None) = (named.next(), named.next()) else {
            continue;
        };
        if !(is_top && name.starts_with("Payload") && key.kind != Kind::Dictionary) {
            value(node, key, place, variant, facts);
        }
    }
}

fn value<'a>(
    node: NodeRef<'a>,
    key: &'static Key,
    place: Place<'a>,
    variant: &'static Variant,
    facts: &mut Facts<'a>,
) {
    if !is_of(node, key.kind) {
        return;
    }
    let inside = key.group.and_then(|group| variant.groups.get(group));
    let element = inside.filter(|sorts| sorts.len() == 1 && node.is_array());
    let element = element.map(|sorts| &sorts[0]);
    let settings = place.settings;
    facts.values.push(Fact {
        node,
        key,
        settings,
        element,
    });
    if let Some(element) = element {
        for item in node.items() {
            value(item, element, place, variant, facts);
        }
    }
    if let Some(keys) = inside.filter(|_| node.is_dictionary()) {
        let inner = Place {
            node,
            keys,
            is_domain: false,
            ..place
        };
        dictionary(inner, variant, facts);
    }
}

/// Whether a value is of the kind that the schema names.
fn is_of(node: NodeRef<'_>, kind: Kind) -> bool {
    let found = match node.node().value {
        Value::Dictionary => Kind::Dictionary,
        Value::Array => Kind::Array,
        Value::String(_) => Kind::String,
        Value::Integer(_) => Kind::Integer,
        Value::Real(_) => Kind::Real,
        Value::Boolean(_) => Kind::Boolean,
        Value::Date(_) => Kind::Date,
        Value::Data(_) => Kind::Data,
    };
    found == kind
}
