//! A018: what Apple's data says in prose only, as if and then.
//!
//! Each line of the table is one condition of one payload type: where the tests hold in a dictionary,
//! the rest must hold too. Knows nothing of the schema table. Invariant: a value that may still be
//! filled in fits everything, and a key that is absent fits no test but its absence.

mod list;

use mooring_sdk::{Kind, Node, Severity};

use self::list::CONDITIONS;
use crate::profile_tree::Payload;
use crate::report::{Remark, Report};
use crate::target::Platform;

/// What is asked of a dictionary.
enum Test {
    /// The key is there.
    Has(&'static str),
    /// The key is there and has one of these values.
    Is(&'static str, &'static [&'static str]),
}

/// What follows.
enum Then {
    /// The key is there.
    Needs(&'static str),
    /// One of the keys is there.
    NeedsOneOf(&'static [&'static str]),
    /// The key is not there.
    Without(&'static str),
    /// The key has one of these values.
    NeedsValue(&'static str, &'static [&'static str]),
    /// The text of the key, if it is there, begins so.
    Begins(&'static str, &'static str),
}

struct Condition {
    payload: &'static str,
    /// Ways to the dictionaries it is about; `*` stands for every element of an array.
    within: &'static [&'static str],
    when: &'static [Test],
    then: Then,
    /// The device refuses the payload, or the setting does not work at all; else it is passed over.
    is_error: bool,
    /// Only on this platform.
    on: Option<Platform>,
}

use Test::{Has, Is};
use Then::{Begins, Needs, NeedsOneOf, NeedsValue, Without};

/// A018 on one payload.
pub(crate) fn a018(payload: Payload<'_>, report: &mut Report) {
    let conditions = CONDITIONS
        .iter()
        .filter(|condition| condition.payload == payload.type_name);
    for condition in conditions {
        if condition.on.is_some() && condition.on != report.target.platform {
            continue;
        }
        for way in condition.within {
            let steps: Vec<_> = way.split('/').filter(|step| !step.is_empty()).collect();
            reach(payload.node, &steps, &mut |found| {
                judge(condition, payload, found, way, report);
            });
        }
    }
}

/// Calls `found` with every dictionary at the end of the way.
fn reach<'a>(node: Node<'a>, steps: &[&str], found: &mut dyn FnMut(Node<'a>)) {
    match steps.split_first() {
        None if node.kind() == Kind::Dictionary => found(node),
        None => {}
        Some((&"*", rest)) => node.items().for_each(|item| reach(item, rest, found)),
        Some((step, rest)) => {
            if let Some(inner) = node.get(step) {
                reach(inner, rest, found);
            }
        }
    }
}

fn judge(
    condition: &Condition,
    payload: Payload<'_>,
    found: Node<'_>,
    way: &str,
    report: &mut Report,
) {
    let holds = |test: &Test| match test {
        Has(key) => found.get(key).is_some(),
        Is(key, values) => found.get(key).is_some_and(|node| is_one_of(node, values)),
    };
    if !condition.when.iter().all(holds) {
        return;
    }
    let broken = match &condition.then {
        Needs(key) => found
            .get(key)
            .is_none()
            .then(|| (found, format!("{key} is missing"))),
        NeedsOneOf(keys) => keys
            .iter()
            .all(|key| found.get(key).is_none())
            .then(|| (found, format!("one of {} is missing", keys.join(", ")))),
        Without(key) => found
            .get(key)
            .map(|node| (node, format!("{key} has no place"))),
        NeedsValue(key, values) => match found.get(key) {
            None if values.contains(&"absent") => None,
            None => Some((found, format!("{key} is missing"))),
            Some(node) if is_one_of(node, values) => None,
            Some(node) => Some((node, format!("{key} is not {}", values[0]))),
        },
        Begins(key, start) => found
            .get(key)
            .filter(|node| !begins(*node, start))
            .map(|node| (node, format!("{key} does not begin with {start}"))),
    };
    let Some((at, what)) = broken else { return };
    let place = match way.replace("/*", "[]").replace('/', ".") {
        way if way.is_empty() => payload.label(),
        way => format!("{way} of {}", payload.label()),
    };
    let message = format!("{what} in {place}{}", because(condition.when));
    let severity = if condition.is_error {
        Severity::Error
    } else {
        Severity::Warning
    };
    let mut remark = Remark::new("A018", severity, at, message, advice(&condition.then));
    if let Needs(key) = &condition.then {
        remark.absent = Some((*key).to_owned());
    }
    report.add(remark);
}

fn because(when: &[Test]) -> String {
    let reasons: Vec<_> = when
        .iter()
        .map(|test| match test {
            Has(key) => format!("{key} is set"),
            Is(key, [only]) => format!("{key} is {only}"),
            Is(key, values) => format!("{key} is one of {}", values.join(", ")),
        })
        .collect();
    if reasons.is_empty() {
        String::new()
    } else {
        format!(", where {}", reasons.join(" and "))
    }
}

fn advice(then: &Then) -> String {
    match then {
        Needs(key) => format!("add {key}"),
        NeedsOneOf(keys) => format!("add {}", keys.join(" or ")),
        Without(key) => format!("take {key} out"),
        NeedsValue(key, values) => {
            let values: Vec<_> = values
                .iter()
                .filter(|value| **value != "absent")
                .copied()
                .collect();
            format!("set {key} to {}", values.join(" or "))
        }
        Begins(key, start) => format!("begin {key} with {start}"),
    }
}

/// Whether a value is one of these, as devices read it: 1 stands for true.
fn is_one_of(node: Node<'_>, values: &[&str]) -> bool {
    let text = match (node.as_bool(), node.as_integer()) {
        (Some(found), _) => found.to_string(),
        (None, Some(found)) => found.to_string(),
        (None, None) => node.as_str().unwrap_or_default().to_owned(),
    };
    let is = |value: &str| match (value, node.as_integer()) {
        ("true", Some(1)) | ("false", Some(0)) => true,
        _ => value == text,
    };
    values.iter().any(|value| is(value)) || text.contains("{{") || text.contains('$')
}

fn begins(node: Node<'_>, start: &str) -> bool {
    let Some(text) = node.as_str() else {
        return true;
    };
    let head = text.get(..start.len());
    head.is_some_and(|head| head.eq_ignore_ascii_case(start))
        || text.starts_with("{{")
        || text.starts_with('$')
}
