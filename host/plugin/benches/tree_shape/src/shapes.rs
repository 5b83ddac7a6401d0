//! A profile as the host holds it, and the shapes made from it.
//!
//! Knows nothing of time. Invariant: every shape holds the same nodes, texts and bytes.

use std::collections::HashMap;

use crate::bindings::Trial;
use crate::bindings::exports::trial::tree::shapes::{
    ArenaNode, Kind, Span, TableNode, Value, VariantNode,
};
use wasmtime::Store;

const NONE: u32 = u32::MAX;

pub enum Own {
    Dictionary,
    Array,
    Text(String),
    Integer(i64),
    Boolean(bool),
    Data(Vec<u8>),
}

pub struct Node {
    pub key: Option<String>,
    pub value: Own,
    pub end: u32,
}

pub struct Profile {
    pub nodes: Vec<Node>,
    pub xml: usize,
    pub bytes: Vec<u8>,
}

impl Profile {
    /// A profile of about `target` bytes of XML, in the proportions of real ones: 80 bytes of XML
    /// a node, nine nodes in ten with a key, texts of 31 characters.
    pub fn synthetic(target: usize) -> Self {
        let mut p = Self {
            nodes: Vec::new(),
            xml: 0,
            bytes: Vec::new(),
        };
        p.push(None, Own::Dictionary);
        p.push(Some("PayloadType"), Own::Text("Configuration".into()));
        p.push(
            Some("PayloadIdentifier"),
            Own::Text("com.example.profile.with.a.name".into()),
        );
        let content = p.push(Some("PayloadContent"), Own::Array);
        let mut payload = 0;
        while p.xml < target {
            p.payload(payload);
            payload += 1;
        }
        let all = p.nodes.len() as u32;
        p.nodes[0].end = all;
        p.nodes[content].end = all;
        p.bytes = vec![b'x'; p.xml];
        p
    }

    fn payload(&mut self, n: usize) {
        let start = self.push(None, Own::Dictionary);
        self.push(
            Some("PayloadType"),
            Own::Text("com.apple.TCC.configuration-profile-policy".into()),
        );
        self.push(Some("PayloadVersion"), Own::Integer(1));
        self.push(Some("PayloadEnabled"), Own::Boolean(true));
        self.push(
            Some("PayloadIdentifier"),
            Own::Text(format!("com.example.profile.payload.{n}")),
        );
        self.push(
            Some("PayloadUUID"),
            Own::Text(format!("{n:08X}-0000-4000-8000-00000000ABCD")),
        );
        self.push(
            Some("PayloadDisplayName"),
            Own::Text(format!("Payload number {n} of this")),
        );
        for setting in 0..6 {
            let key = format!("aSettingOfType{}Number{setting}", n % 40);
            self.push(
                Some(&key),
                Own::Text(format!("the value {n} of setting {setting}")),
            );
        }
        let list = self.push(Some("Services"), Own::Array);
        for item in 0..2 {
            let entry = self.push(None, Own::Dictionary);
            self.push(
                Some("Identifier"),
                Own::Text(format!("com.vendor.app{item}")),
            );
            self.push(
                Some("CodeRequirement"),
                Own::Text(
                    "identifier \"com.vendor.app\" and anchor apple generic and certificate leaf"
                        .into(),
                ),
            );
            self.push(Some("Allowed"), Own::Boolean(item == 0));
            self.close(entry);
        }
        self.close(list);
        if n % 8 == 0 {
            self.push(Some("PayloadCertificate"), Own::Data(vec![7; 600]));
        }
        self.close(start);
    }

    fn close(&mut self, index: usize) {
        self.nodes[index].end = self.nodes.len() as u32;
    }

    fn push(&mut self, key: Option<&str>, value: Own) -> usize {
        let index = self.nodes.len();
        let content = match &value {
            Own::Dictionary | Own::Array => 12,
            Own::Text(text) => text.len(),
            Own::Integer(_) | Own::Boolean(_) => 1,
            Own::Data(bytes) => bytes.len() * 4 / 3,
        };
        self.xml += content + 22 + key.map_or(0, |key| key.len() + 14);
        let end = index as u32 + 1;
        self.nodes.push(Node {
            key: key.map(str::to_owned),
            value,
            end,
        });
        index
    }

    fn children(&self, index: usize) -> Vec<u32> {
        let mut list = Vec::new();
        let mut child = index as u32 + 1;
        while child < self.nodes[index].end {
            list.push(child);
            child = self.nodes[child as usize].end;
        }
        list
    }
}

#[derive(Default)]
pub struct Columns {
    kinds: Vec<u8>,
    keys: Vec<u32>,
    values: Vec<u32>,
    ends: Vec<u32>,
}

pub enum Shape<'a> {
    Bytes(&'a [u8]),
    Variants(Vec<VariantNode<'a>>),
    Arena(Vec<ArenaNode>, String, Vec<u8>),
    Table(Vec<TableNode>, Vec<&'a str>, Vec<&'a [u8]>),
    Columns(Columns, Vec<&'a str>, Vec<&'a [u8]>),
}

impl<'a> Shape<'a> {
    pub fn make(profile: &'a Profile, case: usize, children: &'a mut Vec<Vec<u32>>) -> Self {
        match case {
            0 => Self::Bytes(&profile.bytes),
            1 => variants(profile, children),
            2 => arena(profile),
            3 => table(profile, true, true),
            4 => table(profile, true, false),
            5 => table(profile, false, false),
            6 => columns(table(profile, true, false)),
            _ => columns(table(profile, true, true)),
        }
    }

    pub fn call(&self, trial: &Trial, store: &mut Store<()>) -> u32 {
        let shapes = trial.trial_tree_shapes();
        match self {
            Self::Bytes(bytes) => shapes.call_bytes(store, bytes),
            Self::Variants(nodes) => shapes.call_variants(store, nodes),
            Self::Arena(nodes, text, blobs) => shapes.call_arena(store, nodes, text, blobs),
            Self::Table(nodes, texts, blobs) => shapes.call_table(store, nodes, texts, blobs),
            Self::Columns(c, texts, blobs) => {
                shapes.call_columns(store, &c.kinds, &c.keys, &c.values, &c.ends, texts, blobs)
            }
        }
        .expect("the guest answers")
    }

    /// Bytes written into the guest: records by their size in the canonical ABI, then contents.
    pub fn bytes_copied(&self) -> usize {
        let texts_and_blobs = |texts: &[&str], blobs: &[&[u8]]| {
            texts.iter().map(|t| 8 + t.len()).sum::<usize>()
                + blobs.iter().map(|b| 8 + b.len()).sum::<usize>()
        };
        match self {
            Self::Bytes(bytes) => bytes.len(),
            Self::Variants(nodes) => nodes
                .iter()
                .map(|node| {
                    32 + node.key.map_or(0, str::len)
                        + match node.value {
                            Value::Dictionary(list) | Value::Array(list) => 4 * list.len(),
                            Value::Text(text) | Value::Date(text) => text.len(),
                            Value::Data(bytes) => bytes.len(),
                            Value::Integer(_) | Value::Real(_) | Value::Boolean(_) => 0,
                        }
                })
                .sum(),
            Self::Arena(nodes, text, blobs) => 24 * nodes.len() + text.len() + blobs.len(),
            Self::Table(nodes, texts, blobs) => 20 * nodes.len() + texts_and_blobs(texts, blobs),
            Self::Columns(c, texts, blobs) => 13 * c.kinds.len() + texts_and_blobs(texts, blobs),
        }
    }
}

fn variants<'a>(profile: &'a Profile, children: &'a mut Vec<Vec<u32>>) -> Shape<'a> {
    *children = (0..profile.nodes.len())
        .map(|i| match profile.nodes[i].value {
            Own::Dictionary | Own::Array => profile.children(i),
            Own::Text(_) | Own::Integer(_) | Own::Boolean(_) | Own::Data(_) => Vec::new(),
        })
        .collect();
    let nodes = profile
        .nodes
        .iter()
        .zip(&*children)
        .map(|(node, list)| VariantNode {
            key: node.key.as_deref(),
            value: match &node.value {
                Own::Dictionary => Value::Dictionary(list),
                Own::Array => Value::Array(list),
                Own::Text(text) => Value::Text(text),
                Own::Integer(n) => Value::Integer(*n),
                Own::Boolean(b) => Value::Boolean(*b),
                Own::Data(bytes) => Value::Data(bytes),
            },
        })
        .collect();
    Shape::Variants(nodes)
}

fn arena(profile: &Profile) -> Shape<'_> {
    let (mut text, mut blobs) = (String::new(), Vec::new());
    let mut put = |t: &str| {
        let span = Span {
            start: text.len() as u32,
            length: t.len() as u32,
        };
        text.push_str(t);
        span
    };
    let nodes = profile
        .nodes
        .iter()
        .map(|node| {
            let key = node.key.as_deref().map_or(
                Span {
                    start: 0,
                    length: 0,
                },
                &mut put,
            );
            let none = Span {
                start: 0,
                length: 0,
            };
            let (kind, value) = match &node.value {
                Own::Dictionary => (Kind::Dictionary, none),
                Own::Array => (Kind::Array, none),
                Own::Text(text) => (Kind::Text, put(text)),
                Own::Integer(n) => (Kind::Integer, put(&n.to_string())),
                Own::Boolean(b) => (
                    Kind::Boolean,
                    Span {
                        start: u32::from(*b),
                        length: 0,
                    },
                ),
                Own::Data(bytes) => {
                    let start = blobs.len() as u32;
                    blobs.extend_from_slice(bytes);
                    (
                        Kind::Data,
                        Span {
                            start,
                            length: bytes.len() as u32,
                        },
                    )
                }
            };
            ArenaNode {
                kind,
                key,
                value,
                end: node.end,
            }
        })
        .collect();
    Shape::Arena(nodes, text, blobs)
}

struct Texts<'a> {
    list: Vec<&'a str>,
    seen: HashMap<&'a str, u32>,
}

impl<'a> Texts<'a> {
    fn put(&mut self, text: &'a str, dedup: bool) -> u32 {
        let next = self.list.len() as u32;
        if dedup {
            let index = *self.seen.entry(text).or_insert(next);
            if index != next {
                return index;
            }
        }
        self.list.push(text);
        next
    }
}

fn table(profile: &Profile, dedup_keys: bool, dedup_values: bool) -> Shape<'_> {
    let mut texts = Texts {
        list: Vec::new(),
        seen: HashMap::new(),
    };
    let mut blobs: Vec<&[u8]> = Vec::new();
    let nodes = profile
        .nodes
        .iter()
        .map(|node| {
            let key = node.key.as_deref().map(|key| texts.put(key, dedup_keys));
            let (kind, value) = match &node.value {
                Own::Dictionary => (Kind::Dictionary, 0),
                Own::Array => (Kind::Array, 0),
                Own::Text(text) => (Kind::Text, texts.put(text, dedup_values)),
                // The trial's profiles hold one integer, 1; the real lowering formats it.
                Own::Integer(_) => (Kind::Integer, texts.put("1", true)),
                Own::Boolean(b) => (Kind::Boolean, u32::from(*b)),
                Own::Data(bytes) => {
                    blobs.push(bytes);
                    (Kind::Data, blobs.len() as u32 - 1)
                }
            };
            TableNode {
                kind,
                key,
                value,
                end: node.end,
            }
        })
        .collect();
    Shape::Table(nodes, texts.list, blobs)
}

fn columns(shape: Shape<'_>) -> Shape<'_> {
    let Shape::Table(nodes, texts, blobs) = shape else {
        return shape;
    };
    let mut columns = Columns::default();
    for node in nodes {
        columns.kinds.push(node.kind as u8);
        columns.keys.push(node.key.unwrap_or(NONE));
        columns.values.push(node.value);
        columns.ends.push(node.end);
    }
    Shape::Columns(columns, texts, blobs)
}
