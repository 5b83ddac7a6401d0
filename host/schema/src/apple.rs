//! From a checkout of Apple's `device-management` repository to a schema.
//!
//! Reads `mdm/profiles/*.yaml` and leaves out titles and prose. Keys that it does not know are
//! passed over, since each release brings some; a file that is damaged is left out and named, so that
//! it does not take the others with it. Invariants: one list of subkeys is one group, however
//! often it is named; files are read in order of name, so equal checkouts give equal schemas.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::error::TableError;
use crate::model::{Facet, Key, Kind, Origin, Platform, Schema, Support, Supports, Variant};
use crate::yaml::{NodeId, Yaml};

/// Longest file of a checkout that is read, in bytes; Apple's longest has 200,000.
pub(crate) const SOURCE_BYTES_MAX: usize = 4 << 20;

/// Names that Apple's files give to the one key of a dictionary whose keys are free.
const STANDS_FOR_ANY: [&str; 3] = ["ANY", "ConsentTextItem", "Printer"];

/// What a checkout says.
#[derive(Debug, Default)]
pub struct AppleRead {
    /// The payload types.
    pub schema: Schema,
    /// What was not understood and taken as free, with file and line.
    pub remarks: Vec<String>,
    /// Files that could not be read, which name the file and, where there is one, the line. What
    /// they describe is not in the schema.
    pub skipped: Vec<TableError>,
}

/// Reads the payload types of a checkout, or of its folder `mdm/profiles` alone.
///
/// # Errors
/// [`TableError`] if there is no such folder, or if not one of its files can be read.
pub fn read_apple(checkout: &Path) -> Result<AppleRead, TableError> {
    let mut found = AppleRead::default();
    for path in profiles(checkout)?.1 {
        if let Err(error) = found.add(&path) {
            found.skipped.push(error);
        }
    }
    if found.schema.types.is_empty() {
        let path = checkout.to_owned();
        let first = found.skipped.into_iter().next();
        return Err(first.unwrap_or(TableError::NoCheckout { path }));
    }
    let variants = found.schema.types.values_mut();
    for variants in variants.filter(|all| all.len() == 1) {
        variants[0].name.clear();
    }
    Ok(found)
}

impl AppleRead {
    /// Reads one file; if that fails, nothing of it is taken.
    fn add(&mut self, path: &Path) -> Result<(), TableError> {
        let yaml = Yaml::read(path, &source(path)?)?;
        let mut file = File {
            yaml: &yaml,
            groups: Vec::new(),
            known: BTreeMap::new(),
            remarks: Vec::new(),
        };
        let (name, variant) = file.read(path)?;
        let remarked = file.remarks.iter();
        let remarks = remarked.map(|remark| format!("{}:{remark}", path.display()));
        self.remarks.extend(remarks);
        self.schema.types.entry(name).or_default().push(variant);
        Ok(())
    }
}

/// The folder of the whole checkout, and its files about profiles, which may lie right in the folder
/// that was given.
fn profiles(given: &Path) -> Result<(PathBuf, Vec<PathBuf>), TableError> {
    for (inner, outer) in [("mdm/profiles", ""), ("profiles", ".."), ("", "../..")] {
        let files = files(&given.join(inner), "yaml")?;
        if !files.is_empty() {
            return Ok((given.join(outer), files));
        }
    }
    let path = given.to_owned();
    Err(TableError::NoCheckout { path })
}

/// What a table says at its top: what it is, and the licence of each checkout that has one, since
/// the facts are taken from it.
pub fn head<'a>(checkouts: impl IntoIterator<Item = &'a Path>) -> String {
    let mut head = String::from(
        "What Apple publishes about payloads, as facts: names, types, values and versions.\n\
         Made by `mooring schema update`; host/docs/SCHEMA.md describes the form.\n",
    );
    for checkout in checkouts {
        let root = profiles(checkout).map_or_else(|_| checkout.to_owned(), |found| found.0);
        let path = root.join("LICENSE.txt");
        // A checkout without it is a copy of the user's own making, and used as it is.
        if let Ok(licence) = source(&path) {
            head.push_str("\nThe facts are taken from work under this licence:\n");
            head.push_str(licence.trim());
            head.push('\n');
        }
    }
    head
}

/// The files of one folder with this extension, by name; none where there is no folder.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, TableError> {
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let failed = |source| TableError::Read {
        path: folder.to_owned(),
        source,
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn source(path: &Path) -> Result<String, TableError> {
    let failed = |source| TableError::Read {
        path: path.to_owned(),
        source,
    };
    let bytes = fs::metadata(path).map_err(failed)?.len();
    let bytes = usize::try_from(bytes).unwrap_or(usize::MAX);
    if bytes > SOURCE_BYTES_MAX {
        return Err(TableError::TooLarge {
            path: path.to_owned(),
            bytes,
            limit: SOURCE_BYTES_MAX,
        });
    }
    fs::read_to_string(path).map_err(failed)
}

/// What a file is called in parentheses: `com.apple.MCX(WiFi).yaml` is the variant `WiFi`.
fn variant_name(path: &Path) -> String {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let inner = stem.split_once('(').map(|(_, rest)| rest);
    let name = inner.map_or("general", |rest| rest.trim_end_matches(')'));
    name.to_owned()
}

struct File<'a> {
    yaml: &'a Yaml,
    groups: Vec<Vec<Key>>,
    /// The group of each list of subkeys that was met.
    known: BTreeMap<NodeId, usize>,
    remarks: Vec<String>,
}

impl File<'_> {
    fn read(&mut self, path: &Path) -> Result<(String, Variant), TableError> {
        let yaml = self.yaml;
        let root = Yaml::ROOT;
        let payload = yaml.get(root, "payload");
        let payload = payload.ok_or_else(|| yaml.shape(1, "`payload`"))?;
        let name = yaml.text(payload, "payloadtype")?;
        let name = name.ok_or_else(|| yaml.shape(yaml.line(payload), "`payloadtype`"))?;
        if let Some(keys) = yaml.get(root, "payloadkeys") {
            self.group(keys)?;
        } else {
            self.groups.push(Vec::new());
        }
        let variant = Variant {
            name: variant_name(path),
            origin: Origin::Apple,
            supports: self.supports(payload)?,
            groups: std::mem::take(&mut self.groups),
        };
        Ok((name, variant))
    }

    /// The group of a list of keys. Its place is taken before its keys are read, so that a list
    /// that holds itself is met as known.
    fn group(&mut self, list: NodeId) -> Result<usize, TableError> {
        if let Some(known) = self.known.get(&list) {
            return Ok(*known);
        }
        let index = self.groups.len();
        self.known.insert(list, index);
        self.groups.push(Vec::new());
        for item in self.yaml.items(list)? {
            let key = self.key(*item)?;
            self.groups[index].push(key);
        }
        Ok(index)
    }

    fn key(&mut self, item: NodeId) -> Result<Key, TableError> {
        let yaml = self.yaml;
        let line = yaml.line(item);
        let name = yaml.text(item, "key")?;
        let mut name = name.ok_or_else(|| yaml.shape(line, "`key`"))?;
        if STANDS_FOR_ANY.contains(&name.as_str()) {
            "ANY".clone_into(&mut name);
        }
        let word = yaml.text(item, "type")?;
        let word = word.ok_or_else(|| yaml.shape(line, "`type`"))?;
        let kind = Kind::from_word(word.trim_matches(['<', '>'])).unwrap_or_else(|| {
            let remark = format!("{line}: the type {word} is not known and not judged");
            self.remarks.push(remark);
            Kind::Any
        });
        let group = match yaml.get(item, "subkeys") {
            Some(list) if !yaml.items(list)?.is_empty() => Some(self.group(list)?),
            Some(_) | None => None,
        };
        let choices = match yaml.get(item, "rangelist") {
            Some(list) => {
                let choices = yaml.items(list)?.iter();
                choices
                    .map(|one| yaml.scalar(*one).map(str::to_owned))
                    .collect::<Result<_, _>>()?
            }
            None => Vec::new(),
        };
        Ok(Key {
            name,
            kind,
            is_required: yaml.text(item, "presence")?.as_deref() == Some("required"),
            choices,
            range: self.bounds(item, "range")?,
            format: yaml.text(item, "format")?,
            repetition: self.bounds(item, "repetition")?,
            subtype: yaml
                .text(item, "subtype")?
                .map(|word| word.trim_matches(['<', '>']).to_owned()),
            default: yaml.text(item, "default")?,
            item: yaml.text(item, "subkeytype")?,
            group,
            supports: self.supports(item)?,
        })
    }

    fn bounds(&self, item: NodeId, key: &str) -> Result<Option<(String, String)>, TableError> {
        let Some(bounds) = self.yaml.get(item, key) else {
            return Ok(None);
        };
        let bound = |name| self.yaml.text(bounds, name).map(Option::unwrap_or_default);
        let (low, high) = (bound("min")?, bound("max")?);
        Ok((!low.is_empty() || !high.is_empty()).then_some((low, high)))
    }

    fn supports(&self, item: NodeId) -> Result<Supports, TableError> {
        let Some(all) = self.yaml.get(item, "supportedOS") else {
            return Ok(Supports::new());
        };
        let mut supports = Supports::new();
        for platform in Platform::ALL {
            if let Some(one) = self.yaml.get(all, platform.name()) {
                supports.insert(platform, self.support(one)?);
            }
        }
        Ok(supports)
    }

    fn support(&self, one: NodeId) -> Result<Support, TableError> {
        let mut support = Support::new();
        for (facet, _, name) in Facet::ALL {
            let value = match self.yaml.get(one, name) {
                Some(mode) if self.yaml.entries(mode).is_some() => self.yaml.text(mode, "mode")?,
                Some(_) => self.yaml.text(one, name)?,
                None => None,
            };
            if let Some(value) = value {
                support.insert(facet, value);
            }
        }
        Ok(support)
    }
}
