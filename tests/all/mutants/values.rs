//! Values of real payloads that are not what Apple's schema says: rules A, and slips in types.
//!
//! Knows the schema and where a person should look. Invariant: a wrong value is found at its key,
//! what is missing at the dictionary that lacks it, and what holds anyway at the payload.

use mooring_mdm::plist::NodeRef;
use mooring_schema::{Facet, Group, Key, Kind as Sort};

use super::Kind;
use super::facts::{Fact, Place, facts, is_known};
use super::source::{Change, Random, Source};

pub(crate) const KINDS: &[Kind] = &[
    ("type with a slip", &["L007"], misspelt_type),
    ("required key dropped", &["A001"], dropped),
    ("value of another type", &["A002"], |s, r| {
        let fact = pick(s, r, |fact| other_type(fact.key.kind, 0).is_some())?;
        let element = other_type(fact.key.kind, r.below(2))?;
        Some(s.with_value(fact.node, element))
    }),
    ("value that devices convert", &["A002"], |s, r| {
        let fact = pick(s, r, |fact| fact.key.kind == Sort::Boolean)?;
        let element = r.pick(&["<integer>1</integer>", "<string>true</string>"])?;
        Some(s.with_value(fact.node, element))
    }),
    ("value with a slip", &["A003"], |s, r| {
        let fact = pick(s, r, |fact| {
            let has_text = fact.node.node().text.start < fact.node.node().text.end;
            has_text && fact.key.kind == Sort::String && !fact.key.choices.is_empty()
        })?;
        let slip = format!("{}s", fact.node.as_str()?);
        let end = Source::inside(fact.node).end;
        let at = Source::entry(fact.node).start;
        let is_slip = !fact.key.choices.contains(&slip);
        is_slip.then(|| s.replaced_with_fault_at(end..end, "s", at))
    }),
    ("number that is on no list", &["A003"], |s, r| {
        let fact = pick(s, r, |fact| {
            fact.key.kind == Sort::Integer && !fact.key.choices.is_empty()
        })?;
        Some(s.with_value(fact.node, "<integer>987654</integer>"))
    }),
    ("number out of range", &["A004"], out_of_range),
    ("text of no form", &["A005"], |s, r| {
        let fact = pick(s, r, |fact| {
            fact.key.format.is_some() || fact.key.subtype.is_some()
        })?;
        Some(s.with_value(fact.node, "<string>no such form</string>"))
    }),
    ("key with a slip", &["A006"], misspelt),
    ("key of nobody", &["A006"], |s, r| {
        let place = place(s, r, |place| !place.is_domain)?;
        s.with_entry(place.node, "<key>qzOfNobody</key><true/>")
    }),
    ("condition of DNS broken", &["A018"], |s, r| {
        let place = place(s, r, |place| place.node.get("DNSProtocol").is_some())?.node;
        let key = r.pick(&["ServerURL", "ServerName"])?;
        let node = place.get(key)?;
        Some(s.without(Source::entry(node), Source::entry(place).start))
    }),
    ("too many elements", &["A007"], too_many),
    ("value that holds anyway", &["A017"], |s, r| {
        let fact = pick(s, r, |fact| default(fact).is_some())?;
        let at = Source::entry(fact.settings).start;
        Some(s.replaced_with_fault_at(Source::element(fact.node), default(&fact)?, at))
    }),
];

/// One of the values of which this holds.
fn pick<'a>(
    source: &'a Source,
    random: &mut Random,
    is_fit: impl Fn(&Fact<'a>) -> bool,
) -> Option<Fact<'a>> {
    let mut values = facts(source).values;
    values.retain(is_fit);
    random.pick(&values)
}

/// One of the dictionaries that take no unknown key, and of which this holds.
fn place<'a>(
    source: &'a Source,
    random: &mut Random,
    is_fit: impl Fn(&Place<'a>) -> bool,
) -> Option<Place<'a>> {
    let mut places = facts(source).places;
    places.retain(|place| is_fit(place) && place.keys.iter().all(|key| key.name != "ANY"));
    random.pick(&places)
}

/// A value that no device takes for one of this sort.
fn other_type(sort: Sort, at: usize) -> Option<&'static str> {
    let [one, other] = match sort {
        Sort::String => ["<integer>7</integer>", "<array/>"],
        Sort::Integer => ["<string>many</string>", "<array/>"],
        Sort::Real => ["<string>half</string>", "<dict/>"],
        Sort::Boolean => ["<string>maybe</string>", "<integer>7</integer>"],
        Sort::Date | Sort::Data => ["<string>bytes</string>", "<true/>"],
        Sort::Array => ["<dict/>", "<string>list</string>"],
        Sort::Dictionary => ["<array/>", "<string>words</string>"],
        Sort::Any => return None,
    };
    Some(if at == 0 { one } else { other })
}

fn dropped(source: &Source, random: &mut Random) -> Option<Change> {
    let mut found = Vec::new();
    for place in facts(source).places.iter().filter(|place| !place.is_domain) {
        let is_missed = |key: &&Key| {
            let mut others = STAND_INS.iter().filter(|one| one.0 == key.name);
            is_demanded(key) && !others.any(|one| place.node.get(one.1).is_some())
        };
        let required = place.keys.iter().filter(is_missed);
        let there = required.filter_map(|key| place.node.get(&key.name));
        let at = Source::entry(place.node).start;
        found.extend(there.map(|node| (node, at)));
    }
    let (node, at) = random.pick(&found)?;
    let is_name = node.node().key.as_ref()?.text.starts_with("Payload");
    (!is_name).then(|| source.without(Source::entry(node), at))
}

/// Keys that Apple's data demands and systems do without where another is there.
const STAND_INS: &[(&str, &str)] = &[
    ("Allowed", "Authorization"),
    ("label", "file-label"),
    ("file-type", "file-data"),
    // Macs keep the screen saver that they have.
    ("moduleName", "PayloadType"),
];

/// Whether every system that knows the payload misses this key.
fn is_demanded(key: &Key) -> bool {
    let absent = |support: &std::collections::BTreeMap<Facet, String>| {
        support
            .get(&Facet::Introduced)
            .is_some_and(|since| since == "n/a")
    };
    key.is_required && key.name != "ANY" && !key.supports.values().any(absent)
}

fn out_of_range(source: &Source, random: &mut Random) -> Option<Change> {
    let fact = pick(source, random, |fact| {
        fact.key.range.is_some() && fact.key.choices.is_empty()
    })?;
    let (low, high) = fact.key.range.as_ref()?;
    let beyond = [(low, -1.0), (high, 1.0)];
    let beyond = beyond.map(|(bound, step)| Some(bound.parse::<f64>().ok()? + step));
    let beyond: Vec<f64> = beyond.into_iter().flatten().collect();
    let number = random.pick(&beyond)?;
    let word = fact.key.kind.word();
    Some(source.with_value(fact.node, format!("<{word}>{number}</{word}>")))
}

fn too_many(source: &Source, random: &mut Random) -> Option<Change> {
    let fact = pick(source, random, |fact| {
        let bounds = fact.element.and_then(|sort| sort.repetition.as_ref());
        bounds.is_some() && fact.node.items().next().is_some()
    })?;
    let (_, high) = fact.element?.repetition.as_ref()?;
    let last = Source::element(fact.node.items().last()?);
    let copies = source.text(last.clone()).repeat(high.parse().ok()?);
    let at = Source::entry(fact.node).start;
    Some(source.replaced_with_fault_at(last.end..last.end, copies, at))
}

/// The element of what holds without a key.
fn default(fact: &Fact<'_>) -> Option<String> {
    let (key, default) = (fact.key, fact.key.default.as_ref()?);
    // An element of a list has no key that could be left out.
    fact.node.node().key.as_ref().filter(|_| !key.is_required)?;
    let is_flag = matches!(default.as_str(), "true" | "false");
    if key.kind == Sort::Boolean && is_flag {
        return Some(format!("<{default}/>"));
    }
    let number: i64 = default.parse().ok()?;
    (key.kind == Sort::Integer).then(|| format!("<integer>{number}</integer>"))
}

/// A name with one letter missing, doubled, replaced, or swapped with its neighbour.
fn slipped(name: &str, random: &mut Random) -> String {
    let at = random.below(name.len() - 1);
    let next = &name[at + 1..=at + 1];
    match random.below(4) {
        0 => [&name[..at], &name[at + 1..]].concat(),
        1 => [&name[..=at], &name[at..]].concat(),
        2 => [&name[..at], "q", &name[at + 1..]].concat(),
        _ => [&name[..at], next, &name[at..=at], &name[at + 2..]].concat(),
    }
}

/// A payload of a known type that is misspelt.
fn misspelt_type(source: &Source, random: &mut Random) -> Option<Change> {
    let payload = random.pick(&source.payloads())?;
    let node = payload.get("PayloadType")?;
    let name = node.as_str().filter(|name| is_known(name))?;
    let start = "com.apple.".len();
    let end = name
        .get(start..)
        .filter(|_| name.starts_with("com.apple."))?;
    let slip = format!("com.apple.{}", slipped(end, random));
    let is_other = distance(&slip, name) > 0 && !is_known(&slip);
    let mut change = source.with_value(node, format!("<string>{slip}</string>"));
    change.says = Some(name.to_owned());
    is_other.then_some(change)
}

/// A known key that is misspelt.
fn misspelt(source: &Source, random: &mut Random) -> Option<Change> {
    let mut found = Vec::new();
    let places = facts(source).places.into_iter();
    for place in places.filter(|place| place.keys.iter().all(|key| key.name != "ANY")) {
        let own = place.node.entries().filter(|(name, _)| {
            let is_known = place.keys.iter().any(|key| key.name == *name);
            is_known && name.len() >= 5 && name.is_ascii() && !name.starts_with("Payload")
        });
        found.extend(own.map(|(name, node)| (name, node, place.keys)));
    }
    let (name, node, keys): (&str, NodeRef<'_>, &Group) = random.pick(&found)?;
    let slip = slipped(name, random);
    let names = keys.iter().map(|key| key.name.as_str());
    // A slip that is as near to another key could mean either.
    let is_plain = names
        .filter(|other| *other != name)
        .all(|other| distance(&slip, other) > 2);
    if !is_plain || distance(&slip, name) == 0 {
        return None;
    }
    let mut change = source.replaced(Source::key(node), format!("<key>{slip}</key>"));
    change.says = Some(name.to_owned());
    Some(change)
}

/// How many letters have to be added, taken out or replaced, case apart.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.to_ascii_lowercase(), other.to_ascii_lowercase());
    let mut line: Vec<usize> = (0..=other.len()).collect();
    for (row, a) in one.bytes().enumerate() {
        let mut corner = line[0];
        line[0] = row + 1;
        for (column, b) in other.bytes().enumerate() {
            let replaced = corner + usize::from(a != b);
            corner = line[column + 1];
            line[column + 1] = replaced.min(corner + 1).min(line[column] + 1);
        }
    }
    line[other.len()]
}
