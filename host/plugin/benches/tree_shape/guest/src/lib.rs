//! The guest of the trial: walks the tree in each shape and sums what it sees.
//!
//! Knows nothing of the host. Invariant: the sum is the same in every shape.

wit_bindgen::generate!({ path: "../trial.wit", world: "trial" });

use exports::trial::tree::shapes::{ArenaNode, Guest, Kind, Span, TableNode, Value, VariantNode};

struct Trial;
export!(Trial);

fn size(length: usize) -> u32 {
    length as u32
}

impl Guest for Trial {
    fn bytes(bytes: Vec<u8>) -> u32 {
        size(bytes.len())
    }

    fn variants(nodes: Vec<VariantNode>) -> u32 {
        fn walk(nodes: &[VariantNode], index: u32) -> u32 {
            let node = &nodes[index as usize];
            let key = node.key.as_ref().map_or(0, |key| size(key.len()));
            1 + key
                + match &node.value {
                    Value::Dictionary(c) | Value::Array(c) => {
                        c.iter().map(|i| walk(nodes, *i)).sum()
                    }
                    Value::Text(t) | Value::Date(t) => size(t.len()),
                    Value::Data(bytes) => size(bytes.len()),
                    Value::Integer(n) => *n as u32,
                    Value::Real(n) => *n as u32,
                    Value::Boolean(b) => u32::from(*b),
                }
        }
        walk(&nodes, 0)
    }

    fn arena(nodes: Vec<ArenaNode>, text: String, blobs: Vec<u8>) -> u32 {
        let part =
            |span: Span| size(text[span.start as usize..(span.start + span.length) as usize].len());
        fn walk(nodes: &[ArenaNode], index: u32, leaf: &impl Fn(&ArenaNode) -> u32) -> u32 {
            let node = &nodes[index as usize];
            let mut sum = 1 + leaf(node);
            let mut child = index + 1;
            while child < node.end {
                sum += walk(nodes, child, leaf);
                child = nodes[child as usize].end;
            }
            sum
        }
        walk(&nodes, 0, &|node| {
            part(node.key)
                + match node.kind {
                    Kind::Dictionary | Kind::Array => 0,
                    Kind::Text | Kind::Date => part(node.value),
                    Kind::Data => size(
                        blobs[node.value.start as usize..]
                            .len()
                            .min(node.value.length as usize),
                    ),
                    Kind::Integer => {
                        let span = node.value;
                        text[span.start as usize..(span.start + span.length) as usize]
                            .parse::<u32>()
                            .unwrap()
                    }
                    Kind::Real | Kind::Boolean => node.value.start,
                }
        })
    }

    fn table(nodes: Vec<TableNode>, texts: Vec<String>, blobs: Vec<Vec<u8>>) -> u32 {
        walk_table(0, &|i| nodes[i as usize], &texts, &blobs)
    }

    fn columns(
        kinds: Vec<u8>,
        keys: Vec<u32>,
        values: Vec<u32>,
        ends: Vec<u32>,
        texts: Vec<String>,
        blobs: Vec<Vec<u8>>,
    ) -> u32 {
        const KINDS: [Kind; 8] = [
            Kind::Dictionary,
            Kind::Array,
            Kind::Text,
            Kind::Integer,
            Kind::Real,
            Kind::Boolean,
            Kind::Date,
            Kind::Data,
        ];
        let node = |i: u32| {
            let i = i as usize;
            TableNode {
                kind: KINDS[kinds[i] as usize],
                key: Some(keys[i]),
                value: values[i],
                end: ends[i],
            }
        };
        walk_table(0, &node, &texts, &blobs)
    }
}

fn walk_table(
    index: u32,
    nodes: &impl Fn(u32) -> TableNode,
    texts: &[String],
    blobs: &[Vec<u8>],
) -> u32 {
    let node = nodes(index);
    let mut sum = 1 + node
        .key
        .and_then(|key| texts.get(key as usize))
        .map_or(0, |key| size(key.len()));
    sum += match node.kind {
        Kind::Dictionary | Kind::Array => 0,
        Kind::Text | Kind::Date => size(texts[node.value as usize].len()),
        Kind::Data => size(blobs[node.value as usize].len()),
        Kind::Integer => texts[node.value as usize].parse::<u32>().unwrap(),
        Kind::Real | Kind::Boolean => node.value,
    };
    let mut child = index + 1;
    while child < node.end {
        sum += walk_table(child, nodes, texts, blobs);
        child = nodes(child).end;
    }
    sum
}
