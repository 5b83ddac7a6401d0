//! Preference domains of other makers, from the user's own checkout of `ProfileManifests`.
//!
//! Reads each property list that has `pfm_domain`. Knows nothing of Apple's files. Invariants: a
//! type that Apple describes stays Apple's; what a manifest says in a form that is not understood is
//! left out, so that nothing is judged by it; nothing of such a checkout is part of this program.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use plist::{Dictionary, Value};

use crate::apple::SOURCE_BYTES_MAX;
use crate::error::TableError;
use crate::model::{Facet, Group, Key, Kind, Origin, Platform, Schema, Support, Supports, Variant};

/// Deepest folder that is looked into.
const DEPTH_MAX: usize = 8;
/// Deepest nesting of subkeys.
const KEYS_DEPTH_MAX: usize = 32;

/// The keys of every payload, which manifests repeat.
const COMMON: [&str; 8] = [
    "PayloadDescription",
    "PayloadDisplayName",
    "PayloadEnabled",
    "PayloadIdentifier",
    "PayloadOrganization",
    "PayloadType",
    "PayloadUUID",
    "PayloadVersion",
];

/// Adds the domains of a checkout's manifests to a schema. The second value says which files were
/// left out, and why.
///
/// # Errors
/// [`TableError`] if a folder cannot be read or holds no manifest.
pub fn add_manifests(schema: &mut Schema, checkout: &Path) -> Result<Vec<String>, TableError> {
    let mut files = Vec::new();
    find(checkout, 0, &mut files)?;
    files.sort();
    let mut remarks = Vec::new();
    let mut found: BTreeMap<String, Variant> = BTreeMap::new();
    for path in files {
        match manifest(&path) {
            Ok(Some((domain, variant))) => {
                // Several manifests describe one domain here and there: the longest says most.
                let keys = |variant: &Variant| variant.groups.iter().map(Vec::len).sum::<usize>();
                let is_longer = |old: &Variant| keys(old) < keys(&variant);
                if found.get(&domain).is_none_or(is_longer) {
                    found.insert(domain, variant);
                }
            }
            Ok(None) => {}
            Err(reason) => remarks.push(format!("{}: {reason}", path.display())),
        }
    }
    if found.is_empty() {
        let path = checkout.to_owned();
        return Err(TableError::NoManifests { path });
    }
    for (domain, variant) in found {
        schema.types.entry(domain).or_insert_with(|| vec![variant]);
    }
    Ok(remarks)
}

fn find(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), TableError> {
    let failed = |source| TableError::Read {
        path: folder.to_owned(),
        source,
    };
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && depth < DEPTH_MAX {
            find(&path, depth + 1, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|found| found == "plist") {
            files.push(path);
        }
    }
    Ok(())
}

/// The domain that a file describes; `None` if the file is no manifest.
fn manifest(path: &Path) -> Result<Option<(String, Variant)>, String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    if bytes.len() > SOURCE_BYTES_MAX {
        return Err("too long for a manifest".to_owned());
    }
    let read =
        Value::from_reader(std::io::Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let Some(root) = read.as_dictionary() else {
        return Ok(None);
    };
    let (Some(domain), Some(keys)) = (text(root, "pfm_domain"), list(root, "pfm_subkeys")) else {
        return Ok(None);
    };
    let mut groups = vec![Vec::new()];
    let own = group(keys, &mut groups, 0);
    groups[0] = own;
    let mut supports = supports(root);
    for support in supports.values_mut() {
        if let Some(is_unique) = root.get("pfm_unique").and_then(Value::as_boolean) {
            support.insert(Facet::Multiple, (!is_unique).to_string());
        }
    }
    let variant = Variant {
        name: String::new(),
        origin: Origin::Manifest,
        supports,
        groups,
    };
    Ok(Some((domain, variant)))
}

fn group(keys: &[Value], groups: &mut Vec<Group>, depth: usize) -> Group {
    let mut group = Group::new();
    for one in keys.iter().filter_map(Value::as_dictionary) {
        let name = text(one, "pfm_name").unwrap_or_default();
        // Keys of the editor itself, and of every payload, are no keys of the domain.
        if name.starts_with("PFC_") || (depth == 0 && COMMON.contains(&name.as_str())) {
            continue;
        }
        group.push(key(name, one, groups, depth));
    }
    group
}

fn key(name: String, one: &Dictionary, groups: &mut Vec<Group>, depth: usize) -> Key {
    let kind = match text(one, "pfm_type").as_deref() {
        Some("float") => Kind::Real,
        Some(word) => Kind::from_word(word).unwrap_or(Kind::Any),
        None => Kind::Any,
    };
    // A condition may lift what a key demands, so where there is one nothing is demanded.
    let is_required = text(one, "pfm_require").as_deref() == Some("always")
        && !["pfm_conditionals", "pfm_exclude"]
            .iter()
            .any(|key| one.contains_key(key));
    let is_open = one
        .get("pfm_range_list_allow_custom_value")
        .and_then(Value::as_boolean)
        == Some(true);
    let choices = list(one, "pfm_range_list").filter(|_| !is_open);
    let choices: Vec<_> = choices.into_iter().flatten().filter_map(plain).collect();
    let inner = list(one, "pfm_subkeys").filter(|keys| !keys.is_empty() && depth < KEYS_DEPTH_MAX);
    let inner = inner.map(|keys| {
        let index = groups.len();
        groups.push(Group::new());
        let read = group(keys, groups, depth + 1);
        groups[index] = read;
        index
    });
    let is_free = name.is_empty() || name.contains("{{");
    Key {
        name: if is_free { "ANY".to_owned() } else { name },
        kind,
        is_required,
        choices,
        range: bounds(one, "pfm_range_min", "pfm_range_max"),
        format: text(one, "pfm_format"),
        repetition: bounds(one, "pfm_repetition_min", "pfm_repetition_max"),
        subtype: None,
        default: None,
        item: None,
        group: inner,
        supports: supports(one),
    }
}

fn bounds(one: &Dictionary, low: &str, high: &str) -> Option<(String, String)> {
    let bound = |key| one.get(key).and_then(plain).unwrap_or_default();
    let (low, high) = (bound(low), bound(high));
    (!low.is_empty() || !high.is_empty()).then_some((low, high))
}

fn supports(one: &Dictionary) -> Supports {
    let mut supports = Supports::new();
    for (platform, prefix) in [
        (Platform::Ios, "pfm_ios"),
        (Platform::Macos, "pfm_macos"),
        (Platform::Tvos, "pfm_tvos"),
    ] {
        let mut support = Support::new();
        for (facet, suffix) in [
            (Facet::Introduced, "min"),
            (Facet::Deprecated, "deprecated"),
        ] {
            if let Some(version) = text(one, &format!("{prefix}_{suffix}")) {
                support.insert(facet, version);
            }
        }
        if !support.is_empty() {
            supports.insert(platform, support);
        }
    }
    supports
}

fn text(one: &Dictionary, key: &str) -> Option<String> {
    one.get(key)?.as_string().map(str::to_owned)
}

fn list<'a>(one: &'a Dictionary, key: &str) -> Option<&'a [Value]> {
    one.get(key)?.as_array().map(Vec::as_slice)
}

/// A text or number as a table writes it.
fn plain(value: &Value) -> Option<String> {
    if let Some(text) = value.as_string() {
        return Some(text.to_owned());
    }
    if let Some(number) = value.as_real() {
        return Some(number.to_string());
    }
    let integer = value.as_signed_integer().map(|number| number.to_string());
    integer.or_else(|| value.as_unsigned_integer().map(|number| number.to_string()))
}
