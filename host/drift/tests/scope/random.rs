//! Random rules and hosts, and what a rule says of a host by the simplest means.
//!
//! The naive answer shares nothing with the code it is compared with: it puts the truth as an
//! `Option<bool>`, and unknown is what both answers are possible for.

use std::collections::BTreeMap;

use mooring_mdm::device::Attributes;
use mooring_mdm::ids::HostId;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{Host, value};

/// A rule before it is written down.
#[derive(Debug, Clone)]
pub(crate) enum Written {
    Fixed(bool),
    Supervised,
    Has(&'static str),
    /// A name, an operator or method, and a text.
    Compared(&'static str, &'static str, &'static str),
    In(&'static str, Vec<&'static str>),
    Not(Box<Self>),
    And(Box<Self>, Box<Self>),
    Or(Box<Self>, Box<Self>),
}

const TEXTS: [&str; 4] = ["a", "b", "ab", ""];
const VERSIONS: [&str; 4] = ["14", "15.0", "15.1.1", "26"];
const PLATFORMS: [&str; 2] = ["macos", "ios"];
const TEXT_NAMES: [&str; 6] = [
    "host.id",
    "host.serial",
    "host.name",
    "host.build",
    "attributes.x",
    "attributes.y",
];

/// Rules, at most five operators deep; `has` only if asked for.
pub(crate) fn written(with_has: bool) -> impl Strategy<Value = Written> {
    let has = u32::from(with_has);
    let leaf = prop_oneof![
        1 => any::<bool>().prop_map(Written::Fixed),
        2 => Just(Written::Supervised),
        has => select(&["x", "y"][..]).prop_map(Written::Has),
        4 => (select(&TEXT_NAMES[..]), select(&["==", "!=", "startsWith", "contains"][..]), select(&TEXTS[..]))
            .prop_map(|(name, operator, text)| Written::Compared(name, operator, text)),
        4 => (select(&["==", "!=", "<", "<=", ">", ">="][..]), select(&VERSIONS[..]))
            .prop_map(|(operator, text)| Written::Compared("host.os_version", operator, text)),
        2 => (select(&["==", "!="][..]), select(&PLATFORMS[..]))
            .prop_map(|(operator, text)| Written::Compared("host.platform", operator, text)),
        2 => (select(&TEXT_NAMES[..]), prop::collection::vec(select(&TEXTS[..]), 1..3))
            .prop_map(|(name, list)| Written::In(name, list)),
        1 => prop::collection::vec(select(&VERSIONS[..]), 1..3)
            .prop_map(|list| Written::In("host.os_version", list)),
    ];
    leaf.prop_recursive(5, 24, 2, |inner| {
        prop_oneof![
            inner.clone().prop_map(|part| Written::Not(Box::new(part))),
            (inner.clone(), inner.clone())
                .prop_map(|(a, b)| Written::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner).prop_map(|(a, b)| Written::Or(Box::new(a), Box::new(b))),
        ]
    })
}

impl Written {
    /// The rule's text, with parentheses around every part.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Fixed(holds) => holds.to_string(),
            Self::Supervised => "host.is_supervised".to_owned(),
            Self::Has(name) => format!("has(attributes.{name})"),
            Self::Compared(name, method @ ("startsWith" | "contains"), text) => {
                format!("{name}.{method}({text:?})")
            }
            Self::Compared(name, operator, text) => format!("{name} {operator} {text:?}"),
            Self::In(name, list) => format!("{name} in {list:?}"),
            Self::Not(part) => format!("!({})", part.text()),
            Self::And(a, b) => format!("({}) && ({})", a.text(), b.text()),
            Self::Or(a, b) => format!("({}) || ({})", a.text(), b.text()),
        }
    }

    /// What it says of a host; `None` is unknown.
    pub(crate) fn answer(&self, host: &Host) -> Option<bool> {
        match self {
            Self::Fixed(holds) => Some(*holds),
            Self::Supervised => host.attributes.as_ref()?.is_supervised,
            Self::Has(name) => Some(host.values.contains_key(&value(name))),
            Self::Compared(name, operator, text) => {
                Some(compared(name, &known(host, name)?, operator, text))
            }
            Self::In(name, list) => {
                let own = known(host, name)?;
                Some(list.iter().any(|text| compared(name, &own, "==", text)))
            }
            Self::Not(part) => part.answer(host).map(|holds| !holds),
            Self::And(a, b) => match (a.answer(host), b.answer(host)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.answer(host), b.answer(host)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}

/// What the host has under a name.
fn known(host: &Host, name: &str) -> Option<String> {
    let told = host.attributes.clone().unwrap_or_default();
    let text = match name {
        "host.id" => Some(host.id.as_str().to_owned()),
        "host.serial" => told.serial_number,
        "host.name" => told.device_name,
        "host.build" => told.build_version,
        "host.os_version" => told.os_version,
        "host.platform" => told.model.map(|model| {
            let is_mac = model.contains("Mac");
            if is_mac { "macos" } else { "ios" }.to_owned()
        }),
        other => {
            let name = value(other.strip_prefix("attributes.").unwrap());
            return host.values.get(&name).cloned();
        }
    };
    text.filter(|text| !text.is_empty())
}

fn compared(name: &str, own: &str, operator: &str, text: &str) -> bool {
    // Three numbers as one, since none of them is over a hundred here.
    let number = |version: &str| {
        let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap());
        (0..3).fold(0, |sum, _| sum * 100 + numbers.next().unwrap_or(0))
    };
    if name == "host.os_version" {
        let (own, wanted) = (number(own), number(text));
        return match operator {
            "==" => own == wanted,
            "!=" => own != wanted,
            "<" => own < wanted,
            "<=" => own <= wanted,
            ">" => own > wanted,
            _ => own >= wanted,
        };
    }
    match operator {
        "==" => own == text,
        "!=" => own != text,
        "startsWith" => own.starts_with(text),
        _ => own.contains(text),
    }
}

/// Hosts that know any part of what can be asked.
pub(crate) fn hosts() -> impl Strategy<Value = Host> {
    let text = || option::of(select(&TEXTS[..]).prop_map(str::to_owned));
    let attributes = (
        text(),
        text(),
        text(),
        option::of(select(&["14.7", "15", "15.0.0", "15.1.1", "26.1"][..]).prop_map(str::to_owned)),
        option::of(select(&["MacBookPro18,3", "iPhone15,2"][..]).prop_map(str::to_owned)),
        option::of(any::<bool>()),
    )
        .prop_map(
            |(serial, name, build, version, model, is_supervised)| Attributes {
                serial_number: serial,
                model,
                device_name: name,
                os_version: version,
                build_version: build,
                is_supervised,
            },
        );
    let values = (text(), text()).prop_map(|(x, y)| {
        let named = [("x", x), ("y", y)].into_iter();
        let set = named.filter_map(|(name, text)| Some((value(name), text?)));
        set.collect::<BTreeMap<_, _>>()
    });
    (select(&["a", "ab"][..]), option::of(attributes), values).prop_map(
        |(id, attributes, values)| Host {
            id: HostId::parse(id).unwrap(),
            attributes,
            values,
            ..Host::known()
        },
    )
}
