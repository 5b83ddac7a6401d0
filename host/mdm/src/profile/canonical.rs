//! What a profile says, apart from how it is written: digests over a canonical form.
//!
//! Form 1: a byte for the kind, then the value. Texts, dates and data have their length in bytes
//! in front, dictionaries and arrays their number of entries, all as 8 bytes with the highest
//! first. A dictionary's entries are sorted by the bytes of their keys; integers are 16 bytes in
//! two's complement, reals their 8 bytes of IEEE 754. Invariant: two trees have one form only if
//! they are equal up to key order. The form is pinned by tests and never changed; another one
//! would be form 2, beside it.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::ids::{PayloadIdentifier, PayloadUuid};
use crate::plist::{Document, NodeRef, Value};

/// Number of the canonical form; it is part of every derived uuid.
pub const CANONICAL_FORMAT: u8 = 1;

/// The namespace of the uuids that are derived from content, made up once for this project.
const NAMESPACE: Uuid = Uuid::from_u128(0x6d8f_2c1e_9b74_4a3d_8e05_71c2_f4a9_b36d);

/// A SHA-256 digest; its text form is 64 hexadecimal digits in lower case.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest([u8; 32]);

impl Digest {
    /// The digest of some bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A digest that was stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The digest's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The digest of everything but the top-level `PayloadIdentifier` and `PayloadUUID`.
pub(super) fn content(document: &Document) -> Digest {
    digest(document, is_identity)
}

/// Like [`content`], but without the `PayloadUUID` of any payload: equal where only those changed.
pub(super) fn loose(document: &Document) -> Digest {
    digest(document, |node| is_identity(node) || is_payload_uuid(node))
}

/// The uuid of a profile with this identifier and content.
pub(super) fn payload_uuid(identifier: &PayloadIdentifier, content: &Digest) -> PayloadUuid {
    let text = identifier.as_str().as_bytes();
    let mut name = vec![CANONICAL_FORMAT];
    name.extend((text.len() as u64).to_be_bytes());
    name.extend(text);
    name.extend(content.as_bytes());
    PayloadUuid::from(Uuid::new_v5(&NAMESPACE, &name))
}

fn has_key(node: NodeRef<'_>, wanted: &str) -> bool {
    node.node()
        .key
        .as_ref()
        .is_some_and(|key| key.text == wanted)
}

fn is_identity(node: NodeRef<'_>) -> bool {
    node.node().parent == Some(0)
        && (has_key(node, "PayloadIdentifier") || has_key(node, "PayloadUUID"))
}

/// Whether this is the uuid of a payload, at any depth; a dictionary with a type is a payload.
fn is_payload_uuid(node: NodeRef<'_>) -> bool {
    let in_payload = |parent: NodeRef<'_>| parent.get("PayloadType").is_some();
    has_key(node, "PayloadUUID") && node.parent().is_some_and(in_payload)
}

/// Hashes the tree without the entries that `is_left_out` names.
fn digest(document: &Document, is_left_out: impl Fn(NodeRef<'_>) -> bool) -> Digest {
    let mut sink = Sink(Sha256::new_with_prefix([CANONICAL_FORMAT]));
    // What is still to be written, the next one last: the tree may be deep, the stack of calls
    // may not.
    let mut ahead = vec![document.root()];
    while let Some(node) = ahead.pop() {
        if let Some(key) = &node.node().key {
            sink.bytes(key.text.as_bytes());
        }
        match &node.node().value {
            Value::Dictionary => {
                let kept = node.entries().filter(|(_, child)| !is_left_out(*child));
                let mut entries: Vec<_> = kept.collect();
                entries.sort_unstable_by_key(|(key, _)| *key);
                sink.kind(b'd').length(entries.len());
                ahead.extend(entries.into_iter().rev().map(|(_, child)| child));
            }
            Value::Array => {
                let start = ahead.len();
                ahead.extend(node.items());
                ahead[start..].reverse();
                sink.kind(b'a').length(ahead.len() - start);
            }
            Value::String(text) => sink.kind(b's').bytes(text.as_bytes()),
            Value::Integer(number) => sink.kind(b'i').fixed(&number.to_be_bytes()),
            Value::Real(number) => sink.kind(b'r').fixed(&number.to_bits().to_be_bytes()),
            Value::Boolean(false) => sink.kind(b'0').fixed(&[]),
            Value::Boolean(true) => sink.kind(b'1').fixed(&[]),
            Value::Date(date) => sink.kind(b't').bytes(date.as_bytes()),
            Value::Data(bytes) => sink.kind(b'b').bytes(bytes),
        }
    }
    Digest(sink.0.finalize().into())
}

struct Sink(Sha256);

impl Sink {
    fn kind(&mut self, kind: u8) -> &mut Self {
        self.0.update([kind]);
        self
    }

    fn length(&mut self, length: usize) {
        self.0.update((length as u64).to_be_bytes());
    }

    fn fixed(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.length(bytes.len());
        self.0.update(bytes);
    }
}
