//! What an answer depends on, as one key.
//!
//! Knows nothing of answers. Invariant: two calls that could be answered differently have different
//! keys; every part is written with its length or a mark, so that no two lists of parts run together
//! to the same bytes.
//!
//! Strangers choose a profile's bytes, so these and all else are in a digest that nobody can forge. Its
//! tree is what the host read from the same bytes. It is in the key all the same, should a caller
//! bring another one, but as a quick hash with a seed of this process.

use std::hash::{BuildHasher as _, Hash as _, Hasher};
use std::sync::LazyLock;

use hashbrown::DefaultHashBuilder;
use mooring_mdm::plist::{Document, Node, Value};
use sha2::{Digest as _, Sha256};

use crate::{Context, Device, Digest, Limits, Role, Subject};

/// Keeps these digests apart from those of another form of the same things.
const FORM: &[u8] = b"mooring result 1";

/// Everything that the answer of a validator depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResultKey {
    digest: [u8; 32],
    tree: u64,
}

/// Keys are compared within one process only.
static SEED: LazyLock<DefaultHashBuilder> = LazyLock::new(DefaultHashBuilder::default);

impl ResultKey {
    /// The key of one validation by the plugin with this component.
    pub(crate) fn of_validation(
        plugin: Digest,
        contract: &str,
        subject: &Subject<'_>,
        context: &Context,
        limits: &Limits,
    ) -> Self {
        let mut parts = Parts(Sha256::new());
        parts.bytes(FORM);
        parts.bytes(plugin.as_bytes());
        parts.text(contract);
        parts.text(&Role::Validator.to_string());
        parts.limits(limits);
        parts.context(context);
        parts.bytes(subject.bytes);
        Self {
            digest: parts.0.finalize().into(),
            tree: tree(subject.document),
        }
    }
}

fn tree(document: &Document) -> u64 {
    let mut hasher = SEED.build_hasher();
    hasher.write_usize(document.nodes().len());
    for value in document.nodes() {
        node(value, &mut hasher);
    }
    hasher.finish()
}

/// A node as plugins see it: not where it stands in the file.
fn node(node: &Node, hasher: &mut impl Hasher) {
    node.key.as_ref().map(|key| &key.text).hash(hasher);
    hasher.write_u32(node.end);
    std::mem::discriminant(&node.value).hash(hasher);
    match &node.value {
        Value::Dictionary | Value::Array => {}
        Value::String(text) | Value::Date(text) => text.hash(hasher),
        Value::Integer(number) => number.hash(hasher),
        Value::Real(number) => hasher.write_u64(number.to_bits()),
        Value::Boolean(is_true) => is_true.hash(hasher),
        Value::Data(bytes) => bytes.hash(hasher),
    }
}

struct Parts(Sha256);

impl Parts {
    fn number(&mut self, number: usize) {
        self.0.update(number.to_le_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn mark(&mut self, mark: u8) {
        self.0.update([mark]);
    }

    fn perhaps(&mut self, text: Option<&str>) {
        match text {
            None => self.mark(0),
            Some(text) => {
                self.mark(1);
                self.text(text);
            }
        }
    }

    fn pairs(&mut self, pairs: &[(String, String)]) {
        self.number(pairs.len());
        for (key, value) in pairs {
            self.text(key);
            self.text(value);
        }
    }

    fn limits(&mut self, limits: &Limits) {
        let Limits {
            timeout,
            memory_bytes,
            input_bytes,
            findings,
            output_bytes,
            log_bytes,
        } = limits;
        self.0.update(timeout.as_nanos().to_le_bytes());
        for limit in [memory_bytes, input_bytes, findings, output_bytes, log_bytes] {
            self.number(*limit);
        }
    }

    fn context(&mut self, context: &Context) {
        let Context {
            settings,
            grade,
            device,
            extra,
        } = context;
        self.text(settings);
        self.text(grade.as_str());
        match device {
            None => self.mark(0),
            Some(device) => {
                self.mark(1);
                self.device(device);
            }
        }
        self.pairs(extra);
    }

    fn device(&mut self, device: &Device) {
        let Device {
            platform,
            os_version,
            model,
            supervised,
            channel,
            labels,
            extra,
        } = device;
        self.text(platform);
        self.perhaps(os_version.as_deref());
        self.perhaps(model.as_deref());
        self.mark(supervised.map_or(2, u8::from));
        self.text(channel);
        self.number(labels.len());
        for label in labels {
            self.text(label);
        }
        self.pairs(extra);
    }
}
