//! What differs between two schemas, in the words of an administrator.
//!
//! Knows no file. Invariant: all lists are sorted.

use std::collections::BTreeMap;

use crate::model::{Key, Schema, Variant};

/// What a newer schema brings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Payload types that only the newer one has.
    pub types_added: Vec<String>,
    /// Payload types that only the older one has.
    pub types_removed: Vec<String>,
    /// Keys that only the newer one has, as type and way to the key, of types that both have.
    pub keys_added: Vec<(String, String)>,
    /// Keys that only the older one has.
    pub keys_removed: Vec<(String, String)>,
    /// Keys that both have and describe otherwise.
    pub keys_changed: Vec<(String, String)>,
}

impl Changes {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Compares two schemas.
pub fn changes(old: &Schema, new: &Schema) -> Changes {
    let only = |one: &Schema, other: &Schema| -> Vec<String> {
        let names = one.types.keys();
        names
            .filter(|name| !other.types.contains_key(*name))
            .cloned()
            .collect()
    };
    let mut changes = Changes {
        types_added: only(new, old),
        types_removed: only(old, new),
        ..Changes::default()
    };
    for (name, variants) in &new.types {
        let Some(before) = old.types.get(name) else {
            continue;
        };
        let (before, after) = (paths(before), paths(variants));
        let entry = |path: &String| (name.clone(), path.clone());
        for (path, key) in &after {
            match before.get(path) {
                None => changes.keys_added.push(entry(path)),
                Some(was) if was != key => changes.keys_changed.push(entry(path)),
                Some(_) => {}
            }
        }
        let gone = before.keys().filter(|path| !after.contains_key(*path));
        changes.keys_removed.extend(gone.map(entry));
    }
    changes
}

/// Every key of a type by its way from the payload, without its place among the groups.
fn paths(variants: &[Variant]) -> BTreeMap<String, Key> {
    let paths = variants.iter().flat_map(Variant::paths);
    let alone = |key: &Key| Key {
        group: None,
        ..key.clone()
    };
    paths.map(|(path, key)| (path, alone(key))).collect()
}
