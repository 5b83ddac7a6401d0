//! Makes documents and contexts for a plugin's own tests; not part of a component.
//!
//! Knows nothing of XML: a test of rules starts from a tree. Invariant: what is built here has the
//! shape that the host hands over.

use std::cell::RefCell;

use crate::document::{Entry, NONE};
use crate::log::Level;
use crate::{Document, Edition, Kind, Member, Profile, ProfileSet};

/// A value to build a document from.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Keys and values in file order.
    Dictionary(Vec<(String, Self)>),
    /// Values in file order.
    Array(Vec<Self>),
    /// A text.
    String(String),
    /// A whole number.
    Integer(i128),
    /// A number.
    Real(f64),
    /// True or false.
    Boolean(bool),
    /// `YYYY-MM-DDThh:mm:ssZ`.
    Date(String),
    /// Bytes.
    Data(Vec<u8>),
}

/// A dictionary, in the order given.
pub fn dictionary<K: Into<String>>(entries: impl IntoIterator<Item = (K, Tree)>) -> Tree {
    Tree::Dictionary(
        entries
            .into_iter()
            .map(|(key, value)| (key.into(), value))
            .collect(),
    )
}

/// An array, in the order given.
pub fn array(items: impl IntoIterator<Item = Tree>) -> Tree {
    Tree::Array(items.into_iter().collect())
}

impl From<&str> for Tree {
    fn from(text: &str) -> Self {
        Self::String(text.to_owned())
    }
}

impl From<i128> for Tree {
    fn from(number: i128) -> Self {
        Self::Integer(number)
    }
}

impl From<bool> for Tree {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

/// A document with the nodes of `tree`.
pub fn document(tree: &Tree) -> Document {
    let mut builder = Builder::default();
    builder.push(NONE, tree);
    Document::assemble(builder.nodes, builder.texts, builder.reals, builder.blobs)
}

/// A profile with the nodes of `tree` and no bytes, for rules that read the tree only.
pub fn profile(tree: &Tree) -> Profile {
    Profile::new(document(tree), Vec::new())
}

/// A document from JSON: objects, arrays, texts, numbers and booleans mean themselves, a number
/// with a fraction or exponent is a real, `{"$date": "2026-01-02T03:04:05Z"}` is a date and
/// `{"$data": "00ff"}` is data in hexadecimal. Keys come out in alphabetical order; use
/// [`document`] where order matters.
///
/// # Panics
/// If the text is not such JSON; this is for tests.
pub fn document_from_json(json: &str) -> Document {
    document(&tree_from_json(json))
}

/// A profile from JSON, with no bytes; see [`document_from_json`].
///
/// # Panics
/// If the text is not such JSON; this is for tests.
pub fn profile_from_json(json: &str) -> Profile {
    profile(&tree_from_json(json))
}

/// A version of a profile from JSON, as [`document_from_json`] reads it: identifier and uuid are the
/// document's own, the channel follows from `PayloadScope`.
///
/// # Panics
/// If the text is not such JSON; this is for tests.
pub fn edition_from_json(version: u32, json: &str) -> Edition {
    let document = document_from_json(json);
    let text = |key: &str| {
        let node = document.root().get(key);
        node.and_then(crate::Node::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    let channel = match text("PayloadScope").as_str() {
        "User" => "user",
        _ => "device",
    };
    Edition {
        identifier: text("PayloadIdentifier"),
        uuid: text("PayloadUUID"),
        version,
        channel: channel.to_owned(),
        origin: "uploaded".to_owned(),
        document,
        extra: Vec::new(),
    }
}

/// A set of profiles from JSON, none of which takes the place of another.
///
/// # Panics
/// If a text is not such JSON; this is for tests.
pub fn set_from_json<'a>(profiles: impl IntoIterator<Item = &'a str>) -> ProfileSet {
    let member = |json: &str| Member {
        now: edition_from_json(1, json),
        before: None,
    };
    ProfileSet {
        members: profiles.into_iter().map(member).collect(),
        gone: Vec::new(),
    }
}

/// The value that [`document_from_json`] builds from.
///
/// # Panics
/// If the text is not such JSON; this is for tests.
pub fn tree_from_json(json: &str) -> Tree {
    match serde_json::from_str(json) {
        Ok(value) => tree_of(&value),
        Err(error) => panic!("this is no JSON: {error}"),
    }
}

fn tree_of(json: &serde_json::Value) -> Tree {
    use serde_json::Value;
    match json {
        Value::Null => panic!("a plist has no null"),
        Value::Bool(value) => Tree::Boolean(*value),
        Value::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(integer), _, _) => Tree::Integer(integer.into()),
            (_, Some(integer), _) => Tree::Integer(integer.into()),
            (_, _, real) => Tree::Real(real.unwrap_or(f64::NAN)),
        },
        Value::String(text) => Tree::String(text.clone()),
        Value::Array(items) => Tree::Array(items.iter().map(tree_of).collect()),
        Value::Object(entries) => {
            if let Some(Value::String(date)) = entries.get("$date") {
                return Tree::Date(date.clone());
            }
            if let Some(Value::String(hex)) = entries.get("$data") {
                return Tree::Data(bytes_of(hex));
            }
            Tree::Dictionary(
                entries
                    .iter()
                    .map(|(key, v)| (key.clone(), tree_of(v)))
                    .collect(),
            )
        }
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    assert!(
        digits.len() == hex.len() && hex.len().is_multiple_of(2),
        "this is no hexadecimal: {hex}"
    );
    digits
        .chunks(2)
        .filter_map(|pair| u8::try_from(pair[0] * 16 + pair[1]).ok())
        .collect()
}

#[derive(Default)]
struct Builder {
    nodes: Vec<Entry>,
    texts: Vec<String>,
    reals: Vec<f64>,
    blobs: Vec<Vec<u8>>,
}

impl Builder {
    fn push(&mut self, key: u32, tree: &Tree) {
        let index = self.nodes.len();
        let (kind, value) = self.value(tree);
        self.nodes.push(Entry {
            kind,
            key,
            value,
            end: 0,
            parent: NONE,
        });
        match tree {
            Tree::Dictionary(entries) => {
                for (key, child) in entries {
                    let key = self.text(key);
                    self.push(key, child);
                }
            }
            Tree::Array(items) => items.iter().for_each(|item| self.push(NONE, item)),
            Tree::String(_)
            | Tree::Integer(_)
            | Tree::Real(_)
            | Tree::Boolean(_)
            | Tree::Date(_)
            | Tree::Data(_) => {}
        }
        self.nodes[index].end = length(&self.nodes);
    }

    fn value(&mut self, tree: &Tree) -> (Kind, u32) {
        match tree {
            Tree::Dictionary(_) => (Kind::Dictionary, 0),
            Tree::Array(_) => (Kind::Array, 0),
            Tree::String(text) => (Kind::String, self.text(text)),
            Tree::Integer(number) => (Kind::Integer, self.text(&number.to_string())),
            Tree::Real(number) => {
                self.reals.push(*number);
                (Kind::Real, length(&self.reals) - 1)
            }
            Tree::Boolean(value) => (Kind::Boolean, u32::from(*value)),
            Tree::Date(text) => (Kind::Date, self.text(text)),
            Tree::Data(bytes) => {
                self.blobs.push(bytes.clone());
                (Kind::Data, length(&self.blobs) - 1)
            }
        }
    }

    fn text(&mut self, text: &str) -> u32 {
        self.texts.push(text.to_owned());
        length(&self.texts) - 1
    }
}

fn length<T>(table: &[T]) -> u32 {
    u32::try_from(table.len()).unwrap_or(NONE)
}

thread_local! {
    static LINES: RefCell<Vec<(Level, String)>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn sink(level: Level, text: &str) {
    LINES.with_borrow_mut(|lines| lines.push((level, text.to_owned())));
}

/// The lines logged on this thread since the last call.
pub fn take_log() -> Vec<(Level, String)> {
    LINES.take()
}
