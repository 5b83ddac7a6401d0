//! Which versions of a system introduced what a profile sets.
//!
//! A device ignores a payload type or key that its system does not know, and does not look again
//! when it is upgraded. A profile takes full effect only if it is installed once more after the
//! system has passed a version that introduced something in it. The versions are Apple's own facts
//! of its payloads, in `data/introduced.tsv`; a payload type that is not there says nothing.
//!
//! Knows nothing of hosts, of when profiles are installed, or of what keys mean. Invariants: what
//! is found depends on the profile and the table alone; no row of the table lies at or below the
//! oldest systems that matter, [`OLDEST`].
//!
//! See the `supportedOS` of the payloads in <https://github.com/apple/device-management>.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::os::{OsVersion, Platform};
use crate::plist::{Document, NodeRef};

#[cfg(test)]
mod tests;

/// Most introductions of one profile: the table has no more different ones.
pub const INTRODUCTIONS_MAX: usize = 64;

/// Introductions in these versions and all earlier ones are left out of the table: no device in
/// use is upgraded to them any more, and visionOS began with 1.0.
pub const OLDEST: [(Platform, &str); 5] = [
    (Platform::MacOs, "10.15"),
    (Platform::Ios, "13.0"),
    (Platform::TvOs, "13.0"),
    (Platform::WatchOs, "6.0"),
    (Platform::VisionOs, "1.0"),
];

/// A version of a system that introduced a payload type or a key.
///
/// iPadOS is never here: it has the versions of iOS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Introduction {
    /// The system.
    pub platform: Platform,
    /// Its first version that knows the payload type or key.
    pub version: OsVersion,
}

/// One line of the table.
struct Row {
    payload_type: &'static str,
    /// Keys with dots between them and `[]` after an array; empty for the payload type itself.
    path: &'static str,
    introduction: Introduction,
}

/// The rows in order of payload type and path.
static TABLE: LazyLock<Vec<Row>> = LazyLock::new(|| {
    let lines = include_str!("../../data/introduced.tsv").lines();
    let mut rows: Vec<Row> = lines.filter_map(row).collect();
    rows.sort_by_key(|row| (row.payload_type, row.path));
    rows
});

/// Reads a line of the table; `None` for a remark, and a test holds that all others are rows.
fn row(line: &'static str) -> Option<Row> {
    let mut fields = line.split('\t');
    let mut next = || fields.next().filter(|_| !line.starts_with('#'));
    Some(Row {
        payload_type: next()?,
        path: next()?,
        introduction: Introduction {
            platform: next()?.parse().ok()?,
            version: OsVersion::parse(next()?).ok()?,
        },
    })
}

/// Payload types that take all keys of another type besides their own, which Apple says in words.
/// See <https://developer.apple.com/documentation/devicemanagement/applayervpn>.
const EXTENSIONS: [(&str, &str); 1] = [("com.apple.vpn.managed.applayer", "com.apple.vpn.managed")];

/// Every introduction of a payload type or key that a profile uses; at most [`INTRODUCTIONS_MAX`].
///
/// Finds nothing in an encrypted profile, nor among the values of custom settings
/// (`com.apple.ManagedClient.preferences`), which macOS hands on to applications without a look.
pub fn introductions(document: &Document) -> BTreeSet<Introduction> {
    let root = document.root();
    let content = root.get("PayloadContent");
    let payloads = content.into_iter().flat_map(NodeRef::items);
    let mut found = BTreeSet::new();
    for payload in std::iter::once(root).chain(payloads) {
        let Some(payload_type) = payload.get("PayloadType").and_then(NodeRef::as_str) else {
            continue;
        };
        visit(
            payload,
            &mut String::new(),
            rows_of(payload_type),
            &mut found,
        );
        for (_, base) in EXTENSIONS.iter().filter(|(name, _)| *name == payload_type) {
            let rows = rows_of(base);
            let keys = rows.partition_point(|row| row.path.is_empty());
            visit(payload, &mut String::new(), &rows[keys..], &mut found);
        }
    }
    found
}

/// Whether a device that went from one version to another passed an introduction, so that a
/// profile with these introductions does more if it is installed again.
pub fn is_news(
    introductions: &BTreeSet<Introduction>,
    platform: Platform,
    installed_on: &OsVersion,
    now: &OsVersion,
) -> bool {
    versions(introductions, platform).any(|version| installed_on < version && version <= now)
}

/// Whether any version after `installed_on` is an introduction, so that it is worth remembering
/// on which version a profile was installed.
pub fn has_later(
    introductions: &BTreeSet<Introduction>,
    platform: Platform,
    installed_on: &OsVersion,
) -> bool {
    versions(introductions, platform).any(|version| installed_on < version)
}

fn versions(
    introductions: &BTreeSet<Introduction>,
    platform: Platform,
) -> impl Iterator<Item = &OsVersion> {
    let platform = match platform {
        Platform::IpadOs => Platform::Ios,
        Platform::MacOs
        | Platform::Ios
        | Platform::TvOs
        | Platform::WatchOs
        | Platform::VisionOs => platform,
    };
    let of_platform = introductions
        .iter()
        .filter(move |introduction| introduction.platform == platform);
    of_platform.map(|introduction| &introduction.version)
}

fn rows_of(payload_type: &str) -> &'static [Row] {
    let rows = &TABLE[TABLE.partition_point(|row| row.payload_type < payload_type)..];
    &rows[..rows.partition_point(|row| row.payload_type == payload_type)]
}

/// Of rows in order of path, those whose path begins with `start`.
fn starting<'a>(rows: &'a [Row], start: &str) -> &'a [Row] {
    let rows = &rows[rows.partition_point(|row| row.path < start)..];
    &rows[..rows.partition_point(|row| row.path.starts_with(start))]
}

/// Collects the introductions of the value at `path` and of all below it.
///
/// Goes only where a row may lie, so it goes no deeper than the deepest path of the table, however
/// deep the profile is. A key with dots in it is read as if the dots led to keys of their own; at
/// worst, that finds an introduction too many.
fn visit(
    node: NodeRef<'_>,
    path: &mut String,
    rows: &'static [Row],
    found: &mut BTreeSet<Introduction>,
) {
    let rows = starting(rows, path);
    let here = rows.iter().take_while(|row| row.path == path);
    found.extend(here.map(|row| row.introduction));
    let length = path.len();
    if !rows.is_empty() && node.is_array() {
        path.push_str("[]");
        for item in node.items() {
            visit(item, path, rows, found);
        }
        path.truncate(length);
        return;
    }
    if length > 0 {
        path.push('.');
    }
    let rows = starting(rows, path);
    let start = path.len();
    // An empty key would be the same place again.
    let entries = node.entries().filter(|(key, _)| !key.is_empty());
    for (key, value) in entries.take_while(|_| !rows.is_empty()) {
        path.push_str(key);
        visit(value, path, rows, found);
        path.truncate(start);
    }
    path.truncate(length);
}
