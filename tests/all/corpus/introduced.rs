//! The table of introductions is what Apple's schema says, and holds for real profiles.
//!
//! Derives `host/mdm/data/introduced.tsv` anew from the schema beside the checkout. With a newer
//! schema the test fails and leaves the table as it should be, ready to be copied.

mod yaml;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use mooring_mdm::os::{OsVersion, Platform};
use mooring_mdm::profile::introduced::{INTRODUCTIONS_MAX, OLDEST, introductions};
use mooring_mdm::profile::{Profile, ProfileLimits};
use mooring_tests::corpus::{folder, profiles, say};

use self::yaml::Yaml;

/// The names of the systems in the schema.
const SYSTEMS: [(&str, Platform); 5] = [
    ("macOS", Platform::MacOs),
    ("iOS", Platform::Ios),
    ("tvOS", Platform::TvOs),
    ("watchOS", Platform::WatchOs),
    ("visionOS", Platform::VisionOs),
];

/// When each system introduced something; a system that is not here does not have it.
type Versions = BTreeMap<Platform, OsVersion>;

/// Payload type, path and name of the system, with the version.
type Rows = BTreeMap<(String, String, &'static str), OsVersion>;

/// What one file of the schema says.
struct Walk<'a> {
    payload_type: &'a str,
    anchors: &'a BTreeMap<&'a str, Yaml<'a>>,
    /// Aliases that the walk is in: the schema contains itself at two places.
    open: Vec<&'a str>,
    rows: &'a mut Rows,
}

impl<'a> Walk<'a> {
    fn add(&mut self, path: &str, platform: Platform, version: OsVersion) {
        let place = (self.payload_type.to_owned(), path.to_owned());
        let row = self.rows.entry((place.0, place.1, platform.as_str()));
        // Some payload types have several files; what one of them knows is known.
        row.and_modify(|known| *known = version.min(*known))
            .or_insert(version);
    }

    /// Adds a payload or key, if it is newer than what encloses it, and tells since when it is.
    fn place(&mut self, path: &str, value: &Yaml<'a>, enclosing: &Versions) -> Versions {
        let mut since = enclosing.clone();
        for (platform, version) in introduced(value) {
            match version {
                None => {
                    since.remove(&platform);
                }
                Some(version) if since.get(&platform).is_none_or(|e| *e < version) => {
                    self.add(path, platform, version);
                    since.insert(platform, version);
                }
                Some(_) => {}
            }
        }
        since
    }

    fn keys(&mut self, path: &str, keys: &'a Yaml<'a>, is_array: bool, enclosing: &Versions) {
        let keys = match keys {
            Yaml::Alias(name) if self.open.contains(name) => return,
            Yaml::Alias(name) => {
                self.open.push(name);
                self.keys(path, &self.anchors[name], is_array, enclosing);
                self.open.pop();
                return;
            }
            Yaml::List(keys) => keys,
            Yaml::Text(_) | Yaml::Map(_) => panic!("{keys:?} are no keys"),
        };
        for key in keys {
            let path = match key.text("key").unwrap() {
                // The schema gives the items of an array a name, which a profile does not have.
                _ if is_array => format!("{path}[]"),
                name if path.is_empty() => name.to_owned(),
                name => format!("{path}.{name}"),
            };
            let since = self.place(&path, key, enclosing);
            if let Some(subkeys) = key.get("subkeys") {
                let is_array = key.text("type") == Some("<array>");
                self.keys(&path, subkeys, is_array, &since);
            }
        }
    }
}

/// What `supportedOS` says of each system it names: since when, or `None` for never.
fn introduced(value: &Yaml<'_>) -> Vec<(Platform, Option<OsVersion>)> {
    let systems = value.get("supportedOS").map_or(&[][..], Yaml::entries);
    let told = systems.iter().filter_map(|(system, said)| {
        let (_, platform) = SYSTEMS.iter().find(|(name, _)| name == system)?;
        let version = match said.text("introduced")? {
            "n/a" => None,
            "all" => return None,
            version => Some(OsVersion::parse(version).unwrap()),
        };
        Some((*platform, version))
    });
    told.collect()
}

fn read_file(path: &Path, rows: &mut Rows) {
    let text = fs::read_to_string(path).unwrap();
    let (file, anchors) = yaml::read(&text);
    let payload = file.get("payload").unwrap();
    let payload_type = match payload.text("payloadtype").unwrap() {
        "TopLevel" => "Configuration",
        payload_type => payload_type,
    };
    let mut walk = Walk {
        payload_type,
        anchors: &anchors,
        open: Vec::new(),
        rows,
    };
    let since = walk.place("", payload, &Versions::new());
    walk.keys("", file.get("payloadkeys").unwrap(), false, &since);
}

/// The table as it should be.
fn derived(schema: &Path) -> String {
    let source = fs::read_to_string(schema.join("SOURCE.md")).unwrap();
    let mut lines = source.lines();
    let commit = lines.find_map(|line| line.strip_prefix("commit: "));
    let mut files: Vec<_> = fs::read_dir(schema.join("mdm/profiles"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    assert!(files.len() > 100, "{}", files.len());
    let mut rows = Rows::new();
    for path in &files {
        read_file(path, &mut rows);
    }
    let mut text = format!(
        "# Facts from the payloads of Apple's device-management repository (MIT licence),\n\
         # https://github.com/apple/device-management, commit\n\
         # {}.\n\
         # The test corpus::introduced makes this file. Columns: payload type; key, empty for the\n\
         # payload type itself; system; the version that introduced it.\n",
        commit.unwrap()
    );
    for ((payload_type, path, system), version) in rows {
        let is_oldest = |(platform, oldest): &(Platform, &str)| {
            platform.as_str() == system && version <= OsVersion::parse(oldest).unwrap()
        };
        if OLDEST.iter().any(is_oldest) {
            continue;
        }
        // The table has no place for a key of any name, nor for one that every payload takes.
        assert!(!path.split(['.', '[']).any(|key| key == "ANY"), "{path}");
        assert_ne!(payload_type, "CommonPayloadKeys", "{path}");
        writeln!(text, "{payload_type}\t{path}\t{system}\t{version}").unwrap();
    }
    text
}

/// Apple's schema, or nothing and a loud line.
fn schema(test: &str) -> Option<PathBuf> {
    let schema = folder(test)?.with_file_name("apple-device-management");
    if schema.is_dir() {
        return Some(schema);
    }
    say(&format!("SKIPPED {test}: there is no {}", schema.display()));
    None
}

/// The committed table is exactly what the schema says.
#[test]
fn the_table_is_the_schema() {
    let Some(schema) = schema("corpus::introduced::the_table_is_the_schema") else {
        return;
    };
    let expected = derived(&schema);
    let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("../host/mdm/data/introduced.tsv");
    let committed = fs::read_to_string(&table).unwrap_or_default();
    if committed == expected {
        return;
    }
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("introduced.tsv");
    fs::write(&copy, expected).unwrap();
    panic!(
        "{} differs from the schema: if that was refreshed, copy {} over it",
        table.display(),
        copy.display()
    );
}

/// Every real profile has its introductions told, within the limit, whatever is in it.
#[test]
fn real_profiles_are_looked_up() {
    let Some(root) = folder("corpus::introduced::real_profiles_are_looked_up") else {
        return;
    };
    let (mut read, mut with) = (0, 0);
    let mut systems: BTreeMap<Platform, usize> = BTreeMap::new();
    for path in profiles(&root) {
        let Ok(profile) = Profile::parse(&fs::read(&path).unwrap(), &ProfileLimits::default())
        else {
            continue;
        };
        let found = introductions(profile.document());
        assert!(found.len() <= INTRODUCTIONS_MAX, "{}", path.display());
        read += 1;
        with += usize::from(!found.is_empty());
        for (_, platform) in SYSTEMS {
            let is_used = found.iter().any(|found| found.platform == platform);
            *systems.entry(platform).or_default() += usize::from(is_used);
        }
    }
    assert!(with > 0);
    let systems: Vec<_> = systems.iter().map(|(p, n)| format!("{p} {n}")).collect();
    say(&format!(
        "corpus, introductions: {with} of {read} profiles that could be read ({})",
        systems.join(", ")
    ));
}
