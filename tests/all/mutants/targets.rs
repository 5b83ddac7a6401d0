//! Real payloads that are wrong for one kind of host: rules A008 to A016.
//!
//! Knows what Apple's schema says of hosts. Invariant: a payload that is wrong for a host is found at
//! its type, and a key at the key.

use mooring_mdm::ids::Channel;
use mooring_schema::{Facet, Key, Kind as Sort, Platform};
use mooring_server::judge::{EnrollmentKind, Target};

use super::Kind;
use super::facts::facts;
use super::source::{Change, Random, Source, type_of};

pub(crate) const KINDS: &[Kind] = &[
    ("key that goes away", &["A008"], |s, r| {
        new_key(s, r, |key| {
            let stays = says(key, Facet::Removed).is_none();
            stays && says(key, Facet::Deprecated).is_some_and(|since| since <= 15.0)
        })
    }),
    ("key that is gone", &["A009"], |s, r| {
        new_key(s, r, |key| {
            says(key, Facet::Removed).is_some_and(|since| since <= 15.0)
        })
    }),
    ("key of a later system", &["A010"], |s, r| {
        new_key(s, r, |key| {
            says(key, Facet::Introduced).is_some_and(|since| since >= 14.0)
        })
    }),
    ("key of other systems", &["A011"], |s, r| {
        new_key(s, r, |key| {
            let support = key.supports.get(&Platform::Macos);
            let since = support.and_then(|support| support.get(&Facet::Introduced));
            since.is_some_and(|since| since == "n/a")
        })
    }),
    ("payload of other systems", &["A011"], |s, r| {
        retyped(s, r, "com.apple.homescreenlayout")
    }),
    ("payload for supervised hosts", &["A012"], |s, r| {
        retyped(s, r, "com.apple.app.lock")
    }),
    ("payload of the other channel", &["A013"], |s, r| {
        retyped(s, r, "com.apple.security.firewall")
    }),
    ("payload not for users", &["A014"], |s, r| {
        retyped(s, r, "com.apple.security.firewall")
    }),
    ("payload for trusted servers", &["A015"], |s, r| {
        retyped(s, r, "com.apple.syspolicy.kernel-extension-policy")
    }),
    ("payload that no hand installs", &["A016"], |s, r| {
        retyped(s, r, "com.apple.system-extension-policy")
    }),
];

/// The hosts for which a kind of these rules is wrong; any, for other rules.
pub(crate) fn target(rules: &[&str]) -> Target {
    let on = |platform: &str, version: &str| Target {
        platform: Some(platform.to_owned()),
        os_version: Some(version.to_owned()),
        ..Target::default()
    };
    let mac = on("macOS", "15.1");
    match rules {
        ["A008" | "A009" | "A011"] => mac,
        ["A010"] => on("macOS", "13.6"),
        ["A012"] => Target {
            supervised: Some(false),
            ..on("iOS", "17.0")
        },
        ["A013"] => Target {
            channel: Some(Channel::User),
            ..mac
        },
        ["A014"] => Target {
            enrollment: Some(EnrollmentKind::User),
            ..mac
        },
        ["A015" | "A016"] => Target {
            enrollment: Some(EnrollmentKind::Local),
            ..mac
        },
        _ => Target::default(),
    }
}

/// A payload of another type; what is wrong is the type.
fn retyped(source: &Source, random: &mut Random, kind: &str) -> Option<Change> {
    let mut others = source.payloads();
    others.retain(|one| type_of(*one).is_some_and(|name| name != kind));
    let node = random.pick(&others)?.get("PayloadType")?;
    Some(source.with_value(node, format!("<string>{kind}</string>")))
}

/// A version of macOS that the schema names for a key.
fn says(key: &Key, facet: Facet) -> Option<f64> {
    let support = key.supports.get(&Platform::Macos)?;
    let version = support.get(&facet)?;
    let mut parts = version.splitn(3, '.');
    let (major, minor) = (parts.next()?, parts.next().unwrap_or("0"));
    format!("{major}.{minor}").parse().ok()
}

/// One more key that Apple knows, in a dictionary that takes no other.
fn new_key(source: &Source, random: &mut Random, is_fit: impl Fn(&Key) -> bool) -> Option<Change> {
    let mut found = Vec::new();
    for place in facts(source).places {
        let is_new = |key: &&Key| place.node.get(&key.name).is_none() && key.name != "ANY";
        let keys = place.keys.iter().filter(is_new);
        let keys = keys.filter(|key| key.kind == Sort::Boolean && is_fit(key));
        found.extend(keys.map(|key| (place.node, key)));
    }
    let (node, key) = random.pick(&found)?;
    source.with_entry(node, &format!("<key>{}</key><true/>", key.name))
}
