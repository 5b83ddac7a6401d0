//! Turns the host's types into the contract's records.
//!
//! Knows nothing of answers. Invariant: texts and data are borrowed from the document, not copied;
//! the one copy is the one into the guest. Keys share an index when they are equal, since real
//! profiles repeat the same few; values do not, since looking for equals costs more than it saves.

use std::borrow::Cow;

use hashbrown::HashMap;
use mooring_mdm::plist::{Document, Value};

use super::bindings::mooring::plugin::types;
use crate::outcome::Outcome;
use crate::{Device, HANDOVER_PER_NODE, Limits};

/// A document in the contract's shape.
pub(super) struct Tree<'a> {
    nodes: Vec<types::Node>,
    texts: Vec<Cow<'a, str>>,
    reals: Vec<f64>,
    blobs: Vec<&'a [u8]>,
}

impl<'a> Tree<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        let nodes = document.nodes();
        let mut tree = Self {
            nodes: Vec::with_capacity(nodes.len()),
            texts: Vec::with_capacity(nodes.len()),
            reals: Vec::new(),
            blobs: Vec::new(),
        };
        let mut keys: HashMap<&str, u32> = HashMap::new();
        for node in nodes {
            let key = node.key.as_ref().map(|key| {
                *keys
                    .entry(&key.text)
                    .or_insert_with(|| tree.text(Cow::Borrowed(&key.text)))
            });
            let (kind, value) = tree.value(&node.value);
            tree.nodes.push(types::Node {
                kind,
                key,
                value,
                end: node.end,
            });
        }
        tree
    }

    fn value(&mut self, value: &'a Value) -> (types::Kind, u32) {
        match value {
            Value::Dictionary => (types::Kind::Dictionary, 0),
            Value::Array => (types::Kind::Array, 0),
            Value::String(text) => (types::Kind::String, self.text(Cow::Borrowed(text))),
            Value::Integer(number) => (
                types::Kind::Integer,
                self.text(Cow::Owned(number.to_string())),
            ),
            Value::Real(number) => {
                self.reals.push(*number);
                (types::Kind::Real, last(self.reals.len()))
            }
            Value::Boolean(value) => (types::Kind::Boolean, u32::from(*value)),
            Value::Date(text) => (types::Kind::Date, self.text(Cow::Borrowed(text))),
            Value::Data(bytes) => {
                self.blobs.push(bytes);
                (types::Kind::Data, last(self.blobs.len()))
            }
        }
    }

    fn text(&mut self, text: Cow<'a, str>) -> u32 {
        self.texts.push(text);
        last(self.texts.len())
    }

    /// What its texts and data take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        let texts: usize = self.texts.iter().map(|text| text.len()).sum();
        let blobs: usize = self.blobs.iter().map(|blob| blob.len()).sum();
        texts + blobs
    }

    /// The outcome if this and `bytes` more are over the input limit.
    pub(super) fn over<T>(&self, limits: &Limits, bytes: usize) -> Option<Outcome<T>> {
        let bytes = bytes + self.bytes();
        let limit_bytes = limits.input_bytes;
        (bytes > limit_bytes).then_some(Outcome::InputTooLarge { bytes, limit_bytes })
    }

    /// The limits with the time that handing this over may take.
    pub(super) fn with_handover(&self, limits: &Limits) -> Limits {
        let nodes = u32::try_from(self.nodes.len()).unwrap_or(u32::MAX);
        let timeout = limits.timeout.saturating_add(HANDOVER_PER_NODE * nodes);
        Limits { timeout, ..*limits }
    }

    pub(super) fn texts(&self) -> Vec<&str> {
        self.texts.iter().map(AsRef::as_ref).collect()
    }

    pub(super) fn profile<'t>(
        &'t self,
        texts: &'t [&'t str],
        bytes: &'t [u8],
    ) -> types::Profile<'t> {
        let document = self.document(texts);
        types::Profile { document, bytes }
    }

    pub(super) fn document<'t>(&'t self, texts: &'t [&'t str]) -> types::Document<'t> {
        types::Document {
            nodes: &self.nodes,
            texts,
            reals: &self.reals,
            blobs: &self.blobs,
        }
    }
}

/// The index of the last of `length` entries; a document's own limits keep it far below 2^32.
fn last(length: usize) -> u32 {
    u32::try_from(length - 1).unwrap_or(u32::MAX)
}

/// A context with its lists in the contract's shape.
pub(super) struct Context<'a> {
    whole: &'a crate::Context,
    extra: Vec<(&'a str, &'a str)>,
    labels: Vec<&'a str>,
    device_extra: Vec<(&'a str, &'a str)>,
}

impl<'a> Context<'a> {
    pub(super) fn new(context: &'a crate::Context) -> Self {
        let device = context.device.as_ref();
        Self {
            whole: context,
            extra: pairs(&context.extra),
            labels: device
                .map_or(&[][..], |d| &d.labels)
                .iter()
                .map(String::as_str)
                .collect(),
            device_extra: device.map_or_else(Vec::new, |d| pairs(&d.extra)),
        }
    }

    pub(super) fn record(&self) -> types::Context<'_> {
        types::Context {
            settings: &self.whole.settings,
            grade: self.whole.grade.as_str(),
            device: self.whole.device.as_ref().map(|device| self.device(device)),
            extra: &self.extra,
        }
    }

    fn device<'t>(&'t self, device: &'t Device) -> types::Device<'t> {
        types::Device {
            platform: &device.platform,
            os_version: device.os_version.as_deref(),
            model: device.model.as_deref(),
            supervised: device.supervised,
            channel: &device.channel,
            labels: &self.labels,
            extra: &self.device_extra,
        }
    }
}

fn pairs(list: &[(String, String)]) -> Vec<(&str, &str)> {
    list.iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}
