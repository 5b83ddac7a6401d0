//! Real profiles as binary property lists, damaged: rule P021, and P009 where it is the same fault.
//!
//! Writes the format by its public description. Invariant: without damage the file is read; a fault
//! of the file as a whole has no line, one of its content the line in the XML that it becomes.

use mooring_mdm::plist::{NodeRef, Value};
use mooring_mdm::profile::{Profile, ProfileLimits};

use super::Kind;
use super::source::{Change, Fault, Random, Source};

pub(crate) const KINDS: &[Kind] = &[
    ("binary with a UID", &["P021"], |s, r| {
        Some(replaced(s, r, &[0x80, 1]))
    }),
    ("binary with a null", &["P021"], |s, r| {
        Some(replaced(s, r, &[0]))
    }),
    ("binary with a fill", &["P021"], |s, r| {
        Some(replaced(s, r, &[0x0F]))
    }),
    ("binary that holds itself", &["P021"], |s, r| {
        let mut objects = Objects::of(s);
        let inner = r.below(s.document.nodes().len());
        let (_, values) = objects.parts(inner)?;
        objects.all[inner][values..values + 2].copy_from_slice(&[0, 0]);
        Some(whole(objects.written()))
    }),
    ("binary that points outside", &["P021"], |s, r| {
        let objects = Objects::of(s);
        let mut bytes = objects.written();
        let table = bytes.len() - TRAILER_BYTES - 4 * objects.all.len();
        let at = table + 4 * r.below(s.document.nodes().len());
        bytes[at..at + 4].copy_from_slice(&[0x7F, 0xFF, 0xFF, 0xFF]);
        Some(whole(bytes))
    }),
    ("binary that is cut off", &["P021"], |s, r| {
        let mut bytes = Objects::of(s).written();
        bytes.truncate(bytes.len() - 1 - r.below(TRAILER_BYTES));
        Some(whole(bytes))
    }),
    ("binary with a key that is no text", &["P021"], |s, r| {
        let mut objects = Objects::of(s);
        let inner = r.below(s.document.nodes().len());
        let (keys, _) = objects
            .parts(inner)
            .filter(|(keys, values)| keys < values)?;
        let number = u16::try_from(inner).ok()?.to_be_bytes();
        objects.all[inner][keys..keys + 2].copy_from_slice(&number);
        Some(whole(objects.written()))
    }),
    ("binary with a key twice", &["P009"], twice),
];

const TRAILER_BYTES: usize = 32;

/// A file that is damaged as a whole.
fn whole(bytes: Vec<u8>) -> Change {
    let (fault, says) = (Fault::Line(0), None);
    Change { bytes, fault, says }
}

/// A file with this object in the place of a value.
fn replaced(source: &Source, random: &mut Random, object: &[u8]) -> Change {
    let mut objects = Objects::of(source);
    let at = 1 + random.below(source.document.nodes().len() - 1);
    objects.all[at] = object.to_vec();
    whole(objects.written())
}

/// The second key of a dictionary is its first.
fn twice(source: &Source, random: &mut Random) -> Option<Change> {
    let mut objects = Objects::of(source);
    let node = source.any(random, |node| node.entries().count() > 1)?;
    let second = node.entries().nth(1)?.1;
    let (keys, _) = objects.parts(usize::try_from(node.id()).ok()?)?;
    let profile = Profile::parse(&objects.written(), &ProfileLimits::default()).ok()?;
    let read = profile.document().node(second.id())?;
    let converted = Change {
        bytes: profile.text().to_vec(),
        fault: Fault::Offset(Source::entry(read).start),
        says: None,
    };
    let object = &mut objects.all[usize::try_from(node.id()).ok()?];
    object.copy_within(keys..keys + 2, keys + 2);
    let mut change = whole(objects.written());
    change.fault = Fault::Line(converted.line());
    Some(change)
}

/// The objects of a binary property list: every value under its number, then the keys.
struct Objects {
    all: Vec<Vec<u8>>,
}

impl Objects {
    fn of(source: &Source) -> Self {
        let count = source.document.nodes().len();
        let mut all = Vec::new();
        let mut keys = Vec::new();
        for id in 0..u32::try_from(count).unwrap() {
            let node = source.document.node(id).unwrap();
            all.push(object(node, count, &mut keys));
        }
        all.append(&mut keys);
        Self { all }
    }

    /// Where in a container's object its keys and its values begin.
    fn parts(&self, number: usize) -> Option<(usize, usize)> {
        let object = &self.all[number];
        let is_dictionary = match object[0] & 0xF0 {
            0xA0 => false,
            0xD0 => true,
            _ => return None,
        };
        let start = 4;
        let entries = (object.len() - start) / 2;
        let keys = if is_dictionary { entries / 2 } else { 0 };
        (entries > 0).then_some((start, start + 2 * keys))
    }

    fn written(&self) -> Vec<u8> {
        let mut bytes = b"bplist00".to_vec();
        let mut offsets = Vec::new();
        for object in &self.all {
            offsets.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
            bytes.extend(object);
        }
        let table = bytes.len();
        bytes.extend(offsets);
        bytes.extend([0, 0, 0, 0, 0, 0, 4, 2]);
        for number in [self.all.len(), 0, table] {
            bytes.extend(u64::try_from(number).unwrap().to_be_bytes());
        }
        bytes
    }
}

/// The object of a value, with containers in the long form; its keys are added to `keys`, which
/// follow the `count` values.
fn object(node: NodeRef<'_>, count: usize, keys: &mut Vec<Vec<u8>>) -> Vec<u8> {
    let number = |number: usize| u16::try_from(number).unwrap().to_be_bytes();
    let long = |kind: u8, length: usize| [&[kind | 0x0F, 0x11][..], &number(length)].concat();
    match &node.node().value {
        Value::Boolean(flag) => vec![0x08 + u8::from(*flag)],
        Value::Integer(value) => {
            let value = i64::try_from(*value).unwrap_or_default();
            [&[0x13][..], &value.to_be_bytes()].concat()
        }
        Value::Real(value) => [&[0x23][..], &value.to_be_bytes()].concat(),
        // Which day it is makes no difference.
        Value::Date(_) => [&[0x33][..], &0.0_f64.to_be_bytes()].concat(),
        Value::Data(bytes) => [long(0x40, bytes.len()), bytes.clone()].concat(),
        Value::String(text) => text_object(text),
        Value::Array => {
            let items: Vec<u8> = node.items().flat_map(|item| reference(item.id())).collect();
            [long(0xA0, items.len() / 2), items].concat()
        }
        Value::Dictionary => {
            let (mut names, mut values) = (Vec::new(), Vec::new());
            for (name, value) in node.entries() {
                names.extend(number(count + keys.len()));
                keys.push(text_object(name));
                values.extend(reference(value.id()));
            }
            [long(0xD0, values.len() / 2), names, values].concat()
        }
    }
}

fn reference(id: u32) -> [u8; 2] {
    u16::try_from(id).unwrap().to_be_bytes()
}

fn text_object(text: &str) -> Vec<u8> {
    let units: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let length = u16::try_from(units.len() / 2).unwrap().to_be_bytes();
    [&[0x6F, 0x11][..], &length, &units].concat()
}
