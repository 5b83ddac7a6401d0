//! How the profiles that two versions of a generator make differ.
//!
//! Knows nothing of how they were made. Invariants: two profiles that are not the same, byte for
//! byte, are never told as the same; of values only those are told that name a profile or a payload,
//! since any other may be a secret.

use std::collections::{BTreeMap, BTreeSet};

use mooring_mdm::plist::{NodeRef, Value};
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_plugin::GeneratedProfile;
use serde::Serialize;

/// Most differing values of one profile that are told.
const VALUES_MAX: usize = 40;

/// Keys whose values are told: they say who a profile is, to a device and to people.
const NAMING: [&str; 4] = [
    "PayloadIdentifier",
    "PayloadUUID",
    "PayloadType",
    "PayloadVersion",
];

/// Which is there, of an old thing and a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// Only the new one.
    New,
    /// Only the old one.
    Gone,
    /// Both, and they differ.
    Changed,
}

/// One profile that only one version makes, or that both make differently.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProfileChange {
    /// Its key among those that the generator makes.
    pub key: String,
    /// What became of it.
    pub change: Change,
    /// The differing values, if both versions make it; none if only the text differs.
    pub values: Vec<ValueChange>,
    /// How many more values differ.
    pub left_out: usize,
    /// Why values are not compared: one of the two is no profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// One value that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ValueChange {
    /// The keys on the way to it, such as `PayloadContent[com.example.a].SSID_STR`: a payload goes
    /// by its identifier, and what has none by its place, from 0.
    pub path: String,
    /// What became of it.
    pub change: Change,
    /// What it was, where that may be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
    /// What it is, where that may be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub becomes: Option<String>,
}

/// What differs between the profiles that the old and the new version make, by their keys.
pub fn made(old: &[GeneratedProfile], new: &[GeneratedProfile]) -> Vec<ProfileChange> {
    let (old, new) = (by_key(old), by_key(new));
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let changes = keys.into_iter().filter_map(|key| {
        let only = |change| ProfileChange {
            key: key.0.to_owned(),
            change,
            values: Vec::new(),
            left_out: 0,
            problem: None,
        };
        match (old.get(key), new.get(key)) {
            (Some(old), Some(new)) if old == new => None,
            (Some(old), Some(new)) => Some(compared(only(Change::Changed), old, new)),
            (Some(_), None) => Some(only(Change::Gone)),
            (None, _) => Some(only(Change::New)),
        }
    });
    changes.collect()
}

/// The bytes of each profile by its key, and by how often the key was there before: no server takes
/// a key twice, but here it must not hide a profile.
fn by_key(made: &[GeneratedProfile]) -> BTreeMap<(&str, usize), &[u8]> {
    let mut all: BTreeMap<(&str, usize), &[u8]> = BTreeMap::new();
    for profile in made {
        let key = profile.key.as_str();
        let before = all.keys().filter(|(other, _)| *other == key).count();
        all.insert((key, before), profile.profile.as_slice());
    }
    all
}

fn compared(whole: ProfileChange, old: &[u8], new: &[u8]) -> ProfileChange {
    let read = |bytes| Profile::parse(bytes, &ProfileLimits::default());
    let (old, new) = match (read(old), read(new)) {
        (Ok(old), Ok(new)) => (old, new),
        (Err(why), _) => {
            let problem = Some(format!("the old one is no profile: {why}"));
            return ProfileChange { problem, ..whole };
        }
        (_, Err(why)) => {
            let problem = Some(format!("the new one is no profile: {why}"));
            return ProfileChange { problem, ..whole };
        }
    };
    let mut values = Vec::new();
    inside(
        "",
        old.document().root(),
        new.document().root(),
        &mut values,
    );
    let left_out = values.len().saturating_sub(VALUES_MAX);
    values.truncate(VALUES_MAX);
    ProfileChange {
        values,
        left_out,
        ..whole
    }
}

/// What differs inside two dictionaries or arrays; of two other values, whether they differ.
fn inside(path: &str, old: NodeRef<'_>, new: NodeRef<'_>, found: &mut Vec<ValueChange>) {
    let has_parts =
        (old.is_dictionary() && new.is_dictionary()) || (old.is_array() && new.is_array());
    if !has_parts {
        if old.node().value != new.node().value {
            found.push(change(path, Some(old), Some(new)));
        }
        return;
    }
    let (before, after) = (parts(old), parts(new));
    let after_by_name: BTreeMap<&str, NodeRef<'_>> = after
        .iter()
        .map(|(name, node)| (name.as_str(), *node))
        .collect();
    let mut names = BTreeSet::new();
    for (name, was) in &before {
        names.insert(name.as_str());
        let path = joined(path, name);
        match after_by_name.get(name.as_str()) {
            Some(becomes) => inside(&path, *was, *becomes, found),
            None => found.push(change(&path, Some(*was), None)),
        }
    }
    for (name, becomes) in after {
        if !names.contains(name.as_str()) {
            found.push(change(&joined(path, &name), None, Some(becomes)));
        }
    }
}

/// The values in a dictionary by their keys, and those in an array by identifier or place.
fn parts(node: NodeRef<'_>) -> Vec<(String, NodeRef<'_>)> {
    let entries = node.entries().map(|(key, value)| (key.to_owned(), value));
    let mut parts: Vec<_> = entries.collect();
    let mut taken = BTreeSet::new();
    for (at, item) in node.items().enumerate() {
        let identifier = item.get("PayloadIdentifier").and_then(NodeRef::as_str);
        let name = match identifier.filter(|name| taken.insert(*name)) {
            Some(identifier) => format!("[{identifier}]"),
            None => format!("[{at}]"),
        };
        parts.push((name, item));
    }
    parts
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() || name.starts_with('[') {
        format!("{path}{name}")
    } else {
        format!("{path}.{name}")
    }
}

fn change(path: &str, old: Option<NodeRef<'_>>, new: Option<NodeRef<'_>>) -> ValueChange {
    ValueChange {
        path: path.to_owned(),
        change: match (old, new) {
            (Some(_), Some(_)) => Change::Changed,
            (Some(_), None) => Change::Gone,
            (None, _) => Change::New,
        },
        was: old.and_then(told),
        becomes: new.and_then(told),
    }
}

/// The value, if it names something.
fn told(node: NodeRef<'_>) -> Option<String> {
    let key = node.node().key.as_ref()?;
    if !NAMING.contains(&key.text.as_str()) {
        return None;
    }
    match &node.node().value {
        Value::String(text) => Some(text.clone()),
        Value::Integer(number) => Some(number.to_string()),
        Value::Dictionary
        | Value::Array
        | Value::Real(_)
        | Value::Boolean(_)
        | Value::Date(_)
        | Value::Data(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(key: &str, inside: &str) -> GeneratedProfile {
        let head = "<plist version=\"1.0\"><dict><key>PayloadIdentifier</key><string>com.example.a\
                    </string><key>PayloadContent</key><array>";
        GeneratedProfile {
            key: key.to_owned(),
            profile: format!("{head}{inside}</array></dict></plist>").into_bytes(),
            notes: Vec::new(),
        }
    }

    fn payload(name: &str, rest: &str) -> String {
        format!("<dict><key>PayloadIdentifier</key><string>{name}</string>{rest}</dict>")
    }

    /// Profiles that come and go are told by their keys, and equal ones not at all.
    #[test]
    fn keys() {
        let old = [profile("same", ""), profile("gone", "")];
        let new = [
            profile("same", ""),
            profile("new", ""),
            profile("same", "<true/>"),
        ];
        let changes = made(&old, &new);
        let told: Vec<_> = changes
            .iter()
            .map(|it| (it.key.as_str(), it.change))
            .collect();
        let expected = [
            ("gone", Change::Gone),
            ("new", Change::New),
            ("same", Change::New),
        ];
        assert_eq!(told, expected);
    }

    /// A payload that moved is the same one; what is secret has its path told, and no value.
    #[test]
    fn values() {
        let secret = |text| format!("<key>Password</key><string>{text}</string>");
        let uuid = |text| format!("<key>PayloadUUID</key><string>{text}</string>");
        let old = payload("a", &secret("hunter2")) + &payload("b", &uuid("1"));
        let new = payload("c", "") + &payload("b", &uuid("2")) + &payload("a", &secret("hunter3"));
        let changes = made(&[profile("x", &old)], &[profile("x", &new)]);
        let [changed] = changes.as_slice() else {
            panic!("{changes:?}");
        };
        let paths: Vec<_> = changed
            .values
            .iter()
            .map(|it| (it.path.as_str(), it.change))
            .collect();
        let expected = [
            ("PayloadContent[a].Password", Change::Changed),
            ("PayloadContent[b].PayloadUUID", Change::Changed),
            ("PayloadContent[c]", Change::New),
        ];
        assert_eq!(paths, expected);
        assert_eq!(changed.values[0].was, None);
        assert_eq!(changed.values[1].becomes.as_deref(), Some("2"));
        assert!(!format!("{changes:?}").contains("hunter"));
    }

    /// The same values in another text, and what is no profile, are changes as well.
    #[test]
    fn never_the_same() {
        let one = profile("x", "");
        let mut spaced = one.clone();
        spaced.profile.push(b'\n');
        let changes = made(std::slice::from_ref(&one), &[spaced]);
        assert_eq!(changes[0].change, Change::Changed);
        assert!(changes[0].values.is_empty() && changes[0].problem.is_none());
        let mut broken = one.clone();
        broken.profile.truncate(20);
        let changes = made(&[one], &[broken]);
        assert!(changes[0].problem.is_some(), "{changes:?}");
    }
}
